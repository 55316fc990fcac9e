"""A folded response as a `chat.completion` body, with the same fields that the stream tells. It decides nothing."""

from typing import Any

import orjson

from fastproxy.formats.openai_chat import usage
from fastproxy.formats.openai_chat.stops import ended, finish_reason
from fastproxy.ir.events import Start
from fastproxy.ir.fold import Block, OpaqueBlock, ReasoningBlock, Response, TextBlock, ToolCall

_ID_PREFIX = "chatcmpl-"


def whole(response: Response) -> bytes:
    """The body. Raises: Fault when the response did not end well; it must be answered with that."""
    stop = ended(response)
    message = _message(response)
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": finish_reason(stop, has_calls="tool_calls" in message),
    }
    start = response.start
    body = {
        "id": completion_id(start),
        "object": "chat.completion",
        "created": start.created_at,
        "model": start.model,
        "choices": [choice],
        "usage": usage.encode(response.usage),
        "system_fingerprint": None,
    }
    return orjson.dumps(body)


def completion_id(start: Start) -> str:
    """The response's id in Chat's spelling, the same for a stream and a whole body."""
    return start.id if start.id.startswith(_ID_PREFIX) else _ID_PREFIX + start.id


def call_id(start: Start, upstream_id: str, index: int) -> str:
    """The upstream's own id of a call, or one made from the response's where it has none (Gemini)."""
    return upstream_id or f"call_{start.id.removeprefix(_ID_PREFIX)}_{index}"


def arguments_of(call: ToolCall) -> str:
    """The argument text, byte for byte; an empty object for none, because clients parse it and "" is not JSON."""
    return call.arguments if call.arguments.strip() else call.arguments + "{}"


def _message(response: Response) -> dict[str, Any]:
    calls = [block for block in response.blocks if isinstance(block, ToolCall)]
    texts = [block.text for block in response.blocks if isinstance(block, TextBlock)]
    thoughts = [block.text for block in response.blocks if isinstance(block, ReasoningBlock)]
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if calls and not any(texts) else "".join(texts),
        "refusal": None,
    }
    if any(thoughts):
        message["reasoning_content"] = "".join(thoughts)
    if calls:
        message["tool_calls"] = [_call(response.start, call, index) for index, call in enumerate(calls)]
    return message | _own_fields(response.blocks)


def _call(start: Start, call: ToolCall, index: int) -> dict[str, Any]:
    return {
        "id": call_id(start, call.id, index),
        "type": "function",
        "function": {"name": call.name, "arguments": arguments_of(call)},
    }


def _own_fields(blocks: tuple[Block, ...]) -> dict[str, Any]:
    """Message fields that only Chat has a word for (annotations, audio), as they came."""
    return {
        block.name: orjson.Fragment(block.data)
        for block in blocks
        if isinstance(block, OpaqueBlock) and block.format == "openai-chat"
    }
