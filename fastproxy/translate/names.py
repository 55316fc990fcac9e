"""Tool names and call ids in the letters that the other side allows, and the way back for names.

Deterministic, so that a conversation's every turn says the same: a name that is not allowed becomes what is left of it
and a short digest of the whole. Two different names of one request never become the same. Ids need no way back: the
client gets the new one in the answer and pairs its results with it, and an id that a client has from elsewhere becomes
the same one in the call and in its result, in every turn.
"""

import re
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Mapping
from hashlib import blake2s
from itertools import count
from string import ascii_letters, digits
from typing import NamedTuple

import msgspec

from fastproxy.formats.base import Spelling
from fastproxy.ir.request import Message, Part, Request, Tool, ToolCallPart, ToolResultPart

_FOREIGN = re.compile(r"[^A-Za-z0-9_]+")
_KEPT_OF_IDS = 23  # with prefix and digest 39: the strictest format takes ids of 40 (Chat's older models)
_KEPT_OF_NAMES = 48  # with prefix and digest 64, the shortest limit of names: a model goes by what a tool is called
_DIGEST_BYTES = 5

SHORT_ID = re.compile(r"[A-Za-z0-9]{9}")  # all that some models take as the id of a call (`families.short_call_ids`)
_LETTERS = ascii_letters + digits


def respelled(request: Request, spelling: Spelling, *, short_ids: bool = False) -> tuple[Request, Mapping[str, str]]:
    """The request in the target's letters, and each new tool name with the client's own.

    short_ids: whether ids of calls must match SHORT_ID. Calls that share one id get ids of their own, in order, and so
    do their results.
    """
    told = dict.fromkeys(_names_of(request))
    if not told:
        return request, {}
    names = _spelled_names(told, spelling.name)
    messages = tuple(_with_names(message, names) for message in request.messages) if names else request.messages
    new = msgspec.structs.replace(
        request,
        messages=_with_ids(messages, _SHORT if short_ids else _Letters(spelling.id, _legal_id)),
        tools=tuple(_named(tool, names) for tool in request.tools),
        tool_choice=msgspec.structs.replace(
            request.tool_choice, names=tuple(names.get(name, name) for name in request.tool_choice.names)
        ),
    )
    return new, {new_name: name for name, new_name in names.items()}


def call_id(upstream_id: str, spelling: Spelling) -> str:
    """An upstream's call id in the client's letters; itself where it is allowed. Cost: 0.3 us."""
    return upstream_id if spelling.id.fullmatch(upstream_id) else legal(upstream_id, "call")


def legal(text: str, prefix: str, kept_characters: int = _KEPT_OF_IDS) -> str:
    """`text` in letters, digits and underscores, beginning with a letter, with a digest that tells it from others."""
    kept = _FOREIGN.sub("_", text).strip("_")[:kept_characters]
    digest = blake2s(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).hexdigest()
    return f"{kept}_{digest}" if kept[:1].isalpha() else f"{prefix}_{kept}_{digest}" if kept else f"{prefix}_{digest}"


def short(text: str) -> str:
    """A digest of `text` that matches SHORT_ID: one of 62 ** 9."""
    number = int.from_bytes(blake2s(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())
    return "".join(_LETTERS[number // len(_LETTERS) ** place % len(_LETTERS)] for place in range(9))


class _Letters(NamedTuple):
    """What ids may be. allowed: matches one. spell: any text as one."""

    allowed: re.Pattern[str]
    spell: Callable[[str], str]


def _legal_id(text: str) -> str:
    return legal(text, "call")


def _legal_name(text: str) -> str:
    return legal(text, "tool", _KEPT_OF_NAMES)


_SHORT = _Letters(SHORT_ID, short)


def _names_of(request: Request) -> Iterator[str]:
    """Every tool name that the request says, declared or called."""
    yield from (tool.name for tool in request.tools)
    yield from request.tool_choice.names
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, ToolCallPart) or (isinstance(part, ToolResultPart) and part.name):
                yield part.name


def _spelled_names(told: Collection[str], allowed: re.Pattern[str]) -> dict[str, str]:
    """Each name that is not allowed, and what it becomes."""
    taken = {name for name in told if allowed.fullmatch(name)}
    spelled: dict[str, str] = {}
    for name in [name for name in told if name not in taken]:
        spelled[name] = _free(name, _legal_name, taken, count())
        taken.add(spelled[name])
    return spelled


def _free(text: str, spell: Callable[[str], str], taken: set[str], agains: Iterator[int]) -> str:
    """A legal spelling of `text` that is not taken: nearly always the first one. agains: numbers not tried yet."""
    spellings = (spell(text if again == 0 else f"{text}#{again}") for again in agains)
    return next(spelling for spelling in spellings if spelling not in taken)


def _named(tool: Tool, names: Mapping[str, str]) -> Tool:
    return msgspec.structs.replace(tool, name=names[tool.name]) if tool.name in names else tool


def _with_names(message: Message, names: Mapping[str, str]) -> Message:
    return _mapped(
        message,
        lambda part: (
            msgspec.structs.replace(part, name=names[part.name])
            if isinstance(part, ToolCallPart | ToolResultPart) and part.name in names
            else part
        ),
    )


def _with_ids(messages: tuple[Message, ...], letters: _Letters) -> tuple[Message, ...]:
    """Messages whose calls have allowed ids, no two of them the same."""
    ids = _Ids(messages, letters)
    return tuple(_mapped(message, ids.part) for message in messages)


class _Ids:
    """One per request. Feed it every part in order."""

    def __init__(self, messages: tuple[Message, ...], letters: _Letters) -> None:
        told = (part.id for message in messages for part in message.parts if isinstance(part, ToolCallPart))
        self._letters = letters
        self._taken = {id_ for id_ in told if letters.allowed.fullmatch(id_)}
        # By client's ids: numbers not tried yet. One id for all calls must not make each search begin at 0.
        self._agains: defaultdict[str, Iterator[int]] = defaultdict(count)
        self._used: set[str] = set()  # client's ids that a call has had already
        self._waiting: dict[str, deque[str]] = defaultdict(deque)  # client's id -> new ids of calls without a result
        self._last: dict[str, str] = {}

    def part(self, part: Part) -> Part:
        if isinstance(part, ToolCallPart):
            return self._renamed(part, self._call(part.id))
        if isinstance(part, ToolResultPart):
            waiting = self._waiting[part.id]
            return self._renamed(part, waiting.popleft() if waiting else self._last.get(part.id) or self._call(part.id))
        return part

    def _call(self, id_: str) -> str:
        again = id_ in self._used
        keeps = self._letters.allowed.fullmatch(id_) and not again
        new = id_ if keeps else _free(id_, self._letters.spell, self._taken, self._agains[id_])
        self._used.add(id_)
        self._taken.add(new)
        self._waiting[id_].append(new)
        self._last[id_] = new
        return new

    @staticmethod
    def _renamed(part: ToolCallPart | ToolResultPart, id_: str) -> Part:
        return part if part.id == id_ else msgspec.structs.replace(part, id=id_)


def _mapped(message: Message, change: Callable[[Part], Part]) -> Message:
    """The message with every part changed; itself where none is."""
    parts = tuple(change(part) for part in message.parts)
    same = all(new is old for new, old in zip(parts, message.parts, strict=True))
    return message if same else Message(message.role, parts)
