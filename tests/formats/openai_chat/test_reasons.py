"""Errors of many hosts and the few causes that clients act on."""

import pytest

from fastproxy.errors import Kind, Reason
from fastproxy.formats.openai_chat.reasons import kind_of_status, kind_of_words, reason_of


@pytest.mark.parametrize(
    ("codes", "message", "reason"),
    [
        (("context_length_exceeded",), "", "context_length"),
        ((), "This model's maximum context length is 8192 tokens. However, ...", "context_length"),
        ((), "prompt is too long: 208310 tokens > 200000 maximum", "context_length"),
        ((), "The input token count exceeds the maximum number of tokens allowed", "context_length"),
        (("insufficient_quota", "insufficient_quota"), "", "quota"),
        (("usage_limit_reached",), "You have hit your usage limit", ""),  # of a plan: nobody has to pay for its end
        ((), "You exceeded your current quota, please check your plan", "quota"),
        (("content_filter",), "", "content_filter"),
        (("DeploymentNotFound",), "", "model_not_found"),
        (("rate_limit_exceeded", "tokens"), "Rate limit reached", ""),
        ((), "the context of your question", ""),
    ],
)
def test_the_cause_is_found_by_code_or_by_words(codes: tuple[str, ...], message: str, reason: Reason) -> None:
    assert reason_of(codes, message) == reason


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "bad_request"),
        (401, "upstream_refused"),
        (402, "upstream_refused"),
        (403, "upstream_refused"),
        (404, "not_found"),
        (408, "timeout"),
        (413, "too_large"),
        (422, "bad_request"),
        (429, "rate_limited"),
        (500, "upstream_garbage"),
        (503, "overloaded"),
        (504, "timeout"),
        (529, "overloaded"),
    ],
)
def test_a_status_tells_the_kind(status: int, kind: Kind) -> None:
    assert kind_of_status(status) == kind


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        (("rate_limit_exceeded", "invalid_request_error"), "rate_limited"),
        (("unknown", "invalid_request_error"), "bad_request"),
        (("server_is_overloaded",), "overloaded"),
        ((), "upstream_garbage"),
    ],
)
def test_without_a_status_the_first_known_word_tells_it(codes: tuple[str, ...], kind: Kind) -> None:
    assert kind_of_words(codes) == kind


def test_a_limit_that_passes_is_no_spent_quota_whatever_its_message_says() -> None:
    said = "You exceeded your current quota, please check your plan."
    assert reason_of(("rate_limit_exceeded",), said) == ""
    assert reason_of((), said) == "quota"
