"""Why a model stopped, in Anthropic's words."""

from typing import get_args

import pytest
from anthropic.types import StopReason as Theirs

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.stops import decode_stop, is_cut, stop_reason
from fastproxy.ir.events import Stop, StopReason


@pytest.mark.parametrize("reason", [reason for reason in get_args(StopReason) if reason != "error"])
@pytest.mark.parametrize("has_calls", [True, False])
def test_every_reason_has_a_word_that_the_sdk_knows(reason: StopReason, has_calls: bool) -> None:
    assert stop_reason(Stop(reason), has_calls=has_calls) in get_args(Theirs)


def test_calls_decide_tool_use_whatever_the_source_says() -> None:
    assert stop_reason(Stop("end", raw="STOP"), has_calls=True) == "tool_use"
    assert stop_reason(Stop("tools"), has_calls=False) == "end_turn"
    assert stop_reason(Stop("length"), has_calls=True) == "max_tokens"


def test_a_refusal_decides_a_plain_stop_and_no_other() -> None:
    assert stop_reason(Stop("end"), has_calls=False, has_refusal=True) == "refusal"
    assert stop_reason(Stop("length"), has_calls=False, has_refusal=True) == "max_tokens"
    assert stop_reason(Stop("end"), has_calls=True, has_refusal=True) == "tool_use"


@pytest.mark.parametrize("word", get_args(Theirs))
@pytest.mark.parametrize("has_calls", [True, False])
def test_every_word_of_theirs_survives_the_way_there_and_back(word: str, has_calls: bool) -> None:
    stop = decode_stop(word, None, has_calls=has_calls)
    expected = {"end_turn": "tool_use", "tool_use": "tool_use"} if has_calls else {"tool_use": "end_turn"}
    assert stop_reason(stop, has_calls=has_calls) == expected.get(word, word)
    assert stop.raw == word


@pytest.mark.parametrize("word", [None, 7, "", [], "a word of tomorrow"])
def test_any_other_word_is_a_plain_end(word: object) -> None:
    assert decode_stop(word, 7, has_calls=False).reason == "end"
    assert decode_stop(word, None, has_calls=True).reason == "tools"


def test_the_formats_own_finer_word_is_kept() -> None:
    stop = Stop("length", raw="model_context_window_exceeded")
    assert stop_reason(stop, has_calls=False) == "model_context_window_exceeded"


def test_a_broken_answer_is_no_stop() -> None:
    with pytest.raises(Fault, match="MALFORMED_FUNCTION_CALL") as raised:
        stop_reason(Stop("error", raw="MALFORMED_FUNCTION_CALL"), has_calls=False)
    assert raised.value.kind == "upstream_garbage"


@pytest.mark.parametrize(("reason", "cut"), [("end", False), ("tools", False), ("length", True), ("refusal", True)])
def test_an_answer_is_cut_when_the_model_did_not_end_it(reason: StopReason, cut: bool) -> None:
    assert is_cut(Stop(reason)) == cut
