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
        ((), "The input token count exceeds the maximum number of tokens allowed 1048576.", "context_length"),
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
    ("codes", "message"),
    [
        (("model_max_prompt_tokens_exceeded",), ""),
        ((), "prompt token count of 93854 exceeds the limit of 90000"),
        ((), "The input token count (2845475) exceeds the maximum number of tokens allowed (1048576)."),
        (("BadRequestError",), "The input (61709 tokens) is longer than the model's context length (40960 tokens)."),
        ((), "The decoder prompt (length 66501) is longer than the maximum model length of 65536. Make sure that"),
        ((), "The prompt (total length 25938) is too long to fit into the model (context length 4096). Make sure"),
        ((), "Trying to keep the first 10136 tokens when context the overflows. However, the model is loaded with"),
        ((), "The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 9"),
        ((), "Cannot truncate prompt with n_keep (15028) >= n_ctx (7424)"),
        ((), "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 3997 `inputs`"),
        ((), "Input validation error: `inputs` must have less than 4096 tokens. Given: 4545"),
        (("invalid_parameter_error",), "<400> InternalError.Algo.InvalidParameter: Range of input length should be"),
        ((), "Invalid request: Your request exceeded model token limit: 262144 (requested: 269030)"),
        (("1261",), "Prompt exceeds max length"),
        ((), "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4545."),
        ((), "too many tokens: total number of tokens (prompt and prediction) cannot exceed 2048 - received 6354."),
    ],
)
def test_a_prompt_that_is_too_long_is_known_whatever_host_says_it(codes: tuple[str, ...], message: str) -> None:
    assert reason_of(codes, message) == "context_length"


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (("rate_limit_exceeded", "tokens"), "Request too large for model `m` on tokens per minute (TPM): Limit 6000"),
        (("rate_limit_exceeded", "tokens"), "prompt token count of 9 exceeds the limit of 8 per minute"),
        ((), "Too many tokens, please wait before trying again."),
        ((), "`max_new_tokens` must be <= 1. Given: 20"),
        ((), "max_tokens (10000) cannot exceed 8192. Please reduce the length of max output tokens generated."),
        ((), "The maximum tokens you requested exceeds the model limit of 4096"),
        ((), "max_tokens must be <= 16384, the maximum value for max_tokens is less than the context_window"),
        ((), "Range of max_tokens should be [1, 8192]"),
        ((), "Your request exceeded the rate limit of this model"),
        ((), "tools[0].function.name exceeds max length of 64"),
        ((), "stop: a sequence is longer than the maximum of 32 characters"),
        ((), "`inputs` must not be empty"),
    ],
)
def test_a_limit_of_another_thing_is_no_prompt_that_is_too_long(codes: tuple[str, ...], message: str) -> None:
    assert reason_of(codes, message) == ""


def test_what_qwen_refuses_to_read_is_filtered() -> None:
    assert reason_of(("data_inspection_failed",), "Input data may contain inappropriate content.") == "content_filter"


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
    assert kind_of_status(status, ("invalid_request_error",)) == kind


def test_a_limit_that_passes_is_no_size_of_the_request() -> None:
    assert kind_of_status(413, ("rate_limit_exceeded", "tokens")) == "rate_limited"
    assert kind_of_status(400, ("rate_limit_exceeded",)) == "bad_request"


@pytest.mark.parametrize(
    ("codes", "reason", "kind"),
    [
        (("rate_limit_exceeded", "invalid_request_error"), "", "rate_limited"),
        (("unknown", "invalid_request_error"), "", "bad_request"),
        (("server_is_overloaded",), "context_length", "overloaded"),
        (("unknown",), "context_length", "bad_request"),
        ((), "content_filter", "bad_request"),
        ((), "model_not_found", "not_found"),
        ((), "quota", "rate_limited"),
        ((), "", "upstream_garbage"),
    ],
)
def test_without_a_status_the_first_known_word_tells_it_or_else_the_cause(
    codes: tuple[str, ...], reason: Reason, kind: Kind
) -> None:
    assert kind_of_words(codes, reason) == kind


def test_a_limit_that_passes_is_no_spent_quota_whatever_its_message_says() -> None:
    said = "You exceeded your current quota, please check your plan."
    assert reason_of(("rate_limit_exceeded",), said) == ""
    assert reason_of((), said) == "quota"
