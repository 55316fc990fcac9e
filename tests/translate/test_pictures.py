"""Pictures that a model made: told in every format that has a way to, streamed and whole, and known when sent back."""

from typing import Any

import orjson
import pytest

from fastproxy.formats import BY_NAME
from fastproxy.framing.sse import payloads
from fastproxy.ir.events import Opaque, Picture
from fastproxy.ir.fold import OpaqueBlock, Response, fold, unfold
from fastproxy.translate.families import family
from fastproxy.translate.memory import Memory
from fastproxy.translate.passes import ForClient, Passes
from fastproxy.translate.request import Target, translate_request
from fastproxy.translate.seal import Mint
from support import steps
from support.cells import ending, events_of, written
from support.exchange import Format
from support.steps import Step

SAID = Step(text="Here it is.")
Json = dict[str, Any]
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
        {"inlineData": {"mimeType": "image/png", "data": "iVBO"}, "thought": True},
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


@pytest.mark.parametrize(
    ("model", "text", "picture"),
    [
        ("gemini-2.5-flash-image", {}, {}),
        ("gemini-3-pro-preview", {}, {"thoughtSignature": "skip_thought_signature_validator"}),
        (
            "gemini-3-pro-image-preview",
            {"thoughtSignature": "skip_thought_signature_validator"},
            {"thoughtSignature": "skip_thought_signature_validator"},
        ),
    ],
)
def test_gemini_sees_its_own_picture_again(model: str, text: Json, picture: Json) -> None:
    """From the third generation on it asks for a proof of them, and takes Google's word for having none."""
    turn = {"role": "assistant", "content": "Here.", "images": [{"image_url": {"url": URL}}]}
    body = {
        "model": model,
        "messages": [{"role": "user", "content": "Draw."}, turn, {"role": "user", "content": "Bluer."}],
    }
    request = BY_NAME["openai-chat"].decode_request(orjson.dumps(body), {})
    contents = orjson.loads(BY_NAME["gemini"].encode_request(request).body)["contents"]
    assert contents[0] == {"role": "user", "parts": [{"text": "Draw."}]}
    blob = {"inlineData": {"mimeType": "image/webp", "data": "UklGRg=="}}
    assert contents[1] == {"role": "model", "parts": [{"text": "Here."} | text, blob | picture]}


@pytest.mark.parametrize("client", ["openai-chat", "openai-responses"])
@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
def test_the_proof_of_a_picture_comes_back_with_it(client: Format, stream: bool) -> None:
    """Out in an envelope beside the picture, and back in its own place."""
    answer: dict[str, Any] = orjson.loads(whole("gemini"))
    parts = answer["candidates"][0]["content"]["parts"]
    parts[-1]["thoughtSignature"] = "cHJvb2Y="
    parts.append({"inlineData": {"mimeType": "image/png", "data": "iVBO"}, "thoughtSignature": "c2Vjb25k"})
    mint, model = Mint("gemini", "lab", "account-1"), "gemini-3-pro-image-preview"
    passes = Passes(ForClient(model, "r", 1, mint, BY_NAME[client].spelling, Memory()))
    told = passes.feed(unfold(BY_NAME["gemini"].decode_whole(orjson.dumps(answer))))
    body = written(client, told) if stream else BY_NAME[client].encode_whole(fold(told))
    request = BY_NAME[client].decode_request(sent_back(client, body, stream=stream), {})
    target = Target(BY_NAME["gemini"], model, mint, family(model))
    contents = orjson.loads(translate_request(request, target, Memory()).body)["contents"]
    blobs = [part for part in contents[0]["parts"] if "inlineData" in part]
    assert [part["thoughtSignature"] for part in blobs] == ["cHJvb2Y=", "c2Vjb25k"]


def sent_back(client: Format, answer: bytes, *, stream: bool) -> bytes:
    """The next request, with the answer as a turn in it."""
    if client == "openai-responses":
        last = orjson.loads(answer.rpartition(b"data: ")[2])["response"] if stream else orjson.loads(answer)
        return orjson.dumps({"model": "m", "input": last["output"]})
    turn: dict[str, Any] = {"role": "assistant", "content": ""}
    if not stream:
        turn = orjson.loads(answer)["choices"][0]["message"]
    for data in payloads(answer)[:-1] if stream else []:
        for choice in orjson.loads(data)["choices"]:
            for key in ("reasoning_details", "images"):
                turn.setdefault(key, []).extend(choice["delta"].get(key, []))
    return orjson.dumps({"model": "m", "messages": [turn]})
