"""The vocabulary of a response, streamed or whole.

A response is `Start (content BlockEnd)* Usage* Stop`, or ends in `Failed` instead of `Stop`: usage that a source tells
late is waited for, so that nothing comes after `Stop`. Content events carry `block`, dense from 0 in the order of
opening. A block is opened by its first event and closed by `BlockEnd`. Blocks of different kinds never share a number;
a source that interleaves parallel tool calls interleaves block numbers.

Rules: values only, no behaviour. Tool arguments are JSON *text*, never parsed, never re-serialised.
"""

from typing import Any, Literal

import msgspec

from fastproxy.errors import Kind, Reason

StopReason = Literal["end", "tools", "length", "stop_sequence", "refusal", "pause", "error"]
Bound = Literal["thinking", "redacted", "call", "text", "picture"]


class Start(msgspec.Struct, frozen=True, gc=False):
    """The response exists. id: the upstream's own, opaque; model: as served; created_at: epoch seconds."""

    id: str
    model: str
    created_at: int


class Text(msgspec.Struct, frozen=True, gc=False):
    """A piece of visible text; may be empty to open a block."""

    block: int
    text: str


class Texts(msgspec.Struct, frozen=True, gc=False):
    """Pieces of one visible text that came together: as many `Text`s, none of them empty."""

    block: int
    pieces: list[str]


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """A piece of what the model says when it refuses (OpenAI has a place of its own for it)."""

    block: int
    text: str


class Citation(msgspec.Struct, frozen=True, gc=False):
    """Where text of a Text block comes from.

    start, end: characters of that block's text that the citation is for, None when unknown. cited: the words of the
    source itself.
    """

    block: int
    url: str
    title: str = ""
    start: int | None = None
    end: int | None = None
    cited: str = ""


class Reasoning(msgspec.Struct, frozen=True, gc=False):
    """A piece of the model's thinking. signature: opaque proof, on its last piece, for who minted it and nobody else.

    bound: what the signature proves. "thinking": this block. "redacted": thinking whose text is withheld; signature is
    its data. "call": the tool call in the next block; "text": the text block before; "picture": the first picture that
    has none yet; all three in a block without text.
    """

    block: int
    text: str
    signature: str | None = None
    bound: Bound = "thinking"


class ToolStart(msgspec.Struct, frozen=True, gc=False):
    """A tool call opens. id pairs it with its result. custom: its argument is free text, not JSON."""

    block: int
    id: str
    name: str
    custom: bool = False


class ToolArgs(msgspec.Struct, frozen=True, gc=False):
    """A piece of the call's argument text; the pieces joined are the whole JSON text, byte for byte."""

    block: int
    json: str


class BlockEnd(msgspec.Struct, frozen=True, gc=False):
    """No more of this block."""

    block: int


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Tokens, each class counted once: a bill is the sum of the five products. None = not told.

    input_tokens excludes both cache classes; output_tokens includes reasoning_tokens (a part, not an addition).
    raw: the format's own object, for what these five can't say.
    """

    input_tokens: int | None = None
    cached_tokens: int | None = None
    cache_written_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    raw: dict[str, Any] | None = None


class Stop(msgspec.Struct, frozen=True, gc=False):
    """The model finished. raw: the source format's own word; sequence: the stop sequence that matched."""

    reason: StopReason
    raw: str | None = None
    sequence: str | None = None


class Picture(msgspec.Struct, frozen=True, gc=False):
    """A picture that the model made."""

    media_type: str
    base64: str


class Opaque(msgspec.Struct, frozen=True, gc=False):
    """Something the hub has no word for: a block of its own, re-emitted by the same format and dropped by others.

    pictures: what it shows, which other formats tell in their own way.
    """

    format: str
    name: str
    data: bytes
    pictures: tuple[Picture, ...] = ()


class Failed(msgspec.Struct, frozen=True, gc=False):
    """The response broke off. message: one sentence. reason: see `errors.Fault`."""

    kind: Kind
    message: str
    reason: Reason = ""


Piece = Text | Texts | Refusal | Citation | Reasoning | ToolStart | ToolArgs | BlockEnd
Event = Start | Piece | Usage | Stop | Opaque | Failed
