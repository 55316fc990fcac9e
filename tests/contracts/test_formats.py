"""What every format record promises. A new row in FORMATS is tested here without another line."""

import re
from typing import Any, NamedTuple, get_args

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastproxy.errors import KINDS, STATUS, Fault, Kind, Reason
from fastproxy.formats import BY_NAME, FORMATS
from fastproxy.formats.base import EncoderOptions, Format, FormatName
from fastproxy.framing.sse import EventReader
from fastproxy.ir.events import Event, Failed, Start, Stop, Text, Usage
from fastproxy.ir.fold import ReasoningBlock, Response, TextBlock, fold, unfold
from fastproxy.ir.request import Message, Request, Sampling, TextPart, Tool
from laws.event_lists import responses
from laws.full_answers import full_answers
from support import sse
from support.cells import events_of, written
from support.told import Call, Told, of_response

REASONS: tuple[Reason, ...] = get_args(Reason)
# The kinds by status, as an upstream's refusal is read.
KIND_OF_STATUS: dict[int, Kind] = {
    400: "bad_request",
    401: "upstream_refused",
    402: "upstream_refused",
    403: "upstream_refused",
    404: "not_found",
    408: "timeout",
    409: "bad_request",
    413: "too_large",
    422: "bad_request",
    429: "rate_limited",
    500: "upstream_garbage",
    502: "upstream_garbage",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}
# With which status a reason really comes.
STATUS_OF_REASON: dict[Reason, int] = {
    "": 400,
    "context_length": 400,
    "quota": 429,
    "content_filter": 400,
    "model_not_found": 404,
}
# The words that clients look for, by format; a tuple is all of them.
WORDS: dict[FormatName, dict[Reason, tuple[str, ...]]] = {
    "openai-chat": {
        "context_length": ("context_length_exceeded",),
        "quota": ("insufficient_quota",),
        "content_filter": ("content_filter",),
        "model_not_found": ("model_not_found",),
    },
    "openai-responses": {
        "context_length": ("context_length_exceeded",),
        "quota": ("insufficient_quota",),
        "content_filter": ("content_filter",),
        "model_not_found": ("model_not_found",),
    },
    "anthropic": {
        "context_length": ("prompt is too long", "invalid_request_error"),
        "model_not_found": ("not_found_error",),
    },
    "gemini": {
        "context_length": ("INVALID_ARGUMENT", "The input token count exceeds the maximum number of tokens allowed"),
        "quota": ("RESOURCE_EXHAUSTED",),
        "model_not_found": ("NOT_FOUND",),
    },
}
REQUEST = Request(
    "openai-chat",
    "lab-1",
    (Message("system", (TextPart("Be brief."),)), Message("user", (TextPart("Where is the lighthouse?"),))),
    tools=(Tool("find_place", "Find a place.", {"type": "object", "properties": {"name": {"type": "string"}}}),),
    sampling=Sampling(max_tokens=100),
)


def named(format_: Format) -> str:
    return format_.name


every_format = pytest.mark.parametrize("format_", FORMATS, ids=named)


def error_of(body: bytes) -> dict[str, Any]:
    value = orjson.loads(body)
    value = value[0] if isinstance(value, list) else value
    return dict(value["error"])


@every_format
def test_a_record_is_complete(format_: Format) -> None:
    assert BY_NAME[format_.name] is format_
    assert "generate" in format_.paths
    assert set(format_.paths) >= ({format_.counting.action} if format_.counting else set())
    assert all(path.startswith("/") for path in format_.paths.values())
    assert not format_.keepalive or sse.events(format_.keepalive) in ([], [("ping", '{"type": "ping"}')])


@every_format
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_an_error_body_that_is_read_back(format_: Format, kind: Kind) -> None:
    body = format_.encode_fault(Fault(kind, "That did not work."), "req-1")
    read = format_.decode_fault(STATUS[kind], body)
    assert (read.message, read.status) == ("That did not work.", STATUS[kind])
    assert read.reason in ("", "model_not_found" if kind == "not_found" else "")  # OpenAI has one code for both
    assert error_of(body)["message"] == "That did not work."


