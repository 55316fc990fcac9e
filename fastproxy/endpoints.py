"""Every path that we answer, as rows. What is not here is 404 and is never forwarded.

Paths are taken as they came: no "//" or ".." is cleaned up, and nothing is decoded but the model in a path, once: a
relay that normalises reads another path than the one its checks saw. Nothing here looks at a header or a body.
"""

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple
from urllib.parse import unquote

import msgspec

from fastproxy.errors import Fault
from fastproxy.formats.base import Action as FormatAction
from fastproxy.formats.base import FormatName

Action = (
    FormatAction
    | Literal[
        "models", "model", "root", "hello", "health", "ready",
        "metrics", "usage", "accounts", "credentials-check", "usage-limits",
    ]
)  # fmt: skip


class Endpoint(msgspec.Struct, frozen=True):
    """One thing that a client can ask for.

    name: for logs and metrics, unique among rows that differ. format: whose envelope the answer and its errors have;
    None where no format owns the path (our own endpoints, and GET /v1/models, whose shape depends on the client).
    """

    name: str
    format: FormatName | None
    action: Action


class Match(NamedTuple):
    """What a path means. params: from the path, decoded: "model", "verb" and "version" (Gemini), "id" (one model)."""

    endpoint: Endpoint
    params: Mapping[str, str]


_CHAT = Endpoint("chat", "openai-chat", "generate")
_RESPONSES = Endpoint("responses", "openai-responses", "generate")
_COMPACT = Endpoint("responses-compact", "openai-responses", "compact")
_INPUT_TOKENS = Endpoint("responses-input-tokens", "openai-responses", "input_tokens")
_MESSAGES = Endpoint("messages", "anthropic", "generate")
_COUNT_TOKENS = Endpoint("messages-count-tokens", "anthropic", "count_tokens")
_GEMINI = Endpoint("gemini", "gemini", "generate")
_GEMINI_COUNT = Endpoint("gemini-count-tokens", "gemini", "count_tokens")
_MODELS = Endpoint("models", None, "models")
_MODEL = Endpoint("model", None, "model")
_ANTHROPIC_MODELS = Endpoint("anthropic-models", "anthropic", "models")
_ANTHROPIC_MODEL = Endpoint("anthropic-model", "anthropic", "model")
_GEMINI_MODELS = Endpoint("gemini-models", "gemini", "models")
_GEMINI_MODEL = Endpoint("gemini-model", "gemini", "model")
_ROOT = Endpoint("root", None, "root")
_HELLO = Endpoint("hello", None, "hello")
_HEALTH = Endpoint("health", None, "health")
_READY = Endpoint("ready", None, "ready")
_METRICS = Endpoint("metrics", None, "metrics")
_USAGE = Endpoint("usage", None, "usage")
_ACCOUNTS = Endpoint("accounts", None, "accounts")
_CREDENTIALS_CHECK = Endpoint("credentials-check", None, "credentials-check")
_USAGE_LIMITS = Endpoint("usage-limits", None, "usage-limits")

# (methods, path, endpoint). The /health/* names are LiteLLM's, which its users' probes already ask for;
# /api/latest/anthropic is the prefix that users of the link-assistant router have in their settings.
PATHS: tuple[tuple[tuple[bytes, ...], bytes, Endpoint], ...] = (
    ((b"POST",), b"/v1/chat/completions", _CHAT),
    ((b"POST",), b"/v1/responses", _RESPONSES),
    ((b"POST",), b"/v1/responses/compact", _COMPACT),
    ((b"POST",), b"/v1/responses/input_tokens", _INPUT_TOKENS),
    ((b"POST",), b"/v1/messages", _MESSAGES),
    ((b"POST",), b"/v1/messages/count_tokens", _COUNT_TOKENS),
    ((b"GET",), b"/v1/models", _MODELS),
    ((b"GET",), b"/v1beta/models", _GEMINI_MODELS),
    ((b"GET",), b"/v1beta1/models", _GEMINI_MODELS),
    ((b"POST",), b"/api/latest/anthropic/v1/messages", _MESSAGES),
    ((b"POST",), b"/api/latest/anthropic/v1/messages/count_tokens", _COUNT_TOKENS),
    ((b"GET",), b"/api/latest/anthropic/v1/models", _ANTHROPIC_MODELS),
    ((b"GET", b"HEAD"), b"/", _ROOT),
    ((b"GET", b"HEAD"), b"/api/hello", _HELLO),
    ((b"GET", b"HEAD"), b"/healthz", _HEALTH),
    ((b"GET", b"HEAD"), b"/health/liveliness", _HEALTH),
    ((b"GET", b"HEAD"), b"/health/liveness", _HEALTH),
    ((b"GET", b"HEAD"), b"/readyz", _READY),
    ((b"GET", b"HEAD"), b"/health/readiness", _READY),
    ((b"GET",), b"/metrics", _METRICS),
    ((b"GET",), b"/v1/usage", _USAGE),
    ((b"GET",), b"/v1/accounts", _ACCOUNTS),
    ((b"GET",), b"/v1/credentials/check", _CREDENTIALS_CHECK),
    ((b"GET",), b"/v1/usage/limits", _USAGE_LIMITS),
)

