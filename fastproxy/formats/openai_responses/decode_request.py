"""A Responses request: what routing needs of it, and the whole of it in the hub's words.

`peek` decodes no item. `decode` keeps tool arguments as the text that came and never fails on what it doesn't know.
Source: openai 3.54.0, types/responses/response_create_params.py and response_input_item_param.py, read 2026-11-21.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from fastproxy.errors import Fault
from fastproxy.formats.base import Peek
from fastproxy.formats.body import parse, without_lone_surrogates
from fastproxy.formats.openai_chat.decode_request import Object, session_of, take_choice, take_tools, text_of
from fastproxy.ir.request import Message, OpaquePart, Part, Request, Role, TextPart, ToolCallPart, ToolResultPart
from fastproxy.jsonedit import Fields

_TEXT_TYPES = frozenset({"input_text", "output_text", "text"})


class _Body(msgspec.Struct):
    model: str
    input: str | list[Object] | None = None
    instructions: str | list[Object] | None = None
    stream: bool | None = None
    tools: list[Object] | None = None
    tool_choice: str | Object | None = None


class _Turn(msgspec.Struct):
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[Object] | None = None


_BODY = msgspec.json.Decoder(_Body)
_OBJECT = msgspec.json.Decoder(Object)
_KNOWN = frozenset({"model", "input", "instructions", "stream"})


def peek(body: bytes, params: Mapping[str, str]) -> Peek:  # noqa: ARG001 - this format's path says nothing
    """The model, whether to stream, and the conversation's key. Raises: Fault(bad_request)."""
    fields = Fields(body)
    return Peek(fields.model(), fields.flag("stream"), session_of(fields, "prompt_cache_key"))


def decode(body: bytes, params: Mapping[str, str]) -> Request:  # noqa: ARG001 - this format's path says nothing
    """The whole request. Raises: Fault(bad_request)."""
    body = without_lone_surrogates(body)
    told = parse(_BODY.decode, body)
    extras = {key: value for key, value in parse(_OBJECT.decode, body).items() if key not in _KNOWN}
    return Request(
        format="openai-responses",
        model=told.model,
        messages=tuple(_messages(told)),
        stream=bool(told.stream),
        tools=take_tools(told.tools, extras, nested=False),
        tool_choice=take_choice(told.tool_choice, extras, nested=False),
        reasoning=_wants_reasoning(extras.get("reasoning")),
        extras=extras,
    )


def _messages(told: _Body) -> Iterator[Message]:
    if isinstance(told.instructions, str):
        yield Message("system", (TextPart(told.instructions),))
    else:
        yield from map(_message, told.instructions or ())
    if isinstance(told.input, str):
        yield Message("user", (TextPart(told.input),))
    else:
        yield from map(_message, told.input or ())


def _message(item: Object) -> Message:
    match item.get("type", "message"):
        case "message":
            turn = _turn(item)
            return Message(turn.role, tuple(_content(turn.content)))
        case "function_call" if isinstance(item.get("arguments"), str):
            call = ToolCallPart(text_of(item, "call_id"), text_of(item, "name"), item["arguments"])
            return Message("assistant", (call,))
        case "function_call_output":
            return Message("tool", tuple(_result(item)))
        case type_:
            role: Role = "tool" if isinstance(type_, str) and type_.endswith("_output") else "assistant"
            return Message(role, (OpaquePart("openai-responses", item),))


def _turn(item: Object) -> _Turn:
    try:
        return msgspec.convert(item, _Turn)
    except msgspec.ValidationError as error:
        raise Fault("bad_request", f"input: {error}", param="input") from None


def _result(item: Object) -> Iterator[Part]:
    """The result's text, and what it holds besides."""
    output = item.get("output")
    content = tuple(_content(output if isinstance(output, str | list) else None))
    text = "".join(part.text for part in content if isinstance(part, TextPart))
    yield ToolResultPart(text_of(item, "call_id"), text)
    yield from (part for part in content if not isinstance(part, TextPart))


def _content(content: str | list[Any] | None) -> Iterator[Part]:
    if isinstance(content, str):
        yield TextPart(content)
        return
    for part in content or ():
        if not isinstance(part, dict):
            continue
        text = part.get("text") if part.get("type") in _TEXT_TYPES else None
        yield TextPart(text) if isinstance(text, str) else OpaquePart("openai-responses", part)


def _wants_reasoning(reasoning: object) -> bool:
    """Whether an effort or a summary is asked for. The object stays an extra: its values have no word in the hub."""
    if not isinstance(reasoning, dict):
        return False
    return reasoning.get("effort") not in (None, "none") or reasoning.get("summary") is not None
