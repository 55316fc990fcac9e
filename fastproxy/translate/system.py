"""The system's words where a model takes none, or none but at the front.

Chat templates of open models refuse every other place ("System message must be at the beginning."), whoever serves
them, and so do Mistral's models ("Unexpected role 'system' after role 'assistant'"); a few models take no words of the
system at all. Nothing is lost: what can't be said in the system's name is said in the user's, and what stood among the
turns keeps its place and is marked as what it is. It never decides which model that is: that is a row (`families`).
Source: public reports with the refusals, read 2026-11-22. At the front: BerriAI/litellm 39282 and 26879, ollama/ollama
17774, ggml-org/llama.cpp 27367, EKKOLearnAI/hermes-studio 2688 (every request of Codex). Nowhere: microsoft/
agent-framework 1077 ("'messages[0].role' does not support 'system' with this model"), TheKentuckian/robot_comic 122 and
QuantumNous/new-api 989 ("Developer instruction is not enabled for this model").
"""

from itertools import takewhile

import msgspec

from fastproxy.formats.base import FormatName
from fastproxy.ir.request import Message, Part, Request, TextPart
from fastproxy.translate.traits import SystemPlace

_SYSTEM = frozenset({"system", "developer"})
_TEMPLATED: frozenset[FormatName] = frozenset({"openai-chat"})  # the others have a place of their own for them
_BETWEEN = "\n\n"


def placed(request: Request, place: SystemPlace, target: FormatName) -> Request:
    """The request with the system's words where the model takes them in that format."""
    if place == "nowhere":
        return as_user(request)
    return in_front(request) if place == "in_front" and target in _TEMPLATED else request


def in_front(request: Request) -> Request:
    """The request with one message of the system's, the first; itself where it has no other.

    Where nobody else speaks it is the user's: such templates want one.
    Cost: 0.05 us for a message where there is nothing to do.
    """
    roles = [message.role for message in request.messages]
    if _SYSTEM.issuperset(roles):
        return as_user(request)
    if _SYSTEM.isdisjoint(roles[1:]):
        return request
    leading, rest = _split(request.messages)
    front = leading if len(leading) <= 1 else (Message("system", _one_text(_parts(leading))),)
    return msgspec.structs.replace(request, messages=(*front, *map(_by_user, rest)))


def as_user(request: Request) -> Request:
    """The request without a message of the system's; itself where it has none.

    What it says before anybody else does is the beginning of what the user says. Cost: see `in_front`.
    """
    if _SYSTEM.isdisjoint([message.role for message in request.messages]):
        return request
    leading, rest = _split(request.messages)
    words = _parts(leading)
    if rest and rest[0].role == "user":
        words, rest = (*words, *rest[0].parts), rest[1:]
    front = (Message("user", words),) if words else ()
    return msgspec.structs.replace(request, messages=(*front, *map(_by_user, rest)))


def _is_system(message: Message) -> bool:
    return message.role in _SYSTEM


def _split(messages: tuple[Message, ...]) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    """The system's messages before all others, and the rest."""
    leading = tuple(takewhile(_is_system, messages))
    return leading, messages[len(leading) :]


def _parts(messages: tuple[Message, ...]) -> tuple[Part, ...]:
    return tuple(part for message in messages for part in message.parts)


def _one_text(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """One part where all are plain texts: templates put several together with nothing between."""
    texts = [part.text for part in parts if isinstance(part, TextPart) and part.cache is None]
    return (TextPart(_BETWEEN.join(texts)),) if len(texts) == len(parts) else parts


def _by_user(message: Message) -> Message:
    """The message as it is, or as the user's if it is the system's."""
    return Message("user", tuple(map(_marked, message.parts))) if _is_system(message) else message


def _marked(part: Part) -> Part:
    # As formats/anthropic/encode_turns.py does with blocks, where it is known at the end only which may stand.
    return (
        msgspec.structs.replace(part, text=f"<system>\n{part.text}\n</system>") if isinstance(part, TextPart) else part
    )
