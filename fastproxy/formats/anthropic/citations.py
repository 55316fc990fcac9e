"""Where a text comes from, in Anthropic's words and ours. Only sources with an address: the hub has no other kind.

Source: anthropic 2.12.0 `types/citations_web_search_result_location.py`, read 2026-11-21.
"""

from typing import Any

from fastproxy.ir.events import Citation

_TYPE = "web_search_result_location"


def decode_citation(told: object, block: int) -> Citation | None:
    """The citation of the text in `block`, whose characters it does not count; None for pages and passages of files."""
    if not isinstance(told, dict) or told.get("type") != _TYPE or not isinstance(told.get("url"), str):
        return None
    title, cited = told.get("title"), told.get("cited_text")
    return Citation(
        block,
        told["url"],
        title if isinstance(title, str) else "",
        cited=cited if isinstance(cited, str) else "",
    )


def encode_citation(citation: Citation) -> dict[str, Any]:
    """The citation object. Nobody but Anthropic has an index to encrypt, so that demanded field is empty."""
    return {
        "type": _TYPE,
        "cited_text": citation.cited,
        "encrypted_index": "",
        "title": citation.title or None,
        "url": citation.url,
    }
