"""A folded response to one Anthropic message. Says exactly what the stream of the same response says, never more."""

from typing import Any

import orjson

from fastproxy.errors import Fault
from fastproxy.formats.anthropic import usage
from fastproxy.formats.anthropic.citations import encode_citation
from fastproxy.formats.anthropic.inputs import broken_call, input_json
from fastproxy.formats.anthropic.stops import is_cut, stop_reason
from fastproxy.ir.events import Start
from fastproxy.ir.fold import OpaqueBlock, ReasoningBlock, RefusalBlock, Response, TextBlock, ToolCall

Content = dict[str, Any] | orjson.Fragment

FREE_TEXT = "input"  # the property that holds the free text of a custom call


def encode_whole(response: Response) -> bytes:
    """The body. Tool arguments are spliced in as they came.

    Raises: Fault when the response failed, never stopped, or holds a tool call that no client could run.
    """
    if response.failed is not None:
        raise Fault(response.failed.kind, response.failed.message, reason=response.failed.reason)
    if response.stop is None:
        raise Fault("upstream_garbage", "the upstream's answer ended before it was complete")
    reason = stop_reason(
        response.stop,
        has_calls=any(isinstance(block, ToolCall) for block in response.blocks),
        has_refusal=any(isinstance(block, RefusalBlock) for block in response.blocks),
    )
    return orjson.dumps(
        {
            "id": response.start.id,
            "type": "message",
            "role": "assistant",
            "model": response.start.model,
            "content": _content(response, cut=is_cut(response.stop)),
            "stop_reason": reason,
            "stop_sequence": response.stop.sequence,
            "stop_details": None,
            "usage": usage.encode(response.usage),
        }
    )


def call_id(start: Start, upstream_id: str, index: int) -> str:
    """The upstream's own id of a call, or one made from the response's where it has none (Gemini)."""
    return upstream_id or f"toolu_{start.id}_{index}"


def _content(response: Response, *, cut: bool) -> list[Content]:
    """The content blocks. cut: see `inputs`."""
    content: list[Content] = []
    for block in response.blocks:
        match block:
            case TextBlock(text=text, citations=citations):
                cited = {"citations": [encode_citation(each) for each in citations]} if citations else {}
                content.append({"type": "text", "text": text, **cited})
            case RefusalBlock(text=text):
                content.append({"type": "text", "text": text})
            case ReasoningBlock(text=text, signature=signature):
                content.append({"type": "thinking", "thinking": text, "signature": signature or ""})
            case ToolCall(name=name):
                arguments_json = _arguments(block, cut=cut)
                if arguments_json is None:
                    raise broken_call(name)
                content.append(_tool_use(call_id(response.start, block.id, len(content)), name, arguments_json))
            case OpaqueBlock(format="anthropic", name="content_block", data=data):
                content.append(orjson.Fragment(data))
    return content


def _arguments(call: ToolCall, *, cut: bool) -> bytes | None:
    """The input as it came; free text as the one property of an object, since this format has no other input."""
    return orjson.dumps({FREE_TEXT: call.arguments}) if call.custom else input_json(call.arguments, cut=cut)


def _tool_use(tool_id: str, name: str, arguments: bytes) -> Content:
    return {"type": "tool_use", "id": tool_id, "name": name, "input": orjson.Fragment(arguments)}
