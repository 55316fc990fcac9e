"""Reasoning state survives a conversation with a client of another format: what one turn signed, the next gives back.

Each turn is the real way: the upstream's answer, translated, read by the client's official SDK, sent again in the next
request, translated. The signature must stand where its vendor demands it, for the account that minted it and no other.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson
import pytest

from fastproxy.formats import BY_NAME
from fastproxy.formats.base import EncoderOptions
from fastproxy.translate.families import family
from fastproxy.translate.memory import Memory
from fastproxy.translate.passes import ForClient
from fastproxy.translate.request import Target, Translated, translate_request
from fastproxy.translate.response import Crossing, pipe_for_translation
from fastproxy.translate.seal import Mint
from support import cells, openai_sdk, sdks
from support.exchange import FORMATS, Format

SIGNATURE = "RXJ1Q2xhdWRlK3NpZ25hdHVyZS9ub3QtcmVhbD09QUJDREVGR0g="
ARGUMENTS = '{"name":"Café","id":1.0}'
MODELS: dict[Format, str] = {
    "openai-chat": "gpt-4.1",
    "openai-responses": "gpt-5.6",
    "anthropic": "claude-opus-5",
    "gemini": "gemini-3-pro",
}
USAGE = {"input_tokens": 9, "output_tokens": 5}


def anthropic(*blocks: dict[str, Any], stop: str) -> dict[str, Any]:
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5", "content": list(blocks)}
    return head | {"stop_reason": stop, "stop_sequence": None, "usage": USAGE}


def gemini(*parts: dict[str, Any]) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": "STOP", "index": 0}
    return {"candidates": [candidate], "modelVersion": "gemini-3-pro", "responseId": "r1"}


def responses(*items: dict[str, Any]) -> dict[str, Any]:
    return {"id": "resp_1", "object": "response", "status": "completed", "model": "gpt-5.6", "output": list(items)}


def thinking(text: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": text, "signature": SIGNATURE}


def reasoning(*summary: str) -> dict[str, Any]:
    parts = [{"type": "summary_text", "text": text} for text in summary]
    return {"type": "reasoning", "id": "rs_1", "summary": parts, "encrypted_content": SIGNATURE}


USE = {"type": "tool_use", "id": "toolu_1", "name": "find_place", "input": {"name": "Café"}}
SAID = {"type": "text", "text": "North."}
CALL = {"functionCall": {"name": "find_place", "args": {"name": "Café"}}}
FUNCTION = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "find_place", "arguments": ARGUMENTS}
MESSAGE = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
           "content": [{"type": "output_text", "text": "North.", "annotations": []}]}  # fmt: skip

# Each kind of signature, with a call and without.
ANSWERS: Mapping[str, tuple[Format, dict[str, Any]]] = {
    "thinking-call": ("anthropic", anthropic(thinking("They said north."), USE, stop="tool_use")),
    "thinking-text": ("anthropic", anthropic(thinking("They said north."), SAID, stop="end_turn")),
    "omitted-call": ("anthropic", anthropic(thinking(""), USE, stop="tool_use")),
    "redacted-call": ("anthropic", anthropic({"type": "redacted_thinking", "data": SIGNATURE}, USE, stop="tool_use")),
    "redacted-text": ("anthropic", anthropic({"type": "redacted_thinking", "data": SIGNATURE}, SAID, stop="end_turn")),
    "gemini-call": ("gemini", gemini(CALL | {"thoughtSignature": SIGNATURE})),
    "gemini-thought-call": (
        "gemini",
        gemini({"text": "They said north.", "thought": True}, CALL | {"thoughtSignature": SIGNATURE}),
    ),
    "gemini-text": ("gemini", gemini({"text": "North."}, {"text": "", "thoughtSignature": SIGNATURE})),
    "encrypted-call": ("openai-responses", responses(reasoning(), FUNCTION)),
    "summary-call": ("openai-responses", responses(reasoning("They said north."), FUNCTION)),
    "summary-text": ("openai-responses", responses(reasoning("They said", "north."), MESSAGE)),
}
WAYS = [
    pytest.param(name, client, stream, id=f"{name}-{client}-{'stream' if stream else 'whole'}")
    for name, (source, _) in ANSWERS.items()
    for client in FORMATS
    for stream in (True, False)
    if client != source
]
STREAMED = [way for way in WAYS if way.values[2]]
every_way = pytest.mark.parametrize(("name", "client", "stream"), WAYS)
every_streamed_way = pytest.mark.parametrize(("name", "client", "stream"), STREAMED)


class Talk:
    """A conversation between a client of one format and an upstream of another, turn by turn."""

    def __init__(self, client: Format, source: Format, account: str = "account-1") -> None:
        self.client, self.source, self.account = client, source, account
        self.memory = Memory()
        self.turns: list[dict[str, Any]] = list(_OPENING[client])
        self.names: Mapping[str, str] = {}

    @property
    def mint(self) -> Mint:
        return Mint(self.source, "lab", self.account)

    def ask(self) -> Translated:
        """The next request, as the upstream gets it."""
        body = orjson.dumps({_TURNS_KEY[self.client]: self.turns} | _ASKING[self.client])
        request = BY_NAME[self.client].decode_request(body, {"model": "m", "verb": "generateContent"})
        model = MODELS[self.source]
        target = Target(BY_NAME[self.source], model, self.mint, family(model))
        sent = translate_request(request, target, self.memory)
        self.names = sent.names
        return sent

    def answer(self, answer: dict[str, Any], *, stream: bool) -> None:
        """The upstream's answer on its way to the client, which remembers what its SDK made of it."""
        known = ForClient("m", "own-1", 1, self.mint, BY_NAME[self.client].spelling, self.memory, self.names)
        options = EncoderOptions()
        crossing = Crossing(BY_NAME[self.source], BY_NAME[self.client], known, options, 1 << 20, 1 << 20)
        way = pipe_for_translation(crossing, streamed=False, stream=stream)
        came = cells.through(way, orjson.dumps(answer))
        assert came.fault is None, came.fault
        self.turns += _REMEMBERED[self.client](came.body, stream)
        self.turns += _results(self.client, self.turns)


