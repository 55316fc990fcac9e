"""The contents of a Gemini request as the hub's messages. Calls without ids get one, and results find their call.

Never fails on a part that it does not know, and never re-serialises arguments.
Source: google-genai 3.4.0 `types.Part`; recorded requests; thought signatures and function calls as documented by
Google ("Thought signatures"); read 2026-11-21.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from itertools import count, groupby
from typing import Any

import msgspec

from fastproxy.errors import Fault
from fastproxy.formats.body import Raws, values
from fastproxy.formats.extras import keep
from fastproxy.formats.gemini import fields
from fastproxy.formats.gemini.media import media_part
from fastproxy.ir.request import (
    MediaPart,
    Message,
    OpaquePart,
    Part,
    ReasoningPart,
    Role,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

_ROLES: dict[str, Role] = {
    "user": "user",
    "model": "assistant",
    "assistant": "assistant",
    "system": "system",
    "function": "user",  # what an older API called the turn with results, which are turns of their own in the hub
    "tool": "user",
}
_ANSWER_KEYS = frozenset({"output", "result", "error"})
_SIGNATURE = "thoughtSignature"
_NOTHING: frozenset[str] = frozenset()
# What the hub has words for beside each of the data that a part may have.
_BESIDE = {
    "": frozenset({_SIGNATURE, "thought"}),
    "text": frozenset({_SIGNATURE, "thought"}),
    "functionCall": frozenset({_SIGNATURE}),
}
_TELLING = frozenset({"text", "functionCall", "functionResponse", "inlineData", "fileData"})  # a part has one of them
_ONLY_TEXT = frozenset({"text"})
_OF_TOOLS = frozenset({ToolCallPart, ToolResultPart})
_CALL_FIELDS = frozenset({"id", "name", "args"})
_RESULT_FIELDS = frozenset({"id", "name", "response", "parts"})


class Conversation:
    """One request's contents on their way: which calls wait for a result, which ids are taken.

    unsaid: what parts say beside their words in the hub, by dotted names.
    """

    def __init__(self, sent: fields.AsSent) -> None:
        self.unsaid: dict[str, Any] = {}
        self._sent = sent
        # Name -> ids of calls without a result, and how many have each. A plain dict would look for its first key from
        # the front each time, past all that are gone.
        self._waiting: dict[str, OrderedDict[str, int]] = defaultdict(OrderedDict)
        self._used: set[str] = set()
        self._numbers = count(1)

    def system(self, instruction: msgspec.Raw) -> Iterator[Message]:
        """The instruction: a content, or plain text as some clients write it."""
        raw = bytes(instruction)
        content = {"parts": msgspec.Raw(b'[{"text":%b}]' % raw)} if raw.startswith(b'"') else None
        yield from self._turn(content or fields.opened(raw, "systemInstruction"), "system")

    def messages(self, contents: list[Raws]) -> Iterator[Message]:
        """Every turn. Raises: Fault(bad_request) for a role that is none."""
        for content in contents:
            role = fields.text(content, "role") or "user"
            if role not in _ROLES:
                raise Fault("bad_request", f"unknown role {role!r}", param="contents")
            yield from self._turn(content, _ROLES[role])

    def _turn(self, content: Raws, role: Role) -> Iterator[Message]:
        """The turn; results of tools are one of their own in the hub, whoever's turn they came in.

        Only a model calls tools: a turn with a call is its, also where the role was left out.
        """
        parts = [part for raw in fields.each(content, "parts") for part in self._parts(raw)]
        if _OF_TOOLS.isdisjoint(map(type, parts)):
            if parts:
                yield Message(role, tuple(parts))
            return
        for is_result, group in groupby(parts, lambda part: isinstance(part, ToolResultPart)):
            told = tuple(group)
            is_models = any(isinstance(part, ToolCallPart) for part in told)
            yield Message("tool" if is_result else "assistant" if is_models else role, told)

    def _parts(self, part: Raws) -> list[Part]:
        """What one part says: its signature is a part of its own where it proves a text or a call."""
        if part.keys() == _ONLY_TEXT:
            return [TextPart(fields.text(part, "text"))]
        told = _TELLING.intersection(part)
        if len(told) > 1 or (not told and not _BESIDE[""].issuperset(part)):
            return [_opaque(part)]
        name = next(iter(told), "")
        self._keep("contents.parts", part, _BESIDE.get(name, _NOTHING) | told)
        match name:
            case "functionCall":
                signature = _signature(part)
                proof: list[Part] = [ReasoningPart("", signature, "call")] if signature else []
                return [*proof, self._call(fields.inner(part, "functionCall"))]
            case "functionResponse":
                return [self._result(fields.inner(part, "functionResponse"))]
            case "inlineData" | "fileData":
                return [self._media(part)]
            case _:
                return _said(part) if told or _SIGNATURE in part else [_opaque(part)]

    def _call(self, call: Raws) -> ToolCallPart:
        self._keep("functionCall", call, _CALL_FIELDS)
        name = fields.text(call, "name")
        known = self._called(fields.text(call, "id"), name)
        return ToolCallPart(known, name, self._sent.text(bytes(call.get("args", b"{}"))))

    def _result(self, result: Raws) -> ToolResultPart:
        """What a tool answered: its text where that is all of it, else the JSON text of the answer; then the media."""
        self._keep("functionResponse", result, _RESULT_FIELDS)
        name = fields.text(result, "name")
        known = self._answered(fields.text(result, "id"), name)
        text, is_error = _answer(result)
        media = [self._media(part) for part in fields.each(result, "parts")]
        said: list[TextPart | MediaPart | OpaquePart] = [TextPart(text)] if text or not media else []
        return ToolResultPart(known, (*said, *media), is_error, name)

    def _media(self, part: Raws) -> MediaPart | OpaquePart:
        return media_part(part) or _opaque(part)

    def _keep(self, kind: str, told: Raws, known: frozenset[str]) -> None:
        if not known.issuperset(told):
            keep(self.unsaid, kind, values(told, known), frozenset())

    def _called(self, call_id: str, name: str) -> str:
        """The id of a call: its own, or a new one."""
        known = call_id or next(made for n in self._numbers if (made := f"call_{n}") not in self._used)
        self._used.add(known)
        self._waiting[name][known] = self._waiting[name].get(known, 0) + 1
        return known

    def _answered(self, call_id: str, name: str) -> str:
        """The id of the call that a result answers: of several with one name, the first that still waits."""
        if call_id:
            self._settle(name, call_id)
            return call_id
        known = next(iter(self._waiting[name]), "") or self._called("", name)
        self._settle(name, known)
        return known

    def _settle(self, name: str, call_id: str) -> None:
        """One call less that waits."""
        waiting = self._waiting[name]
        left = waiting.pop(call_id, 1) - 1
        if left:
            waiting[call_id] = left


def _signature(part: Raws) -> str | None:
    """The proof in a part. Gemini CLI strips it and writes Google's placeholder instead, which proves nothing."""
    signature = fields.text(part, _SIGNATURE)
    return signature if signature and signature != fields.PLACEHOLDER else None


def _opaque(part: Raws) -> OpaquePart:
    return OpaquePart("gemini", fields.plain(part))


def _said(part: Raws) -> list[Part]:
    text, signature = fields.text(part, "text"), _signature(part)
    if fields.value(part, "thought") is True:
        return [ReasoningPart(text, signature)]
    if signature is None:
        return [TextPart(text)]
    proof = ReasoningPart("", signature, "text")
    return [TextPart(text), proof] if text else [proof]


def _answer(result: Raws) -> tuple[str, bool]:
    """The answer's text, and whether it is an error."""
    if "response" not in result:
        return "", False
    raw = bytes(result["response"])
    keys = fields.as_they_came(raw, "response")
    if len(keys) != 1 or not _ANSWER_KEYS.issuperset(keys):
        return raw.decode() if keys else "", False
    ((key, answer),) = keys.items()
    quoted = bytes(answer).startswith(b'"')
    return fields.text(keys, key) if quoted else bytes(answer).decode(), key == "error"
