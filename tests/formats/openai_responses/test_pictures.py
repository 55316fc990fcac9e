"""Pictures as items: `image_generation_call`, of an answer and of an input."""

from typing import Any

import orjson
import pytest

from fastproxy.formats.openai_responses.decode_request import decode_request
from fastproxy.formats.openai_responses.pictures import picture_item, pictures_in
from fastproxy.ir.events import Picture
from fastproxy.ir.request import Inline, MediaPart, OpaquePart, Request

PICTURE = Picture("image/webp", "UklGRg==")
CALL = {"type": "image_generation_call", "id": "ig_1", "status": "completed"}


def test_a_picture_comes_back_as_it_went() -> None:
    assert pictures_in(picture_item("ig_1", PICTURE)) == (PICTURE,)


def test_one_without_a_type_is_what_openai_makes_unasked() -> None:
    assert pictures_in(CALL | {"result": "iVBO"}) == (Picture("image/png", "iVBO"),)


@pytest.mark.parametrize("item", [CALL, CALL | {"result": None}, CALL | {"result": 1}, {"type": "x", "result": "iVBO"}])
def test_an_item_without_its_bytes_or_of_another_type_has_none(item: dict[str, Any]) -> None:
    assert pictures_in(item) == ()


def test_one_that_is_sent_back_is_the_models_own() -> None:
    request = asked(CALL | {"result": "UklGRg==", "output_format": "webp", "size": "1x1"})
    assert request.messages[0].parts == (MediaPart("image", "image/webp", Inline("UklGRg==")),)
    assert request.extras == {"image_generation_call.size": "1x1"}


def test_one_that_only_its_host_knows_is_kept_as_it_came() -> None:
    assert asked(CALL).messages[0].parts == (OpaquePart("openai-responses", CALL),)


def asked(item: dict[str, Any]) -> Request:
    return decode_request(orjson.dumps({"model": "m", "input": [item]}), {})
