"""Events to one whole response, and back. Laws: fold(unfold(r)) == r; fold never fails on a legal event order."""

import msgspec

from fastproxy.ir.events import (
    BlockEnd,
    Bound,
    Citation,
    Event,
    Failed,
    Opaque,
    Reasoning,
    Refusal,
    Start,
    Stop,
    Text,
    ToolArgs,
    ToolStart,
    Usage,
)


class TextBlock(msgspec.Struct, frozen=True):
    """Visible text, and where it comes from."""

    text: str
    citations: tuple[Citation, ...] = ()


class RefusalBlock(msgspec.Struct, frozen=True):
    """What the model said when it refused."""

    text: str


class ReasoningBlock(msgspec.Struct, frozen=True):
    """Thinking, with its opaque signature if it had one, and what that is the proof of."""

    text: str
    signature: str | None = None
    bound: Bound = "thinking"


class ToolCall(msgspec.Struct, frozen=True):
    """A whole tool call. arguments: JSON text, byte for byte; free text when custom."""

    id: str
    name: str
    arguments: str
    custom: bool = False


class OpaqueBlock(msgspec.Struct, frozen=True):
    """Something only its own format has a word for."""

    format: str
    name: str
    data: bytes


Block = TextBlock | RefusalBlock | ReasoningBlock | ToolCall | OpaqueBlock


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


def _grown(block: Block | None, event: Text | Refusal | Citation | Reasoning | ToolStart | ToolArgs) -> Block:
    match event:
        case Text(text=text):
            said = block if isinstance(block, TextBlock) else TextBlock("")
            return TextBlock(said.text + text, said.citations)
        case Citation():
            said = block if isinstance(block, TextBlock) else TextBlock("")
            return TextBlock(said.text, (*said.citations, event))
        case Refusal(text=text):
            return RefusalBlock((block.text if isinstance(block, RefusalBlock) else "") + text)
        case Reasoning(text=text, signature=signature):
            old = block if isinstance(block, ReasoningBlock) else ReasoningBlock("")
            return ReasoningBlock(old.text + text, signature or old.signature, event.bound)
        case ToolStart(id=id_, name=name, custom=custom):
            return ToolCall(id_, name, "", custom)
        case ToolArgs(json=piece):
            call = block if isinstance(block, ToolCall) else ToolCall("", "", "")
            return ToolCall(call.id, call.name, call.arguments + piece, call.custom)


def unfold(response: Response) -> list[Event]:
    """A stream that folds back into `response`: one event per block and its end."""
    events: list[Event] = [response.start]
    for number, block in enumerate(response.blocks):
        if isinstance(block, OpaqueBlock):
            events.append(Opaque(block.format, block.name, block.data))
        else:
            events += [*_told(number, block), BlockEnd(number)]
    events.append(response.usage)
    if response.stop is not None:
        events.append(response.stop)
    if response.failed is not None:
        events.append(response.failed)
    return events


def _told(number: int, block: TextBlock | RefusalBlock | ReasoningBlock | ToolCall) -> list[Event]:
    match block:
        case TextBlock(text=text, citations=citations):
            cited = [msgspec.structs.replace(citation, block=number) for citation in citations]
            return [Text(number, text), *cited]
        case RefusalBlock(text=text):
            return [Refusal(number, text)]
        case ReasoningBlock(text=text, signature=signature, bound=bound):
            return [Reasoning(number, text, signature, bound)]
        case ToolCall(id=id_, name=name, arguments=arguments, custom=custom):
            return [ToolStart(number, id_, name, custom), ToolArgs(number, arguments)]
