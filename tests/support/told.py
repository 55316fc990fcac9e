"""What one answer tells, read plainly: the measure by which decoders and translations are judged.

The readers (`told_openai`, `told_vendors`) are written from the wire formats and never use a codec of ours; only
`of_response` looks at the hub's own values, to lay them beside a reading.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import msgspec
import orjson

from fastproxy.ir.events import Usage
from fastproxy.ir.fold import Block, ReasoningBlock, RefusalBlock, Response, TextBlock, ToolCall
from support import sse
from support.exchange import Format

StopClass = Literal["end", "tools", "length", "stop_sequence", "refusal", "pause", "error", ""]


class Call(msgspec.Struct, frozen=True):
    """A tool call. id: "" where the format told none. arguments: the text byte for byte."""

    id: str
    name: str
    arguments: str


class Spent(msgspec.Struct, frozen=True):
    """Tokens, each billed class once: input without both cache classes, output with reasoning."""

    input: int = 0
    cached: int = 0
    written: int = 0
    output: int = 0
    reasoning: int = 0

    @property
    def total(self) -> int:
        return self.input + self.cached + self.written + self.output


class Told(msgspec.Struct, frozen=True):
    """text: all visible text, refusals left out. stop: its class, "error" for an answer that broke off, "" for none."""

    text: str = ""
    refusal: str = ""
    thoughts: str = ""
    calls: tuple[Call, ...] = ()
    stop: StopClass = ""
    spent: Spent = Spent()

    @property
    def visible(self) -> str:
        return self.text + self.refusal


Reader = Callable[[bytes], Told]


def payloads(answer: bytes) -> list[bytes]:
    """The JSON texts of an answer: of each event, of each element of an array, or the one body."""
    head = answer.lstrip()[:1]
    if head == b"{":
        return [answer]
    if head == b"[":
        return [bytes(raw) for raw in msgspec.json.decode(answer, type=list[msgspec.Raw])]
    return [data.encode() for _, data in sse.events(answer) if data.strip() != "[DONE]"]


def settled(stop: StopClass, calls: Iterable[Call], refusal: str) -> StopClass:
    """The class that the content decides: many sources end calls, and refusals, with a plain stop."""
    if stop in ("end", "tools"):
        return "tools" if tuple(calls) else "refusal" if refusal else "end"
    return stop


def count(holder: Any, *path: str) -> int:
    """The number at the end of a path of keys; 0 where there is none."""
    for key in path:
        holder = holder.get(key) if isinstance(holder, Mapping) else None
    return holder if isinstance(holder, int) else 0


def last_told(usages: Iterable[Mapping[str, Any] | None]) -> dict[str, Any]:
    """Field by field the last one that is not null."""
    merged: dict[str, Any] = {}
    for usage in usages:
        merged |= {key: value for key, value in (usage or {}).items() if value is not None}
    return merged


def of_response(response: Response) -> Told:
    """What a decoded answer tells."""
    calls = tuple(Call(b.id, b.name, b.arguments) for b in response.blocks if isinstance(b, ToolCall))
    stop: StopClass = "error" if response.failed is not None else response.stop.reason if response.stop else ""
    return Told(
        text=_joined(response.blocks, TextBlock),
        refusal=_joined(response.blocks, RefusalBlock),
        thoughts=_joined(response.blocks, ReasoningBlock),
        calls=calls,
        stop=stop,
        spent=of_usage(response.usage),
    )


def of_usage(usage: Usage) -> Spent:
    return Spent(
        usage.input_tokens or 0,
        usage.cached_tokens or 0,
        usage.cache_written_tokens or 0,
        usage.output_tokens or 0,
        usage.reasoning_tokens or 0,
    )


def _joined(blocks: tuple[Block, ...], kind: type[TextBlock | RefusalBlock | ReasoningBlock]) -> str:
    return "".join(block.text for block in blocks if isinstance(block, kind))


def value(arguments: str) -> Any:
    """What argument text means; the text itself where it is not JSON that orjson can hold."""
    try:
        return orjson.loads(arguments or "{}")
    except orjson.JSONDecodeError:
        return arguments


def reader_of(format_: Format) -> Reader:
    from support import told_openai, told_vendors  # they build on this module

    return {
        "openai-chat": told_openai.chat,
        "openai-responses": told_openai.responses,
        "anthropic": told_vendors.anthropic,
        "gemini": told_vendors.gemini,
    }[format_]
