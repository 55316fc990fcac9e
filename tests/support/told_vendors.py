"""Plain readings of Anthropic's and Google's formats, stream or whole: wire format notes 2.5, 2.6, 3.3, 3.4, 7.

Arguments are cut out of the raw text, so that their bytes can be compared. No codec of ours.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import msgspec
import orjson

from support.told import Call, Spent, StopClass, Told, count, last_told, payloads, settled

_ANTHROPIC_STOPS: Mapping[str, StopClass] = {
    "end_turn": "end",
    "tool_use": "tools",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "stop_sequence": "stop_sequence",
    "refusal": "refusal",
    "pause_turn": "pause",
}
_GEMINI_ENDS: Mapping[Any, StopClass] = {"STOP": "end", 1: "end", "MAX_TOKENS": "length", 2: "length"}
_GEMINI_ERRORS = frozenset((
    "OTHER", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE",
    "MALFORMED_RESPONSE", "ESCALATION", 5, 10,
))  # fmt: skip


_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


class _Use(msgspec.Struct):
    type: str
    id: str = ""
    name: str = ""
    input: msgspec.Raw = msgspec.Raw(b"{}")


class _Message(msgspec.Struct):
    content: list[_Use] = []


def anthropic(answer: bytes) -> Told:
    """A Messages answer."""
    texts = payloads(answer)
    first = orjson.loads(texts[0])
    if first.get("type") != "message":
        return _anthropic_stream([orjson.loads(text) for text in texts])
    uses = [use for use in msgspec.json.decode(texts[0], type=_Message).content if use.type == "tool_use"]
    return _message(first, tuple(Call(use.id, use.name, bytes(use.input).decode()) for use in uses))


def _anthropic_stream(events: list[dict[str, Any]]) -> Told:
    message: dict[str, Any] = {"content": [], "stop_reason": None}
    usages, arguments, broken = [], dict[int, str](), False
    blocks: dict[int, dict[str, Any]] = {}
    for event in events:
        match event:
            case {"type": "message_start"}:
                usages.append(event["message"].get("usage"))
            case {"type": "content_block_start", "index": index}:
                blocks[index] = event["content_block"]
            case {"type": "content_block_delta", "index": index, "delta": {"type": "input_json_delta"}}:
                arguments[index] = arguments.get(index, "") + event["delta"]["partial_json"]
            case {"type": "content_block_delta", "index": index, "delta": delta}:
                for key in ("text", "thinking"):
                    blocks[index][key] = blocks[index].get(key, "") + delta.get(key, "")
            case {"type": "message_delta"}:
                message |= event["delta"]
                usages.append(event.get("usage"))
            case {"type": "error"}:
                broken = True
    message["content"], message["usage"] = list(blocks.values()), last_told(usages)
    uses = ((index, block) for index, block in blocks.items() if block["type"] == "tool_use")
    told = _message(message, tuple(Call(b["id"], b["name"], arguments.get(index) or "{}") for index, b in uses))
    return msgspec.structs.replace(told, stop="error") if broken else told


def _message(message: Mapping[str, Any], calls: tuple[Call, ...]) -> Told:
    usage = message.get("usage") or {}
    stop = _ANTHROPIC_STOPS[message["stop_reason"]] if message["stop_reason"] else ""
    return Told(
        text="".join(block["text"] for block in message["content"] if block["type"] == "text"),
        thoughts="".join(block["thinking"] for block in message["content"] if block["type"] == "thinking"),
        calls=calls,
        stop=settled(stop, calls, ""),
        spent=Spent(
            count(usage, "input_tokens"),
            count(usage, "cache_read_input_tokens"),
            count(usage, "cache_creation_input_tokens"),
            count(usage, "output_tokens"),
            count(usage, "output_tokens_details", "thinking_tokens"),
        ),
    )


class _Called(msgspec.Struct, rename="camel"):
    id: str | None = None
    name: str | None = None
    args: msgspec.Raw = msgspec.Raw(b"")
    partial_args: list[dict[str, Any]] | None = None
    will_continue: bool | None = None


class _Part(msgspec.Struct, rename="camel"):
    function_call: _Called | None = None


class _Content(msgspec.Struct):
    parts: list[_Part] | None = None


class _Candidate(msgspec.Struct):
    content: _Content | None = None
    index: int = 0


class _Chunk(msgspec.Struct):
    candidates: list[_Candidate] | None = None


def gemini(answer: bytes) -> Told:
    """A generateContent answer: an object, an array of chunks, or a stream of them."""
    texts = payloads(answer)
    chunks = [orjson.loads(text) for text in texts]
    candidates = [one for chunk in chunks for one in chunk.get("candidates") or () if one.get("index", 0) == 0]
    parts = [part for one in candidates for part in (one.get("content") or {}).get("parts") or ()]
    finish = next((one["finishReason"] for one in reversed(candidates) if one.get("finishReason")), None)
    blocked = any((chunk.get("promptFeedback") or {}).get("blockReason") for chunk in chunks)
    calls = tuple(_gemini_calls(texts))
    stop = _gemini_stop(finish, blocked=blocked)
    spoken = [part for part in parts if "text" in part]
    return Told(
        text="".join(part["text"] for part in spoken if not part.get("thought")),
        thoughts="".join(part["text"] for part in spoken if part.get("thought")),
        calls=calls,
        stop="error" if any("error" in chunk for chunk in chunks) else settled(stop, calls, ""),
        spent=_gemini_spent(_last_counts(chunks)),
    )


def _gemini_stop(finish: Any, *, blocked: bool) -> StopClass:
    if finish is None:
        return "refusal" if blocked else ""
    return _GEMINI_ENDS.get(finish, "error" if finish in _GEMINI_ERRORS else "refusal")


def _gemini_calls(texts: list[bytes]) -> Iterator[Call]:
    """Whole calls with their raw arguments; those streamed in pieces (Vertex) put together from their paths."""
    pieces: list[dict[str, Any]] = []
    name, id_ = "", ""
    for called in _called(texts):
        if called.name and (called.will_continue or called.partial_args):
            if name:
                yield Call(id_, name, _assembled(pieces))
            name, id_, pieces = called.name, called.id or "", list(called.partial_args or ())
        elif called.name:
            yield Call(called.id or "", called.name, bytes(called.args).decode() or "{}")
        elif called.partial_args:
            pieces += called.partial_args
    if name:
        yield Call(id_, name, _assembled(pieces))


def _called(texts: list[bytes]) -> Iterator[_Called]:
    for text in texts:
        for candidate in msgspec.json.decode(text, type=_Chunk).candidates or ():
            parts = candidate.content.parts if candidate.content and candidate.index == 0 else None
            yield from (part.function_call for part in parts or () if part.function_call is not None)


def _assembled(pieces: list[dict[str, Any]]) -> str:
    """The object that pieces like {"jsonPath": "$.a[0].b", "stringValue": ".."} describe."""
    root: dict[str, Any] = {}
    for piece in pieces:
        steps = _steps(piece["jsonPath"])
        holder: Any = root
        for step, after in pairwise(steps):
            holder = _entered(holder, step, [] if isinstance(after, int) else {})
        last = steps[-1]
        told = next((v for k, v in piece.items() if k in ("numberValue", "boolValue", "stringValue")), None)
        old = _entered(holder, last, "" if isinstance(told, str) else None)
        holder[last] = old + told if isinstance(told, str) else told
    return orjson.dumps(root).decode()


def _steps(path: str) -> list[int | str]:
    return [int(index) if index else name for name, index in _STEP.findall(path)]


def _entered(holder: Any, step: int | str, default: Any) -> Any:
    if isinstance(step, str):
        return holder.setdefault(step, default)
    if step == len(holder):
        holder.append(default)
    return holder[step]


def _last_counts(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """The last usageMetadata that counts anything: each is for the whole answer so far, and leaves out what is 0."""
    told = [chunk.get("usageMetadata") or {} for chunk in chunks]
    return next((usage for usage in reversed(told) if any(key.endswith("TokenCount") for key in usage)), {})


def _gemini_spent(usage: Mapping[str, Any]) -> Spent:
    cached, thoughts = count(usage, "cachedContentTokenCount"), count(usage, "thoughtsTokenCount")
    prompt = count(usage, "promptTokenCount") + count(usage, "toolUsePromptTokenCount")
    return Spent(prompt - cached, cached, 0, count(usage, "candidatesTokenCount") + thoughts, thoughts)
