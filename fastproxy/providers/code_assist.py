"""Gemini Code Assist, which Gemini CLI's logins are for: the Gemini format inside an envelope.

The client's bytes go into {"model", "project", "request"} as they are, and answers come in {"response"}. Never: a
prompt id, a session or a project that nobody gave.
Source, read 2026-11-21: wire format notes 4; the types that google-gemini/gemini-cli sends (code_assist/converter.ts);
the variables that it takes the project from (code_assist/setup.ts).
"""

from collections.abc import Mapping

import msgspec
import orjson

from fastproxy.jsonedit import Fields
from fastproxy.providers.base import Provider
from fastproxy.providers.draft import Draft
from fastproxy.providers.oauth import GEMINI_CLI

_VERSION = "/v1internal"
_COUNTED = "contents"  # a count is of these and nothing else


def shape(draft: Draft, facts: Mapping[str, str]) -> Draft:
    """The request in its envelope. Raises: Fault(bad_request)."""
    if draft.action == "count_tokens":
        return _count(draft)
    project = facts.get("project", "")
    named = b'"project":%b,' % orjson.dumps(project) if project else b""
    body = b'{"model":%b,%b"request":%b}' % (orjson.dumps(draft.model), named, draft.body)
    verb = "streamGenerateContent" if draft.stream else "generateContent"
    return msgspec.structs.replace(draft, path=f"{_VERSION}:{verb}", body=body)


def _count(draft: Draft) -> Draft:
    """A question for a count, which may also be asked with a whole request around the contents."""
    fields = Fields(draft.body)
    whole = "generateContentRequest"
    if _COUNTED not in fields and whole in fields:
        fields = Fields(fields.around(whole)[1])
    contents = fields.around(_COUNTED)[1] if _COUNTED in fields else b"[]"
    model = orjson.dumps(f"models/{draft.model}")
    dropped = tuple(key for key in ("systemInstruction", "tools", "generationConfig", "cachedContent") if key in fields)
    return msgspec.structs.replace(
        draft,
        path=f"{_VERSION}:countTokens",
        body=b'{"request":{"model":%b,"contents":%b}}' % (model, contents),
        dropped=(*draft.dropped, *dropped),
    )


PROVIDER = Provider(
    name="gemini-cli",
    title="Gemini Code Assist",
    formats={"gemini": "https://cloudcode-pa.googleapis.com"},
    shared_models=("gemini-*",),
    discover=False,
    oauth=GEMINI_CLI,
    own_client="gemini-cli",
    fact_variables=(("project", ("GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_PROJECT_ID")),),
    shape=shape,
    envelope="response",
)
