"""An Anthropic request: what routing needs of it, and the whole of it in the hub's words.

`peek` decodes no message. `decode` keeps tool inputs as the text that came and never fails on what it does not know.
Source: anthropic 2.12.0 `types/message_create_params.py`, read 2026-11-21.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, Literal

import msgspec

from fastproxy.errors import Fault
from fastproxy.formats.base import Peek
from fastproxy.formats.body import Raws, parse, values, without_lone_surrogates
from fastproxy.ir.request import Message, OpaquePart, Part, Request, TextPart, Tool, ToolCallPart, ToolResultPart
from fastproxy.jsonedit import Fields

SESSION_BYTES = 4096  # a larger `metadata` is not looked into

Content = str | list[dict[str, msgspec.Raw]] | None


class _Turn(msgspec.Struct):
    role: Literal["user", "assistant", "system"]
    content: Content = None


class _Choice(msgspec.Struct):
    type: Literal["auto", "any", "none", "tool"]
    name: str = ""


class _Thinking(msgspec.Struct):
    type: str = "disabled"
    display: str | None = None


class _UserId(msgspec.Struct):
    session_id: str


class _Metadata(msgspec.Struct):
    user_id: str


class _Body(msgspec.Struct):
    model: str
    messages: list[_Turn] = []
    system: Content = None
    tools: list[dict[str, msgspec.Raw]] | None = None
    tool_choice: _Choice | None = None
    thinking: _Thinking | None = None
    stream: bool | None = None


_BODY = msgspec.json.Decoder(_Body)
_TOP = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)
_FLAG = msgspec.json.Decoder(bool | None)
_CONTENT = msgspec.json.Decoder(Content)
_USER_ID = msgspec.json.Decoder(_UserId)

_CHOICES = {"auto": "auto", "any": "required", "none": "none"}
# thinking stays an extra as well: its budget has no word in the hub.
_KNOWN = frozenset({"model", "messages", "system", "tools", "tool_choice", "stream"})


def peek(body: bytes, params: Mapping[str, str]) -> Peek:  # noqa: ARG001 - this format's path says nothing
    """The model, which must be told, whether to stream, and Claude Code's session id where there is one.

    Raises: Fault(bad_request).
    """
    fields = Fields(body)
    return Peek(fields.model(), fields.flag("stream"), _session(fields))


def _session(fields: Fields) -> str | None:
    """`session_id` of the JSON text in `metadata.user_id`. A hint: whatever is odd about it means None."""
    if not 0 < fields.size_bytes("metadata") <= SESSION_BYTES:
        return None
    try:
        user_id = msgspec.convert(fields.value("metadata"), _Metadata).user_id
        return _USER_ID.decode(user_id).session_id or None
    except msgspec.MsgspecError:
        return None


def decode(body: bytes, params: Mapping[str, str]) -> Request:  # noqa: ARG001 - this format's path says nothing
    """The whole request. Raises: Fault(bad_request)."""
    body = without_lone_surrogates(body)
    told = parse(_BODY.decode, body)
    extras = values(parse(_TOP.decode, body), _KNOWN)
    tools = told.tools or []
    if server_tools := [_plain(tool) for tool in tools if "input_schema" not in tool]:
        extras["tools"] = server_tools
    return Request(
        format="anthropic",
        model=told.model,
        messages=tuple(_messages(told)),
        stream=bool(told.stream),
        tools=tuple(_tool(tool) for tool in tools if "input_schema" in tool),
        tool_choice=_choice(told.tool_choice),
        reasoning=_wants_reasoning(told.thinking),
        extras=extras,
    )


def _messages(told: _Body) -> Iterator[Message]:
    system = tuple(_parts(told.system))
    if system:
        yield Message("system", system)
    for turn in told.messages:
        # Results of tools are a turn of their own in the hub, whoever's turn they came in.
        for is_result, parts in groupby(_parts(turn.content), lambda part: isinstance(part, ToolResultPart)):
            yield Message("tool" if is_result else turn.role, tuple(parts))


def _parts(content: Content) -> Iterator[Part]:
    if isinstance(content, str):
        if content:
            yield TextPart(content)
        return
    for block in content or ():
        yield _part(block)


def _part(block: Raws) -> Part:
    match _text(block, "type"):
        case "text":
            return TextPart(_text(block, "text"))
        case "tool_use":
            return ToolCallPart(_text(block, "id"), _text(block, "name"), bytes(block.get("input", b"{}")).decode())
        case "tool_result" if (text := _joined(block)) is not None:
            is_error = parse(_FLAG.decode, bytes(block.get("is_error", b"false")), "is_error")
            return ToolResultPart(_text(block, "tool_use_id"), text, bool(is_error))
        case _:
            return OpaquePart("anthropic", _plain(block))


def _joined(result: Raws) -> str | None:
    """The text of a tool result; None when it holds more than text."""
    parts = list(_parts(parse(_CONTENT.decode, bytes(result.get("content", b"null")), "tool_result")))
    texts = [part.text for part in parts if isinstance(part, TextPart)]
    return "".join(texts) if len(texts) == len(parts) else None


def _tool(tool: Raws) -> Tool:
    schema = parse(msgspec.json.decode, bytes(tool["input_schema"]), "input_schema")
    return Tool(
        _text(tool, "name"),
        _text(tool, "description") if "description" in tool else "",
        schema if isinstance(schema, dict) else None,
    )


def _choice(choice: _Choice | None) -> str:
    return "auto" if choice is None else _CHOICES.get(choice.type, choice.name)


def _wants_reasoning(thinking: _Thinking | None) -> bool:
    return thinking is not None and thinking.type != "disabled" and thinking.display != "omitted"


def _text(raws: Raws, key: str) -> str:
    if key not in raws:
        raise Fault("bad_request", f"{key} is missing", param=key)
    return parse(_TEXT.decode, bytes(raws[key]), key)


def _plain(raws: Raws) -> dict[str, Any]:
    return values(raws, frozenset())
