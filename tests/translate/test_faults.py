"""Refusals of an upstream: status, waiting time and reason kept, our credential never told."""

import pytest

from fastproxy.errors import LONGEST_WAIT_SECONDS, Fault
from fastproxy.ir.events import Usage
from fastproxy.pipe import ERROR_BYTES
from fastproxy.translate.faults import ErrorToFault, translate_fault
from support.plain_format import plain_format

SOURCE = plain_format()


def test_what_the_vendor_says_stays() -> None:
    told = translate_fault(429, b'{"message":"slow down","reason":"quota","wait":3}', SOURCE)
    assert (told.kind, told.status, told.message, told.reason) == ("rate_limited", 429, "slow down", "quota")
    assert told.retry_after_seconds == 3


@pytest.mark.parametrize(
    ("header", "seconds", "headers"),
    [
        (b"7", 7.0, ()),
        (b" 1.5 ", 1.5, ()),
        (b"Wed, 21 Oct 2026 07:28:00 GMT", 3, ((b"retry-after", b"Wed, 21 Oct 2026 07:28:00 GMT"),)),
        (b"", 3, ()),
        (None, 3, ()),
    ],
)
def test_the_header_that_says_when_to_come_back_is_kept(
    header: bytes | None, seconds: float, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    told = translate_fault(
        429, b'{"message":"slow down","wait":3}', SOURCE, headers=((b"retry-after", header),) if header else ()
    )
    assert (told.retry_after_seconds, told.headers) == (seconds, headers)


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b""])
@pytest.mark.parametrize("name", [b"", b"event: error\n"])
def test_an_error_that_is_told_as_an_event_is_read_as_well(name: bytes, end: bytes) -> None:
    told = translate_fault(500, name + b'data: {"message":"boom"}' + end, SOURCE)
    assert (told.status, told.message) == (500, "boom")


@pytest.mark.parametrize("body", [b"data:", b"event: error\n\n"])
def test_an_event_that_says_nothing_is_no_word(body: bytes) -> None:
    assert translate_fault(500, body, SOURCE).message == "the upstream answered 500 without a word"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the upstream answered 429 without a word"),
        (b" \n", "the upstream answered 429 without a word"),
        (b"\n<!DOCTYPE html><title>secret-1</title>", "the upstream answered 429 with a web page"),
    ],
)
def test_bodies_without_words_get_a_sentence_and_keep_their_kind(body: bytes, message: str) -> None:
    told = translate_fault(429, body, SOURCE)
    assert (told.kind, told.status, told.message) == ("rate_limited", 429, message)


@pytest.mark.parametrize("secret", [b"sk-1", b"a/b", "\u00e9".encode("latin-1")])
def test_our_credential_is_never_told_however_it_is_spelled(secret: bytes) -> None:
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in secret.decode("latin-1"))
    for spelling in (secret if secret.isascii() else escaped.encode(), escaped.encode()):
        told = translate_fault(400, b'{"message":"no such key: %b!"}' % spelling, SOURCE, secret=secret)
        assert told.message == "no such key: [redacted]!"


def test_the_pipe_of_a_refusal_says_nothing_and_raises_when_the_body_is_there() -> None:
    pipe = ErrorToFault(429, SOURCE, secret=b"sk-1", headers=((b"retry-after", b"7"), (b"x-limit", b"3")))
    assert pipe.feed(b'{"message":"sk') + pipe.feed(b'-1"}') == b""
    with pytest.raises(Fault, match=r"\[redacted\]") as raised:
        pipe.close()
    assert raised.value.retry_after_seconds == 7
    assert (pipe.ending, pipe.tap.model, pipe.tap.usage()) == ("failed", "", Usage())
    assert pipe.abort(raised.value) is None


def test_a_body_without_end_is_read_up_to_a_limit() -> None:
    pipe = ErrorToFault(429, SOURCE)
    for piece in (b"<", *[b"x" * (ERROR_BYTES // 2)] * 3):
        pipe.feed(piece)
    assert len(pipe._body) == ERROR_BYTES
    with pytest.raises(Fault, match="web page"):
        pipe.close()


@pytest.mark.parametrize("wait", [b"1" * 400, b"9" * 5000 + b".5"])
def test_a_wait_beyond_all_reason_is_a_long_one_that_every_format_can_say(wait: bytes) -> None:
    told = translate_fault(429, b"{}", SOURCE, headers=((b"retry-after", wait),))
    assert told.retry_after_seconds == LONGEST_WAIT_SECONDS


def test_an_error_nested_without_end_keeps_its_status_and_is_not_read() -> None:
    told = translate_fault(429, b'{"a":' * 500 + b"1" + b"}" * 500, SOURCE)
    assert (told.kind, told.status) == ("rate_limited", 429)
