"""Why a model stopped, in Gemini's words."""

from typing import get_args

import pytest
from google.genai.types import FinishReason

from fastproxy.formats.gemini.stops import blocked_word, finish_reason, finish_word, stop_of
from fastproxy.ir.events import Stop, StopReason


@pytest.mark.parametrize("reason", get_args(StopReason))
@pytest.mark.parametrize("broken_call", [True, False])
def test_every_reason_has_a_word_that_the_sdk_knows(reason: StopReason, broken_call: bool) -> None:
    assert finish_reason(Stop(reason), broken_call=broken_call) in FinishReason.__members__


def test_an_own_word_of_the_format_is_kept_and_another_formats_is_not() -> None:
    assert finish_reason(Stop("refusal", raw="RECITATION"), broken_call=False) == "RECITATION"
    assert finish_reason(Stop("refusal", raw="content_filter"), broken_call=False) == "SAFETY"
    assert finish_reason(Stop("tools", raw="tool_calls"), broken_call=False) == "STOP"


def test_an_answer_without_its_call_says_so_unless_the_token_limit_explains_it() -> None:
    assert finish_reason(Stop("tools"), broken_call=True) == "MALFORMED_FUNCTION_CALL"
    assert finish_reason(Stop("length"), broken_call=True) == "MAX_TOKENS"


def test_an_error_never_looks_like_a_good_end() -> None:
    assert finish_reason(Stop("error"), broken_call=False) == "OTHER"


@pytest.mark.parametrize("word", [word for word in FinishReason.__members__ if word != "FINISH_REASON_UNSPECIFIED"])
def test_every_word_of_the_sdk_is_known_and_comes_back(word: str) -> None:
    stop = stop_of(finish_word(word), called=False)
    assert (stop.raw, finish_reason(stop, broken_call=False)) == (word, word)
    assert (stop.reason == "end") == (word == "STOP")


@pytest.mark.parametrize(
    ("told", "word"), [(1, "STOP"), (2, "MAX_TOKENS"), (9, "MALFORMED_FUNCTION_CALL"), (99, "REASON_99")]
)
def test_numbers_are_words(told: int, word: str) -> None:
    assert finish_word(told) == word


@pytest.mark.parametrize("told", [None, 0, "", "FINISH_REASON_UNSPECIFIED", True, -1, ["STOP"], 1.5])
def test_what_says_nothing_ends_nothing(told: object) -> None:
    assert finish_word(told) == ""


def test_an_answer_without_the_picture_that_was_asked_for_keeps_its_words() -> None:
    assert [stop_of(word, called=False).reason for word in ("NO_IMAGE", "IMAGE_OTHER")] == ["refusal", "refusal"]


def test_a_call_makes_a_good_end_tools_and_no_other_end() -> None:
    assert stop_of("STOP", called=True) == Stop("tools", raw="STOP")
    assert stop_of("MAX_TOKENS", called=True).reason == "length"
    assert stop_of("SAFETY", called=True).reason == "refusal"


def test_a_reason_that_nobody_knows_yet_keeps_what_was_said_unless_it_resembles_a_bad_one() -> None:
    assert stop_of("A_REASON_OF_TOMORROW", called=False) == Stop("end", raw="A_REASON_OF_TOMORROW")
    assert stop_of("REASON_99", called=True) == Stop("tools", raw="REASON_99")
    assert stop_of("MALFORMED_THOUGHT", called=True).reason == "error"
    assert stop_of("VIDEO_SAFETY", called=False).reason == "refusal"
    assert finish_reason(stop_of("A_REASON_OF_TOMORROW", called=False), broken_call=False) == "STOP"


@pytest.mark.parametrize(("told", "word"), [("SAFETY", "SAFETY"), (7, "JAILBREAK"), ("BLOCKED_REASON_UNSPECIFIED", "")])
def test_reasons_to_refuse_a_prompt(told: object, word: str) -> None:
    assert blocked_word(told) == word
