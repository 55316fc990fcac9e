"""What a model says in one step of a conversation, and how a host of each format writes it: a body, and a stream.

The tests' own writing, plain and independent of the code under test. Call ids are the host's; Gemini gives none.
Source: the vendors' API references; recorded exchanges of each; read 2026-11-21.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from zlib import crc32

import msgspec
import orjson

from support.exchange import Format
from support.script import AnyAct, streamed, whole

Json = dict[str, Any]


class Call(msgspec.Struct, frozen=True):
    """A tool call. arguments: JSON text, as the model wrote it."""

    id: str
    name: str
    arguments: str


class Step(msgspec.Struct, frozen=True):
    """One answer: a thought with its signature (base64), a text, calls. Any of them may be missing."""

    thought: str = ""
    signature: str = ""
    text: str = ""
    calls: tuple[Call, ...] = ()


# What every step costs: input, read from a cache, written to it, output, and of that thought. Gemini writes no cache.
INPUT, CACHED, WRITTEN, OUTPUT, THOUGHT = 70, 20, 10, 30, 12


def acts(format_: Format, step: Step, *, stream: bool) -> list[AnyAct]:
    """The host's answer, as a script."""
    return streamed(events(format_, step)) if stream else whole(body(format_, step))


def body(format_: Format, step: Step) -> bytes:
    """The whole answer."""
    return _BODIES[format_](step)


def events(format_: Format, step: Step) -> list[bytes]:
    """The answer as a stream, event by event."""
    return list(_EVENTS[format_](step))


def _data(value: object) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"


def _named(value: Json) -> bytes:
    return b"event: " + value["type"].encode() + b"\n" + _data(value)


def _halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]


# OpenAI Chat, with reasoning as OpenRouter tells it.

_CHAT = {"id": "chatcmpl-1", "created": 1_760_000_000, "model": "served"}
_CHAT_USAGE = {
    "prompt_tokens": INPUT + CACHED + WRITTEN,
    "completion_tokens": OUTPUT,
    "total_tokens": INPUT + CACHED + WRITTEN + OUTPUT,
    "prompt_tokens_details": {"cached_tokens": CACHED, "cache_write_tokens": WRITTEN},
    "completion_tokens_details": {"reasoning_tokens": THOUGHT},
}


def _chat_reasoning(step: Step) -> Json:
    detail = {"type": "reasoning.text", "text": step.thought, "signature": step.signature, "format": "f-1", "index": 0}
    return {"reasoning": step.thought, "reasoning_details": [detail]} if step.thought else {}


def _chat_calls(step: Step) -> list[Json]:
    return [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in step.calls
    ]


def _chat_body(step: Step) -> bytes:
    message = {"role": "assistant", "content": step.text or None, **_chat_reasoning(step)}
    if step.calls:
        message["tool_calls"] = _chat_calls(step)
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if step.calls else "stop"}
    return orjson.dumps(_CHAT | {"object": "chat.completion", "choices": [choice], "usage": _CHAT_USAGE})


