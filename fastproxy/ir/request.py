"""What a client asks, in no vendor's words. Only translation and the echo model read it; the diagonal never does.

Values only. Text that is JSON (tool arguments, schemas) stays as the bytes that came.
"""

from typing import Any, Literal

import msgspec

Role = Literal["system", "developer", "user", "assistant", "tool"]


class TextPart(msgspec.Struct, frozen=True):
    """Plain text."""

    text: str


class ToolCallPart(msgspec.Struct, frozen=True):
    """A call that the assistant made earlier. arguments: JSON text, byte for byte."""

    id: str
    name: str
    arguments: str


class ToolResultPart(msgspec.Struct, frozen=True):
    """What a tool answered. id: of the call it answers."""

    id: str
    text: str
    is_error: bool = False


class OpaquePart(msgspec.Struct, frozen=True):
    """A part the hub has no word for yet, as its format wrote it."""

    format: str
    data: dict[str, Any]


Part = TextPart | ToolCallPart | ToolResultPart | OpaquePart


class Message(msgspec.Struct, frozen=True):
    """One turn."""

    role: Role
    parts: tuple[Part, ...]


class Tool(msgspec.Struct, frozen=True):
    """A function that the model may call. schema: the JSON schema of its arguments, or None."""

    name: str
    description: str = ""
    schema: dict[str, Any] | None = None


class Request(msgspec.Struct, frozen=True):
    """One request, whole.

    tool_choice: "auto", "none", "required", or the name of the one tool that must be called.
    reasoning: whether the client asks to see the model think.
    extras: top-level fields of `format` that have no word here, by their own names.
    """

    format: str
    model: str
    messages: tuple[Message, ...]
    stream: bool = False
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    reasoning: bool = False
    extras: dict[str, Any] = {}
