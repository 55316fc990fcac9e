"""Which of the few causes that clients act on an OpenAI-shaped error names, by its code or else by its words.

Data and lookups only: it never decides a status and never changes a message.
Source: the project's wire notes; recorded errors of OpenAI, Azure, Groq and OpenRouter; the issues on GitHub that are
named beside what they show; read 2026-11-21.
"""

from fastproxy.errors import Kind, Reason

_CODES: dict[str, Reason] = {
    "context_length_exceeded": "context_length",
    "model_context_window_exceeded": "context_length",
    "model_max_prompt_tokens_exceeded": "context_length",  # Copilot: microsoft/vscode#289514
    "insufficient_quota": "quota",
    "billing_hard_limit_reached": "quota",
    "insufficient_balance": "quota",
    "content_filter": "content_filter",
    "content_policy_violation": "content_filter",
    "data_inspection_failed": "content_filter",  # Qwen: camel-ai/owl#432
    "model_not_found": "model_not_found",
    "DeploymentNotFound": "model_not_found",
}
# Hosts without codes say it in the message. Whole phrases: "model" or "limit" alone would match too much, and so would
# what they say of the output's limit alone.
_PHRASES: tuple[tuple[str, Reason], ...] = (
    ("prompt is too long", "context_length"),
    ("input is too long", "context_length"),
    ("maximum context length", "context_length"),
    ("maximum prompt length", "context_length"),
    ("context window", "context_length"),
    ("available context size", "context_length"),
    ("exceeds the maximum number of tokens allowed", "context_length"),  # Google: google-gemini/gemini-cli#4692
    ("reduce the length of the messages", "context_length"),
    ("prompt token count of", "context_length"),  # Copilot, its code empty: jjleng/copilot-more#35
    ("longer than the model's context length", "context_length"),  # SGLang: sgl-project/sglang#8096
    ("longer than the maximum model length", "context_length"),  # vLLM: langchain-ai/deepagents#468
    ("too long to fit into the model", "context_length"),  # vLLM: vllm-project/vllm#12165
    ("when context the overflows", "context_length"),  # LM Studio, word for word: lmstudio-ai/lmstudio-bug-tracker#546
    ("initial prompt is greater than the context length", "context_length"),  # LM Studio: Gitlawb/openclaude#353
    ("cannot truncate prompt with n_keep", "context_length"),  # LM Studio: anomalyco/opencode#11141
    ("tokens + `max_new_tokens` must be", "context_length"),  # TGI, Together: stanford-crfm/helm#2080
    ("`inputs` must have less than", "context_length"),  # TGI: meta-llama/llama#1103
    ("range of input length should be", "context_length"),  # Qwen: QwenLM/qwen-code#98
    ("exceeded model token limit", "context_length"),  # Moonshot: MoonshotAI/kimi-cli#2011
    ("prompt exceeds max length", "context_length"),  # Z.ai: zeroclaw-labs/zeroclaw#4124
    ("too many tokens: total number of tokens", "context_length"),  # Cohere: cohere-ai/sandbox-topically#4
    ("exceeded your current quota", "quota"),
    ("insufficient balance", "quota"),
    ("insufficient credits", "quota"),
    ("content management policy", "content_filter"),
)
# A limit that passes, whatever the message says: Google's reads "You exceeded your current quota" for one per minute.
_WAITS = frozenset({"rate_limit_exceeded", "rate_limit_reached"})
# Where an error within a stream has no status, its type or code tells the kind.
_KINDS: dict[str, Kind] = {
    "invalid_request_error": "bad_request",
    "invalid_prompt": "bad_request",
    "context_length_exceeded": "bad_request",
    "content_filter": "bad_request",
    "tool_use_failed": "bad_request",
    "authentication_error": "upstream_refused",
    "invalid_api_key": "upstream_refused",
    "permission_error": "upstream_refused",
    "model_not_found": "not_found",
    "not_found_error": "not_found",
    "rate_limit_error": "rate_limited",
    "rate_limit_exceeded": "rate_limited",
    "rate_limit_reached": "rate_limited",
    "insufficient_quota": "rate_limited",
    "usage_limit_reached": "rate_limited",
    "tokens": "rate_limited",
    "requests": "rate_limited",
    "overloaded": "overloaded",
    "overloaded_error": "overloaded",
    "server_is_overloaded": "overloaded",
    "service_unavailable": "overloaded",
    "timeout": "timeout",
    "upstream_timeout": "timeout",
    "timeout_error": "timeout",
}
# Where neither does, its cause.
_REASON_KINDS: dict[Reason, Kind] = {
    "context_length": "bad_request",
    "content_filter": "bad_request",
    "model_not_found": "not_found",
    "quota": "rate_limited",
}
_STATUSES: dict[int, Kind] = {
    401: "upstream_refused",
    402: "upstream_refused",
    403: "upstream_refused",
    404: "not_found",
    408: "timeout",
    413: "too_large",
    429: "rate_limited",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}


def reason_of(codes: tuple[str, ...], message: str) -> Reason:
    """The cause, "" for any other. codes: the error's code and type."""
    for code in codes:
        if code in _CODES:
            return _CODES[code]
    if not _WAITS.isdisjoint(codes):
        return ""
    lowered = message.lower()
    return next((reason for phrase, reason in _PHRASES if phrase in lowered), "")


def kind_of_status(status: int, codes: tuple[str, ...]) -> Kind:
    """What an upstream's status means to our client. 401, 402 and 403 refuse *our* credential, not the client's."""
    if status == 413 and not _WAITS.isdisjoint(codes):  # Groq, of a minute's tokens: HunorLaczko/ha-groq-cloud-api#27
        return "rate_limited"
    return _STATUSES.get(status, "bad_request" if 400 <= status < 500 else "upstream_garbage")


def kind_of_words(codes: tuple[str, ...], reason: Reason) -> Kind:
    """The kind of an error that has no status: by its code, else by its type, else by its cause."""
    return next((_KINDS[code] for code in codes if code in _KINDS), _REASON_KINDS.get(reason, "upstream_garbage"))
