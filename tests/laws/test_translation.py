"""Laws of translation, for every cell of the table: splits, folding, cuts, errors, garbage, hosts with own habits.

Over answers that hypothesis makes up, and over every stream of our own fixtures.
"""

import re
from functools import cache
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.formats import BY_NAME
from fastproxy.formats.base import EncoderOptions
from fastproxy.ir.events import Event, ToolArgs
from fastproxy.ir.fold import fold
from laws import grammar_gemini
from laws.event_lists import responses
from laws.full_answers import full_answers
from support import cells, fixtures, host_habits, sse
from support.cells import CELLS, Came, ending, events_of, pipe, through, written
from support.exchange import FORMATS, Exchange, Format
from support.odd_values import odd_values, paths, replaced
from support.told import Call, Told, of_response, reader_of

LONG_BYTES = 400  # streams that are longer are cut at every second byte, third, ...
EVERY = [fixtures.load(name) for name in fixtures.names()]
STREAMS = [one for one in EVERY if one.streamed and one.status == 200]
GOOD = [one for one in STREAMS if of_response(cells.response_of(one)).stop not in ("", "error")]
BROKEN = [one for one in STREAMS if one not in GOOD]
BODIES = [one for one in EVERY if not one.streamed and one.status == 200 and "enerate" in one.target + "enerate"]
MAKING = ("/chat/completions", "/responses", "/messages", ":generateContent")


def over(exchanges: list[Exchange]) -> Any:
    """Every exchange into every other format."""
    pairs = [(one, target) for one in exchanges for target in FORMATS if target != one.format]
    ids = [f"{one.name}-{target}" for one, target in pairs]
    return pytest.mark.parametrize(("exchange", "target"), pairs, ids=ids)


every_cell = pytest.mark.parametrize(("source", "target"), CELLS, ids=[f"{a}-{b}" for a, b in CELLS])


def without_halves(events: list[Event]) -> list[Event]:
    """Half a surrogate pair is left to the codecs' own tests: the plain readers can't read it."""
    arguments = dict[int, str]()
    for event in events:
        if isinstance(event, ToolArgs):
            arguments[event.block] = arguments.get(event.block, "") + event.json
    halves = {block for block, text in arguments.items() if "\\ud83d" in text}
    return [ToolArgs(e.block, "") if isinstance(e, ToolArgs) and e.block in halves else e for e in events]


answers = responses().map(without_halves) | full_answers()


def streamed(source: Format, target: Format, stream: bytes, at: tuple[int, ...] = ()) -> Came:
    return through(pipe(source, target, streamed=True, stream=True), stream, at)


def gathered(source: Format, target: Format, stream: bytes) -> Came:
    return through(pipe(source, target, streamed=True, stream=False), stream)


def told(target: Format, answer: bytes) -> Told:
    """A plain reading, arguments on one line: raw line ends between their tokens would tear a data line."""
    read = reader_of(target)(answer)
    calls = tuple(Call(c.id, c.name, c.arguments.strip().translate(_ONE_LINE) or "{}") for c in read.calls)
    return msgspec.structs.replace(read, calls=calls)


_ONE_LINE = str.maketrans("\r\n", "  ")


# -- splits


@over(STREAMS)
def test_a_stream_split_anywhere_becomes_the_same_bytes(exchange: Exchange, target: Format) -> None:
    whole = streamed(exchange.format, target, exchange.answer)
    for step in (1, 7, 64, 301):
        again = streamed(exchange.format, target, exchange.answer, tuple(range(step, len(exchange.answer), step)))
        if whole.fault is None:
            assert again == whole
        else:  # what the client has seen before the end decides between an error answer and an error event
            assert again.fault is not None or ending(target, again.body) == "error"


@every_cell
@settings(max_examples=12, deadline=None)
@given(events=answers, data=st.data())
def test_a_made_up_stream_split_anywhere_becomes_the_same_bytes(
    source: Format, target: Format, events: list[Event], data: st.DataObject
) -> None:
    stream = written(source, events)
    at = data.draw(st.lists(st.integers(0, len(stream)), max_size=12).map(sorted))
    assert streamed(source, target, stream, tuple(at)) == streamed(source, target, stream)


# -- folding


@every_cell
@settings(max_examples=16, deadline=None)
@given(events=answers)
def test_fold_then_translate_is_translate_then_fold(source: Format, target: Format, events: list[Event]) -> None:
    stream = written(source, events)
    first, then = gathered(source, target, stream), streamed(source, target, stream)
    if first.fault is not None:
        assert then.fault is not None or ending(target, then.body) == "error"
        return
    assert ending(target, then.body) == "finished"
    assert told(target, then.body) == told(target, first.body)
    decoded = fold(events_of(target, then.body)), BY_NAME[target].decode_whole(first.body)
    assert decoded[0].start == decoded[1].start
    assert decoded[0].usage == decoded[1].usage
    assert decoded[0].stop == decoded[1].stop


