"""The JSON objects that a Chat stream and a whole body have in common. Pure values: both must say the same.

Source: openai 3.54.0, types/chat/chat_completion_message.py, read 2026-11-21.
"""

from typing import Any

from fastproxy.ir.events import Citation, Start

_ID_PREFIX = "chatcmpl-"


def completion_id(start: Start) -> str:
    """The response's id in Chat's spelling, the same for a stream and a whole body."""
    return start.id if start.id.startswith(_ID_PREFIX) else _ID_PREFIX + start.id


def call_id(start: Start, upstream_id: str, index: int) -> str:
    """The upstream's own id of a call, or one made from the response's where it has none (Gemini)."""
    return upstream_id or f"call_{start.id.removeprefix(_ID_PREFIX)}_{index}"


def annotation(citation: Citation, text_before: int) -> dict[str, Any]:
    """A citation. text_before: characters of the message's text before the block that it is for.

    The format demands a place, so that an unknown one is 0 to 0, as OpenRouter tells it.
    """
    known = citation.start is not None and citation.end is not None
    told: dict[str, Any] = {
        "url": citation.url,
        "title": citation.title,
        "start_index": text_before + (citation.start or 0) if known else 0,
        "end_index": text_before + (citation.end or 0) if known else 0,
    }
    if citation.cited:
        told["content"] = citation.cited
    return {"type": "url_citation", "url_citation": told}
