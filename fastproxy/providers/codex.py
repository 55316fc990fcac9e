"""The backend of ChatGPT plans, which Codex uses: the Responses format, with rules of its own.

It answers streams only, keeps nothing, and refuses fields that the public API takes. What it refuses is left out and
reported; what can't be left out without changing the meaning is refused here, with a name. Never: words in the name
of another program, an instruction that the client did not write.
Source, read 2026-11-21: wire format notes 4 (ChatGPT-codex); public reports of its answers ("Stream must be set to
true", "Store must be set to false", "Unsupported parameter: max_output_tokens", "Input must be a list", "System
messages are not allowed").
"""

from collections.abc import Mapping

import msgspec
import orjson

from fastproxy.errors import Fault, Header
from fastproxy.jsonedit import Fields, edit_elements, prepend, put
from fastproxy.providers.base import Provider, Quirks
from fastproxy.providers.draft import Draft
from fastproxy.providers.oauth import CODEX

_REFUSED = (
    "generate", "max_completion_tokens", "max_output_tokens", "max_tool_calls", "metadata", "moderation",
    "prompt_cache_options", "prompt_cache_retention", "safety_identifier", "stream_options", "temperature",
    "top_logprobs", "top_p", "truncation", "user",
)  # fmt: skip
# It keeps no conversation: without these it would answer another question than was asked.
_KEPT_BY_THE_HOST = ("previous_response_id", "conversation", "prompt")
_WORKSPACE = b"chatgpt-account-id"
_SEALED_THOUGHTS = "reasoning.encrypted_content"
_DEMANDED: tuple[tuple[str, bytes, bool], ...] = (("stream", b"true", True), ("store", b"false", False))


def shape(draft: Draft, facts: Mapping[str, str]) -> Draft:
    """The request as the backend takes it. Raises: Fault(bad_request) for what leans on a stored conversation.

    Cost: 0.4 ms for a conversation of 100 KB and 100 items as Codex sends it, 1 ms where every field is another one.
    """
    headers = (*draft.headers, *draft.unless_sent((b"originator", b"fastproxy")), *_of_account(facts))
    draft = msgspec.structs.replace(draft, headers=headers, without=draft.without | {_WORKSPACE})
    if draft.action != "generate":
        return draft
    fields = Fields(draft.body)
    _require_no_memory(fields)
    items = _Items()
    body = items.of(draft.body, fields)
    for key in _told(fields, (*_REFUSED, *_KEPT_BY_THE_HOST, "background")):
        body = Fields(body).without(key)
    return msgspec.structs.replace(
        draft,
        body=_with_what_is_demanded(body, fields),
        headers=(*headers, (b"accept", b"text/event-stream")),
        dropped=tuple(dict.fromkeys((*draft.dropped, *_meant(fields, _REFUSED), *items.dropped))),
    )


def _of_account(facts: Mapping[str, str]) -> tuple[Header, ...]:
    """Which of a login's workspaces is meant; the client's own word for it belongs to another credential."""
    return ((_WORKSPACE, facts["account_id"].encode()),) if facts.get("account_id") else ()


def _require_no_memory(fields: Fields) -> None:
    """Raises: Fault(bad_request) for a request that can't be answered without what has been stored."""
    for key in _meant(fields, _KEPT_BY_THE_HOST):
        raise Fault("bad_request", f"{PROVIDER.title} keeps no conversations: send it whole, without {key}", param=key)
    if _told(fields, ("background",)) and fields.value("background") is True:
        raise Fault("bad_request", f"{PROVIDER.title} answers nothing in the background", param="background")


def _told(fields: Fields, keys: tuple[str, ...]) -> list[str]:
    return [key for key in keys if key in fields]


def _meant(fields: Fields, keys: tuple[str, ...]) -> list[str]:
    """Those of the keys that say something: null is as good as nothing."""
    return [
        key for key in _told(fields, keys) if fields.size_bytes(key) != len(b"null") or fields.value(key) is not None
    ]


_MESSAGE = b'[{"type":"message","role":"user","content":[{"type":"input_text","text":%b}]}]'


class _Items:
    """Items without the names under which they would have been kept. dropped: what that took away."""

    def __init__(self) -> None:
        self.dropped: list[str] = []

    def of(self, body: bytes, fields: Fields) -> bytes:
        """The body with its items edited. Raises: Fault(bad_request) for an item that stands for a stored one."""
        if "input" not in fields:
            return body
        before, told, after = fields.around("input")
        if told.startswith(b'"'):  # one text stands for a list of one message
            return before + _MESSAGE % told + after
        return before + edit_elements(told, self._item, _may_need_it) + after if _may_need_it(told) else body

    def _item(self, item: bytes) -> bytes | None:
        fields = Fields(item)
        kind = fields.value("type") if fields.size_bytes("type") < 64 else None
        if kind == "item_reference":
            message = f"{PROVIDER.title} keeps no items: send this one itself, not a reference to it"
            raise Fault("bad_request", message, param="input")
        if kind == "reasoning" and fields.size_bytes("encrypted_content") <= len(b"null"):
            self.dropped.append("reasoning")  # it would be looked up by its id, and not found
            return None
        if fields.size_bytes("role") == len(b'"system"') and fields.value("role") == "system":
            item = fields.replace("role", "developer")  # the same by its newer name
        if "id" not in fields:
            return item
        self.dropped.append("input[].id")
        return Fields(item).without("id")


def _may_need_it(item: bytes) -> bool:
    return b'"id"' in item or b'"reasoning"' in item or b'"system"' in item or b'"item_reference"' in item


def _with_what_is_demanded(body: bytes, fields: Fields) -> bytes:
    """The body with every field that must be there. fields: of the body as it came."""
    for key, text, value in _DEMANDED:
        if key not in fields:
            body = prepend(body, b'"%b":%b' % (key.encode(), text))
        elif fields.value(key) is not value:
            body = put(body, (key,), text, replace=True)
    if not _meant(fields, ("instructions",)):  # it may be empty
        body = put(body, ("instructions",), b'""', replace=True)
    include = fields.value("include")  # thoughts can come back only in their sealed form: nothing is kept there
    if include is None or (isinstance(include, list) and _SEALED_THOUGHTS not in include):
        body = put(body, ("include",), orjson.dumps([_SEALED_THOUGHTS, *(include or ())]), replace=True)
    return body


PROVIDER = Provider(
    name="codex",
    title="ChatGPT (Codex)",
    formats={"openai-responses": "https://chatgpt.com/backend-api/codex"},
    shared_models=("gpt-*", "codex-*"),
    discover=False,
    # Breakpoints for its cache are a 400: tingly-dev/tingly-box 1488 and 1490, Wei-Shaw/claude-relay-service 1270.
    quirks=Quirks(refuses=frozenset({"cache"}), cache_key=frozenset({"openai-responses"})),
    oauth=CODEX,
    own_client="codex",
    shape=shape,
    always_streams=True,
    counts=False,
)