def _chat_events(step: Step) -> Iterator[bytes]:
    def chunk(delta: Json, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _data(_CHAT | {"object": "chat.completion.chunk", "choices": [choice]})

    yield chunk({"role": "assistant", "content": ""})
    if step.thought:
        yield chunk(_chat_reasoning(step))
    for piece in _halves(step.text) if step.text else ():
        yield chunk({"content": piece})
    for index, call in enumerate(_chat_calls(step)):
        arguments = call["function"]["arguments"]
        yield chunk({"tool_calls": [call | {"index": index, "function": call["function"] | {"arguments": ""}}]})
        for piece in _halves(arguments):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk({}, "tool_calls" if step.calls else "stop")
    yield _data(_CHAT | {"object": "chat.completion.chunk", "choices": [], "usage": _CHAT_USAGE})
    yield b"data: [DONE]\n\n"


# OpenAI Responses.

_RESPONSES_USAGE = {
    "input_tokens": INPUT + CACHED + WRITTEN,
    "input_tokens_details": {"cached_tokens": CACHED, "cache_write_tokens": WRITTEN},
    "output_tokens": OUTPUT,
    "output_tokens_details": {"reasoning_tokens": THOUGHT},
    "total_tokens": INPUT + CACHED + WRITTEN + OUTPUT,
}


def _items(step: Step) -> Iterator[Json]:
    if step.thought:
        summary = [{"type": "summary_text", "text": step.thought}]
        yield {"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": step.signature}
    if step.text:
        content = [{"type": "output_text", "text": step.text, "annotations": [], "logprobs": []}]
        yield {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}
    for call in step.calls:
        told = {"call_id": call.id, "name": call.name, "arguments": call.arguments, "status": "completed"}
        yield {"type": "function_call", "id": f"fc_{call.id}"} | told


def _response(output: list[Json], **more: object) -> Json:
    told = {"id": "resp_1", "object": "response", "created_at": 1_760_000_000, "model": "served", "output": output}
    settings = {"error": None, "incomplete_details": None, "instructions": None, "metadata": {}, "tools": []}
    return told | settings | {"parallel_tool_calls": True, "tool_choice": "auto", "temperature": 1, "top_p": 1} | more


def _responses_body(step: Step) -> bytes:
    return orjson.dumps(_response(list(_items(step)), status="completed", usage=_RESPONSES_USAGE))


_CALL = "response.function_call_arguments"
# An item's kind to the names of its text's events, the name of its parts' events, and what else these tell.
_TEXTS: Mapping[str, tuple[str, str, Json, Json]] = {
    "reasoning": (
        "response.reasoning_summary_text", "response.reasoning_summary_part", {"summary_index": 0}, {},
    ),
    "message": ("response.output_text", "response.content_part", {"content_index": 0}, {"logprobs": []}),
}  # fmt: skip


def _responses_events(step: Step) -> Iterator[bytes]:
    numbered = enumerate(_responses_told(step))
    yield from (_named(event | {"sequence_number": number}) for number, event in numbered)


def _responses_told(step: Step) -> Iterator[Json]:
    yield {"type": "response.created", "response": _response([], status="in_progress")}
    items = list(_items(step))
    for index, item in enumerate(items):
        place = {"output_index": index, "item_id": item["id"]}
        yield {"type": "response.output_item.added", "output_index": index, "item": item | _unsaid(item)}
        if item["type"] == "function_call":
            for piece in _halves(item["arguments"]):
                yield {"type": f"{_CALL}.delta", "delta": piece} | place
            yield {"type": f"{_CALL}.done", "name": item["name"], "arguments": item["arguments"]} | place
        else:
            yield from _text_told(item, place)
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": "response.completed", "response": _response(items, status="completed", usage=_RESPONSES_USAGE)}


def _text_told(item: Json, place: Json) -> Iterator[Json]:
    text_event, part_event, inner, more = _TEXTS[item["type"]]
    part = (item.get("summary") or item.get("content"))[0]
    place |= inner
    yield {"type": f"{part_event}.added", "part": part | {"text": ""}} | place
    for piece in _halves(part["text"]):
        yield {"type": f"{text_event}.delta", "delta": piece} | place | more
    yield {"type": f"{text_event}.done", "text": part["text"]} | place | more
    yield {"type": f"{part_event}.done", "part": part} | place


def _unsaid(item: Json) -> Json:
    empty = {"reasoning": {"summary": []}, "message": {"content": []}, "function_call": {"arguments": ""}}
    return empty[item["type"]]


# Anthropic.

_MESSAGES_USAGE = {
    "input_tokens": INPUT,
    "cache_read_input_tokens": CACHED,
    "cache_creation_input_tokens": WRITTEN,
    "output_tokens": OUTPUT,
    "output_tokens_details": {"thinking_tokens": THOUGHT},
}
_MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "served"}


def _blocks(step: Step) -> Iterator[Json]:
    if step.thought:
        yield {"type": "thinking", "thinking": step.thought, "signature": step.signature}
    if step.text:
        yield {"type": "text", "text": step.text}
    for call in step.calls:
        yield {"type": "tool_use", "id": call.id, "name": call.name, "input": msgspec.Raw(call.arguments.encode())}


