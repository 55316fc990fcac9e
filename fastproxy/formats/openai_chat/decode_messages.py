"""The turns of a Chat request in the hub's words, also those of clients from before there were tools.

Tool arguments stay the text that came. What a message holds beside the fields known here is kept as it came, an
`OpaquePart` without "type"; what a client sends back of an answer and says nothing (null, [], "") is not.
Source: openai 3.54.0, types/chat/chat_completion_message_param.py; recorded requests; 2026-11-21.
"""

from collections.abc import Iterator
from typing import Any

from fastproxy.errors import Fault
from fastproxy.formats.extras import keep
from fastproxy.formats.openai_chat.calls import arguments_text
from fastproxy.formats.openai_chat.chunks import objects
from fastproxy.formats.openai_chat.decode_parts import Object, content_parts, object_of, text_of
from fastproxy.formats.openai_chat.pictures import media_of
from fastproxy.formats.openai_chat.thoughts import REASONING_KEYS, google_signature, parts_of
from fastproxy.ir.request import (
    MediaPart,
    Message,
    OpaquePart,
    Part,
    ReasoningPart,
    RefusalPart,
    Role,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
_KNOWN = frozenset(
    (
        "role",
        "content",
        "refusal",
        "images",
        "tool_calls",
        "function_call",
        "tool_call_id",
        "extra_content",
        *REASONING_KEYS,
    )
)
_PLAIN = frozenset({"role", "content"})
_REASONING = frozenset(REASONING_KEYS)
_CALLS = frozenset({"tool_calls", "function_call"})
_RESULT_FIELDS = frozenset({"role", "content", "tool_call_id", "name"})
_CALL_FIELDS = frozenset({"id", "type", "index", "function", "custom", "extra_content"})


def messages_of(told: list[Any], extras: Object) -> Iterator[Message]:
    """The turns in order. extras: filled with what parts, calls and results say beside their words in the hub.

    Raises: Fault(bad_request) for one that is no message or has no known role.
    """
    legacy: dict[str, str] = {}  # function -> id of its last call: such calls have none of their own
    for index, turn in enumerate(told):
        if not isinstance(turn, dict):
            raise Fault("bad_request", f"messages[{index}] must be an object", param=f"messages[{index}]")
        role = _ROLES.get(text_of(turn, "role"))
        if role is None:
            raise Fault("bad_request", f"messages[{index}].role is unknown", param=f"messages[{index}].role")
        content = turn.get("content")
        if type(content) is str and role != "tool" and turn.keys() == _PLAIN:
            yield Message(role, (TextPart(content),))
            continue
        if not isinstance(content, str | list | None):
            where = f"messages[{index}].content"
            raise Fault("bad_request", f"{where} must be a string or a list", param=where)
        if role == "tool":
            yield Message("tool", (_result(turn, legacy, extras),))
            continue
        if call := object_of(turn, "function_call"):
            legacy[text_of(call, "name")] = f"call_{index}"
        yield Message(role, tuple(_parts(turn, f"call_{index}", extras)))


def _result(turn: Object, legacy: dict[str, str], extras: Object) -> ToolResultPart:
    keep(extras, "tool", turn, _RESULT_FIELDS)
    name = text_of(turn, "name")
    parts = content_parts(turn.get("content"), extras)
    content = tuple(part for part in parts if isinstance(part, TextPart | MediaPart | OpaquePart))
    return ToolResultPart(text_of(turn, "tool_call_id") or legacy.get(name, name), content, name=name)


def _parts(turn: Object, legacy_id: str, extras: Object) -> Iterator[Part]:
    """What a model says, in its order: thoughts, text, calls. A seal tells which call it is for."""
    if not _REASONING.isdisjoint(turn):
        yield from parts_of(turn)
    yield from content_parts(turn.get("content"), extras)
    if refusal := text_of(turn, "refusal"):
        yield RefusalPart(refusal)
    if signature := google_signature(turn):
        yield ReasoningPart("", signature, "text")
    if "images" in turn:
        yield from media_of(objects(turn["images"]))
    if not _CALLS.isdisjoint(turn):
        yield from _calls(turn, legacy_id, extras)
    if _KNOWN.issuperset(turn):
        return
    if kept := {key: value for key, value in turn.items() if value and key not in _KNOWN}:
        yield OpaquePart("openai-chat", kept)


def _calls(turn: Object, legacy_id: str, extras: Object) -> Iterator[Part]:
    calls = turn.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict):
            keep(extras, "tool_calls", call, _CALL_FIELDS)
            if signature := google_signature(call):
                yield ReasoningPart("", signature, "call")
            yield _call(call)
    if function := object_of(turn, "function_call"):
        yield ToolCallPart(legacy_id, text_of(function, "name"), arguments_text(function.get("arguments")))


def _call(call: Object) -> Part:
    custom, function = object_of(call, "custom"), object_of(call, "function")
    if custom:
        return ToolCallPart(text_of(call, "id"), text_of(custom, "name"), text_of(custom, "input"), custom=True)
    if not function:
        return OpaquePart("openai-chat", {"tool_calls": [call]})
    return ToolCallPart(text_of(call, "id"), text_of(function, "name"), arguments_text(function.get("arguments")))
