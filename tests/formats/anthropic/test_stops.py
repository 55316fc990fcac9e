"""Why a model stopped, in Anthropic's words."""

from typing import get_args

import pytest
from anthropic.types import StopReason as Theirs

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.stops import stop_reason
from fastproxy.ir.events import Stop, StopReason


@pytest.mark.parametrize("reason", [reason for reason in get_args(StopReason) if reason != "error"])
@pytest.mark.parametrize("has_calls", [True, False])
def test_every_reason_has_a_word_that_the_sdk_knows(reason: StopReason, has_calls: bool) -> None:
    assert stop_reason(Stop(reason), has_calls=has_calls) in get_args(Theirs)


def test_calls_decide_tool_use_whatever_the_source_says() -> None:
    assert stop_reason(Stop("end", raw="STOP"), has_calls=True) == "tool_use"
    assert stop_reason(Stop("tools"), has_calls=False) == "end_turn"
    assert stop_reason(Stop("length"), has_calls=True) == "max_tokens"


def test_the_formats_own_finer_word_is_kept() -> None:
    stop = Stop("length", raw="model_context_window_exceeded")
    assert stop_reason(stop, has_calls=False) == "model_context_window_exceeded"


def test_a_broken_answer_is_no_stop() -> None:
    with pytest.raises(Fault, match="MALFORMED_FUNCTION_CALL") as raised:
        stop_reason(Stop("error", raw="MALFORMED_FUNCTION_CALL"), has_calls=False)
    assert raised.value.kind == "upstream_garbage"
