"""GitHub Copilot: models of several vendors behind one door, each in the formats that it is served in.

What the client says of itself passes; a client that says nothing is named as what it comes through. Never: the name of
an editor, or of an integration, that is not there.
Source, read 2026-11-21: wire format notes 4; public reports of which models are "not accessible via the
/chat/completions endpoint" (ericc-ch/copilot-api 269 and 274, caozhiyuan/copilot-api 102 and 113).
"""

import re
from collections.abc import Mapping

import msgspec

from fastproxy import __version__
from fastproxy.formats.base import FormatName
from fastproxy.jsonedit import Fields, elements
from fastproxy.providers.base import Provider
from fastproxy.providers.draft import Draft
from fastproxy.providers.oauth import COPILOT

# Quotes inside of texts are escaped, so that what somebody writes is never mistaken for a part's own type.
_IMAGE = re.compile(rb'"type"\s*:\s*"(?:image_url|input_image|image)"')
_RESULT = re.compile(rb'"type"\s*:\s*"tool_result"')
_TURNS: Mapping[FormatName, str] = {"openai-chat": "messages", "openai-responses": "input", "anthropic": "messages"}
_ITSELF = f"fastproxy/{__version__}".encode()


def shape(draft: Draft, facts: Mapping[str, str]) -> Draft:  # noqa: ARG001 - where an account is served is no shape
    """The request with the headers that the API asks for, where the client sent none. Raises: Fault(bad_request)."""
    wanted = [(b"editor-version", _ITSELF), (b"editor-plugin-version", _ITSELF)]
    if draft.action == "generate":
        wanted.append((b"x-initiator", b"user" if _is_users_turn(draft) else b"agent"))
        if _IMAGE.search(draft.body):
            wanted.append((b"copilot-vision-request", b"true"))
    return msgspec.structs.replace(draft, headers=(*draft.headers, *draft.unless_sent(*wanted)))


def _is_users_turn(draft: Draft) -> bool:
    """Whether a person spoke last; the result of a tool is an agent's turn, whoever's role it stands under."""
    key, fields = _TURNS[draft.format], Fields(draft.body)
    turns = elements(fields.around(key)[1]) if key in fields else []
    if not turns or not turns[-1].startswith(b"{"):
        return True
    last = Fields(turns[-1])
    if "role" not in last:  # an item that is no message: a call, or the result of one
        return False
    content = last.around("content")[1] if "content" in last else b""
    return last.value("role") == "user" and not any(map(_is_result, elements(content)))


def _is_result(part: bytes) -> bool:
    return _RESULT.search(part) is not None


PROVIDER = Provider(
    name="copilot",
    title="GitHub Copilot",
    formats={
        "openai-chat": "https://api.githubcopilot.com",
        "openai-responses": "https://api.githubcopilot.com",
        "anthropic": "https://api.githubcopilot.com",
    },
    shared_models=("gpt-*", "o[0-9]*", "claude-*", "gemini-*", "grok-*"),
    speaks=(
        ("claude-*", ("anthropic", "openai-chat")),
        ("gpt-[5-9]*", ("openai-responses",)),
        ("mai-*", ("openai-responses",)),
        ("*", ("openai-chat",)),
    ),
    discover=False,
    oauth=COPILOT,
    own_client="copilot",
    hosts=("*.githubcopilot.com",),
    shape=shape,
    counts=False,
)