_TURNS_KEY = {"openai-chat": "messages", "openai-responses": "input", "anthropic": "messages", "gemini": "contents"}
_HI = "Where is the lighthouse?"
_OPENING: Mapping[Format, list[dict[str, Any]]] = {
    "openai-chat": [{"role": "user", "content": _HI}],
    "openai-responses": [{"role": "user", "content": _HI}],
    "anthropic": [{"role": "user", "content": _HI}],
    "gemini": [{"role": "user", "parts": [{"text": _HI}]}],
}
_SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}}
_TOOL = {"name": "find_place", "description": "Find a place."}
_ASKING: Mapping[Format, dict[str, Any]] = {
    "openai-chat": {"model": "m", "tools": [{"type": "function", "function": _TOOL | {"parameters": _SCHEMA}}]},
    "openai-responses": {"model": "m", "tools": [_TOOL | {"type": "function", "parameters": _SCHEMA}]},
    "anthropic": {"model": "m", "max_tokens": 4096, "tools": [_TOOL | {"input_schema": _SCHEMA}]},
    "gemini": {"tools": [{"functionDeclarations": [_TOOL | {"parametersJsonSchema": _SCHEMA}]}]},
}


def _chat(body: bytes, stream: bool) -> list[dict[str, Any]]:
    completion = openai_sdk.chat_accumulated(body) if stream else openai_sdk.chat_body(body)
    message = completion.choices[0].message.to_dict(mode="json")
    for call in message.get("tool_calls") or ():
        call["function"].pop("parsed_arguments", None)
        call.pop("index", None)
    return [message]


def _responses(body: bytes, stream: bool) -> list[dict[str, Any]]:
    response = openai_sdk.responses_stream(body) if stream else openai_sdk.responses_body(body)
    return [item.to_dict(mode="json") for item in response.output]


def _anthropic(body: bytes, stream: bool) -> list[dict[str, Any]]:
    message = sdks.anthropic_stream(body) if stream else sdks.anthropic_body(body)
    return [{"role": "assistant", "content": [block.to_dict(mode="json") for block in message.content]}]


def _gemini(body: bytes, stream: bool) -> list[dict[str, Any]]:
    chunks = sdks.gemini_stream(body) if stream else [sdks.gemini_body(body)]
    contents = [chunk.candidates[0].content for chunk in chunks if chunk.candidates]
    parts = [part for content in contents if content for part in content.parts or []]
    return [{"role": "model", "parts": [_part(part) for part in parts]}]


def _part(part: Any) -> dict[str, Any]:
    """As google-genai writes it: the signature decoded and encoded again, in its own alphabet."""
    told: dict[str, Any] = orjson.loads(part.model_dump_json(exclude_none=True, by_alias=True))
    return told


_REMEMBERED = {"openai-chat": _chat, "openai-responses": _responses, "anthropic": _anthropic, "gemini": _gemini}


