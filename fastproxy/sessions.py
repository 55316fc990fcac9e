"""Which conversation a request belongs to, and which one that came from: what keeps both on one account.

Never the system prompt or the tools: a date in the one and an added tool in the other would move a conversation to an
account whose prompt cache does not know it; and many conversations share both.
"""

from hashlib import blake2s

import msgspec

from fastproxy.formats.base import FormatName
from fastproxy.framing.http1 import RequestHead

# In the order in which they count. Source: `real-clients` (what clients send), and what other relays accept.
SESSION_HEADERS = (
    b"x-claude-code-session-id",
    b"session-id",
    b"session_id",
    b"x-codex-session-id",
    b"thread-id",
    b"conversation_id",
    b"conversation-id",
    b"x-session-id",
    b"x-session-affinity",
    b"x-conversation-id",
    b"x-prompt-cache-key",
    b"x-amp-thread-id",
)
PARENT_HEADERS = (
    b"x-parent-session-id",
    b"x-codex-parent-session-id",
    b"x-codex-parent-thread-id",
    b"x-parent-thread-id",
    b"parent-session-id",
)
SESSION_CHARACTERS = 128
_TURNS: dict[FormatName, str] = {
    "openai-chat": "messages",
    "anthropic": "messages",
    "openai-responses": "input",
    "gemini": "contents",
}
_WORDS = ("content", "parts", "text")
MAX_TURNS_LOOKED_AT = 16  # instructions may come before the first words of a user
MAX_TURN_BYTES = 65536  # of one turn: a first turn with a picture in it is told from others by its length
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])


class _Turn(msgspec.Struct):
    role: str = "user"
    content: msgspec.Raw = msgspec.Raw()
    parts: msgspec.Raw = msgspec.Raw()


_TURN = msgspec.json.Decoder(_Turn)
_LOOKS = {
    key: msgspec.json.Decoder(msgspec.defstruct("Conversation", [(key, msgspec.Raw, msgspec.Raw())]))
    for key in set(_TURNS.values())
}


def named(head: RequestHead, names: tuple[bytes, ...]) -> str:
    """The value of the first of these headers that the client sent; "" when it sent none."""
    for name in names:
        if name in head.names.first and (value := head.get(name)):
            return value.decode("latin-1")[:SESSION_CHARACTERS]
    return ""


def first_words(body: bytes, format_: FormatName) -> str:
    """A digest of what the user said first, which stays while a conversation grows; "" where it can't be told.

    Cost: 45 us for 100 KB; asked for only where several accounts could serve a request that names no session.
    """
    key = _TURNS[format_]
    try:
        turns = bytes(getattr(_LOOKS[key].decode(body), key))
        said = _words(msgspec.json.decode(turns)) if turns[:1] == b'"' else _first_of(_ARRAY.decode(turns))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return blake2s(said.encode("utf-8", "replace"), digest_size=16, person=b"fpxturn").hexdigest() if said else ""


def _first_of(turns: list[msgspec.Raw]) -> str:
    for raw in turns[:MAX_TURNS_LOOKED_AT]:
        turn = _TURN.decode(raw)
        if turn.role == "user":
            said = bytes(turn.content) or bytes(turn.parts)
            if len(said) > MAX_TURN_BYTES:
                return f"{len(said)} {said[:256]!r}"
            return _words(msgspec.json.decode(said)) if said else ""
    return ""


def _words(value: object) -> str:
    """The texts only: clients move their cache marks from turn to turn."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(map(_words, value))
    if isinstance(value, dict):
        return "\n".join(_words(value[key]) for key in _WORDS if key in value)
    return ""
