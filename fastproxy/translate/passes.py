"""An upstream's events as this client is to see them: its own names and ids, signatures in envelopes, no empty head.

Between decoder and encoder, in one step, because it runs for every event. What needs no change is not even looked at: a
piece of text costs one look into a set. It also notes what the exchange's record is made from, and fills the memory.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import msgspec

from fastproxy.formats.base import Spelling
from fastproxy.ir.events import (
    BlockEnd,
    Citation,
    Event,
    Failed,
    Opaque,
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
from fastproxy.ir.fold import call_of, merge
from fastproxy.ir.request import OutputKind, ReasoningPart
from fastproxy.pipe import REDACTED
from fastproxy.secret import Secret
from fastproxy.translate.boxed import Unboxing
from fastproxy.translate.by_call import Answering
from fastproxy.translate.customs import Unwrapping, Wrapping
from fastproxy.translate.memory import Memory
from fastproxy.translate.names import call_id, legal
from fastproxy.translate.seal import Mint, envelope, seal

_PLAIN = frozenset((Text, Texts, Refusal, Citation, Opaque, ToolArgs))


class ForClient(msgspec.Struct, frozen=True):
    """What the client knows that the upstream doesn't.

    model: as the client asked for it. response_id, created_at: for answers that tell none; epoch seconds. mint: of the
    account that answers. spelling: of the client's format. names, customs: see `request.Translated`. free_text: tools
    whose calls it may be told as free text; those of all others are calls of functions for it. proven_thoughts: of the
    client's format; a thought without a signature then gets an envelope without one, so that the next request can be
    told from one whose thoughts its own host has made. answer, boxed, unproven: see `request.Translated`.
    secret: our credential, which some hosts quote when they fail.
    """

    model: str
    response_id: str
    created_at: int
    mint: Mint
    spelling: Spelling
    memory: Memory
    names: Mapping[str, str] = {}
    customs: frozenset[str] = frozenset()
    free_text: frozenset[str] = frozenset()
    proven_thoughts: bool = False
    answer: str = ""
    boxed: OutputKind | None = None
    unproven: bool = False
    secret: Secret | None = None


class Passes:
    """One per response. Feed it every event, in order; `ended` is the Stop or the Failed, once there is one.

    plain: the types of event that would come back as they are and need not be fed. The same set for the whole response,
    which loses the arguments of calls once there is one whose arguments change on the way.
    Cost: 0.15 us for a piece of text or of arguments, 0.6 us for a piece of thought.
    """

    __slots__ = (
        "_answering",
        "_before_call",
        "_client",
        "_ids",
        "_start",
        "_thoughts",
        "_unboxing",
        "_unproven",
        "_unwrapping",
        "_usage",
        "_wrapping",
        "ended",
        "plain",
    )

    def __init__(self, client: ForClient) -> None:
        self._client = client
        self.plain = set(_PLAIN)
        if client.customs:
            self.plain.discard(ToolArgs)
        if client.boxed is not None:
            self.plain -= {Text, Texts, Citation}
        if client.answer:  # what stands behind a text that waits has to wait too
            self.plain.clear()
        self._answering = Answering(client.answer) if client.answer else None
        self._unboxing = Unboxing(client.boxed) if client.boxed is not None else None
        self._unwrapping = Unwrapping(client.customs)
        self._wrapping = Wrapping(client.free_text | client.customs)
        self._start = Start("", "", 0)
        self._usage = Usage()
        self._thoughts: dict[int, list[str]] = {}  # block -> its text so far
        self._unproven: set[int] = set()  # blocks of thought that have told no signature
        self._before_call: dict[int, ReasoningPart] = {}  # block -> its thought, with the last signature told for it
        self._ids: set[str] = set()
        self.ended: Stop | Failed | None = None

    @property
    def model(self) -> str:
        """As the upstream named it."""
        return self._start.model

    def usage(self) -> Usage:
        """The tokens told so far."""
        return self._usage

    def feed(self, events: list[Event]) -> list[Event]:
        """What the client's encoder gets for these events; a signature and the call it is for come together."""
        if self.plain.issuperset(map(type, events)):
            return events
        return self._each(events if self._answering is None else self._answering.feed(events))

    def _each(self, events: list[Event]) -> list[Event]:
        out: list[Event] = []
        for number, event in enumerate(events):
            if type(event) is Reasoning:
                out.append(self._reasoning(event, events, number))
                continue
            step = self._BY_TYPE.get(type(event))
            if step is None:
                out.append(event)
            else:
                out += step(self, event)
        return out

    def _on_start(self, event: Start) -> list[Event]:
        self._start = event
        client = self._client
        return [Start(event.id or client.response_id, client.model, event.created_at or client.created_at)]

    def _reasoning(self, event: Reasoning, events: list[Event], number: int) -> Event:
        pieces = self._thoughts.setdefault(event.block, [])
        if event.text:
            pieces.append(event.text)
        if event.signature and self._client.unproven:
            event = Reasoning(event.block, event.text)
        if not event.signature:
            self._unproven.add(event.block)
            return event
        self._unproven.discard(event.block)
        call = ""
        if event.bound == "call":
            call = self._call_id(call_of(events, number))
        sealed = seal(self._client.mint, event, call)
        self._before_call[event.block] = ReasoningPart(_whole(pieces), sealed.signature, event.bound)
        return sealed

    def _on_tool_start(self, event: ToolStart) -> list[Event]:
        id_ = self._call_id(event)
        self._ids.add(id_)
        if self._before_call:
            self._client.memory.remember(id_, self._before_call.values())
            self._before_call.clear()
        name = self._client.names.get(event.name, event.name)
        start = ToolStart(event.block, id_, name, event.custom)
        if self._wrapping.takes(start):
            self.plain.discard(ToolArgs)
            return self._wrapping.feed(start)
        return self._unwrapping.feed(start)

    def _call_id(self, event: ToolStart | None) -> str:
        """The id by which the client will know the call: the upstream's, unless it has none or told it twice."""
        if event is None:
            return ""
        id_ = call_id(event.id, self._client.spelling) if event.id else ""
        if id_ and id_ not in self._ids:
            return id_
        return legal(f"{self._start.id or self._client.response_id}_{event.block}", "call")

    def _on_text(self, event: Text | Texts | Citation) -> list[Event]:
        return [event] if self._unboxing is None else self._unboxing.feed(event)

    def _on_tool_args(self, event: ToolArgs) -> list[Event]:
        return self._respelt(event)

    def _on_block_end(self, event: BlockEnd) -> list[Event]:
        """A thought without a signature is remembered too: DeepSeek wants it back in a tool loop, and answers 400."""
        ended = self._respelt(event)
        if self._unboxing is not None:
            ended = [*self._unboxing.end(event.block), *ended]
        if event.block not in self._unproven:
            return ended
        self._unproven.discard(event.block)
        unproven = envelope(self._client.mint, "")
        self._before_call[event.block] = ReasoningPart(_whole(self._thoughts[event.block]), unproven)
        return [Reasoning(event.block, "", unproven), *ended] if self._client.proven_thoughts else ended

    def _respelt(self, event: ToolArgs | BlockEnd) -> list[Event]:
        """What belongs to a block, where that is a call as the client knows such calls."""
        return self._wrapping.feed(event) if self._wrapping.holds(event.block) else self._unwrapping.feed(event)

    def _on_usage(self, event: Usage) -> list[Event]:
        self._usage = merge(self._usage, event)
        return [event]

    def _on_end(self, event: Stop | Failed) -> list[Event]:
        event = self._without_secret(event)
        self.ended = event
        wrapped = self._wrapping.close() if type(event) is Stop else []  # half a call must not look like a whole one
        texts = [] if self._unboxing is None else self._unboxing.close()
        return [*texts, *self._unwrapping.close(), *wrapped, event]

    def _without_secret(self, event: Stop | Failed) -> Stop | Failed:
        """The end without our credential, in whatever words the upstream puts it."""
        secret = self._client.secret.reveal() if self._client.secret is not None else ""
        if type(event) is Failed and secret and secret in event.message:
            return msgspec.structs.replace(event, message=event.message.replace(secret, REDACTED.decode()))
        if type(event) is Stop and secret and event.raw is not None and secret in event.raw:
            return msgspec.structs.replace(event, raw=event.raw.replace(secret, REDACTED.decode()))
        return event

    _BY_TYPE: ClassVar[Mapping[type, Callable[[Any, Any], list[Event]]]] = {
        Start: _on_start,
        Text: _on_text,
        Texts: _on_text,
        Citation: _on_text,
        ToolStart: _on_tool_start,
        ToolArgs: _on_tool_args,
        BlockEnd: _on_block_end,
        Usage: _on_usage,
        Stop: _on_end,
        Failed: _on_end,
    }


def _whole(pieces: list[str]) -> str:
    """The pieces of a thought as one, which they become: a host may sign a thought again and again."""
    whole = "".join(pieces)
    pieces[:] = [whole]
    return whole