@every_cell
@settings(max_examples=16, deadline=None)
@given(events=answers)
def test_a_translated_stream_tells_what_the_source_told(source: Format, target: Format, events: list[Event]) -> None:
    stream = written(source, events)
    came = streamed(source, target, stream)
    there, here = told(source, stream), told(target, came.body)
    assert came.fault is None
    if there.refusal and there.text:  # the plain reading of the one tells both apart, of the other in their order
        assert sorted(here.visible) == sorted(there.visible)
    else:
        assert here.visible == there.visible
    assert here.thoughts == there.thoughts
    assert [call.name for call in here.calls] == [call.name for call in there.calls]
    assert here.spent.total == there.spent.total
    assert len({call.id for call in here.calls}) == len(here.calls)


@over(GOOD)
def test_all_four_ways_of_one_answer_tell_the_same(exchange: Exchange, target: Format) -> None:
    """Hosts that answer whole to who wanted a stream, and the other way round, are no reason to fail."""
    body = BY_NAME[exchange.format].encode_whole(cells.response_of(exchange))
    answers = [
        through(pipe(exchange.format, target, streamed=of_stream, stream=stream), answer)
        for of_stream, answer in ((True, exchange.answer), (False, body))
        for stream in (True, False)
    ]
    assert [came.fault for came in answers] == [None] * 4
    assert [ending(target, came.body) for came in answers[::2]] == ["finished"] * 2
    there = told(exchange.format, exchange.answer)
    for here in (told(target, came.body) for came in answers):
        assert (here.visible, here.thoughts, here.spent.total) == (there.visible, there.thoughts, there.spent.total)
        assert [(c.name, c.arguments) for c in here.calls] == [(c.name, c.arguments) for c in there.calls]


# -- cuts


@cache
def finishing_event(name: str) -> tuple[int, int]:
    """Which event of a fixture says that the stream is finished, and the offset at which its JSON is whole."""
    exchange = fixtures.load(name)
    finished = BY_NAME[exchange.format].tap.finished
    mark = finished.search(exchange.answer) or re.search(rb"\[DONE\]", exchange.answer)
    assert mark is not None
    end = re.compile(rb"\n\r?\n|\r\r|\r\n\r\n|\Z").search(exchange.answer, mark.end())
    assert end is not None
    return len(sse.events(exchange.answer[: mark.end()])) - 1, len(exchange.answer[: end.start()].rstrip())


