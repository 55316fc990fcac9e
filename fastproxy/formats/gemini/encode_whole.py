"""A folded response to one GenerateContentResponse. Says exactly what the stream of the same response says."""

import orjson

from fastproxy.errors import Fault
from fastproxy.formats.gemini import parts
from fastproxy.formats.gemini.grounding import Sources
from fastproxy.formats.gemini.media import picture
from fastproxy.formats.gemini.stops import finish_reason
from fastproxy.ir.fold import Block, OpaqueBlock, ReasoningBlock, RefusalBlock, Response, TextBlock, ToolCall


def encode_whole(response: Response) -> bytes:
    """The body. Tool arguments are spliced in as they came.

    Raises: Fault when the response failed or never stopped.
    """
    if (failed := response.failed) is not None:
        raise Fault(failed.kind, failed.message, reason=failed.reason)
    if response.stop is None:
        raise Fault("upstream_garbage", "the upstream's answer ended before it was complete")
    written = _parts(response.blocks)
    finish = finish_reason(response.stop, broken_call=None in written)
    tail = parts.chunk_tail(response.start, response.usage)
    return parts.last_chunk([part for part in written if part], finish, _sources(response.blocks), tail)


def _parts(blocks: tuple[Block, ...]) -> list[bytes | None]:
    """A part for each block; b"" for what says nothing here; None for a call that can't be run."""
    out: list[bytes | None] = []
    signature: str | None = None  # of the call that comes next
    for block in blocks:
        if isinstance(block, ReasoningBlock) and block.bound == "call":
            signature = block.signature
        elif isinstance(block, ToolCall):
            out.append(parts.function_call(block, signature))
            signature = None
        else:
            out.append(_part(block))
    return out


def _part(block: TextBlock | RefusalBlock | ReasoningBlock | OpaqueBlock) -> bytes:
    match block:
        case TextBlock(text=text) | RefusalBlock(text=text):
            return parts.text(text) if text else b""
        case ReasoningBlock(signature=signature, bound="text"):
            return parts.proof(signature) if signature else b""
        case ReasoningBlock(text=text, signature=signature, bound=bound):  # a picture's stands in its own part
            return parts.thought(text, signature) if (text or signature) and bound != "picture" else b""
        case OpaqueBlock(format="gemini", name="part", data=data):
            return data
        case OpaqueBlock(pictures=pictures):
            return b",".join(orjson.dumps(picture(each)) for each in pictures)
    return b""


def _sources(blocks: tuple[Block, ...]) -> Sources:
    sources = Sources()
    for block in blocks:
        if isinstance(block, TextBlock | RefusalBlock):
            sources.say(block.text)
        if isinstance(block, TextBlock):
            for citation in block.citations:
                sources.cite(citation)
        sources.close_block()
    return sources