@every_format
@pytest.mark.parametrize(("status", "kind"), KIND_OF_STATUS.items())
def test_an_upstreams_status_tells_the_kind_and_is_kept(format_: Format, status: int, kind: Kind) -> None:
    for body in (
        b"",
        b"<html>no</html>",
        b"{}",
        b"[]",
        b'{"error":"x"}',
        b'{"error":{"message":"x"}}',
        b"null",
        b"\xff",
    ):
        fault = format_.decode_fault(status, body)
        assert (fault.kind, fault.status) == (kind, status)
        assert fault.message
        assert "<" not in fault.message


@every_format
@pytest.mark.parametrize("reason", [reason for reason in REASONS if reason])
def test_a_reason_is_said_in_the_words_that_clients_act_on_and_read_back(format_: Format, reason: Reason) -> None:
    status = STATUS_OF_REASON[reason]
    fault = Fault(KIND_OF_STATUS[status], "No.", status=status, reason=reason)
    body = format_.encode_fault(fault, "req-1")
    assert all(word in body.decode() for word in WORDS[format_.name].get(reason, ()))
    read = format_.decode_fault(status, body)
    assert (read.kind, read.status, read.reason) == (fault.kind, status, reason)
    assert "No." in read.message


@every_format
@pytest.mark.parametrize("reason", [reason for reason in REASONS if reason])
def test_saying_a_reason_twice_adds_no_words(format_: Format, reason: Reason) -> None:
    status = STATUS_OF_REASON[reason]
    once = format_.decode_fault(
        status, format_.encode_fault(Fault("bad_request", "No.", status=status, reason=reason), "")
    )
    twice = format_.decode_fault(status, format_.encode_fault(once, ""))
    assert twice.message == once.message


@every_format
@pytest.mark.parametrize("reason", REASONS)
def test_a_refusal_crosses_every_other_format_and_comes_back(format_: Format, reason: Reason) -> None:
    status = STATUS_OF_REASON[reason]
    fault = Fault(KIND_OF_STATUS[status], "No.", status=status, reason=reason)
    for other in FORMATS:
        there = other.decode_fault(status, other.encode_fault(fault, ""))
        back = format_.decode_fault(there.status, format_.encode_fault(there, ""))
        assert (back.kind, back.status, back.reason) == (fault.kind, status, reason)
        assert "No." in back.message


@every_format
def test_a_wait_is_told_where_the_body_has_a_place_for_it(format_: Format) -> None:
    fault = Fault("rate_limited", "Slow down.", retry_after_seconds=12.5)
    read = format_.decode_fault(429, format_.encode_fault(fault, "req-1"))
    assert read.retry_after_seconds == (12.5 if format_.name == "gemini" else None)


FAULTS = [
    *(Fault(kind, "It broke.") for kind in KINDS if kind != "not_found"),
    *(Fault(KIND_OF_STATUS[status], "It broke.", status=status, reason=r) for r, status in STATUS_OF_REASON.items()),
]


@every_format
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind}-{fault.reason}")
def test_an_error_within_a_stream_is_read_back_as_a_failure(format_: Format, fault: Fault) -> None:
    start = [Start("r1", "lab-1", 1), Text(0, "Hel")]
    encoder = format_.encoder(EncoderOptions())
    stream = b"".join(map(encoder.encode, start))
    for tail in (stream, stream[:-1], stream[:-2], b""):
        event = format_.fault_event(fault, tail)
        events = events_of(format_.name, tail + event)
        (failed,) = [event for event in events if isinstance(event, Failed)]
        assert events[-1] is failed
        assert "It broke." in failed.message
        assert failed.reason == fault.reason
        assert not any(isinstance(event, Stop) for event in events)
        assert format_.tap.failed.search(event)
        assert not format_.tap.finished.search(event)


