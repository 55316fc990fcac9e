"""Events to one whole response, and back. Laws: fold(unfold(r)) == r; fold never fails on a legal event order."""

import msgspec

from fastproxy.ir.events import (
    BlockEnd,
    Event,
    Failed,
    Opaque,
    Reasoning,
    Start,
    Stop,
    Text,
    ToolArgs,
    ToolStart,
    Usage,
)


class TextBlock(msgspec.Struct, frozen=True):
    """Visible text."""

    text: str


class ReasoningBlock(msgspec.Struct, frozen=True):
    """Thinking, with its opaque signature if it had one."""

    text: str
    signature: str | None = None


class ToolCall(msgspec.Struct, frozen=True):
    """A whole tool call. arguments: JSON text, byte for byte."""

    id: str
    name: str
    arguments: str


class OpaqueBlock(msgspec.Struct, frozen=True):
    """Something only its own format has a word for."""

    format: str
    name: str
    data: bytes


Block = TextBlock | ReasoningBlock | ToolCall | OpaqueBlock


class Response(msgspec.Struct, frozen=True):
    """One whole answer: content in order, why it stopped, what it cost."""

    start: Start
    blocks: tuple[Block, ...]
    stop: Stop | None = None
    usage: Usage = Usage()
    failed: Failed | None = None


def merge(old: Usage, new: Usage) -> Usage:
    """Field by field, the last one told wins: stream usage is cumulative, and a later null never erases."""
    names = ("input_tokens", "cached_tokens", "cache_written_tokens", "output_tokens", "reasoning_tokens", "raw")
    told = {name: getattr(new, name) if getattr(new, name) is not None else getattr(old, name) for name in names}
    return Usage(**told)


def fold(events: list[Event]) -> Response:
    """The whole response that a stream tells. A stream without Start gets an empty one."""
    start = Start("", "", 0)
    usage, stop, failed = Usage(), None, None
    blocks: dict[int, Block] = {}
    opaque = 0
    for event in events:
        match event:
            case Start():
                start = event
            case Usage():
                usage = merge(usage, event)
            case Stop():
                stop = event
            case Failed():
                failed = event
            case Opaque():
                opaque -= 1
                blocks[opaque] = OpaqueBlock(event.format, event.name, event.data)
            case BlockEnd():
                pass
            case _:
                blocks[event.block] = _grown(blocks.get(event.block), event)
    return Response(start, tuple(blocks.values()), stop, usage, failed)


def _grown(block: Block | None, event: Text | Reasoning | ToolStart | ToolArgs) -> Block:
    match event:
        case Text(text=text):
            return TextBlock((block.text if isinstance(block, TextBlock) else "") + text)
        case Reasoning(text=text, signature=signature):
            old = block if isinstance(block, ReasoningBlock) else ReasoningBlock("")
            return ReasoningBlock(old.text + text, signature or old.signature)
        case ToolStart(id=id_, name=name):
            return ToolCall(id_, name, "")
        case ToolArgs(json=piece):
            old_call = block if isinstance(block, ToolCall) else ToolCall("", "", "")
            return ToolCall(old_call.id, old_call.name, old_call.arguments + piece)


def unfold(response: Response) -> list[Event]:
    """A stream that folds back into `response`: one event per block and its end."""
    events: list[Event] = [response.start]
    for number, block in enumerate(response.blocks):
        match block:
            case TextBlock(text=text):
                events += [Text(number, text), BlockEnd(number)]
            case ReasoningBlock(text=text, signature=signature):
                events += [Reasoning(number, text, signature), BlockEnd(number)]
            case ToolCall(id=id_, name=name, arguments=arguments):
                events += [ToolStart(number, id_, name), ToolArgs(number, arguments), BlockEnd(number)]
            case OpaqueBlock(format=format_, name=name, data=data):
                events.append(Opaque(format_, name, data))
    events.append(response.usage)
    if response.stop is not None:
        events.append(response.stop)
    if response.failed is not None:
        events.append(response.failed)
    return events
