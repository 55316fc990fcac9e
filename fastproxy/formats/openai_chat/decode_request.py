"""A Chat request: what routing needs of it, and the whole of it in the hub's words.

`peek` decodes no message. `decode` keeps tool arguments as the text that came and never fails on what it doesn't know.
Source: openai 3.54.0, types/chat/completion_create_params.py and chat_completion_message_param.py, read 2026-11-21.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from fastproxy.errors import Fault
from fastproxy.formats.base import Peek
from fastproxy.formats.body import parse, without_lone_surrogates
from fastproxy.ir.request import Message, OpaquePart, Part, Request, Role, TextPart, Tool, ToolCallPart, ToolResultPart
from fastproxy.jsonedit import Fields

SESSION_BYTES = 512  # a longer key is not one; OpenAI's own limit is 64 characters

Object = dict[str, Any]
Content = str | list[Object] | None


class _Turn(msgspec.Struct):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Content = None
    tool_calls: list[Object] | None = None
    tool_call_id: str | None = None
    name: str | None = None
    function_call: Any = None
    refusal: Any = None
    reasoning_content: Any = None
    reasoning: Any = None


class _Body(msgspec.Struct):
    model: str
    messages: list[_Turn] = []
    stream: bool | None = None
    tools: list[Object] | None = None
    tool_choice: str | Object | None = None


_BODY = msgspec.json.Decoder(_Body)
_OBJECT = msgspec.json.Decoder(Object)
_KNOWN = frozenset({"model", "messages", "stream"})
# Parts of an assistant's turn that stand beside its content, and that the hub has no word for.
_BESIDE_CONTENT = ("refusal", "reasoning_content", "reasoning", "function_call")


def peek(body: bytes, params: Mapping[str, str]) -> Peek:  # noqa: ARG001 - this format's path says nothing
    """The model, whether to stream, the conversation's key, and whether a stream is to tell usage.

    Raises: Fault(bad_request).
    """
    fields = Fields(body)
    stream = fields.flag("stream")
    return Peek(
        fields.model(),
        stream,
        session_of(fields, "prompt_cache_key", "user"),
        wants_usage=not stream or _asks_for_usage(fields),
    )


def session_of(fields: Fields, *keys: str) -> str | None:
    """The first of `keys` that holds a short string. A hint: whatever is odd about it means None."""
    for key in keys:
        if not 0 < fields.size_bytes(key) <= SESSION_BYTES:
            continue
        try:
            value = fields.text(key)
        except Fault:
            continue
        if value:
            return value
    return None


def _asks_for_usage(fields: Fields) -> bool:
    options = fields.value("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def decode(body: bytes, params: Mapping[str, str]) -> Request:  # noqa: ARG001 - this format's path says nothing
    """The whole request. Raises: Fault(bad_request)."""
    body = without_lone_surrogates(body)
    told = parse(_BODY.decode, body)
    extras = {key: value for key, value in parse(_OBJECT.decode, body).items() if key not in _KNOWN}
    return Request(
        format="openai-chat",
        model=told.model,
        messages=tuple(Message(_role(turn), tuple(_parts(turn))) for turn in told.messages),
        stream=bool(told.stream),
        tools=take_tools(told.tools, extras, nested=True),
        tool_choice=take_choice(told.tool_choice, extras, nested=True),
        reasoning=_wants_reasoning(extras),
        extras=extras,
    )


def take_tools(tools: list[Object] | None, extras: Object, *, nested: bool) -> tuple[Tool, ...]:
    """The functions among `tools`; `extras` keeps the others (server tools, custom tools).

    nested: Chat describes a function in an object of its own, Responses in the tool itself.
    """
    extras.pop("tools", None)
    functions: list[Tool] = []
    others: list[Object] = []
    for tool in tools or ():
        function = tool.get("function") if nested else tool
        if tool.get("type", "function") == "function" and isinstance(function, dict):
            functions.append(_tool(function))
        else:
            others.append(tool)
    if others:
        extras["tools"] = others
    return tuple(functions)


def take_choice(choice: str | Object | None, extras: Object, *, nested: bool) -> str:
    """The hub's word for `choice`; `extras` keeps one that it has no word for, and "auto" stands in its place."""
    if isinstance(choice, dict):
        function = choice.get("function") if nested else choice
        name = function.get("name") if isinstance(function, dict) and choice.get("type") == "function" else None
        if not isinstance(name, str):
            return "auto"
        choice = name
    extras.pop("tool_choice", None)
    return choice or "auto"


def _tool(function: Object) -> Tool:
    schema = function.get("parameters")
    return Tool(
        text_of(function, "name"),
        text_of(function, "description"),
        schema if isinstance(schema, dict) else None,
    )


def text_of(holder: Object, key: str) -> str:
    """A string value; "" for anything else."""
    value = holder.get(key)
    return value if isinstance(value, str) else ""


def _role(turn: _Turn) -> Role:
    return "tool" if turn.role == "function" else turn.role


def _parts(turn: _Turn) -> Iterator[Part]:
    content = tuple(_content(turn.content))
    if _role(turn) == "tool":
        text = "".join(part.text for part in content if isinstance(part, TextPart))
        yield ToolResultPart(turn.tool_call_id or turn.name or "", text)
        yield from (part for part in content if not isinstance(part, TextPart))
        return
    for key in _BESIDE_CONTENT:
        if (value := getattr(turn, key)) is not None:
            yield OpaquePart("openai-chat", {key: value})
    yield from content
    yield from map(_call, turn.tool_calls or ())


def _content(content: Content) -> Iterator[Part]:
    if isinstance(content, str):
        yield TextPart(content)
        return
    for part in content or ():
        text = part.get("text") if part.get("type") == "text" else None
        yield TextPart(text) if isinstance(text, str) else OpaquePart("openai-chat", part)


def _call(call: Object) -> Part:
    function = call.get("function")
    if not isinstance(function, dict) or not isinstance(function.get("arguments"), str):
        return OpaquePart("openai-chat", call)
    return ToolCallPart(text_of(call, "id"), text_of(function, "name"), function["arguments"])


def _wants_reasoning(extras: Object) -> bool:
    """Whether an effort is asked for, in OpenAI's own field or in OpenRouter's object. It stays an extra as well."""
    if extras.get("reasoning_effort") not in (None, "none"):
        return True
    reasoning = extras.get("reasoning")
    return isinstance(reasoning, dict) and reasoning.get("enabled") is not False and reasoning.get("effort") != "none"
