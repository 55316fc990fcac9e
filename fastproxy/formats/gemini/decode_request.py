"""A Gemini request in the hub's words. Takes camelCase and snake_case alike, and calls without ids.

Keeps arguments as the text that came and never fails on what it does not know.
Source: google-genai 3.4.0 `types.py`; recorded Vertex requests; read 2026-11-21.
"""

import re
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from itertools import count, groupby
from typing import Any

import msgspec

from fastproxy.errors import Fault
from fastproxy.formats.body import Raws, parse, values, without_lone_surrogates
from fastproxy.ir.request import (
    Message,
    OpaquePart,
    Part,
    Request,
    Role,
    TextPart,
    Tool,
    ToolCallPart,
    ToolResultPart,
)

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_OBJECTS = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_TEXT = msgspec.json.Decoder(str)
_ANY = msgspec.json.Decoder()
_NAMES = msgspec.json.Decoder(list[str])

_UNDERSCORE = re.compile(r"_([a-z])")
_ROLES: dict[str, Role] = {"user": "user", "model": "assistant", "function": "tool"}
# Names, and numbers as `enum-encoding=int` clients write them.
_MODES: dict[object, str] = {"ANY": "required", 2: "required", "NONE": "none", 3: "none"}
_SCHEMAS = ("parametersJsonSchema", "parameters")
_ANSWER_KEYS = frozenset({"output", "result", "error"})
_KNOWN = frozenset({"model", "contents", "systemInstruction", "tools", "toolConfig"})


def decode(body: bytes, params: Mapping[str, str]) -> Request:
    """The whole request. params: `model` and `verb` of the path. Raises: Fault(bad_request)."""
    top = _object(without_lone_surrogates(body), "the body")
    groups = [_camel(group) for group in parse(_OBJECTS.decode, bytes(top.get("tools", b"[]")), "tools")]
    extras = values(top, _KNOWN)
    if server_tools := [_plain(group) for group in groups if "functionDeclarations" not in group]:
        extras["tools"] = server_tools
    return Request(
        format="gemini",
        model=params["model"],
        messages=tuple(_messages(top)),
        stream=params["verb"] == "streamGenerateContent",
        tools=tuple(tool for group in groups for tool in _tools(group)),
        tool_choice=_tool_choice(top),
        reasoning=_wants_reasoning(top),
        extras=extras,
    )


class _Calls:
    """Pairs results with calls. Ids are often absent: then by name, in order."""

    def __init__(self) -> None:
        self._open: dict[str, deque[str]] = defaultdict(deque)
        self._used: set[str] = set()
        self._numbers = count(1)

    def call(self, call_id: str, name: str) -> str:
        """The id of a call: its own, or a new one."""
        known = call_id or next(made for n in self._numbers if (made := f"call_{n}") not in self._used)
        self._used.add(known)
        self._open[name].append(known)
        return known

    def answer(self, call_id: str, name: str) -> str:
        """The id of the call that a result answers."""
        waiting = self._open[name]
        if call_id:
            if call_id in waiting:
                waiting.remove(call_id)
            return call_id
        return waiting.popleft() if waiting else self.call("", name)


def _messages(top: Raws) -> Iterator[Message]:
    calls = _Calls()
    if "systemInstruction" in top:
        yield from _turn(_content(bytes(top["systemInstruction"])), "system", calls)
    for raw in parse(_OBJECTS.decode, bytes(top.get("contents", b"[]")), "contents"):
        content = _camel(raw)
        role = _text(content, "role") or "user"
        if role not in _ROLES:
            raise Fault("bad_request", f"unknown role {role!r}", param="contents")
        yield from _turn(content, _ROLES[role], calls)


def _content(raw: bytes) -> Raws:
    """A systemInstruction: a content, or plain text as some clients write it."""
    return {"parts": msgspec.Raw(b'[{"text":%b}]' % raw)} if raw.startswith(b'"') else _object(raw, "systemInstruction")


