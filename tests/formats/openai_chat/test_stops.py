"""Why a model stopped, in Chat's words, and what is no good end."""

from typing import get_args

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_chat.stops import ended, finish_reason, require_good, stop_of, unfinished
from fastproxy.ir.events import Failed, Start, Stop, StopReason
from fastproxy.ir.fold import Response

START = Start("1", "m", 0)


@pytest.mark.parametrize("reason", sorted(set(get_args(StopReason)) - {"error"}))
def test_every_good_reason_has_a_word_that_the_sdk_knows(reason: StopReason) -> None:
    for has_calls in (False, True):
        assert finish_reason(Stop(reason), has_calls=has_calls) in {"stop", "length", "content_filter", "tool_calls"}


@pytest.mark.parametrize(
    ("reason", "has_calls", "word"),
    [
        ("end", True, "tool_calls"),
        ("tools", True, "tool_calls"),
        ("tools", False, "stop"),
        ("length", True, "length"),
        ("refusal", True, "content_filter"),
        ("stop_sequence", False, "stop"),
    ],
)
def test_calls_decide_what_a_plain_stop_means(reason: StopReason, has_calls: bool, word: str) -> None:
    assert finish_reason(Stop(reason), has_calls=has_calls) == word


def test_a_good_response_gives_its_stop() -> None:
    assert ended(Response(START, (), Stop("length"))) == Stop("length")


def test_a_failure_keeps_its_kind_and_message_even_beside_a_stop() -> None:
    with pytest.raises(Fault) as raised:
        ended(Response(START, (), Stop("end"), failed=Failed("overloaded", "no room", "quota")))
    assert (raised.value.kind, raised.value.message, raised.value.reason) == ("overloaded", "no room", "quota")


def test_a_response_without_a_stop_is_unfinished() -> None:
    with pytest.raises(Fault) as raised:
        ended(Response(START, ()))
    assert repr(raised.value) == repr(unfinished())


@pytest.mark.parametrize(
    ("raw", "words"), [("MALFORMED_FUNCTION_CALL", "MALFORMED_FUNCTION_CALL"), (None, "no reason")]
)
def test_a_model_that_stopped_with_an_error_is_quoted(raw: str | None, words: str) -> None:
    with pytest.raises(Fault, match=words):
        require_good(Stop("error", raw))


def test_a_refusal_in_words_ends_with_stop_as_openai_has_it() -> None:
    assert finish_reason(Stop("refusal"), has_calls=False, refused=True) == "stop"
    assert finish_reason(Stop("length"), has_calls=False, refused=True) == "length"


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("stop", "end"),
        ("eos", "end"),
        ("a word of tomorrow", "end"),
        (None, "end"),
        (1, "end"),
        ("tool_calls", "end"),  # without a call
        ("length", "length"),
        ("MAX_TOKENS", "length"),
        ("model_length", "length"),
        ("model_context_window_exceeded", "length"),
        ("token_limit", "length"),
        ("content_filter", "refusal"),
        ("guardrail_intervened", "refusal"),
        ("PROHIBITED_CONTENT", "refusal"),
        ("malformed_tool_use", "error"),
        ("TIMEOUT", "error"),
        ("sensitive", "refusal"),
        ("error", "error"),
        ("abort", "error"),
        ("insufficient_system_resource", "error"),
    ],
)
def test_every_hosts_word_has_a_meaning(word: object, reason: StopReason) -> None:
    stop = stop_of(word, None, has_calls=False, refused=False)
    assert (stop.reason, stop.raw) == (reason, None if word is None else str(word))


def test_what_the_answer_holds_decides_over_a_plain_word() -> None:
    assert stop_of("stop", None, has_calls=True, refused=False) == Stop("tools", "stop")
    assert stop_of("length", None, has_calls=True, refused=False) == Stop("length", "length")
    assert stop_of("stop", None, has_calls=False, refused=True) == Stop("refusal", "stop")


def test_a_stop_sequence_that_the_host_names_is_told() -> None:
    assert stop_of("stop", "END", has_calls=False, refused=False) == Stop("stop_sequence", "stop", "END")
    assert stop_of("stop", 154827, has_calls=False, refused=False) == Stop("end", "stop")
