"""A folded response to one Anthropic message. Says exactly what the stream of the same response says."""

from collections.abc import Iterator
from typing import Any

import orjson

from fastproxy.errors import Fault
from fastproxy.formats.anthropic import usage
from fastproxy.formats.anthropic.stops import stop_reason
from fastproxy.formats.arguments import arguments_object
from fastproxy.ir.fold import Block, OpaqueBlock, ReasoningBlock, Response, TextBlock, ToolCall


def whole(response: Response) -> bytes:
    """The body. Tool arguments are spliced in as they came.

    Raises: Fault when the response failed, never stopped, or holds a tool call that no client could run.
    """
    if response.failed is not None:
        raise Fault(response.failed.kind, response.failed.message)
    if response.stop is None:
        raise Fault("upstream_garbage", "the upstream's answer ended before it was complete")
    reason = stop_reason(response.stop)
    return orjson.dumps(
        {
            "id": response.start.id,
            "type": "message",
            "role": "assistant",
            "model": response.start.model,
            "content": [part for block in response.blocks for part in _content(block, reason)],
            "stop_reason": reason,
            "stop_sequence": response.stop.sequence,
            "usage": usage.encode(response.usage),
        }
    )


def _content(block: Block, reason: str) -> Iterator[dict[str, Any] | orjson.Fragment]:
    match block:
        case TextBlock(text=text):
            yield {"type": "text", "text": text}
        case ReasoningBlock(text=text, signature=signature):
            yield {"type": "thinking", "thinking": text, "signature": signature or ""}
        case ToolCall():
            yield from _tool_use(block, reason)
        case OpaqueBlock(format="anthropic", name="content_block", data=data):
            yield orjson.Fragment(data)
        case OpaqueBlock():
            pass


def _tool_use(call: ToolCall, reason: str) -> Iterator[dict[str, Any]]:
    """The block; nothing for a call that the token limit cut off, which `max_tokens` tells."""
    arguments = arguments_object(call.arguments)
    if arguments is not None:
        yield {"type": "tool_use", "id": call.id, "name": call.name, "input": orjson.Fragment(arguments)}
    elif reason not in {"max_tokens", "model_context_window_exceeded"}:
        raise Fault("upstream_garbage", f"the arguments of the call of {call.name!r} are not a JSON object")
