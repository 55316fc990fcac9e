"""What a model can't be made to do by a setting, asked of it in words. All of it is reported as dropped, too.

A call that must be made: the newest Claude models refuse every demand ('tool_choice: type "tool" and "any" are not
supported for this model.'), and their vendor's advice is to name the tool in the prompt. It stands at the end, where
the prompt before it stays what it was. JSON: where there is no switch for it, or none for a schema. That stands with
the system's words, which stay the same from turn to turn as long as the client asks for the same.
Source: platform.claude.com, migration guides of Fable 5.1 and Opus 5.5 ("Forced tool use"), read 2026-11-22.
"""

from collections.abc import Mapping
from itertools import takewhile
from typing import Any

import msgspec

from fastproxy.ir.request import Message, Output, OutputKind, Request, TextPart, ToolChoice

_SYSTEM = frozenset({"system", "developer"})
_SHAPES: Mapping[OutputKind, str] = {
    "json": "Answer with one JSON object and nothing else: no other words, no code fence.",
    "schema": "Answer with JSON that matches this schema and nothing else: no other words, no code fence.",
    "word": "Answer with one of the words that this schema lists and nothing else: no quotes, no other words.",
}


def demanded(request: Request) -> tuple[Request, tuple[str, ...]]:
    """The request with words in place of a demand for a call.

    A demand that nobody can meet stays: the format's encoder has the error for it.
    """
    choice, offered = request.tool_choice, {tool.name for tool in request.tools}
    if choice.mode != "required" or not offered or not offered.issuperset(choice.names):
        return request, ()
    words = f"Call {_one_of(choice.names)} now, before you say anything."
    # The only one is told in words alone: a list of tools that changes from turn to turn is read anew each time.
    names = choice.names if len(choice.names) > 1 else ()
    messages = (*request.messages, _system(words))
    return msgspec.structs.replace(request, tool_choice=ToolChoice("auto", names), messages=messages), ("tool_choice",)


def shaped(request: Request, instead: OutputKind) -> tuple[Request, tuple[str, ...]]:
    """The request with words in place of the shape that its answer must have. instead: what a setting can say of it."""
    output = request.output
    words = _SHAPES[output.kind if output.schema else "json"] + _schema(output.described)
    request = _with_words(request, _leading(request), words)
    lost = "output.kind" if output.kind == "json" else "output.schema"
    return msgspec.structs.replace(request, output=Output(instead, verbosity=output.verbosity)), (lost,)


def named(request: Request, *, behind_system: bool) -> Request:
    """The request with a word of JSON in it, without which OpenAI refuses to set it.

    behind_system: whether what the system says first does not count, as in Responses: "Response input messages must
    contain the word 'json' in some form to use 'text.format' of type 'json_object'" (TanStack/ai,
    meta-llama/PurpleLlama 94).
    """
    leading = _leading(request)
    counted = request.messages[leading:] if behind_system else request.messages
    spoken = (part.text.lower() for message in counted for part in message.parts if isinstance(part, TextPart))
    if any("json" in text for text in spoken):
        return request
    at = len(request.messages) if behind_system else leading
    return _with_words(request, at, _SHAPES["json"])


def _leading(request: Request) -> int:
    """How many messages the system says before anybody else."""
    return len(list(takewhile(lambda message: message.role in _SYSTEM, request.messages)))


def _with_words(request: Request, at: int, words: str) -> Request:
    messages = (*request.messages[:at], _system(words), *request.messages[at:])
    return msgspec.structs.replace(request, messages=messages)


def _one_of(names: tuple[str, ...]) -> str:
    if not names:
        return "one of your tools"
    return f"the tool `{names[0]}`" if len(names) == 1 else f"one of the tools {', '.join(f'`{one}`' for one in names)}"


def _schema(schema: dict[str, Any] | None) -> str:
    return f"\n\n{msgspec.json.encode(schema).decode()}" if schema else ""


def _system(words: str) -> Message:
    return Message("system", (TextPart(words),))