def _stop(step: Step) -> Json:
    return {"stop_reason": "tool_use" if step.calls else "end_turn", "stop_sequence": None}


def _messages_body(step: Step) -> bytes:
    return msgspec.json.encode(_MESSAGE | {"content": list(_blocks(step)), "usage": _MESSAGES_USAGE} | _stop(step))


def _messages_events(step: Step) -> Iterator[bytes]:
    unstopped = {"content": [], "stop_reason": None, "stop_sequence": None}
    yield _named(
        {
            "type": "message_start",
            "message": _MESSAGE | unstopped | {"usage": {"input_tokens": INPUT, "output_tokens": 1}},
        }
    )
    for index, block in enumerate(_blocks(step)):
        empty: Json = {"thinking": "", "signature": "", "text": "", "input": {}}
        start = {key: empty.get(key, value) for key, value in block.items()}
        yield _named({"type": "content_block_start", "index": index, "content_block": start})
        for delta in _deltas(block):
            yield _named({"type": "content_block_delta", "index": index, "delta": delta})
        yield _named({"type": "content_block_stop", "index": index})
    yield _named({"type": "message_delta", "delta": _stop(step), "usage": _MESSAGES_USAGE})
    yield _named({"type": "message_stop"})


def _deltas(block: Json) -> Iterator[Json]:
    kind = block["type"]
    if kind == "tool_use":
        for piece in _halves(bytes(block["input"]).decode()):
            yield {"type": "input_json_delta", "partial_json": piece}
    else:
        for piece in _halves(block[kind]):
            yield {"type": f"{kind}_delta", kind: piece}
    if kind == "thinking":
        yield {"type": "signature_delta", "signature": block["signature"]}


# Gemini: thoughts beside the output, a call's signature on the first call, a text's on an empty part behind it.

_GEMINI_USAGE = {
    "promptTokenCount": INPUT + CACHED,
    "cachedContentTokenCount": CACHED,
    "candidatesTokenCount": OUTPUT - THOUGHT,
    "thoughtsTokenCount": THOUGHT,
    "totalTokenCount": INPUT + CACHED + OUTPUT,
}


def _parts(step: Step) -> Iterator[Json]:
    if step.thought:
        yield {"text": step.thought, "thought": True}
    if step.text:
        yield {"text": step.text}
    for number, call in enumerate(step.calls):
        told = {"functionCall": {"name": call.name, "args": msgspec.Raw(call.arguments.encode())}}
        yield told | ({"thoughtSignature": step.signature} if step.signature and number == 0 else {})
    if step.signature and not step.calls:
        yield {"text": "", "thoughtSignature": step.signature}


def _gemini(step: Step, parts: list[Json], **candidate: object) -> bytes:
    content = {"content": {"parts": parts, "role": "model"}, "index": 0} | candidate
    told = {"candidates": [content], "modelVersion": "served", "usageMetadata": _GEMINI_USAGE}
    own = crc32(msgspec.json.encode(step))  # every answer's own, as in life: calls without ids are told apart by it
    return msgspec.json.encode(told | {"responseId": f"r-{own}"})


def _gemini_body(step: Step) -> bytes:
    return _gemini(step, list(_parts(step)), finishReason="STOP")


def _gemini_events(step: Step) -> Iterator[bytes]:
    *before, last = _parts(step)
    for part in before:
        yield b"data: " + _gemini(step, [part]) + b"\r\n\r\n"
    yield b"data: " + _gemini(step, [last], finishReason="STOP") + b"\r\n\r\n"


_BODIES: Mapping[Format, Callable[[Step], bytes]] = {
    "openai-chat": _chat_body,
    "openai-responses": _responses_body,
    "anthropic": _messages_body,
    "gemini": _gemini_body,
}
_EVENTS: Mapping[Format, Callable[[Step], Iterator[bytes]]] = {
    "openai-chat": _chat_events,
    "openai-responses": _responses_events,
    "anthropic": _messages_events,
    "gemini": _gemini_events,
}