@over(GOOD)
def test_a_stream_cut_at_any_byte_never_looks_finished(exchange: Exchange, target: Format) -> None:
    _, end = finishing_event(exchange.name)
    for at in range(0, end, 1 + end // LONG_BYTES):
        came = streamed(exchange.format, target, exchange.answer[:at])
        assert came.ending == "incomplete", at
        assert came.fault is not None or ending(target, came.body) == "error", at
        assert gathered(exchange.format, target, exchange.answer[:at]).fault is not None, at


@over(GOOD)
def test_an_upstream_that_dies_at_any_byte_never_looks_finished(exchange: Exchange, target: Format) -> None:
    gone = Fault("unreachable", "the upstream went away")
    _, end = finishing_event(exchange.name)
    for at in range(0, end, 1 + end // LONG_BYTES):
        way = pipe(exchange.format, target, streamed=True, stream=True)
        out = way.feed(exchange.answer[:at]) if at else b""
        out += way.abort(gone) or b""
        assert ending(target, out) == "error", at
        assert way.ending == "incomplete", at
        assert b"the upstream went away" in out


@pytest.mark.parametrize("exchange", [one for one in GOOD if one.format != "gemini"], ids=lambda one: one.name)
def test_a_gemini_client_without_alt_sse_gets_one_array_however_the_upstream_ends(exchange: Exchange) -> None:
    _, end = finishing_event(exchange.name)
    for at in (len(exchange.answer), *range(1, end, 1 + end // 40)):
        way = pipe(exchange.format, "gemini", streamed=True, stream=True, array=True)
        came, plain = through(way, exchange.answer[:at]), streamed(exchange.format, "gemini", exchange.answer[:at])
        assert (came.ending, came.fault is None) == (plain.ending, plain.fault is None)
        assert came.fault is not None or grammar_gemini.read_array(came.body) == grammar_gemini.read(plain.body)


# -- errors and garbage within a stream


@every_cell
@settings(max_examples=12, deadline=None)
@given(events=answers, data=st.data())
def test_an_error_in_the_middle_ends_the_stream_with_what_the_upstream_said(
    source: Format, target: Format, events: list[Event], data: st.DataObject
) -> None:
    kept = data.draw(st.integers(1, len(events) - 1))
    encoder = BY_NAME[source].encoder(EncoderOptions())
    before = b"".join(map(encoder.encode, events[:kept]))
    event = BY_NAME[source].fault_event(Fault("overloaded", "Overloaded, come back later."), before)
    came = streamed(source, target, before + event, tuple(range(1, len(before + event), 50)))
    if came.fault is not None:
        assert (came.fault.kind, came.fault.message) == ("overloaded", "Overloaded, come back later.")
        return
    assert ending(target, came.body) == "error"
    assert came.ending == "failed"
    assert b"Overloaded, come back later." in came.body


@over(BROKEN)
def test_a_stream_that_broke_stays_broken(exchange: Exchange, target: Format) -> None:
    for came in (
        streamed(exchange.format, target, exchange.answer),
        gathered(exchange.format, target, exchange.answer),
    ):
        assert came.ending in ("failed", "incomplete")
        assert came.fault is not None or ending(target, came.body) == "error"


GARBAGE = [b"data: \xff\n\n", b"data: {\n\n", b"data: x\n\n", b"<html>502</html>\n\n", b'data: {"error":\n\n']


@over(GOOD)
@settings(max_examples=10, deadline=None)
@given(garbage=st.sampled_from(GARBAGE), data=st.data())
def test_garbage_in_the_middle_never_becomes_a_finished_answer_with_a_hole(
    exchange: Exchange, target: Format, garbage: bytes, data: st.DataObject
) -> None:
    events = sse.events(exchange.answer)
    at = data.draw(st.integers(0, finishing_event(exchange.name)[0]))
    stream = host_habits.framed(events[:at]) + garbage + host_habits.framed(events[at + 1 :])
    came = streamed(exchange.format, target, stream)
    if came.fault is None and ending(target, came.body) == "finished":
        assert garbage.startswith(b"<"), "text outside data lines says nothing in an event stream"


@over(GOOD)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_bytes_changed_on_the_way_raise_nothing_but_a_fault_and_break_no_grammar(
    exchange: Exchange, target: Format, data: st.DataObject
) -> None:
    answer = bytearray(exchange.answer)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(answer) - 1))
        answer[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    came = streamed(exchange.format, target, bytes(answer))
    assert came.fault is not None or ending(target, came.body) in ("finished", "error")
    gathered(exchange.format, target, bytes(answer))


@over(GOOD)
@settings(max_examples=16, deadline=None)
@given(data=st.data(), path=paths, odd=odd_values)
def test_a_value_of_another_type_raises_nothing_but_a_fault_and_breaks_no_grammar(
    exchange: Exchange, target: Format, data: st.DataObject, path: list[int], odd: Any
) -> None:
    events = [event for event in sse.events(exchange.answer) if event[1] != "[DONE]"]
    at = data.draw(st.integers(0, len(events) - 1))
    events[at] = events[at][0], orjson.dumps(replaced(orjson.loads(events[at][1]), path, odd)).decode()
    stream = host_habits.framed(events) + (b"data: [DONE]\n\n" if exchange.format == "openai-chat" else b"")
    came = streamed(exchange.format, target, stream)
    assert came.fault is not None or ending(target, came.body) in ("finished", "error")
    gathered(exchange.format, target, stream)


@over([one for one in BODIES if one.target.partition("?")[0].endswith(MAKING)])
@settings(max_examples=30, deadline=None)
@given(path=paths, odd=odd_values)
def test_a_body_with_a_value_of_another_type_raises_nothing_but_a_fault(
    exchange: Exchange, target: Format, path: list[int], odd: Any
) -> None:
    body = orjson.dumps(replaced(orjson.loads(exchange.answer), path, odd))
    for stream in (True, False):
        came = through(pipe(exchange.format, target, streamed=False, stream=stream), body)
        assert came.fault is not None or came.body
        assert not stream or came.fault is not None or ending(target, came.body) in ("finished", "error")


# -- hosts with ways of their own


@over(GOOD)
@settings(max_examples=10, deadline=None)
@given(
    in_json=st.lists(st.sampled_from(host_habits.IN_JSON), unique=True),
    in_framing=st.sampled_from(host_habits.IN_FRAMING),
)
def test_the_habits_of_other_hosts_change_nothing_that_is_told(
    exchange: Exchange, target: Format, in_json: list[host_habits.Habit], in_framing: host_habits.Habit
) -> None:
    stream = exchange.answer
    for habit in (*in_json, in_framing):
        stream = habit(exchange.format, stream)
    came = streamed(exchange.format, target, stream)
    assert came.fault is None, came.fault
    assert ending(target, came.body) == "finished"
    there, here = told(target, streamed(exchange.format, target, exchange.answer).body), told(target, came.body)
    assert without_ids(here) == without_ids(there)


def without_ids(read: Told) -> Told:
    """A call without an id of its own gets one that is made from the answer's."""
    return msgspec.structs.replace(read, calls=tuple(Call("", call.name, call.arguments) for call in read.calls))
