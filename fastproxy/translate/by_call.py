"""Structured answers of models that take no schema for them: the arguments of a function that they must call.

The function stands beside the client's own, and some call is demanded: where the client leaves the model the choice,
between one of its functions and the answer; where it wants none, of the answer. What the model hands to the function is
the answer's text, told as it comes, byte for byte. What it says instead reaches the client as it is.
Source: what vendors advise where a model has no structured output (tool use guides), and Gemini 2.5's own words for a
schema beside functions: "set 'tool_config.function_calling_config.mode' to ANY instead of 'response_schema'".
"""

from collections.abc import Sequence

import msgspec

from fastproxy.ir.events import BlockEnd, Event, Reasoning, Stop, Text, ToolArgs, ToolStart
from fastproxy.ir.fold import call_of
from fastproxy.ir.request import Output, Request, Tool, ToolChoice

NAME = "answer"
_NOTHING = "{}"  # the arguments of a call that has none
_TASK = "Gives the answer to the user: the arguments are the whole of it. Call it instead of answering in text."


def asked(request: Request) -> tuple[Request, str]:
    """The request with a function in place of its schema, and that function's name. The schema is an object's."""
    output = request.output
    name = _free_name(frozenset(tool.name for tool in request.tools))
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

    A second answer is left out: two would be no JSON. So is a signature that Gemini binds to the call, which the client
    never gets to know.
    """

    __slots__ = ("_answered", "_called", "_left_out", "_name", "_open")

    def __init__(self, name: str) -> None:
        self._name = name
        self._answered = False
        self._called = False  # something else
        self._open: dict[int, bool] = {}  # block of the answer -> whether anything of it has been told
        self._left_out: set[int] = set()

    def feed(self, events: Sequence[Event]) -> list[Event]:
        """The same events with the answer as text. A signature and the call that it is bound to come together."""
        out: list[Event] = []
        for number, event in enumerate(events):
            if type(event) is ToolStart:
                out += self._on_start(event)
            elif type(event) is Reasoning and event.bound == "call" and self._is_answer(call_of(events, number)):
                self._left_out.add(event.block)
            elif type(event) is Stop:
                out.append(self._ended(event))
            elif isinstance(event, ToolArgs | BlockEnd):
                out += self._within(event)
            else:
                out.append(event)
        return out

    def _on_start(self, event: ToolStart) -> list[Event]:
        if event.name != self._name:
            self._called = True
            return [event]
        if self._answered:
            self._left_out.add(event.block)
            return []
        self._answered = True
        self._open[event.block] = False
        return [Text(event.block, "")]

    def _within(self, event: ToolArgs | BlockEnd) -> list[Event]:
        block = event.block
        if block in self._left_out:
            return []
        if isinstance(event, BlockEnd):
            return [event] if self._open.pop(block, True) else [Text(block, _NOTHING), event]
        if block not in self._open:
            return [event]
        self._open[block] = self._open[block] or event.json != ""
        return [Text(block, event.json)]

    def _is_answer(self, start: ToolStart | None) -> bool:
        return start is not None and start.name == self._name

    def _ended(self, event: Stop) -> Stop:
        if event.reason != "tools" or self._called or not self._answered:
            return event
        return msgspec.structs.replace(event, reason="end")


def _free_name(taken: frozenset[str]) -> str:
    name = NAME
    while name in taken:
        name += "_"
    return name
