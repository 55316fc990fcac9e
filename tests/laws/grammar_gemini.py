"""The grammar of a Gemini stream as a small automaton, and the response that a stream tells.

    chunk* -> chunk with finishReason    every chunk: candidates[0].content{parts, role}, modelVersion, responseId
    chunk* -> error                      usageMetadata cumulative, so that the last one told is the response's

Written from the wire format notes, 3.4; proven on every recorded stream before it judges ours.
"""

from typing import Any, Literal

import orjson

from support.sse import events

Ending = Literal["finished", "error", "cut"]


def read(stream: bytes) -> tuple[Ending, dict[str, Any]]:
    """How a stream of server-sent events ends and the response it tells, adjacent texts joined.

    Raises: AssertionError where it leaves the grammar.
    """
    assert not stream or stream.endswith((b"\n\n", b"\r\n\r\n")), "the last event is not complete"
    found = events(stream)
    lines = [line for line in stream.splitlines() if line]
    assert len(lines) == len(found), "something besides data lines: fatal to Gemini's own clients"
    assert all(line.startswith(b"data: ") for line in lines), "the space after `data:` is needed"
    return read_chunks([orjson.loads(data) for _, data in found])


def read_array(stream: bytes) -> tuple[Ending, dict[str, Any]]:
    """The same for the form without alt=sse."""
    return read_chunks(orjson.loads(stream))


def read_chunks(chunks: list[dict[str, Any]]) -> tuple[Ending, dict[str, Any]]:
    """The automaton itself, over decoded chunks."""
    told: dict[str, Any] = {"parts": [], "usageMetadata": None, "finishReason": None, "groundingMetadata": None}
    ending: Ending = "cut"
    for chunk in chunks:
        assert ending == "cut", f"a chunk after the end: {chunk}"
        if "error" in chunk:
            assert {"code", "message", "status"} <= set(chunk["error"])
            ending = "error"
            continue
        _same(told, chunk, "modelVersion")
        _same(told, chunk, "responseId")
        (candidate,) = chunk["candidates"]
        content = candidate.get("content", {"role": "model"})
        assert content["role"] == "model"
        told["parts"] += content.get("parts", [])
        told["usageMetadata"] = chunk.get("usageMetadata", told["usageMetadata"])
        told["groundingMetadata"] = candidate.get("groundingMetadata", told["groundingMetadata"])
        if "finishReason" in candidate:
            told["finishReason"] = candidate["finishReason"]
            ending = "finished"
    return ending, {**told, "parts": joined(told["parts"])}


def joined(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Parts with neighbouring texts of one kind made one: how a text is cut into parts says nothing."""
    out: list[dict[str, Any]] = []
    for part in parts:
        if out and _is_text(part) and _is_text(out[-1]) and part.get("thought") == out[-1].get("thought"):
            text = out[-1]["text"] + part["text"]
            out[-1] = {**out[-1], **part, "text": text}
        else:
            out.append(dict(part))
    return [part for part in out if part != {"text": ""}]


def _is_text(part: dict[str, Any]) -> bool:
    return set(part) <= {"text", "thought", "thoughtSignature", "thought_signature"} and "text" in part  # SDKs rename


def _same(told: dict[str, Any], chunk: dict[str, Any], key: str) -> None:
    assert told.setdefault(key, chunk.get(key)) == chunk.get(key), f"{key} changed within the stream"
