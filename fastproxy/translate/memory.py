"""Signatures for clients that send none back: what stood before a tool call, found again by the call's id.

Chat has no place that every client keeps for opaque reasoning. The memory holds envelopes (see `seal`), never a
signature as it was minted, and a lost entry costs a conversation its hidden thoughts, never its words. One for each
client, since whoever knows a call's id could otherwise have another's thoughts told to a model of his own; no clock:
what was used least lately goes first.
"""

from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from fastproxy.ir.request import Message, Part, ReasoningPart, ToolCallPart
from fastproxy.translate.seal import Mint, opened

CALLS = 4096
BYTES = 16_777_216
ENTRY_BYTES = 262_144  # a longer thought is forgotten at once, so that one answer can't push out all the others
CLIENTS = 256
ALL_BYTES = 67_108_864  # of all clients together: one alone can't push out the others

_ENTRY_OVERHEAD_BYTES = 256


class _Held(msgspec.Struct):
    """What several memories hold together, about."""

    bytes: int = 0


class Memories:
    """The memory of each client. One per process. clients, bytes: the most that it holds (bytes: more than one may)."""

    __slots__ = ("_by_client", "_bytes", "_clients", "_held")

    def __init__(self, clients: int = CLIENTS, bytes_: int = ALL_BYTES) -> None:
        self._clients = clients
        self._bytes = bytes_
        self._by_client: OrderedDict[bytes, Memory] = OrderedDict()
        self._held = _Held()

    @property
    def held_bytes(self) -> int:
        """What it holds, about."""
        return self._held.bytes

    def of(self, client: bytes) -> "Memory":
        """The client's own; the least lately asked for goes first. client: what tells it from every other.

        Cost: 0.2 us, however many there are.
        """
        memory = self._by_client.pop(client, None) or Memory(held=self._held)
        self._by_client[client] = memory
        while len(self._by_client) > self._clients or self._held.bytes > self._bytes:
            _, gone = self._by_client.popitem(last=False)
            gone.part()
        return memory


class Memory:
    """Call ids to the reasoning that stood before the call. calls, bytes: the most that it holds.

    held: of all the memories that it is one of.
    """

    __slots__ = ("_bytes", "_calls", "_held", "_held_bytes", "_parts")

    def __init__(self, calls: int = CALLS, bytes_: int = BYTES, held: _Held | None = None) -> None:
        self._calls = calls
        self._bytes = bytes_
        self._held = held or _Held()
        self._held_bytes = 0
        self._parts: OrderedDict[str, tuple[ReasoningPart, ...]] = OrderedDict()

    @property
    def held_bytes(self) -> int:
        """What it holds, about."""
        return self._held_bytes

    def part(self) -> None:
        """Be one of the memories no more: an exchange that still has it may go on, and nobody counts it."""
        self._held.bytes -= self._held_bytes
        self._held = _Held()

    def remember(self, call: str, parts: Iterable[ReasoningPart]) -> None:
        """Keep the sealed parts that stood before the call that the client knows by this id."""
        kept = tuple(parts)
        self._forget(call)
        if not call or not kept or _size_bytes(call, kept) > min(ENTRY_BYTES, self._bytes):
            return
        self._parts[call] = kept
        self._count(_size_bytes(call, kept))
        while len(self._parts) > self._calls or self._held_bytes > self._bytes:
            self._forget(next(iter(self._parts)))

    def recall(self, call: str) -> tuple[ReasoningPart, ...]:
        """What stood before the call; () when it is not known (any more)."""
        parts = self._parts.get(call, ())
        if parts:
            self._parts.move_to_end(call)
        return parts

    def _forget(self, call: str) -> None:
        parts = self._parts.pop(call, ())
        if parts:
            self._count(-_size_bytes(call, parts))

    def _count(self, more_bytes: int) -> None:
        self._held_bytes += more_bytes
        self._held.bytes += more_bytes


def recalled(messages: tuple[Message, ...], memory: Memory, mint: Mint) -> tuple[Message, ...]:
    """The messages with remembered reasoning put back into every assistant's turn that calls and has no signature.

    Only what `mint` made comes back: anything else would have to be dropped again.
    """
    return tuple(_with_reasoning(message, memory, mint) if _lacks(message) else message for message in messages)


def _lacks(message: Message) -> bool:
    calls = any(isinstance(part, ToolCallPart) for part in message.parts)
    return calls and not any(isinstance(part, ReasoningPart) and part.signature for part in message.parts)


def _with_reasoning(message: Message, memory: Memory, mint: Mint) -> Message:
    """Thoughts before the first call go to the front of the turn, as they were told; all else before its call."""
    front: list[Part] = []
    rest: list[Part] = []
    for part in message.parts:
        if isinstance(part, ToolCallPart):
            found = [known for known in memory.recall(part.id) if _is_of(known, mint)]
            is_first = not any(isinstance(earlier, ToolCallPart) for earlier in rest)
            for known in found:
                (front if is_first and _is_thought(known) else rest).append(known)
        rest.append(part)
    if not front and len(rest) == len(message.parts):
        return message
    told = {part.text for part in (*front, *rest) if isinstance(part, ReasoningPart) and part.signature and part.text}
    if told:  # the client's own copy of the thoughts, less the proof
        rest = [part for part in rest if not isinstance(part, ReasoningPart) or part.signature]
    return Message(message.role, (*front, *rest))


def _is_of(part: ReasoningPart, mint: Mint) -> bool:
    told = opened(part.signature or "")
    return told is not None and told.is_of(mint)


def _is_thought(part: ReasoningPart) -> bool:
    told = opened(part.signature or "")
    return told is not None and told.bound in {"thinking", "redacted"}


def _size_bytes(call: str, parts: tuple[ReasoningPart, ...]) -> int:
    texts = sum(len(part.text) * 2 + len(part.signature or "") for part in parts)  # text: two bytes a character, about
    return texts + len(call) + _ENTRY_OVERHEAD_BYTES
