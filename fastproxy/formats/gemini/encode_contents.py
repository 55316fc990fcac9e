"""The hub's messages as `contents` and `systemInstruction`. Arguments are spliced in as they came, never re-serialised.

Turns of one role are one content. Results of tools go to the user's side, all of a turn together, media behind them.
Source: google-genai 3.4.0 `types.Content`; Google's documentation of function calling and thought signatures: Gemini 3
refuses the first call of a step in the current turn without a signature; read 2026-11-21.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import msgspec

from fastproxy.formats.arguments import arguments_object
from fastproxy.formats.extras import part_names
from fastproxy.formats.gemini import media
from fastproxy.formats.gemini.fields import PLACEHOLDER
from fastproxy.formats.gemini.models import generation, makes_pictures
from fastproxy.ir.request import (
    Cache,
    MediaPart,
    Message,
    OpaquePart,
    ReasoningPart,
    RefusalPart,
    Request,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

CONTINUED = "(continued)"
_SYSTEM = frozenset({"system", "developer"})
_SIGNING = 3  # the first generation that asks for signatures and takes media within a result

# What of a model's turn has to be signed besides its calls, and of one that makes pictures: "Image part is missing a
# thought_signature" (langchain-ai/langchain-google 1431), "missing thought signature in text parts" (js-genai 1116).
_PROVEN = frozenset({"inlineData"})
_PROVEN_OF_PAINTERS = frozenset({"inlineData", "text"})

_Json = dict[str, Any]


class Contents:
    """One request's messages on their way.

    instruction: the parts of systemInstruction. contents: the turns. dropped: what Gemini has no word for.
    """

    def __init__(self, request: Request) -> None:
        self.instruction: list[_Json] = []
        self.contents: list[_Json] = []
        self.dropped: dict[str, None] = {}
        self._format = request.format
        self._signs = generation(request.model) >= _SIGNING
        self._proven = _PROVEN_OF_PAINTERS if makes_pictures(request.model) else _PROVEN
        self._names: dict[str, str] = {}  # of the calls so far, by id
        self._parts: list[_Json] = []  # of the content that is open
        self._behind: list[_Json] = []  # media of results, until all results of the turn are told
        self._signature: str | None = None  # of the call that comes next
        self._proofs: deque[str] = deque()  # of the turn's pictures, in their order
        self._current = False  # whether the turn is the current one
        self._write(request.messages)

    def _write(self, messages: tuple[Message, ...]) -> None:
        leading = next((n for n, message in enumerate(messages) if message.role not in _SYSTEM), len(messages))
        if leading < len(messages):
            self.instruction = [{"text": text} for text in self._instructions(messages[:leading])]
        else:
            leading = 0  # nothing but instructions: a request without contents is refused
        turn_at = _current_turn(messages)
        role = ""
        for number, message in enumerate(messages[leading:], leading):
            self._current = self._signs and number > turn_at
            side = "model" if message.role == "assistant" else "user"
            if side != role:
                self._end(role)
                role = side
            for part in message.parts:
                self._BY_TYPE[type(part)](self, part)
        self._end(role)
        if self.contents and _calls_at_once(self.contents[0]):
            self.contents.insert(0, {"role": "user", "parts": [{"text": CONTINUED}]})

    def _instructions(self, messages: tuple[Message, ...]) -> Iterator[str]:
        for part in (part for message in messages for part in message.parts):
            if not isinstance(part, TextPart):
                self._drop("system.content")
            elif part.text:
                self._hint(part.cache)
                yield part.text

    def _end(self, role: str) -> None:
        self._flush()
        if role == "model" and self._signs:
            self._parts = [self._signed(part) for part in self._parts]
            self._proofs.clear()
        if self._parts:
            self.contents.append({"role": role, "parts": self._parts})
            self._parts = []

    def _signed(self, part: _Json) -> _Json:
        """A part of the model's, with the placeholder where it is refused without a proof and has none."""
        if self._proven.isdisjoint(part) or "thought" in part or "thoughtSignature" in part:
            return part
        proof = self._proofs.popleft() if self._proofs and "inlineData" in part else PLACEHOLDER
        return part | {"thoughtSignature": proof}

    def _flush(self) -> None:
        """What waits for its neighbours: media of results."""
        self._parts += self._behind
        self._behind = []

    def _text(self, part: TextPart | RefusalPart) -> None:
        self._flush()
        if part.text:  # Gemini refuses an empty one
            self._parts.append({"text": part.text})
        if isinstance(part, TextPart):
            self._hint(part.cache)

    def _media(self, part: MediaPart) -> None:
        self._flush()
        self._parts.append(self._medium(part))

    def _medium(self, part: MediaPart) -> _Json:
        self._hint(part.cache)
        if part.name:
            self._drop("name")
        if part.detail not in {None, "auto"}:
            self._drop("detail")
        return media.written(part, self._format)

    def _reasoning(self, part: ReasoningPart) -> None:
        if part.bound == "call":
            self._signature = part.signature
            return
        if part.bound == "picture":
            self._proofs.append(part.signature or PLACEHOLDER)
            return
        self._flush()
        if part.bound == "text":
            self._parts.append({"text": part.text, "thoughtSignature": part.signature})
        elif part.text or part.signature:
            signature = {"thoughtSignature": part.signature} if part.signature else {}
            self._parts.append({"text": part.text, "thought": True, **signature})

    def _call(self, part: ToolCallPart) -> None:
        self._flush()
        self._hint(part.cache)
        self._names[part.id] = part.name
        raw = arguments_object(part.arguments)
        args = {"_invalid_json": part.arguments} if raw is None else msgspec.Raw(raw)
        call: _Json = {"id": part.id} if part.id else {}
        written: _Json = {"functionCall": {**call, "name": part.name, "args": args}}
        signature, self._signature = self._signature, None
        if signature is None and self._current and not any("functionCall" in told for told in self._parts):
            signature = PLACEHOLDER
        self._parts.append({**written, "thoughtSignature": signature} if signature else written)

    def _result(self, part: ToolResultPart) -> None:
        answer: _Json = {"id": part.id} if part.id else {}
        answer |= {"name": part.name or self._names.get(part.id) or part.id, "response": _answer(part)}
        self._hint(part.cache)
        found: list[_Json] = []
        for item in part.content:
            match item:
                case MediaPart():
                    found.append(self._medium(item))
                case TextPart(cache=cache):
                    self._hint(cache)
                case OpaquePart():
                    self.dropped |= dict.fromkeys(part_names(item))
        if found and self._signs:
            answer["parts"] = found
        else:
            self._behind += found
        self._parts.append({"functionResponse": answer})

    def _opaque(self, part: OpaquePart) -> None:
        self._flush()
        if part.format == "gemini":
            self._parts.append(part.data)
            return
        self.dropped |= dict.fromkeys(part_names(part))

    def _hint(self, cache: Cache | None) -> None:
        """Gemini caches by itself, or by a name that it has given."""
        if cache is not None:
            self._drop("cache")

    def _drop(self, name: str) -> None:
        self.dropped[name] = None

    _BY_TYPE: ClassVar[Mapping[type, Callable[[Any, Any], None]]] = {
        TextPart: _text,
        RefusalPart: _text,
        MediaPart: _media,
        ReasoningPart: _reasoning,
        ToolCallPart: _call,
        ToolResultPart: _result,
        OpaquePart: _opaque,
    }


def _calls_at_once(content: _Json) -> bool:
    """Whether a conversation that was cut off in front begins with a call, which must follow a user's turn."""
    return content["role"] == "model" and any("functionCall" in part for part in content["parts"])


def _current_turn(messages: tuple[Message, ...]) -> int:
    """The index of the last thing a user said of their own accord: behind it, the model is still at work on it.

    Text right behind results of tools is taken for a part of them: agents put reminders there.
    """
    for at in range(len(messages) - 1, -1, -1):
        if messages[at].role == "user" and (at == 0 or messages[at - 1].role != "tool"):
            return at
    return -1


def _answer(part: ToolResultPart) -> Any:
    """The response: the JSON object that the text is, as it came, or the text under Google's own key for it."""
    if part.is_error:
        return {"error": part.text}
    raw = arguments_object(part.text) if part.text.lstrip().startswith("{") else None
    return {"output": part.text} if raw is None else msgspec.Raw(raw)
