"""A Chat stream to events, from OpenAI and from the hosts that resemble it. It requires next to nothing of a chunk.

    chunk* -> finish_reason -> [usage] -> [DONE]        error anywhere ends it

Any chunk may lack id, object, model, role or choices; usage may ride on any of them, and the last one that counts
anything is true. The Stop waits for [DONE] or the end of the body, because usage comes behind the finish_reason. A
[DONE] alone is an end only for text: a call without a finish_reason may be half a call, and half a call must not be
run. Choices beyond the first are not ours to tell. It never takes the end of a body for the end of an answer.
Source: openai 3.54.0, types/chat/chat_completion_chunk.py; recorded streams of nine hosts; 2026-11-21.
"""

from collections.abc import Callable
from itertools import count
from typing import Any, ClassVar

import orjson

from fastproxy.errors import Fault
from fastproxy.formats import shapes
from fastproxy.formats.halves import Halves, Told
from fastproxy.formats.openai_chat import chunks, usage
from fastproxy.formats.openai_chat.calls import Calls
from fastproxy.formats.openai_chat.choices import Members
from fastproxy.formats.openai_chat.faults import failed_of
from fastproxy.formats.openai_chat.pictures import pictures_of
from fastproxy.formats.openai_chat.pieces import read as read_piece
from fastproxy.formats.openai_chat.sources import annotated, listed
from fastproxy.formats.openai_chat.stops import stop_of, unfinished
from fastproxy.formats.openai_chat.thoughts import (
    OPAQUE,
    REASONING_KEYS,
    REASONING_STRINGS,
    THINKING_PARTS,
    google_signature,
    opaque_signature,
    string_of,
    thinking_text,
    thoughts,
)
from fastproxy.ir.events import BlockEnd, Event, Failed, Opaque, Reasoning, Refusal, Text, Usage

Object = dict[str, Any]
Kind = type[Text] | type[Reasoning] | type[Refusal]

DONE = b"[DONE]"


