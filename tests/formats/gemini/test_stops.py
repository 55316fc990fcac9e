"""Why a model stopped, in Gemini's words."""

from typing import get_args

import pytest
from google.genai.types import FinishReason

from fastproxy.formats.gemini.stops import finish_reason
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
