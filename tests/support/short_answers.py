"""Streams of a few events, written out as hosts write them, and what becomes of them on their way to a client."""

from typing import Any

import orjson

from support.cells import Came, ending, pipe, through
from support.exchange import Format
from support.told import Told, reader_of


def chat(*deltas: dict[str, Any], finish: str | None = "stop", after: tuple[dict[str, Any], ...] = ()) -> bytes:
    """A Chat stream of these deltas, a finish chunk (none for None), and more objects behind it."""
    chunks: list[Any] = [{"id": "c1", "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    if finish is not None:
        chunks.append({"id": "c1", "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    body = b"".join(b"data: %b\n\n" % orjson.dumps(chunk) for chunk in (*chunks, *after))
    return body + (b"data: [DONE]\n\n" if finish is not None else b"")


def anthropic(*events: dict[str, Any], stop: str = "end_turn", usage: dict[str, int] | None = None) -> bytes:
    start = {"type": "message_start", "message": {"id": "m1", "model": "claude", "usage": usage or {"input_tokens": 3}}}
    end = {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 7}}
    told = [start, *events, end, {"type": "message_stop"}]
    return b"".join(b"event: %b\ndata: %b\n\n" % (event["type"].encode(), orjson.dumps(event)) for event in told)


def gemini(*parts: list[dict[str, Any]], finish: str = "STOP", usage: dict[str, int] | None = None) -> bytes:
    chunks: list[dict[str, Any]] = [{"candidates": [{"content": {"role": "model", "parts": p}}]} for p in parts]
    chunks[-1]["candidates"][0]["finishReason"] = finish
    chunks[-1]["usageMetadata"] = usage or {"promptTokenCount": 3, "candidatesTokenCount": 7, "totalTokenCount": 10}
    return b"".join(b"data: %b\r\n\r\n" % orjson.dumps(chunk) for chunk in chunks)


def call(index: int | None, id_: str | None, name: str | None, arguments: str | None) -> dict[str, Any]:
    told = {"index": index, "id": id_, "function": {"name": name, "arguments": arguments}}
    function = {key: value for key, value in told["function"].items() if value is not None}  # type: ignore[union-attr]
    return {"tool_calls": [{k: v for k, v in told.items() if v is not None} | {"function": function}]}


def came(source: Format, target: Format, stream: bytes) -> Came:
    return through(pipe(source, target, streamed=True, stream=True), stream)


def told(source: Format, target: Format, stream: bytes) -> Told:
    """What a client reads in a translated stream that must end well."""
    answer = came(source, target, stream)
    assert answer.fault is None, answer.fault
    assert ending(target, answer.body) == "finished"
    return reader_of(target)(answer.body)


def assert_broken(target: Format, answer: Came, words: str = "") -> None:
    """An error answer where nothing had been sent yet, else the format's error event, with the upstream's words."""
    if answer.fault is not None:
        assert words in answer.fault.message
    elif target == "gemini" and ending(target, answer.body) == "finished":  # it has words for a model that went wrong
        assert reader_of(target)(answer.body).stop == "error"
    else:
        assert ending(target, answer.body) == "error"
        assert words in answer.body.decode()


def arguments(read: Told) -> list[tuple[str, Any]]:
    return [(one.name, orjson.loads(one.arguments)) for one in read.calls]
