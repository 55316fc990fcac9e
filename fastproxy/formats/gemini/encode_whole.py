"""A folded response to one GenerateContentResponse. Says exactly what the stream of the same response says."""

from fastproxy.errors import Fault
from fastproxy.formats.gemini import parts
from fastproxy.formats.gemini.stops import finish_reason
from fastproxy.ir.fold import Block, OpaqueBlock, ReasoningBlock, Response, TextBlock, ToolCall


def whole(response: Response) -> bytes:
    """The body. Tool arguments are spliced in as they came.

    Raises: Fault when the response failed or never stopped.
    """
    if response.failed is not None:
        raise Fault(response.failed.kind, response.failed.message)
    if response.stop is None:
        raise Fault("upstream_garbage", "the upstream's answer ended before it was complete")
    written = [_part(block) for block in response.blocks]
    finish = finish_reason(response.stop, broken_call=None in written)
    tail = parts.chunk_tail(response.start, response.usage)
    return parts.chunk([part for part in written if part], finish, tail)


def _part(block: Block) -> bytes | None:
    """The part; b"" for what says nothing here; None for a call whose arguments are not a JSON object."""
    match block:
        case TextBlock(text=text):
            return parts.text(text) if text else b""
        case ReasoningBlock(text=text, signature=signature):
            return parts.thought(text, signature) if text or signature else b""
        case ToolCall(id=call_id, name=name, arguments=arguments):
            return parts.function_call(call_id, name, arguments)
        case OpaqueBlock(format="gemini", name="part", data=data):
            return data
        case OpaqueBlock():
            return b""