def _turn(content: Raws, role: Role, calls: _Calls) -> Iterator[Message]:
    """The turn; results of tools are one of their own in the hub, whoever's turn they came in."""
    parts = [_part(_camel(raw), calls) for raw in parse(_OBJECTS.decode, bytes(content.get("parts", b"[]")), "parts")]
    for is_result, group in groupby(parts, lambda part: isinstance(part, ToolResultPart)):
        yield Message("tool" if is_result else role, tuple(group))


def _part(part: Raws, calls: _Calls) -> Part:
    match sorted(set(part) - {"thoughtSignature"}):
        case ["text"] if "thoughtSignature" not in part:
            return TextPart(_text(part, "text"))
        case ["functionCall"]:
            return _call(_object(bytes(part["functionCall"]), "functionCall"), calls)
        case ["functionResponse"]:
            return _result(part, calls)
        case _:
            return OpaquePart("gemini", _plain(part))


def _call(call: Raws, calls: _Calls) -> ToolCallPart:
    name = _text(call, "name")
    return ToolCallPart(calls.call(_text(call, "id"), name), name, bytes(call.get("args", b"{}")).decode())


def _result(part: Raws, calls: _Calls) -> Part:
    """What a tool answered: text where that is all of it. An answer with media goes as it is."""
    result = _object(bytes(part["functionResponse"]), "functionResponse")
    call_id = calls.answer(_text(result, "id"), _text(result, "name"))
    if "parts" in result:
        return OpaquePart("gemini", _plain(part))
    raw = bytes(result.get("response", b"{}"))
    keys = parse(_OBJECT.decode, raw, "response")
    if len(keys) != 1 or not _ANSWER_KEYS.issuperset(keys):
        return ToolResultPart(call_id, raw.decode())
    ((key, answer),) = keys.items()
    return ToolResultPart(call_id, _unquoted(bytes(answer)), is_error=key == "error")


def _tools(group: Raws) -> Iterator[Tool]:
    for raw in parse(_OBJECTS.decode, bytes(group.get("functionDeclarations", b"[]")), "functionDeclarations"):
        tool = _camel(raw)
        schema = next((parse(_ANY.decode, bytes(tool[key]), key) for key in _SCHEMAS if key in tool), None)
        yield Tool(_text(tool, "name"), _text(tool, "description"), schema if isinstance(schema, dict) else None)


def _tool_choice(top: Raws) -> str:
    config = _inner(_inner(top, "toolConfig"), "functionCallingConfig")
    mode = parse(_ANY.decode, bytes(config.get("mode", b"null")), "mode")
    names = parse(_NAMES.decode, bytes(config.get("allowedFunctionNames", b"[]")), "allowedFunctionNames")
    choice = _MODES.get(mode, "auto") if isinstance(mode, str | int) else "auto"
    return names[0] if choice == "required" and len(names) == 1 else choice


def _wants_reasoning(top: Raws) -> bool:
    config = _inner(_inner(top, "generationConfig"), "thinkingConfig")
    return parse(_ANY.decode, bytes(config.get("includeThoughts", b"false")), "includeThoughts") is True


def _inner(raws: Raws, key: str) -> Raws:
    """A nested object; {} when absent."""
    return _object(bytes(raws[key]), key) if key in raws else {}


def _object(raw: bytes, where: str) -> Raws:
    return _camel(parse(_OBJECT.decode, raw, where))


def _camel(raws: Raws) -> Raws:
    """The object with its own keys in camelCase, less those that are null; what is inside stays as it is."""
    return {
        _UNDERSCORE.sub(lambda match: match[1].upper(), key): raw for key, raw in raws.items() if bytes(raw) != b"null"
    }


def _text(raws: Raws, key: str) -> str:
    """A string; "" when absent."""
    return parse(_TEXT.decode, bytes(raws.get(key, b'""')), key)


def _unquoted(raw: bytes) -> str:
    """A string's text, or any other value as its JSON text."""
    return str(parse(_ANY.decode, raw, "response")) if raw.startswith(b'"') else raw.decode()


def _plain(raws: Raws) -> dict[str, Any]:
    return values(raws, frozenset())
