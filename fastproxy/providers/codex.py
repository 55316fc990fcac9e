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
_SEALED_THOUGHTS = b'"reasoning.encrypted_content"'


def shape(draft: Draft, facts: Mapping[str, str]) -> Draft:
    """The request as the backend takes it. Raises: Fault(bad_request) for what leans on a stored conversation."""
    headers = (*draft.headers, *draft.unless_sent((b"originator", b"fastproxy")), *_of_account(facts))
    if draft.action != "generate":
        return msgspec.structs.replace(draft, headers=headers)
    body, dropped = _without_refused(draft.body)
    edit = _Items()
    body = edit.of(_as_list(body))
    body = put(put(body, ("stream",), b"true", replace=True), ("store",), b"false", replace=True)
    body = _with_sealed_thoughts(_with_instructions(body))
    return msgspec.structs.replace(
        draft,
        body=body,
        headers=(*headers, (b"accept", b"text/event-stream")),
        dropped=tuple(dict.fromkeys((*draft.dropped, *dropped, *edit.dropped))),
    )


def _of_account(facts: Mapping[str, str]) -> tuple[Header, ...]:
    """Which of a login's workspaces is meant; the client's own word for it belongs to another credential."""
    return ((b"chatgpt-account-id", facts["account_id"].encode()),) if facts.get("account_id") else ()


def _without_refused(body: bytes) -> tuple[bytes, list[str]]:
    """The body without the fields that are refused there, and the names of those that said something."""
    fields = Fields(body)
    for key in _KEPT_BY_THE_HOST:
        if key in fields and fields.value(key) is not None:
            raise Fault(
                "bad_request", f"{PROVIDER.title} keeps no conversations: send it whole, without {key}", param=key
            )
    if "background" in fields and fields.value("background") is True:
        raise Fault("bad_request", f"{PROVIDER.title} answers nothing in the background", param="background")
    dropped = []
    for key in (*_REFUSED, *_KEPT_BY_THE_HOST, "background"):
        if key in fields:
            if fields.size_bytes(key) != len(b"null") or fields.value(key) is not None:
                dropped.append(key)
            body = Fields(body).without(key)
    return body, [key for key in dropped if key != "background"]


def _as_list(body: bytes) -> bytes:
    """A question that is one text, as the list of one message that it stands for."""
    fields = Fields(body)
    if "input" not in fields:
        return body
    before, told, after = fields.around("input")
    if not told.startswith(b'"'):
        return body
    message = b'[{"type":"message","role":"user","content":[{"type":"input_text","text":%b}]}]'
    return before + message % told + after


class _Items:
    """Items without the names under which they would have been kept. dropped: what that took away."""

    def __init__(self) -> None:
        self.dropped: list[str] = []

    def of(self, body: bytes) -> bytes:
        """The body with its items edited. Raises: Fault(bad_request) for an item that stands for a stored one."""
        fields = Fields(body)
        if "input" not in fields:
            return body
        before, items, after = fields.around("input")
        return before + edit_elements(items, self._item, _may_need_it) + after

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


def _with_instructions(body: bytes) -> bytes:
    """The body with instructions, which are demanded and may be empty."""
    fields = Fields(body)
    if "instructions" in fields and fields.size_bytes("instructions") > len(b"null"):
        return body
    return put(
        body, ("instructions",), b'""', replace="instructions" in fields and fields.value("instructions") is None
    )


def _with_sealed_thoughts(body: bytes) -> bytes:
    """The body that asks for thoughts in the sealed form in which they can come back: nothing is kept there."""
    fields = Fields(body)
    if "include" not in fields:
        return prepend(body, b'"include":[%b]' % _SEALED_THOUGHTS)
    before, told, after = fields.around("include")
    if not told.startswith(b"["):
        return before + b"[%b]" % _SEALED_THOUGHTS + after if told == b"null" else body
    if _SEALED_THOUGHTS in told:
        return body
    more = b"" if told[1:].lstrip().startswith(b"]") else b","
    return before + b"[" + _SEALED_THOUGHTS + more + told[1:] + after


PROVIDER = Provider(
    name="codex",
    title="ChatGPT (Codex)",
    formats={"openai-responses": "https://chatgpt.com/backend-api/codex"},
    shared_models=("gpt-*", "codex-*"),
    discover=False,
    quirks=Quirks(cache_key=frozenset({"openai-responses"})),
    oauth=CODEX,
    own_client="codex",
    shape=shape,
    always_streams=True,
    counts=False,
)
