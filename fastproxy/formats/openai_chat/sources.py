"""Where an answer's text comes from, as Chat hosts tell it: annotations of the message, or a list beside all choices.

OpenAI and OpenRouter annotate. Perplexity and xAI list addresses beside the choices, Perplexity what it has found as
well, Z.ai pages under a name of its own; such a list stands for the whole text, and is whole in the last chunk.
Source: docs.perplexity.ai and docs.x.ai, responses of chat completions; docs.z.ai, web search in chat; recorded
annotations of OpenRouter; read 2026-11-21.
"""

from typing import Any

from fastproxy.ir.events import Citation

Object = dict[str, Any]

_LISTS = ("search_results", "web_search", "citations")  # the first one that tells something: it tells more


def annotated(block: int, cited: Object, text_start: int) -> Citation:
    """An annotation. Its place is told in characters of the whole message; 0 to 0, as OpenRouter tells it, is none."""
    start, end = cited.get("start_index"), cited.get("end_index")
    if not (isinstance(start, int) and isinstance(end, int) and start < end):
        start = end = None
    return Citation(
        block,
        str(cited.get("url") or ""),
        str(cited.get("title") or ""),
        None if start is None else max(0, start - text_start),
        None if end is None else max(0, end - text_start),
        str(cited.get("content") or ""),
    )


def listed(chunk: Object, block: int) -> list[Citation]:
    """The sources that a chunk, or a whole body, lists beside its choices, each once; for no place in particular."""
    for name in _LISTS:
        told = chunk.get(name)
        if isinstance(told, list) and (found := [cited for one in told if (cited := _source(one, block))]):
            return list(dict.fromkeys(found))
    return []


def _source(told: object, block: int) -> Citation | None:
    if isinstance(told, str):
        return Citation(block, told) if told else None
    if not isinstance(told, dict) or not (url := _text(told, "url") or _text(told, "link")):
        return None
    return Citation(block, url, _text(told, "title"), cited=_text(told, "snippet") or _text(told, "content"))


def _text(told: Object, key: str) -> str:
    value = told.get(key)
    return value if isinstance(value, str) else ""
