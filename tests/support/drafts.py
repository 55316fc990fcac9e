"""Drafts for tests of shaping, and how their JSON compares."""

from typing import Any

import orjson

from fastproxy.providers.draft import Draft


def draft(body: bytes | dict[str, Any] = b"{}", **fields: Any) -> Draft:
    """A request for an answer in Chat, but for what is given."""
    known = {"format": "openai-chat", "action": "generate", "model": "m", "stream": False, "path": "/chat/completions"}
    encoded = body if isinstance(body, bytes) else orjson.dumps(body)
    return Draft(**known | {"body": encoded} | fields)  # type: ignore[arg-type]


def headers_of(draft: Draft) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in draft.headers}
