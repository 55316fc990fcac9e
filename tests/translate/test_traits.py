"""What holds of a family where its row says nothing."""

from typing import get_args

import pytest

from fastproxy.formats.base import FormatName
from fastproxy.translate.families import family
from fastproxy.translate.traits import ELSEWHERE, NO_THINKING, Control, Family


def test_a_family_in_a_foreign_format_gets_what_most_hosts_of_it_take():
    own = Control(frozenset({"off"}))
    row = Family("lab", ("lab-*",), {"anthropic": own})
    assert row.control("anthropic") is own
    assert row.control("openai-chat") is ELSEWHERE["openai-chat"]
    assert not family("gpt-4o").control("anthropic").modes


@pytest.mark.parametrize("target", get_args(FormatName))
def test_a_model_that_does_not_think_is_told_nothing_anywhere(target: FormatName):
    assert Family("lab", ("lab-*",), thinks=False).control(target) is NO_THINKING
    assert not ELSEWHERE[target].known  # which model answers is not known there


def test_a_row_without_a_word_claims_that_everything_is_taken():
    row = Family("lab", ("lab-*",))
    assert (row.answers, row.schema_with_tools, row.forced_calls, row.chat_tools) == ("schema", True, True, "any")
    assert (row.prefill, row.system, row.refuses, row.max_output_tokens) == ("always", "anywhere", frozenset(), None)
