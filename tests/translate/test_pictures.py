"""Pictures that a model made: told in every format that has a way to, streamed and whole, and known when sent back."""

from typing import Any

import orjson
import pytest

from fastproxy.formats import BY_NAME
from fastproxy.ir.events import Opaque, Picture
from fastproxy.ir.fold import OpaqueBlock, Response, fold, unfold
from support import steps
from support.cells import ending, events_of, written
from support.exchange import Format
from support.steps import Step

SAID = Step(text="Here it is.")
PICTURE = Picture("image/webp", "UklGRg==")
URL = "data:image/webp;base64,UklGRg=="
TELLING: list[Format] = ["openai-chat", "openai-responses", "gemini"]
hosts = pytest.mark.parametrize("host", TELLING)
clients = pytest.mark.parametrize("client", TELLING)


def whole(host: Format) -> bytes:
    """An answer with a picture behind its text, as each host tells one."""
    body: dict[str, Any] = orjson.loads(steps.body(host, SAID))
    if host == "openai-chat":
        body["choices"][0]["message"]["images"] = [{"type": "image_url", "image_url": {"url": URL}, "index": 0}]
    elif host == "openai-responses":
        made = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "quality": "high"}
        body["output"].append(made | {"result": PICTURE.base64, "output_format": "webp"})
    else:
        blob = {"inlineData": {"mimeType": PICTURE.media_type, "data": PICTURE.base64}}
        body["candidates"][0]["content"]["parts"].append(blob)
    return orjson.dumps(body)


def pictures(response: Response) -> list[Picture]:
    return [one for block in response.blocks if isinstance(block, OpaqueBlock) for one in block.pictures]


@hosts
@clients
def test_a_picture_in_a_whole_answer_reaches_every_format_that_can_tell_it(host: Format, client: Format) -> None:
    told = BY_NAME[client].decode_whole(BY_NAME[client].encode_whole(BY_NAME[host].decode_whole(whole(host))))
    assert pictures(told) == [PICTURE]


@hosts
@clients
def test_and_so_it_does_in_a_stream(host: Format, client: Format) -> None:
    stream = written(client, unfold(BY_NAME[host].decode_whole(whole(host))))
    assert ending(client, stream) == "finished"
    assert pictures(fold(events_of(client, stream))) == [PICTURE]


@hosts
def test_its_own_format_gets_it_as_it_came(host: Format) -> None:
    (block,) = (one for one in BY_NAME[host].decode_whole(whole(host)).blocks if isinstance(one, OpaqueBlock))
    again = BY_NAME[host].encode_whole(BY_NAME[host].decode_whole(whole(host)))
    (told,) = (one for one in BY_NAME[host].decode_whole(again).blocks if isinstance(one, OpaqueBlock))
    assert told == block


def test_several_pictures_are_numbered_and_listed() -> None:
    blocks = tuple(OpaqueBlock("gemini", "part", b"{}", (PICTURE,)) for _ in range(2))
    response = fold([*unfold(BY_NAME["gemini"].decode_whole(steps.body("gemini", SAID)))])
    body = orjson.loads(BY_NAME["openai-chat"].encode_whole(Response(response.start, blocks, response.stop)))
    assert [one["image_url"]["url"] for one in body["choices"][0]["message"]["images"]] == [URL, URL]
    stream = written("openai-chat", unfold(Response(response.start, blocks, response.stop)))
    assert [stream.count(b'"index":%d}]}' % index) for index in (0, 1)] == [1, 1]


def test_a_client_without_a_word_for_pictures_gets_the_rest() -> None:
    response = BY_NAME["gemini"].decode_whole(whole("gemini"))
    body = orjson.loads(BY_NAME["anthropic"].encode_whole(response))
    assert [block["type"] for block in body["content"]] == ["text"]
    assert ending("anthropic", written("anthropic", unfold(response))) == "finished"


@pytest.mark.parametrize(
    "part",
    [
        {"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}},
        {"inlineData": {"mimeType": "image/png", "data": "iVBOR"}, "thought": True},
        {"inlineData": {"mimeType": 1, "data": []}},
        {"inlineData": "iVBOR"},
        {"executableCode": {"code": "1"}},
    ],
)
def test_other_parts_of_gemini_are_no_pictures(part: dict[str, Any]) -> None:
    body: dict[str, Any] = orjson.loads(steps.body("gemini", SAID))
    body["candidates"][0]["content"]["parts"].append(part)
    response = BY_NAME["gemini"].decode_whole(orjson.dumps(body))
    assert any(isinstance(event, Opaque) for event in unfold(response))
    assert pictures(response) == []


def test_gemini_sees_its_own_picture_again() -> None:
    turn = {"role": "assistant", "content": "Here.", "images": [{"image_url": {"url": URL}}]}
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "Draw."}, turn, {"role": "user", "content": "Bluer."}],
    }
    request = BY_NAME["openai-chat"].decode_request(orjson.dumps(body), {})
    contents = orjson.loads(BY_NAME["gemini"].encode_request(request).body)["contents"]
    assert contents[1] == {
        "role": "model",
        "parts": [{"text": "Here."}, {"inlineData": {"mimeType": "image/webp", "data": "UklGRg=="}}],
    }
