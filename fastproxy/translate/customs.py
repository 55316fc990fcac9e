"""Free-text tools for formats that only know functions: a function with one string, wrapped and unwrapped.

A request's declarations and calls are wrapped; the calls of the answer are unwrapped for the client again. An answer's
free-text call of a tool that the client can't be told of as such is wrapped for it, streamed as it comes. The text
itself never changes. What a model writes instead of the object that it was asked for reaches the client as it is.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from fastproxy.ir.events import BlockEnd, Event, ToolArgs, ToolStart
from fastproxy.ir.request import Message, Part, Request, Tool, ToolCallPart, ToolResultPart

# Around the text, in JSON, of a call that is told piece by piece.
_BEGIN, _END = '{"input":"', '"}'
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"input": {"type": "string", "description": "The whole input of the tool, as plain text."}},
    "required": ["input"],
    "additionalProperties": False,
}


def declared(request: Request) -> frozenset[str]:
    """The names of the request's free-text tools."""
    return frozenset(tool.name for tool in request.tools if tool.custom)


def wrapped(request: Request) -> tuple[Request, frozenset[str]]:
    """The request with functions in place of free-text tools, and the names of those tools."""
    names = declared(request)
    if not names and not any(_is_custom(part) for message in request.messages for part in message.parts):
        return request, names
    messages = tuple(Message(message.role, tuple(map(_part, message.parts))) for message in request.messages)
    return msgspec.structs.replace(request, tools=tuple(map(_tool, request.tools)), messages=messages), names


def unwrapped(arguments: str) -> str:
    """The free text that a call's argument object holds; the text as it is where it is no such object."""
    try:
        told = msgspec.json.decode(arguments.encode("utf-8", "surrogatepass"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return arguments
    if not isinstance(told, dict):
        return arguments
    text = told.get("input", next(iter(told.values())) if len(told) == 1 else None)
    return text if isinstance(text, str) else arguments


class Unwrapping:
    """The calls of one response. names: of the tools that were wrapped. Their arguments wait for the block's end."""

    __slots__ = ("_names", "_open")

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._open: dict[int, list[str]] = {}

    def feed(self, event: ToolStart | ToolArgs | BlockEnd) -> list[Event]:
        """What the client is told of it now."""
        if isinstance(event, ToolStart):
            if event.name not in self._names:
                return [event]
            self._open[event.block] = []
            return [msgspec.structs.replace(event, custom=True)]
        pieces = self._open.get(event.block)
        if pieces is None:
            return [event]
        if isinstance(event, ToolArgs):
            pieces.append(event.json)
            return []
        del self._open[event.block]
        return [ToolArgs(event.block, unwrapped("".join(pieces))), event]

    def close(self) -> list[Event]:
        """What waits when the response ends within a call: its text as far as it came."""
        rest: list[Event] = [ToolArgs(block, "".join(pieces)) for block, pieces in self._open.items() if pieces]
        self._open.clear()
        return rest


class Wrapping:
    """The free-text calls of one response that the client is told as calls of functions.

    free_text: the tools whose calls it is told as they are.
    """

    __slots__ = ("_free_text", "_open")

    def __init__(self, free_text: frozenset[str]) -> None:
        self._free_text = free_text
        self._open: set[int] = set()

    def takes(self, start: ToolStart) -> bool:
        """Whether this call, of which all has to be fed then, becomes one of a function."""
        return start.custom and start.name not in self._free_text

    def holds(self, block: int) -> bool:
        """Whether that is an open call that has become one of a function."""
        return block in self._open

    def feed(self, event: ToolStart | ToolArgs | BlockEnd) -> list[Event]:
        """What the client is told now of a call that was taken: the pieces of the text as those of a JSON string."""
        block = event.block
        if isinstance(event, ToolStart):
            self._open.add(block)
            return [msgspec.structs.replace(event, custom=False), ToolArgs(block, _BEGIN)]
        if isinstance(event, ToolArgs):
            return [ToolArgs(block, orjson.dumps(event.json)[1:-1].decode())]
        self._open.discard(block)
        return [ToolArgs(block, _END), event]

    def close(self) -> list[Event]:
        """The end of what is open when the response stops within a call."""
        rest: list[Event] = [ToolArgs(block, _END) for block in sorted(self._open)]
        self._open.clear()
        return rest


def _is_custom(part: Part) -> bool:
    return isinstance(part, ToolCallPart | ToolResultPart) and part.custom


def _part(part: Part) -> Part:
    if isinstance(part, ToolCallPart) and part.custom:
        arguments = orjson.dumps({"input": part.arguments}).decode()
        return msgspec.structs.replace(part, arguments=arguments, custom=False)
    if isinstance(part, ToolResultPart) and part.custom:
        return msgspec.structs.replace(part, custom=False)
    return part


def _tool(tool: Tool) -> Tool:
    if not tool.custom:
        return tool
    return Tool(tool.name, _described(tool), dict(_SCHEMA), cache=tool.cache)


def _described(tool: Tool) -> str:
    """The description, and the grammar in words: no other format could enforce it, but a model can obey it."""
    definition = _definition(tool.grammar or {})
    if not definition:
        return tool.description
    return f"{tool.description}\n\nThe input must match this grammar:\n{definition}".strip()


def _definition(grammar: Mapping[str, Any]) -> str:
    """OpenAI writes it in the format object itself (Responses) or in one more object inside (Chat)."""
    inner = grammar.get("grammar")
    told = inner if isinstance(inner, dict) else grammar
    return "\n".join(str(told[key]) for key in ("syntax", "definition") if told.get(key))