def _results(client: Format, turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The next turn: the results of the calls in the last one, or something else to say."""
    last = turns[-1]
    if client == "openai-chat":
        calls = last.get("tool_calls") or []
        return [{"role": "tool", "tool_call_id": call["id"], "content": "found"} for call in calls] or _OPENING[client]
    if client == "openai-responses":
        if last["type"] != "function_call":
            return _OPENING[client]
        return [{"type": "function_call_output", "call_id": last["call_id"], "output": "found"}]
    if client == "anthropic":
        ids = [block["id"] for block in last["content"] if block["type"] == "tool_use"]
        found = [{"type": "tool_result", "tool_use_id": id_, "content": "found"} for id_ in ids]
        return [{"role": "user", "content": found}] if found else _OPENING[client]
    called = [part["functionCall"] for part in last["parts"] if "functionCall" in part]
    kept = [{key: call[key] for key in ("id", "name") if key in call} for call in called]
    parts = [{"functionResponse": call | {"response": {"output": "found"}}} for call in kept]
    return [{"role": "user", "parts": parts}] if parts else _OPENING[client]


def signed(source: Format, body: bytes) -> list[dict[str, Any]]:
    """What carries the signature in a request, and what stands right behind it."""
    asked = orjson.loads(body)
    if source == "anthropic":
        pieces = [b for m in asked["messages"] if isinstance(m["content"], list) for b in m["content"]]
    elif source == "gemini":
        pieces = [part for content in asked["contents"] for part in content["parts"]]
    else:
        pieces = asked["input"]
    at = [number for number, piece in enumerate(pieces) if SIGNATURE in _own(piece)]
    return [pieces[number] for number in at]


def _own(piece: dict[str, Any]) -> list[Any]:
    return [piece.get(key) for key in ("signature", "data", "thoughtSignature", "encrypted_content")]


def assert_carried(name: str, source: Format, sent: Translated, times: int) -> None:
    carriers = signed(source, sent.body)
    assert len(carriers) == times, orjson.loads(sent.body)
    for carrier in carriers:
        if source == "gemini":
            assert ("functionCall" in carrier) == name.endswith("call")
        elif source == "anthropic":
            assert carrier["type"] == ("redacted_thinking" if name.startswith("redacted") else "thinking")
        else:
            assert carrier["type"] == "reasoning"


@every_way
def test_what_one_turn_signed_the_next_gives_back(name: str, client: Format, stream: bool) -> None:
    source, answer = ANSWERS[name]
    talk = Talk(client, source)
    talk.ask()
    talk.answer(answer, stream=stream)
    assert SIGNATURE not in orjson.dumps(talk.turns).decode(), "the client holds an envelope of ours"
    sent = talk.ask()
    assert_carried(name, source, sent, 1)
    assert "thinking.signature" not in sent.dropped


@every_streamed_way
def test_ten_turns_keep_all_of_it(name: str, client: Format, stream: bool) -> None:
    source, answer = ANSWERS[name]
    talk = Talk(client, source)
    for turn in range(10):
        sent = talk.ask()
        assert len(signed(source, sent.body)) == turn
        talk.answer(renamed(answer, turn), stream=stream)


def renamed(answer: dict[str, Any], turn: int) -> dict[str, Any]:
    """The same answer with ids of its own, as every turn's answer has."""
    text = orjson.dumps(answer)
    for id_ in (b"toolu_1", b"call_1", b"fc_1", b"rs_1", b"resp_1", b"msg_1", b'"r1'):
        text = text.replace(id_, id_ + b"-%d" % turn)
    told: dict[str, Any] = orjson.loads(text)
    return told


@every_streamed_way
def test_another_account_never_gets_it(name: str, client: Format, stream: bool) -> None:
    source, answer = ANSWERS[name]
    talk = Talk(client, source)
    talk.answer(answer, stream=stream)
    talk.account = "account-2"
    sent = talk.ask()
    assert signed(source, sent.body) == []
    assert SIGNATURE.encode() not in sent.body


@every_streamed_way
def test_another_vendor_never_gets_it_nor_our_envelope(name: str, client: Format, stream: bool) -> None:
    source, answer = ANSWERS[name]
    talk = Talk(client, source)
    talk.answer(answer, stream=stream)
    for other in FORMATS:
        if other in (source, client):
            continue
        talk.source = other
        sent = talk.ask()
        assert SIGNATURE.encode() not in sent.body
        assert b"fpSeal" not in sent.body
        if name.endswith("call"):
            assert "thinking.signature" in sent.dropped or client == "openai-chat"


CALLS = [way for way in WAYS if way.values[0].endswith("call") and way.values[1] == "openai-chat"]


@pytest.mark.parametrize(("name", "client", "stream"), CALLS)
def test_a_chat_client_that_drops_reasoning_is_helped_by_memory(name: str, client: Format, stream: bool) -> None:
    source, answer = ANSWERS[name]
    talk = Talk(client, source)
    talk.answer(answer, stream=stream)
    for turn in talk.turns:
        turn.pop("reasoning_details", None)
        turn.pop("reasoning_content", None)
    assert_carried(name, source, talk.ask(), 1)


def test_the_same_conversation_asked_twice_is_the_same_bytes() -> None:
    """Prompt caches hold only what stays the same to the byte."""
    for name, (source, answer) in ANSWERS.items():
        for client in FORMATS:
            if client != source:
                talk = Talk(client, source)
                talk.answer(answer, stream=True)
                first = talk.ask()
                assert msgspec.structs.asdict(talk.ask()) == msgspec.structs.asdict(first), (name, client)
