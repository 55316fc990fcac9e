"""Pictures in the `images` of a message: of an answer, and of the model's own turn in a request."""

from typing import Any

import orjson
import pytest

from fastproxy.formats.openai_chat.decode_request import decode_request
from fastproxy.formats.openai_chat.pictures import image, media_of, pictures_of
from fastproxy.ir.events import Picture
from fastproxy.ir.request import Inline, Link, MediaPart

PICTURE = Picture("image/webp", "UklGRg==")
LINK = {"image_url": {"url": "https://x/1.png"}}


def test_a_picture_comes_back_as_it_went() -> None:
    assert image(PICTURE)["image_url"]["url"] == "data:image/webp;base64,UklGRg=="
    assert pictures_of([image(PICTURE), LINK]) == (PICTURE,)


@pytest.mark.parametrize("told", [{}, {"image_url": "x"}, {"image_url": {"url": ""}}, {"image_url": {"url": 1}}])
def test_an_entry_of_another_shape_is_no_picture(told: dict[str, Any]) -> None:
    assert media_of([told]) == []


def test_one_without_a_type_is_what_nearly_all_are() -> None:
    assert pictures_of([{"image_url": {"url": "data:;base64,iVBO"}}]) == (Picture("image/png", "iVBO"),)


@pytest.mark.parametrize("images", ["x", None, [1], []])
def test_a_turn_without_pictures_says_what_it_says(images: Any) -> None:
    assert parts({"role": "assistant", "content": "a", "images": images}) == parts(
        {"role": "assistant", "content": "a"}
    )


def test_pictures_that_are_sent_back_are_the_models_own() -> None:
    told = parts({"role": "assistant", "content": "", "images": [image(PICTURE), LINK]})
    known = MediaPart("image", "image/webp", Inline("UklGRg=="))
    assert told[-2:] == (known, MediaPart("image", "", Link("https://x/1.png")))


def parts(turn: dict[str, Any]) -> tuple[Any, ...]:
    request = decode_request(orjson.dumps({"model": "m", "messages": [turn]}), {})
    assert request.extras == {}
    return request.messages[0].parts
