"""The model that is always there: `fastproxy/echo` says back what it was told, in this process, in every format.

It shows each thing a model can do (text in pieces, thinking, a tool call, usage) so that a machine without any key has
something to try. Pure: the same request gives the same events; no network, no clock, no randomness.
"""

import re
from itertools import takewhile

import msgspec

from fastproxy.ir.events import (
    BlockEnd,
    Event,
    Reasoning,
    Start,
    Stop,
    Text,
    ToolArgs,
    ToolStart,
    Usage,
)
from fastproxy.ir.request import Message, Request, TextPart, Tool, ToolCallPart, ToolResultPart
from fastproxy.providers.base import Provider
from fastproxy.providers.example import example

PROVIDER = Provider(
    name="fastproxy",
    title="The built-in echo model",
    formats={"openai-chat": "echo:", "openai-responses": "echo:", "anthropic": "echo:", "gemini": "echo:"},
    auth="none",
    models=("fastproxy/echo",),
    discover=False,
)

MAX_PIECES = 256  # a prompt of megabytes must not become as many events as it has words
_WORD = re.compile(r"\s*\S+\s*|\s+")
_NOT_AN_ID = re.compile(r"[^0-9A-Za-z_-]")  # what Anthropic does not allow in the id of a call
_NAMES = (re.compile(r"[\w-]+"), re.compile(r"[\w-]+(?:[.:]+[\w-]+)+"))  # how a sentence may name a tool
_ARGUMENT_CHARACTERS = 12
_THOUGHT = "The caller said something. I will say it back."


def answer(request: Request, *, id: str, created_at: int) -> list[Event]:  # noqa: A002 - the name the field has
    """The whole answer as a legal event list. id: of the response; created_at: epoch seconds.

    Thinking comes first when it was asked for. Then a tool call when the tool choice demands one or the last thing the
    user said names a declared tool; else the echo of that, or of a tool's result when one came last.
    """
    thought = _thought(request)
    block = 1 if thought else 0
    results = _last_results(request.messages)
    said = _last_said(request.messages)
    tool = None if results else _wanted_tool(request, said)
    if tool is not None:
        content, spoken = _call(tool, block, id)
    else:
        content, spoken = _echo("\n".join(results) if results else said, block)
    return [
        Start(id, request.model, created_at),
        *thought,
        *content,
        _usage(request, spoken, _THOUGHT if thought else ""),
        Stop("end" if tool is None else "tools"),
    ]


def _thought(request: Request) -> list[Event]:
    if not request.wants_thoughts:
        return []
    return [*(Reasoning(0, piece) for piece in _pieces(_THOUGHT)), BlockEnd(0)]


def _echo(text: str, block: int) -> tuple[list[Event], str]:
    spoken = f"echo: {text}"
    return [*(Text(block, piece) for piece in _pieces(spoken)), BlockEnd(block)], spoken


def _call(tool: Tool, block: int, response_id: str) -> tuple[list[Event], str]:
    # Not orjson: a schema may hold integers of any size, and orjson stops at 64 bits.
    arguments = "echo" if tool.custom else msgspec.json.encode(example(tool.schema)).decode()
    starts = range(0, len(arguments), _ARGUMENT_CHARACTERS)
    pieces = [ToolArgs(block, arguments[at : at + _ARGUMENT_CHARACTERS]) for at in starts]
    call_id = "call_" + _NOT_AN_ID.sub("-", response_id)
    return [ToolStart(block, call_id, tool.name, tool.custom), *pieces, BlockEnd(block)], arguments


def _pieces(text: str) -> list[str]:
    """The text word by word, or in MAX_PIECES groups of words; joined they are the text."""
    words = _WORD.findall(text)
    step = -(-len(words) // MAX_PIECES) or 1
    return ["".join(words[at : at + step]) for at in range(0, len(words), step)]


def _wanted_tool(request: Request, said: str) -> Tool | None:
    choice = request.tool_choice
    tools = [tool for tool in request.tools if not choice.names or tool.name in choice.names]
    if not tools or choice.mode == "none":
        return None
    words = frozenset(word for names in _NAMES for word in names.findall(said))
    named = [tool for tool in tools if tool.name in words]
    return named[0] if named else tools[0] if choice.mode == "required" else None


def _last_results(messages: tuple[Message, ...]) -> list[str]:
    """What the tools answered, when nothing has been said since."""
    trailing = list(takewhile(lambda message: message.role == "tool", reversed(messages)))
    parts = [part for message in reversed(trailing) for part in message.parts]
    return [part.text for part in parts if isinstance(part, ToolResultPart)]


def _last_said(messages: tuple[Message, ...]) -> str:
    """The text of the last message of the user."""
    for message in reversed(messages):
        if message.role == "user":
            return "\n".join(part.text for part in message.parts if isinstance(part, TextPart))
    return ""


def _usage(request: Request, spoken: str, thought: str) -> Usage:
    """Words instead of tokens: few enough for a person to check."""
    reasoning = _words(thought)
    heard = sum(_words(_text(part)) for message in request.messages for part in message.parts)
    return Usage(
        input_tokens=heard,
        cached_tokens=0,
        cache_written_tokens=0,
        output_tokens=_words(spoken) + reasoning,
        reasoning_tokens=reasoning,
    )


def _text(part: object) -> str:
    match part:
        case TextPart(text=text) | ToolResultPart(text=text):
            return text
        case ToolCallPart(arguments=arguments):
            return arguments
        case _:
            return ""


def _words(text: str) -> int:
    return len(text.split())
