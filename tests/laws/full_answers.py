"""Hypothesis strategies: answers with every kind of block that the hub has a word for, one after the other.

What `event_lists` leaves out: refusals, citations, signatures of calls and texts, thinking that is withheld.
"""

import msgspec
from hypothesis import strategies as st

from fastproxy.ir.events import BlockEnd, Citation, Event, Reasoning, Refusal, Text, ToolArgs, ToolStart
from laws.event_lists import starts, stops, usages

_words = st.text(max_size=12) | st.sampled_from(
    ["\u2028", '"\\', "\r\n\r\n", "data: x\n\n", "naïve \N{SEE-NO-EVIL MONKEY}"]
)
_said = st.text("abc é\n", min_size=1, max_size=12)
_signature = st.sampled_from(["RXJ1Q2xhdWRl", "c2lnbmF0dXJlLW9mLWEtY2FsbA==", "QQ=="])
_urls = st.sampled_from(["https://example.com/a", "https://example.com/b?x=1&y=%20"])
_arguments = st.sampled_from(["", "{}", '{"a":1.0}', '{"big":12345678901234567890123, "a":[]}', '{"caf\\u00e9":"é"}'])
_names = st.sampled_from(["get_weather", "f", "find-place"])

_Unit = list[Event]  # one block or two that belong together, numbered from 0


def _texts(kind: type[Text | Refusal | Reasoning]) -> st.SearchStrategy[_Unit]:
    pieces = st.lists(_words, min_size=1, max_size=3)
    return pieces.map(lambda words: [*(kind(0, word) for word in words), BlockEnd(0)])


@st.composite
def _cited(draw: st.DrawFn) -> _Unit:
    text = draw(_said)
    start = draw(st.integers(0, len(text) - 1))
    end = draw(st.integers(start + 1, len(text)))
    place = draw(st.sampled_from([(start, end), (None, None)]))
    return [Text(0, text), Citation(0, draw(_urls), draw(_said), *place, draw(_said)), BlockEnd(0)]


@st.composite
def _call(draw: st.DrawFn) -> _Unit:
    arguments = draw(_arguments)
    cut = draw(st.integers(0, len(arguments)))
    id_ = draw(st.sampled_from(["call_1", "toolu_2", "", "call_1"]))
    return [
        ToolStart(0, id_, draw(_names)),
        ToolArgs(0, arguments[:cut]),
        ToolArgs(0, arguments[cut:]),
        BlockEnd(0),
    ]


@st.composite
def _signed(draw: st.DrawFn) -> _Unit:
    return [Reasoning(0, draw(_words)), Reasoning(0, draw(_words), draw(_signature)), BlockEnd(0)]


@st.composite
def _signed_call(draw: st.DrawFn) -> _Unit:
    call = [_moved(event, 1) for event in draw(_call())]
    return [Reasoning(0, "", draw(_signature), "call"), BlockEnd(0), *call]


@st.composite
def _signed_text(draw: st.DrawFn) -> _Unit:
    return [Text(0, draw(_said)), BlockEnd(0), Reasoning(1, "", draw(_signature), "text"), BlockEnd(1)]


_withheld = _signature.map(lambda data: [Reasoning(0, "", data, "redacted"), BlockEnd(0)])
_units = st.one_of(
    _texts(Text),
    _texts(Refusal),
    _texts(Reasoning),
    _cited(),
    _call(),
    _signed(),
    _signed_call(),
    _signed_text(),
    _withheld,
)


def _moved(event: Event, by: int) -> Event:
    number: int = event.block  # type: ignore[union-attr]
    return msgspec.structs.replace(event, block=number + by)


@st.composite
def full_answers(draw: st.DrawFn) -> list[Event]:
    """A response that ended well."""
    events: list[Event] = []
    number = 0
    for unit in draw(st.lists(_units, max_size=5)):
        events += [_moved(event, number) for event in unit]
        number += sum(isinstance(event, BlockEnd) for event in unit)
    return [draw(starts), *events, *draw(st.lists(usages, max_size=2)), draw(stops)]
