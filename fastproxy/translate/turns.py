"""Turns that every host accepts: each call answered right after the turn that made it, and nothing else answered.

Hosts refuse a conversation with a gap (OpenAI "No tool output found", Anthropic a tool_use without its result), while
clients that cut or merge their history leave such gaps. Nothing that a client said is lost: a result without its call
becomes text. Every repair has a name and is reported. It never puts more into anybody's mouth than the one word or
sentence without which the conversation would be refused.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from itertools import groupby

import msgspec

from fastproxy.ir.request import Message, Part, ReasoningPart, Request, TextPart, ToolCallPart, ToolResultPart

EMPTY = "message.empty"
MISSING = "tool_result.missing"
MOVED = "tool_result.moved"
ORPHAN = "tool_result.orphan"
PREFILL = "message.prefill"

_NO_RESULT = TextPart("No result was given for this call.")
_CONTINUE = Message("user", (TextPart("Continue."),))

_OF_TOOLS = frozenset({ToolCallPart, ToolResultPart})

_Place = tuple[int, int]  # number of the message, number of the part in it
_Answers = Mapping[_Place, tuple[_Place, ToolResultPart]]  # where a call stands -> where its result does, and that


def repaired(request: Request) -> tuple[Request, tuple[str, ...]]:
    """The request with its turns in order, and the names of the repairs that lost or moved something.

    Neighbouring turns of the assistant become one (OpenAI's Responses tells every call as an item of its own), and so
    do the results that follow; each result has its call's name. Itself where nothing is out of order.
    """
    repairs: dict[str, None] = {}
    messages = request.messages
    if not _is_in_turn(messages):
        messages = tuple(_joined(_without_empty(messages, repairs)))
    if not _OF_TOOLS.isdisjoint(kinds_of(messages)):
        messages = tuple(_ordered(messages, _answers(messages), repairs))
    if messages is not request.messages:
        request = msgspec.structs.replace(request, messages=messages)
    return request, tuple(repairs)


def kinds_of(messages: tuple[Message, ...]) -> set[type[Part]]:
    """What kinds of parts there are, so that steps for others can be left out. Cost: 0.1 us for a message."""
    return {type(part) for message in messages for part in message.parts}


def ended_by_user(request: Request) -> tuple[Request, tuple[str, ...]]:
    """The request with a turn of the user at its end, for models that take none of the assistant's there.

    Not for clients that mean a prefill by it (`Format.prefills`). To all others it is the history of a session that was
    cut; their own hosts answer with the next turn, and the vendor's advice is to ask for it in a turn of the user's.
    Source: platform.claude.com, migration guides and prompting best practices ("Continuations"), read 2026-11-21.
    """
    if not is_prefilled(request):
        return request, ()
    return msgspec.structs.replace(request, messages=(*request.messages, _CONTINUE)), (PREFILL,)


def is_prefilled(request: Request) -> bool:
    """Whether it ends with words of the assistant."""
    return bool(request.messages) and request.messages[-1].role == "assistant"


def _without_empty(messages: tuple[Message, ...], repairs: dict[str, None]) -> Iterator[Message]:
    """Messages that say something; texts and thoughts without a word are left out of the others."""
    for message in messages:
        parts = tuple(part for part in message.parts if _says(part))
        if parts:
            yield message if len(parts) == len(message.parts) else Message(message.role, parts)
        else:
            repairs[EMPTY] = None


def _is_in_turn(messages: tuple[Message, ...]) -> bool:
    """Whether every part says something, and no two turns of the assistant are neighbours."""
    before = ""
    for message in messages:
        if not (message.parts and all(map(_says, message.parts))) or message.role == before == "assistant":
            return False
        before = message.role
    return True


def _says(part: Part) -> bool:
    if isinstance(part, TextPart):
        return part.text != ""
    return not isinstance(part, ReasoningPart) or bool(part.text or part.signature)


def _joined(messages: Iterator[Message]) -> Iterator[Message]:
    """Messages with neighbouring turns of the assistant in one."""
    for role, group in groupby(messages, lambda message: message.role):
        first, *others = group
        if role == "assistant" and others:
            yield Message(role, tuple(part for message in (first, *others) for part in message.parts))
        else:
            yield from (first, *others)


def _answers(messages: tuple[Message, ...]) -> _Answers:
    """Each call's result: the next one with its id, before another turn calls by the same id."""
    waiting: dict[str, deque[_Place]] = defaultdict(deque)
    found: dict[_Place, tuple[_Place, ToolResultPart]] = {}
    for number, message in enumerate(messages):
        for index, part in enumerate(message.parts):
            place = (number, index)
            if isinstance(part, ToolCallPart):
                calls = waiting[part.id]
                if calls and calls[0][0] != number:
                    calls.clear()
                calls.append(place)
            elif isinstance(part, ToolResultPart) and waiting[part.id]:
                found[waiting[part.id].popleft()] = (place, part)
    return found


def _ordered(messages: tuple[Message, ...], answers: _Answers, repairs: dict[str, None]) -> Iterator[Message]:
    used = {place for place, _ in answers.values()}
    for number, message in enumerate(messages):
        left = tuple(part for index, part in enumerate(message.parts) if (number, index) not in used)
        yield from _with_orphans_told(Message(message.role, left), repairs)
        calls = [(index, part) for index, part in enumerate(message.parts) if isinstance(part, ToolCallPart)]
        if not calls:
            continue
        places = [answers[number, index][0][0] for index, _ in calls if (number, index) in answers]
        if any(messages[between].role != "tool" for between in range(number + 1, max(places, default=0))):
            repairs[MOVED] = None
        if len(places) < len(calls):
            repairs[MISSING] = None
        yield Message("tool", tuple(_result(call, answers.get((number, index))) for index, call in calls))


def _result(call: ToolCallPart, answer: tuple[_Place, ToolResultPart] | None) -> ToolResultPart:
    if answer is None:
        return ToolResultPart(call.id, (_NO_RESULT,), is_error=True, name=call.name, custom=call.custom)
    return msgspec.structs.replace(answer[1], name=answer[1].name or call.name, custom=call.custom)


def _with_orphans_told(message: Message, repairs: dict[str, None]) -> Iterator[Message]:
    """The message without results, and those it had as what the user says."""
    rest = tuple(part for part in message.parts if not isinstance(part, ToolResultPart))
    if rest:
        yield Message(message.role, rest) if len(rest) < len(message.parts) else message
    for part in message.parts:
        if isinstance(part, ToolResultPart):
            repairs[ORPHAN] = None
            said = (content for content in part.content if _says(content))
            yield Message("user", (TextPart(f"Result of the tool {part.name or part.id}:\n"), *said))