@every_format
@pytest.mark.parametrize("kind", ["bad_request", "rate_limited", "overloaded", "timeout"])
def test_an_error_within_a_stream_keeps_the_kinds_that_clients_act_on(format_: Format, kind: Kind) -> None:
    event = format_.fault_event(Fault(kind, "It broke."), b"")
    (failed,) = [event for event in events_of(format_.name, event) if isinstance(event, Failed)]
    assert failed.kind == kind


@every_format
@settings(max_examples=60, deadline=None)
@given(events=responses() | full_answers())
def test_its_own_stream_through_its_own_decoder_folds_to_what_its_whole_body_says(
    format_: Format, events: list[Event]
) -> None:
    streamed = fold(events_of(format_.name, written(format_.name, events)))
    whole = format_.decode_whole(format_.encode_whole(fold(events)))
    assert on_one_line(of_response(streamed)) == on_one_line(of_response(whole))
    if format_.name != "openai-chat":  # its message keeps no order between thought, text and calls
        assert kinds(streamed) == kinds(whole)
    assert streamed.start == whole.start


@every_format
@settings(max_examples=60, deadline=None)
@given(events=responses() | full_answers())
def test_what_it_writes_it_reads_the_same_the_second_time(format_: Format, events: list[Event]) -> None:
    """What one format can't say is lost on the first way; on the second there is nothing left to lose."""
    once = fold(events_of(format_.name, written(format_.name, events)))
    twice = fold(events_of(format_.name, written(format_.name, unfold(once))))
    assert (merged(twice), plain(twice.stop), twice.usage.output_tokens) == (
        merged(once), plain(once.stop), once.usage.output_tokens,
    )  # fmt: skip


def on_one_line(told: Told) -> Told:
    """Raw line ends between the tokens of arguments say nothing, and would tear a data line."""
    calls = tuple(Call(c.id, c.name, c.arguments.strip().translate(_ONE_LINE) or "{}") for c in told.calls)
    return msgspec.structs.replace(told, calls=calls)


_ONE_LINE = str.maketrans("\r\n", "  ")


def kinds(response: Response) -> list[type]:
    return [type(block) for block in merged(response)]


def merged(response: Response) -> list[Any]:
    """The blocks, neighbouring texts as one: where one format ends a text, another goes on with it.

    Of citations only who is cited: Gemini tells them when the answer ends, too late for a place in an earlier block.
    """
    out: list[Any] = []
    for block in response.blocks:
        match block:
            case TextBlock(text="", citations=()):
                continue
            case TextBlock(text=text, citations=citations):
                cited = {(one.url, one.title) for one in citations}
                if out and isinstance(out[-1], Cited):
                    out[-1] = Cited(out[-1].text + text, out[-1].sources | cited)
                else:
                    out.append(Cited(text, cited))
            case ReasoningBlock():  # what a signature proves is the seal's to say where a format has no word for it
                out.append(msgspec.structs.replace(block, bound="thinking"))
            case _:
                out.append(block)
    return out


class Cited(NamedTuple):
    text: str
    sources: set[tuple[str, str]]


def plain(stop: Stop | None) -> Any:
    return stop and (stop.reason, stop.sequence)


@every_format
@pytest.mark.parametrize("cut", [0, 1, 2])
def test_a_decoder_that_saw_no_end_says_so(format_: Format, cut: int) -> None:
    events: list[Event] = [Start("r1", "lab-1", 1), Text(0, "Hello")]
    encoder = format_.encoder(EncoderOptions())
    decoder = format_.decoder()
    reader = EventReader(1 << 20)
    for data in reader.feed(b"".join(map(encoder.encode, events[:cut]))):
        decoder.decode(data)
    assert not decoder.finished
    (failed,) = decoder.close()[-1:]
    assert isinstance(failed, Failed)
    assert failed.kind == "upstream_garbage"


