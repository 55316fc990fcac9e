"""Events to one whole response, and back. Laws: fold(unfold(r)) == r; fold never fails on a legal event order."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from fastproxy.ir.events import (
    BlockEnd,
    Bound,
    Citation,
    Event,
    Failed,
    Opaque,
    Picture,
    Reasoning,
    Refusal,
    Start,
    Stop,
    Text,
    Texts,
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
    pictures: tuple[Picture, ...] = ()


Block = TextBlock | RefusalBlock | ReasoningBlock | ToolCall | OpaqueBlock
Piece = Text | Refusal | Citation | Reasoning | ToolStart | ToolArgs | Opaque


class Response(msgspec.Struct, frozen=True):
    """One whole answer: content in order, why it stopped, what it cost."""

    start: Start
    blocks: tuple[Block, ...]
    stop: Stop | None = None
    usage: Usage = Usage()
    failed: Failed | None = None


_UNTOLD = Usage()


def call_of(events: Sequence[Event], number: int) -> ToolStart | None:
    """The call that the signature at `number` is bound to: it comes with it, right behind the end of its block."""
    return next((event for event in events[number + 1 : number + 3] if isinstance(event, ToolStart)), None)


def merge(old: Usage, new: Usage) -> Usage:
    """Field by field, the last one told wins: stream usage is cumulative, and a later null never erases."""
    if old == _UNTOLD:
        return new
    if new == _UNTOLD:
        return old
    pairs = zip(msgspec.structs.astuple(old), msgspec.structs.astuple(new), strict=True)
    return Usage(*(earlier if later is None else later for earlier, later in pairs))


def fold(events: Iterable[Event]) -> Response:
    """The whole response that a stream tells, blocks in the order of their opening; an empty Start where it has none.

    Cost: grows with the number of events, never with its square: the pieces of a block are joined once.
    """
    start = Start("", "", 0)
    usage, stop, failed = Usage(), None, None
    blocks: dict[int, list[Piece]] = {}
    opaque = 0
    for event in events:
        if type(event) in _OF_BLOCKS:  # nearly every event of a stream
            blocks.setdefault(event.block, []).append(event)  # type: ignore[union-attr, arg-type]
            continue
        match event:
            case Texts():
                blocks.setdefault(event.block, []).extend(Text(event.block, piece) for piece in event.pieces)
            case Start():
                start = event
            case Usage():
                usage = merge(usage, event)
            case Stop():
                stop = event
            case Failed():
                failed = event
            case Opaque():
                opaque -= 1  # a block of its own: numbered -1, -2, ...
                blocks[opaque] = [event]
            case _:
                pass  # the end of a block
    return Response(start, tuple(map(_joined, blocks.values())), stop, usage, failed)


def _joined(pieces: list[Piece]) -> Block:
    return _BY_TYPE[type(pieces[0])](pieces)


def _opaque(pieces: list[Piece]) -> Block:
    (event,) = (piece for piece in pieces if isinstance(piece, Opaque))
    return OpaqueBlock(event.format, event.name, event.data, event.pictures)


def _text(pieces: list[Piece]) -> Block:
    texts = [piece.text for piece in pieces if isinstance(piece, Text)]
    cited = len(texts) < len(pieces)
    return TextBlock("".join(texts), tuple(piece for piece in pieces if isinstance(piece, Citation)) if cited else ())


def _refusal(pieces: list[Piece]) -> Block:
    return RefusalBlock("".join(piece.text for piece in pieces if isinstance(piece, Refusal)))


def _reasoning(pieces: list[Piece]) -> Block:
    told = [piece for piece in pieces if isinstance(piece, Reasoning)]
    proof = next((piece for piece in reversed(told) if piece.signature), told[-1])
    return ReasoningBlock("".join(piece.text for piece in told), proof.signature, proof.bound)


def _call(pieces: list[Piece]) -> Block:
    start = next((piece for piece in pieces if isinstance(piece, ToolStart)), ToolStart(0, "", ""))
    arguments = "".join(piece.json for piece in pieces if isinstance(piece, ToolArgs))
    return ToolCall(start.id, start.name, arguments, start.custom)


_BY_TYPE: Mapping[type, Callable[[list[Piece]], Block]] = {
    Text: _text,
    Citation: _text,
    Refusal: _refusal,
    Reasoning: _reasoning,
    ToolStart: _call,
    ToolArgs: _call,
    Opaque: _opaque,
}
_OF_BLOCKS = frozenset(_BY_TYPE) - {Opaque}


def unfold(response: Response) -> list[Event]:
    """A stream that folds back into `response`: its blocks one after the other, numbered densely from 0."""
    events: list[Event] = [response.start]
    number = 0
    for block in response.blocks:
        if isinstance(block, OpaqueBlock):
            events.append(Opaque(block.format, block.name, block.data, block.pictures))
        else:
            events += [*_told(number, block), BlockEnd(number)]
            number += 1
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
