"""The ways in which Chat hosts and clients tell reasoning, and what a signature is made of in each. Pure values.

    text        reasoning_content | reasoning | reasoning_text: one string
    details     reasoning_details: a list of {type: reasoning.text | reasoning.summary | reasoning.encrypted, ...}
    Google      extra_content.google.thought_signature on a tool call or on the message
    Copilot     reasoning_opaque: one signature for what reasoning_text says
    parts       content: a list with {type: thinking, thinking} (Mistral) or {type: reasoning, summary} (Databricks)

Where a host tells both a string and details, both say the same thought: the details win when they have text. A host's
signature is its own entry without the text, as JSON, so that it can be sent back as it came. In our own entries
(`OURS`) it is the bare signature, and the entry says how many characters of the string it stands for. Databricks' is
not kept: it would have to go back within the content, where no thought is written.
Source: recorded traffic of OpenRouter, Google, Mistral, DeepSeek, Z.ai, Moonshot, Groq and Ollama; for Copilot's, which
refuses the next turn without it, github.com/anomalyco/opencode/pull/8900; for Databricks', docs.databricks.com, "Query
reasoning models", and, in a stream, github.com/aaif-goose/goose/issues/8077; read 2026-11-21.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import orjson

from fastproxy.formats.bounds import is_walkable
from fastproxy.ir.request import ReasoningPart

OURS = "fastproxy-1"
REASONING_STRINGS = ("reasoning_content", "reasoning", "reasoning_text")
REASONING_KEYS = (*REASONING_STRINGS, "reasoning_details")
THINKING_PARTS = ("thinking", "reasoning")  # types of parts of the content

OPAQUE = "reasoning_opaque"
_TEXT_KEYS = {"reasoning.text": "text", "reasoning.summary": "summary"}

Object = dict[str, Any]


class Thought(msgspec.Struct, frozen=True):
    """One entry of `reasoning_details`. characters: of the string that it stands for; None where it doesn't say."""

    text: str
    signature: str | None = None
    characters: int | None = None


def thoughts(details: object) -> list[Thought]:
    """The entries that say something. Takes anything."""
    entries = details if isinstance(details, list) else ()
    return [thought for entry in entries if isinstance(entry, dict) and (thought := _thought(entry)) is not None]


def string_of(holder: Object) -> str:
    """The thought that a message or a delta tells as a string; "" for none."""
    return next((value for key in REASONING_STRINGS if isinstance(value := holder.get(key), str) and value), "")


def thinking_text(part: Object) -> str:
    """The text of a part that is a thought, Mistral's or Databricks': a string, or text parts."""
    told = part.get("summary" if part.get("type") == "reasoning" else "thinking")
    if isinstance(told, str):
        return told
    pieces = (piece.get("text") for piece in told if isinstance(piece, dict)) if isinstance(told, list) else ()
    return "".join(piece for piece in pieces if isinstance(piece, str))


def entry(index: int, signature: str, characters: int) -> Object:
    """Our own entry for a signature. Each has an index: the SDK's accumulator fails at one without.

    characters: of the string that were thought for this signature, counted on from the entry before.
    """
    return {
        "type": "reasoning.encrypted",
        "index": index,
        "format": OURS,
        "data": signature,
        "characters": characters,
    }


def google_signature(holder: Object) -> str | None:
    """The signature of a tool call or message of Google's: its `extra_content` as JSON."""
    extra = holder.get("extra_content")
    google = extra.get("google") if isinstance(extra, dict) else None
    if not isinstance(google, dict) or not google.get("thought_signature"):
        return None
    return orjson.dumps({"extra_content": {"google": {"thought_signature": google["thought_signature"]}}}).decode()


def opaque_signature(value: str) -> str:
    """Copilot's signature, with its name, as JSON."""
    return orjson.dumps({OPAQUE: value}).decode()


def as_it_came(part: ReasoningPart) -> Object | None:
    """What was kept of a host's own entry or field; None when the signature is not of that make."""
    if part.signature is None or not part.signature.startswith("{") or not is_walkable(part.signature.encode()):
        return None
    try:
        kept = orjson.loads(part.signature)
    except orjson.JSONDecodeError:
        return None
    return kept if "extra_content" in kept or OPAQUE in kept or isinstance(kept.get("type"), str) else None


def details_again(kept: Object, text: str) -> Iterator[Object]:
    """The entries of `reasoning_details` that a host sent, from what was kept of them and the text."""
    if kept["type"] in _TEXT_KEYS:
        yield kept | {_TEXT_KEYS[kept["type"]]: text}
        return
    if text:
        kind = "reasoning.summary" if "responses" in str(kept.get("format")) else "reasoning.text"
        shared = {key: kept[key] for key in ("format", "index") if key in kept}
        yield {"type": kind, _TEXT_KEYS[kind]: text} | shared
    yield kept


def parts_of(holder: Object) -> Iterator[ReasoningPart]:
    """The reasoning of a message that a client sends back, its string cut up among the signatures that it is for."""
    found = thoughts(holder.get("reasoning_details"))
    text = "" if any(thought.text for thought in found) else string_of(holder)
    at = 0
    for thought in found:
        # Clients that rebuild the entries may lose our count: then all of the text belongs to the first signature.
        end = at + thought.characters if thought.characters is not None else 0 if _counted(found) else len(text)
        yield ReasoningPart(thought.text or text[at:end], thought.signature)
        at = max(at, end)
    if text[at:]:
        yield ReasoningPart(text[at:])


def _counted(found: list[Thought]) -> bool:
    return any(thought.characters is not None for thought in found)


def _thought(entry: Object) -> Thought | None:
    kind = entry.get("type")
    if kind == "reasoning.encrypted":
        return _ours(entry) if entry.get("format") == OURS else _sealed(entry)
    key = _TEXT_KEYS.get(kind) if isinstance(kind, str) else None
    if key is None:
        return None
    text = entry.get(key)
    signature = _json({name: value for name, value in entry.items() if name != key}) if entry.get("signature") else None
    text = text if isinstance(text, str) else ""
    return Thought(text, signature) if text or signature else None


def _sealed(entry: Object) -> Thought | None:
    return Thought("", _json(entry)) if entry.get("data") else None


def _ours(entry: Object) -> Thought | None:
    data, characters = entry.get("data"), entry.get("characters")
    if not isinstance(data, str) or not data:
        return None
    return Thought("", data, characters if type(characters) is int and characters >= 0 else None)


def _json(entry: Object) -> str:
    return orjson.dumps(entry).decode()