@every_format
@pytest.mark.parametrize("garbage", [b"", b"x", b"\xff", b"[", b"{", b"[]", b"null", b"1", b'""', b"{}", b'{"a":'])
def test_garbage_is_a_fault_or_nothing(format_: Format, garbage: bytes) -> None:
    decoder = format_.decoder()
    try:
        events = decoder.decode(garbage)
    except Fault as fault:
        kind = fault.kind
    else:
        kind = "upstream_garbage"
        assert not any(isinstance(event, Stop) for event in events)
        assert not decoder.finished
    assert kind == "upstream_garbage"
    with pytest.raises(Fault) as raised:
        folded = format_.decode_whole(garbage)
        format_.encode_whole(folded)
    assert raised.value.kind == "upstream_garbage"


@every_format
def test_a_broken_answer_has_no_whole_body(format_: Format) -> None:
    start, blocks = Start("r1", "lab-1", 1), (TextBlock("Hel"),)
    for broken in (
        Response(start, blocks),
        Response(start, blocks, Stop("error")),
        Response(start, blocks, failed=Failed("overloaded", "Too much.")),
    ):
        if format_.name == "gemini" and broken.stop is not None:
            continue  # Gemini has finish reasons of its own for a model that went wrong
        with pytest.raises(Fault):
            format_.encode_whole(broken)


@every_format
def test_names_and_ids_of_its_own_are_allowed(format_: Format) -> None:
    spelling = format_.spelling
    assert all(spelling.name.fullmatch(name) for name in ("f", "get_weather", "a" * 64))
    assert not any(spelling.name.fullmatch(name) for name in ("", "a b", "é", "a\n", "a" * 129, "x/y"))
    assert all(spelling.id.fullmatch(id_) for id_ in ("call_1", "toolu_01A-b", "a" * 40))
    assert not spelling.id.fullmatch("")


@every_format
def test_counting_asks_and_answers_in_its_own_words(format_: Format) -> None:
    counting = format_.counting
    if counting is None:
        assert format_.name == "openai-chat", "only Chat has no way to count"
        return
    assert counting.action in format_.paths
    assert counting.read(counting.write(12345)) == 12345
    encoded = counting.encode(REQUEST)
    back = counting.decode(encoded.body, {"model": "lab-1", "verb": "countTokens"})
    assert back.tools[0].name == "find_place"
    assert [part.text for m in back.messages for part in m.parts if isinstance(part, TextPart)] == [
        "Be brief.",
        "Where is the lighthouse?",
    ]
    for answer in (
        b"",
        b"{}",
        b"[]",
        b'{"input_tokens":null}',
        b'{"totalTokens":"x"}',
        b'{"input_tokens":-1}',
        b"\xff",
    ):
        with pytest.raises(Fault) as raised:
            counting.read(answer)
        assert raised.value.kind == "upstream_garbage"


@every_format
@given(st.binary(max_size=60))
def test_no_body_makes_anything_but_a_fault(format_: Format, body: bytes) -> None:
    for read in (format_.decode_request, format_.peek):
        try:
            read(body, {"model": "lab-1", "verb": "generateContent"})
        except Fault as fault:
            assert fault.kind == "bad_request"  # noqa: PT017 - most bodies are refused, and some are not
    assert format_.decode_fault(400, body).status == 400


@every_format
def test_what_is_written_has_the_formats_own_framing(format_: Format) -> None:
    stream = written(format_.name, [Start("r1", "lab-1", 1), Text(0, "Hello"), Usage(1, 0, 0, 1, 0), Stop("end")])
    named_events = {name for name, _ in sse.events(stream)}
    assert (named_events == {""}) == (format_.name in ("openai-chat", "gemini"))
    assert (b"[DONE]" in stream) == (format_.name == "openai-chat")
    assert re.search(rb"^data:[^ ]", stream, re.MULTILINE) is None
