"""Which of the few causes that clients act on an OpenAI-shaped error names, by its code or else by its words.

Data and lookups only: it never decides a status and never changes a message.
Source: the project's wire notes; recorded errors of OpenAI, Azure, Groq and OpenRouter, read 2026-11-21.
"""

from fastproxy.errors import Kind, Reason

_CODES: dict[str, Reason] = {
    "context_length_exceeded": "context_length",
    "model_context_window_exceeded": "context_length",
    "insufficient_quota": "quota",
    "billing_hard_limit_reached": "quota",
    "insufficient_balance": "quota",
    "content_filter": "content_filter",
    "content_policy_violation": "content_filter",
    "model_not_found": "model_not_found",
    "DeploymentNotFound": "model_not_found",
}
# Hosts without codes say it in the message. Whole phrases: "model" or "limit" alone would match too much.
_PHRASES: tuple[tuple[str, Reason], ...] = (
    ("prompt is too long", "context_length"),
    ("input is too long", "context_length"),
    ("maximum context length", "context_length"),
    ("maximum prompt length", "context_length"),
    ("context window", "context_length"),
    ("available context size", "context_length"),
    ("input token count exceeds", "context_length"),
    ("reduce the length of the messages", "context_length"),
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


def kind_of_status(status: int) -> Kind:
    """What an upstream's status means to our client. 401, 402 and 403 refuse *our* credential, not the client's."""
    return _STATUSES.get(status, "bad_request" if 400 <= status < 500 else "upstream_garbage")


def kind_of_words(codes: tuple[str, ...]) -> Kind:
    """The kind of an error that has no status: by its code, else by its type."""
    return next((_KINDS[code] for code in codes if code in _KINDS), "upstream_garbage")
