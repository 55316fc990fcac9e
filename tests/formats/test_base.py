"""What every format owes, whichever it is: a new row in FORMATS brings its tests from here."""

import orjson
import pytest

from fastproxy.errors import KINDS, Fault, Kind
from fastproxy.formats import BY_NAME, FORMATS
from fastproxy.formats.base import EncoderOptions, Format
from fastproxy.framing.sse import ends_event
from fastproxy.ir.events import Event, Start, Stop, Text, Usage
from fastproxy.ir.fold import fold

PARAMS = {"model": "m", "verb": "generateContent", "version": "v1beta"}
ANSWER: list[Event] = [Start("id-1", "lab-1", 1_760_000_000), Text(0, "Hi"), Usage(3, 0, 0, 2, 0), Stop("end")]


@pytest.fixture(params=FORMATS, ids=lambda format_: format_.name)
def format_(request: pytest.FixtureRequest) -> Format:
    return request.param


def test_names_are_unique_and_lead_to_their_format(format_: Format) -> None:
    assert BY_NAME[format_.name] is format_
    assert len(BY_NAME) == len(FORMATS)


def test_the_main_action_has_a_path(format_: Format) -> None:
    assert format_.paths["generate"].startswith("/")


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"text"', b"{", b'{"model":NaN}', b'{"model":"\xff"}'])
def test_a_body_that_is_not_one_object_is_a_bad_request_to_peek_and_decode(format_: Format, body: bytes) -> None:
    for look in (format_.peek, format_.decode_request):
        with pytest.raises(Fault) as raised:
            look(body, PARAMS)
        assert raised.value.kind == "bad_request"


def test_renaming_changes_the_model_and_no_other_byte(format_: Format) -> None:
    body = b'{ "n" : 1.0e5, "big":123456789012345678901234567890, "model" : "%b" , "s":"\\ud83d\\u00e9" }'
    assert format_.rename(body % b"old", "new/one") == body % b"new/one"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_fault_has_a_body_and_an_event_that_the_tap_sees_as_failed(format_: Format, kind: Kind) -> None:
    fault = Fault(kind, 'why "so"\n')
    assert b'why \\"so\\"\\n' in format_.encode_fault(fault, "req-1")
    assert orjson.loads(format_.encode_fault(fault, "req-1"))["error"]
    event = format_.fault_event(fault, b"")
    assert ends_event(event)
    assert format_.tap.failed.search(event)
    assert not format_.tap.finished.search(event)
    assert format_.fault_event(fault, b"data: {") == b"\n\n" + event


def test_the_tap_reads_in_our_own_streams_what_the_encoder_was_told(format_: Format) -> None:
    encoder = format_.encoder(EncoderOptions())
    stream = b"".join([*map(encoder.encode, ANSWER), encoder.close()])
    assert format_.tap.finished.search(stream)
    assert not format_.tap.failed.search(stream)
    assert format_.tap.usage_key in stream
    assert format_.tap.model_key in stream


def test_a_stream_without_its_stop_is_seen_as_failed_and_not_as_finished(format_: Format) -> None:
    encoder = format_.encoder(EncoderOptions())
    stream = b"".join([*map(encoder.encode, ANSWER[:-1]), encoder.close()])
    assert not format_.tap.finished.search(stream)
    assert format_.tap.failed.search(stream)


def test_the_whole_body_is_one_object_with_the_text(format_: Format) -> None:
    body = format_.encode_whole(fold(ANSWER))
    assert isinstance(orjson.loads(body), dict)
    assert b'"Hi"' in body


def test_an_object_that_is_no_usage_is_not_taken_for_one(format_: Format) -> None:
    assert format_.tap.usage({"usage": "of a tool", "input": True}) is None


def test_a_keepalive_tears_no_event(format_: Format) -> None:
    assert not format_.keepalive or ends_event(format_.keepalive)