# (method, pattern, endpoint, name of the parameter that is a model). Groups become params. The verbs stand before
# `models/{id}`: an id may contain a colon.
_VERBS = rb"/(?P<version>v1|v1beta|v1beta1)/models/(?P<model>.+):"
PATTERNS: tuple[tuple[bytes, re.Pattern[bytes], Endpoint, str], ...] = (
    (b"POST", re.compile(_VERBS + rb"(?P<verb>generateContent|streamGenerateContent)"), _GEMINI, "model"),
    (b"POST", re.compile(_VERBS + rb"(?P<verb>countTokens)"), _GEMINI_COUNT, "model"),
    (b"GET", re.compile(rb"/v1/models/(?P<id>.+)"), _MODEL, "id"),
    (b"GET", re.compile(rb"/(?P<version>v1beta|v1beta1)/models/(?P<id>.+)"), _GEMINI_MODEL, "id"),
    (b"GET", re.compile(rb"/api/latest/anthropic/v1/models/(?P<id>.+)"), _ANTHROPIC_MODEL, "id"),
)

# What a model in a path may look like once it is decoded: segments of these characters, none of them "." or "..".
# "@" and "%" are left out: no vendor's path models need them, and both have carried credentials to foreign hosts.
_SEGMENT = r"(?!\.(?:/|$))[A-Za-z0-9._:~+=,()\[\]-]+"
_PATH_MODEL = re.compile(rf"(?!.*\.\.){_SEGMENT}(?:/{_SEGMENT})*")
MAX_MODEL_CHARS = 256

_NOTHING: Mapping[str, str] = {}
_EXACT: dict[bytes, dict[bytes, Match]] = {
    path: {method: Match(endpoint, _NOTHING) for method in methods} for methods, path, endpoint in PATHS
}


def find(method: bytes, path: bytes) -> Match:
    """The endpoint for a method and a path (without its query), both as they came.

    Raises: Fault(not_found) when no row has this path; Fault(bad_request) with status 405 and an Allow header when one
    has it for another method.
    Cost: 0.1 us for an exact path, 2 us for a Gemini path.
    """
    methods = _EXACT.get(path)
    if methods is None:
        return _find_pattern(method, path)
    match = methods.get(method)
    if match is None:
        raise _wrong_method(methods)
    return match


def _find_pattern(method: bytes, path: bytes) -> Match:
    allowed: dict[bytes, None] = {}
    for row_method, pattern, endpoint, model in PATTERNS:
        found = pattern.fullmatch(path)
        if found is None:
            continue
        if row_method == method:
            params = {name: value.decode("latin-1") for name, value in found.groupdict().items()}
            params[model] = _model(params[model])
            return Match(endpoint, params)
        allowed[row_method] = None
    if allowed:
        raise _wrong_method(allowed)
    raise Fault("not_found", "there is nothing at this path")


def _model(text: str) -> str:
    """A model from a path, percent-decoded exactly once. Raises: Fault(not_found) when no model id looks like it."""
    if "%" in text:
        text = unquote(text, encoding="latin-1")
    if len(text) > MAX_MODEL_CHARS or _PATH_MODEL.fullmatch(text) is None:
        raise Fault("not_found", "the model in this path has characters that no model id has", param="model")
    return text


def _wrong_method(allowed: Mapping[bytes, object]) -> Fault:
    names = b", ".join(allowed)
    return Fault("bad_request", f"this path is for {names.decode()} only", status=405, headers=((b"allow", names),))