class ChatDecoder:
    """One response. State is the block that is open (text, thought or refusal), and the calls."""

    __slots__ = (
        "_audio",
        "_block",
        "_calls",
        "_characters",
        "_cited",
        "_data",
        "_finish",
        "_halves",
        "_kind",
        "_numbers",
        "_over",
        "_refused",
        "_said",
        "_sequence",
        "_started",
        "_text_start",
        "_tries",
        "_usage",
        "finished",
    )

    def __init__(self) -> None:
        self.finished = False
        self._numbers = count()
        self._calls = Calls(self._numbers)
        self._kind: Kind | None = None  # of the open block
        self._block = 0
        self._started = self._over = self._refused = self._said = self._cited = False
        self._finish: object = None
        self._sequence: object = None
        self._usage: object = None
        self._audio = Members()
        self._characters = 0  # of visible text, to know where in its block a citation points
        self._text_start = 0
        self._data = b""
        self._halves = Halves(chunks.mended)
        self._tries = shapes.TRIES  # left

    def read_texts(self, data: list[bytes], first: int, events: list[Event]) -> int:
        if self._kind is not Text or not self._tries or self._over or self._halves.held:
            return first
        pieces: list[str] = []
        at = first
        try:
            for each in data[first:] if first else data:
                if piece := read_piece(each).choices[0].delta.content:
                    pieces.append(piece)
                at += 1
        except shapes.UNFIT:
            self._tries -= 1
        self._characters += len("".join(pieces))
        shapes.tell(self._block, pieces, events)
        return at

    def decode(self, data: bytes) -> list[Event]:
        """The events of one chunk. Raises: Fault(upstream_garbage). Cost: 1.7 us."""
        if self._over:
            return []
        if data == DONE:
            return self._done()
        return self._told(self._halves.read(data))

    def release(self) -> list[Event]:
        """The events of a chunk that waits for the other half of its last letter."""
        return self._told(self._halves.release())

    def _told(self, ready: list[Told]) -> list[Event]:
        events: list[Event] = []
        for chunk, self._data in ready:
            if type(chunk) is dict and not self._over:
                events += self._on_chunk(chunk)
        return events

    def _on_chunk(self, chunk: Object) -> list[Event]:
        choices = chunk.get("choices")
        if (choices is None or "error" in chunk or "x_groq" in chunk) and (error := chunks.error(chunk)):
            return self._fail(failed_of(error))
        if (told := chunk.get("usage")) and (not self._usage or usage.counts(told)):
            self._usage = told
        choice = chunks.first(choices)
        if choice is None:
            return [] if self._finish is None else self._late_sources(chunk)
        events: list[Event] = [] if self._started else [chunks.start(chunk)]
        self._started = True
        delta = choice.get("delta")
        if delta is None:  # Perplexity repeats all of the message so far beside each delta, which may say nothing
            delta = chunks.numbered(choice.get("message"))
        if delta and type(delta) is dict:
            self._take(delta, events)
        if word := choice.get("finish_reason"):
            if error := choice.get("error"):  # OpenRouter
                return events + self._fail(failed_of(error))
            self._on_finish(word, choice, chunk, events)
        return events

    def close(self) -> list[Event]:
        """The Stop that waited; Failed when no end was seen."""
        events = self.release()
        if self._over:
            return events
        return events + (self.conclude() if self._finish is not None else self._fail(_failed(unfinished())))

    def conclude(self) -> list[Event]:
        """The end of an answer that is known to be whole: what is open is ended, then usage and Stop."""
        if self._over:
            return []
        events: list[Event] = []
        self._end_blocks(events)
        self._over = True
        stop = stop_of(self._finish, self._sequence, has_calls=bool(self._calls), refused=self._refused)
        self.finished = stop.reason != "error"
        return [*events, *self._told_usage(), stop]

    def _done(self) -> list[Event]:
        events = self.release()
        if self._over:
            return events
        whole = self._finish is not None or (self._said and not self._calls.are_open)
        return events + (self.conclude() if whole else self._fail(_failed(unfinished())))

    def _fail(self, failed: Failed) -> list[Event]:
        """What is open stays open: a block that was broken off must not look whole."""
        self._over, self.finished = True, False
        return [*self._told_usage(), failed]

    def _take(self, delta: Object, events: list[Event]) -> None:
        """One delta, or a whole message. Its keys in the order in which a model speaks, whatever theirs is."""
        if len(delta) == 1:  # nearly every delta
            (key,) = delta
            tell = self._BY_KEY.get(key)
            if tell is not None and (value := delta[key]):
                tell(self, value, events)
            return
        if any(map(delta.get, REASONING_KEYS)):
            self._on_reasoning(delta, events)
        for key, tell in self._IN_ORDER:
            if value := delta.get(key):
                tell(self, value, events)

    def _on_finish(self, word: object, choice: Object, chunk: Object, events: list[Event]) -> None:
        speaking = self._kind is Text
        if speaking:
            self._on_sources(chunk, events)
        self._end_blocks(events)
        if not speaking:
            events += self._late_sources(chunk)
        self._finish = word
        self._sequence = choice.get("stop_reason")
        groq = chunk.get("x_groq")
        beside = choice.get("usage") or (groq.get("usage") if isinstance(groq, dict) else None)  # Moonshot; Groq
        self._usage = self._usage or beside
        self.finished = stop_of(word, None, has_calls=False, refused=False).reason != "error"

    def _end_blocks(self, events: list[Event]) -> None:
        self._end_block(events)
        self._calls.end(events)
        if audio := self._audio.whole():
            events.append(Opaque("openai-chat", "audio", orjson.dumps(audio)))
            self._audio = Members()

    def _end_block(self, events: list[Event]) -> None:
        if self._kind is not None:
            events.append(BlockEnd(self._block))
            self._kind = None

    def _block_of(self, kind: Kind, events: list[Event]) -> int:
        """The number of the open block of this kind; whatever else is open is ended first."""
        if self._kind is kind:
            return self._block
        self._end_block(events)
        if self._calls.are_open:
            self._calls.end_whole(events)
        self._kind, self._said = kind, True
        self._text_start = self._characters
        self._block = next(self._numbers)
        return self._block

    def _on_thought(self, text: str, signature: str | None, events: list[Event]) -> None:
        events.append(Reasoning(self._block_of(Reasoning, events), text, signature))
        if signature is not None:  # a signature ends what it proves
            self._end_block(events)

    def _on_reasoning(self, delta: Object, events: list[Event]) -> None:
        details = delta.get("reasoning_details")
        if (text := string_of(delta)) and not any(thought.text for thought in thoughts(details)):
            self._on_thought(text, None, events)
        self._on_details(details, events)

    def _on_string(self, value: object, events: list[Event]) -> None:
        """A thought, told as a string and nothing beside it."""
        if type(value) is str:
            self._on_thought(value, None, events)

    def _on_details(self, value: object, events: list[Event]) -> None:
        for thought in thoughts(value):
            self._on_thought(thought.text, thought.signature, events)

    def _on_opaque(self, value: object, events: list[Event]) -> None:
        """The signature of the thought that was told as a string, or of one that nobody may read."""
        if type(value) is str:
            self._on_thought("", opaque_signature(value), events)

    def _on_content(self, value: object, events: list[Event]) -> None:
        if type(value) is str:
            events.append(Text(self._block if self._kind is Text else self._block_of(Text, events), value))
            self._characters += len(value)
            return
        for part in value if isinstance(value, list) else ():
            if isinstance(part, dict):
                self._on_part(part, events)

    def _on_part(self, part: Object, events: list[Event]) -> None:
        """A part of Mistral's or Databricks' content arrays."""
        if part.get("type") in THINKING_PARTS:
            if thought := thinking_text(part):
                self._on_thought(thought, None, events)
        elif isinstance(text := part.get("text"), str) and text:
            self._on_content(text, events)

    def _on_refusal(self, value: object, events: list[Event]) -> None:
        if isinstance(value, str):
            events.append(Refusal(self._block_of(Refusal, events), value))
            self._refused = True

    def _on_annotations(self, value: object, events: list[Event]) -> None:
        for annotation in value if isinstance(value, list) else ():
            cited = annotation.get("url_citation") if isinstance(annotation, dict) else None
            if isinstance(cited, dict):
                events.append(annotated(self._block_of(Text, events), cited, self._text_start))
                self._cited = True
            else:
                events += [
                    Opaque("openai-chat", "annotations", orjson.dumps([told])) for told in chunks.objects([annotation])
                ]

    def _on_sources(self, chunk: Object, events: list[Event]) -> None:
        """What the last chunk lists beside its choices; hosts that annotate as well have told it by then."""
        if not self._cited and (sources := listed(chunk, self._block)):
            events += sources
            self._cited = True

    def _late_sources(self, chunk: Object) -> list[Event]:
        """Those of a chunk behind the end of the text: in an empty block of their own, which no call has before it."""
        if self._cited or not self._characters or self._calls or not listed(chunk, 0):
            return []
        self._cited = True
        block = next(self._numbers)
        return [Text(block, ""), *listed(chunk, block), BlockEnd(block)]

    def _on_images(self, value: object, events: list[Event]) -> None:
        if images := chunks.objects(value):
            events.append(Opaque("openai-chat", "images", orjson.dumps(images), pictures_of(images)))

    def _on_audio(self, value: object, events: list[Event]) -> None:
        """Sound comes in pieces, and is told whole at the end, as a whole body tells it. What is said in it is text."""
        if isinstance(value, dict) and isinstance(said := value.get("transcript"), str) and said:
            self._on_content(said, events)
        if isinstance(value, dict):
            self._audio.add(value)

    def _on_calls(self, value: object, events: list[Event]) -> None:
        if self._kind is None and self._calls.grow(value, events):
            return
        self._end_block(events)
        entries = value if isinstance(value, list) else []
        if any(chunks.has_object(entry) for entry in entries):
            entries = chunks.exact_calls(self._data) or entries
        self._calls.take(entries, events)

    def _on_function_call(self, value: object, events: list[Event]) -> None:
        """The one call of hosts from before there were tools."""
        self._end_block(events)
        self._calls.take([{"index": 0, "function": value}], events)

    def _on_extra(self, value: object, events: list[Event]) -> None:
        """Google's signature of the text: a block of its own behind it."""
        if signature := google_signature({"extra_content": value}):
            self._end_block(events)
            number = next(self._numbers)
            events += [Reasoning(number, "", signature, "text"), BlockEnd(number)]

    def _told_usage(self) -> list[Usage]:
        told = usage.decode(self._usage) if isinstance(self._usage, dict) else None
        return [] if told is None else [told]

    _IN_ORDER: ClassVar[tuple[tuple[str, Callable[..., None]], ...]] = (
        (OPAQUE, _on_opaque),
        ("content", _on_content),
        ("refusal", _on_refusal),
        ("annotations", _on_annotations),
        ("extra_content", _on_extra),
        ("images", _on_images),
        ("audio", _on_audio),
        ("tool_calls", _on_calls),
        ("function_call", _on_function_call),
    )
    _BY_KEY: ClassVar[dict[str, Callable[..., None]]] = {
        **dict(_IN_ORDER),
        **dict.fromkeys(REASONING_STRINGS, _on_string),
        "reasoning_details": _on_details,
    }


def _failed(fault: Fault) -> Failed:
    return Failed(fault.kind, fault.message, fault.reason)
