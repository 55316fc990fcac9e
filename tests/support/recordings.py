"""Recorded provider traffic as exchanges, read from where it lies. It is other people's data: never copied in here.

The folder is FASTPROXY_RECORDINGS, or ../shared/recordings beside the repository; without it the tests that need it
are skipped with that reason.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from support.exchange import Exchange, Format

_FORMATS: dict[str, Format] = {
    "anthropic-messages": "anthropic",
    "gemini-generate": "gemini",
    "openai-chat": "openai-chat",
    "openai-responses": "openai-responses",
}
_PATHS = {
    "messages": "/v1/messages",
    "messages.count_tokens": "/v1/messages/count_tokens",
    "chat.completions": "/v1/chat/completions",
    "responses.create": "/v1/responses",
    "responses.compact": "/v1/responses/compact",
    "responses.input_tokens": "/v1/responses/input_tokens",
    "generateContent": "/v1beta/models/{model}:generateContent",
    "streamGenerateContent": "/v1beta/models/{model}:streamGenerateContent",
    "countTokens": "/v1beta/models/{model}:countTokens",
}
# What a client library sets anew for each connection, or what the relay replaces by rule.
_NOT_REPLAYED = frozenset((
    "host", "connection", "content-length", "transfer-encoding", "accept-encoding", "authorization", "x-api-key",
    "x-goog-api-key", "cookie", "content-encoding",
))  # fmt: skip


def folder() -> Path:
    beside = Path(__file__).parents[3] / "shared" / "recordings"
    return Path(os.environ.get("FASTPROXY_RECORDINGS", beside))


def parameters() -> list[Any]:
    """Every recording with a same-format endpoint as a pytest parameter; one skipped parameter when there are none."""
    names = sorted(_names())
    if not names:
        reason = "no recordings: FASTPROXY_RECORDINGS is not set and ../shared/recordings does not exist"
        return [pytest.param("", marks=pytest.mark.skip(reason=reason), id="absent")]
    return names


def smallest_streams(count: int) -> list[Exchange]:
    """The `count` smallest recorded streams, smallest first; empty without recordings."""
    streams = [exchange for exchange in map(load, _names()) if exchange.streamed]
    return sorted(streams, key=lambda exchange: len(exchange.answer))[:count]


@cache
def load(name: str) -> Exchange:
    """The recording "FOLDER/FILE", its answer as the bytes that the upstream sent."""
    recording = orjson.loads((folder() / f"{name}.json").read_bytes())
    asked, answered = recording["request"] or {}, recording["response"]
    format_ = _FORMATS[recording["format"]]
    body = asked.get("body") or _stand_in(format_, answered, streamed=recording["streamed"])
    encoded = orjson.dumps(body)
    model = _model(recording, body)
    query = asked.get("query") or ("alt=sse" if format_ == "gemini" and recording["streamed"] else "")
    target = _PATHS[recording["endpoint"]].format(model=model)
    return Exchange(
        name=name,
        shows=" ".join(recording["features"]),
        format=format_,
        target=f"{target}?{query}" if query else target,
        headers=[header for header in asked.get("headers", {}).items() if header[0].lower() not in _NOT_REPLAYED],
        body=encoded,
        sent_body=_addressed(encoded, model) if format_ != "gemini" else b"",
        status=answered["status"],
        answer_headers=[header for header in answered["headers"].items() if header[0].lower() not in _NOT_REPLAYED],
        answer=_answer(answered, array=recording["endpoint"] == "streamGenerateContent"),
        streamed="sse_text" in answered,
    )


def _names() -> list[str]:
    root = folder()
    if not (root / "INDEX.json").is_file():
        return []
    rows = orjson.loads((root / "INDEX.json").read_bytes())
    return [
        row["file"].removesuffix(".json") for row in rows if row["format"] in _FORMATS and row["endpoint"] in _PATHS
    ]


def _answer(answered: dict[str, Any], *, array: bool) -> bytes:
    if "sse_text" in answered:
        return str(answered["sse_text"]).encode()
    if array:  # as Google writes it: one element at a time
        return b"[" + b",\r\n".join(orjson.dumps(element) for element in answered["body"]) + b"]"
    return orjson.dumps(answered["body"])


def _model(recording: dict[str, Any], body: dict[str, Any]) -> str:
    if recording["format"] != "gemini-generate":
        return str(body.get("model", ""))
    path = (recording["request"] or {}).get("path", "/models/gemini-2.5-flash:")
    return str(path.rpartition("/")[2].partition(":")[0])


def _stand_in(format_: Format, answered: dict[str, Any], *, streamed: bool) -> dict[str, Any]:
    """The least request that could have had this answer, for recordings that kept none."""
    if format_ == "gemini":
        return {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
    body: dict[str, Any] = {"model": "recorded-model", "stream": streamed}
    if format_ == "openai-chat" and '"usage"' in answered.get("sse_text", ""):
        body["stream_options"] = {"include_usage": True}
    return body


def _addressed(body: bytes, model: str) -> bytes:
    """The body with `model` addressed to our provider, when its own prefix would name another one."""
    if "/" not in model:
        return b""
    return body.replace(b'"model":' + orjson.dumps(model), b'"model":' + orjson.dumps(f"lab/{model}"), 1)
