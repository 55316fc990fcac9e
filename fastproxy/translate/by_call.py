"""Structured answers of models that take no schema for them: the arguments of a function that they must call.

The function stands beside the client's own, and some call is demanded: where the client leaves the model the choice,
between one of its functions and the answer; where it wants none, of the answer. What the model hands to the function is
the answer's text, told as it comes, byte for byte. What it says instead reaches the client at its end.
Source: what vendors advise where a model has no structured output (tool use guides), and Gemini 2.5's own words for a
schema beside functions: "set 'tool_config.function_calling_config.mode' to ANY instead of 'response_schema'".
"""

from collections.abc import Iterator, Sequence

import msgspec

from fastproxy.ir.events import (
    BlockEnd,
    Citation,
    Event,
    Failed,
    Reasoning,
    Start,
    Stop,
    Text,
    Texts,
    ToolArgs,
    ToolStart,
    Usage,
)
from fastproxy.ir.fold import call_of
from fastproxy.ir.request import Output, Request, Tool, ToolCallPart, ToolChoice

NAME = "answer"
_NOTHING = "{}"  # the arguments of a call that has none
_TASK = "Gives the answer to the user: the arguments are the whole of it. Call it instead of answering in text."


def asked(request: Request) -> tuple[Request, str]:
    """The request with a function in place of its schema, and that function's name. The schema is an object's."""
    output = request.output
    name = _free_name(frozenset(_names(request)))
    description = f"{_TASK}\n\n{output.description}" if output.description else _TASK
    choice = request.tool_choice
    names: tuple[str, ...] = (name,)
    if choice.mode == "auto" and request.tools:
        names = (*choice.names, name) if choice.names else ()
    return msgspec.structs.replace(
        request,
        output=Output(verbosity=output.verbosity),
        tools=(*request.tools, Tool(name, description, output.schema)),
        tool_choice=ToolChoice("required", names),
    ), name


class Answering:
    """The calls of one response of which one is its answer. name: of the function that stands for it.

    What is said in text waits until it is known to be no prelude to the answer, which has no room for any: in front of
    JSON it would make that unreadable. It is left out then, as are a second answer and a signature that Gemini binds to
    the call, which the client never gets to know. An answer begins with its first argument; one without any is told at
    the end, if nothing else is. Numbers of blocks that are left out are missing.
    """

    __slots__ = ("_answer", "_begun", "_called", "_empty", "_left_out", "_name", "_passing", "_texts", "_waiting")

    def __init__(self, name: str) -> None:
        self._name = name
        self._answer: int | None = None  # its block
        self._begun: set[int] = set()  # blocks of answers without an argument so far
        self._empty: int | None = None  # the block of one that has ended so
        self._called = False  # something else
        self._left_out: set[int] = set()
        self._waiting: list[Event] = []  # from the first text on that may be a prelude
        self._texts: set[int] = set()  # blocks of text among that
        self._passing: set[int] = set()  # blocks of text of which something has been told

    def feed(self, events: Sequence[Event]) -> list[Event]:
        """The same events with the answer as text. A signature and the call that it is bound to come together."""
        out: list[Event] = []
        for number, event in enumerate(events):
            if isinstance(event, Start | Usage):
                out.append(event)
            elif isinstance(event, Stop | Failed):
                out += self._on_end(event)
            elif type(event) is ToolStart:
                out += self._on_start(event)
            elif type(event) is Reasoning and event.bound == "call":
                out += self._on_signature(event, call_of(events, number))
            else:
                out += self._within(event)
        return out

    def _on_signature(self, event: Reasoning, call: ToolStart | None) -> list[Event]:
        if call is not None and call.name == self._name:
            self._left_out.add(event.block)
            return []
        return [*self._told(), event]

    def _on_start(self, event: ToolStart) -> list[Event]:
        if event.name != self._name:
            self._called = True
            return [*self._told(), event]
        (self._begun if self._answer is None else self._left_out).add(event.block)
        return []

    def _within(self, event: Event) -> list[Event]:
        """What belongs to a block, or stands for itself."""
        block = getattr(event, "block", None)
        if block in self._passing:
            return [event]
        if isinstance(event, Text | Texts | Citation) or (type(event) is Reasoning and event.bound == "text"):
            (self._texts if self._answer is None else self._left_out).add(event.block)
        if block in self._left_out:
            return []
        if block in self._begun:
            return self._begins(event)
        if self._waiting or block in self._texts:
            self._waiting.append(event)
            return []
        if isinstance(event, ToolArgs) and event.block == self._answer:
            return [Text(event.block, event.json)]
        return [event]

    def _begins(self, event: Event) -> list[Event]:
        """What an answer says that has said nothing so far."""
        if type(event) is BlockEnd:
            self._begun.discard(event.block)
            self._empty = event.block
        if type(event) is not ToolArgs or not event.json:
            return []
        return [*self._answered(event.block), Text(event.block, event.json)]

    def _answered(self, block: int) -> list[Event]:
        """What has waited, without its texts: from here on there is an answer."""
        self._answer = block
        self._left_out |= self._texts | (self._begun - {block})
        self._begun.clear()
        self._texts.clear()
        return [event for event in self._told() if getattr(event, "block", None) not in self._left_out]

    def _told(self) -> list[Event]:
        told, self._waiting = self._waiting, []
        self._passing |= self._texts
        self._texts = set()
        return told

    def _on_end(self, event: Stop | Failed) -> list[Event]:
        if type(event) is Failed or event.reason not in {"tools", "end"} or self._called:
            return [*self._told(), event]
        said: list[Event] = []
        if self._answer is None and self._empty is not None:
            said = [*self._answered(self._empty), Text(self._empty, _NOTHING), BlockEnd(self._empty)]
        ended = event if self._answer is None else msgspec.structs.replace(event, reason="end")
        return [*said, *self._told(), ended]


def _names(request: Request) -> Iterator[str]:
    """Of all tools that are declared, and of those that have been called."""
    yield from (tool.name for tool in request.tools)
    parts = (part for message in request.messages for part in message.parts)
    yield from (part.name for part in parts if isinstance(part, ToolCallPart))


def _free_name(taken: frozenset[str]) -> str:
    name = NAME
    while name in taken:
        name += "_"
    return name
