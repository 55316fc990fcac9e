"""The grammar of an Anthropic stream as a small automaton, and the message that a stream tells.

    nothing -> message_start -> (content_block_start delta* content_block_stop | ping)* -> message_delta -> message_stop
    anywhere -> error -> nothing more

Written from the wire format notes, 3.3; proven on every recorded stream before it judges ours.
"""

from typing import Any, Literal

import orjson

from support.sse import events

Ending = Literal["finished", "error", "cut"]

_DELTAS = {
    "text": {"text_delta": "text", "citations_delta": "citation"},
    "thinking": {"thinking_delta": "thinking", "signature_delta": "signature"},
    "tool_use": {"input_json_delta": "partial_json"},
    "server_tool_use": {"input_json_delta": "partial_json"},
}


class Reading:
    """One stream, read event by event. `message` is what it has told so far."""

    def __init__(self) -> None:
        self.message: dict[str, Any] = {}
        self.open: dict[str, Any] | None = None
        self.arguments = ""
        self.last = ""

    def take(self, name: str, event: dict[str, Any]) -> None:
        assert event["type"] == name, "the event's line and its type differ"
        assert self.last not in {"message_stop", "error"}, f"{name} after {self.last}"
        getattr(self, f"_{name}")(event)
        if name != "ping":
            self.last = name

    def _ping(self, event: dict[str, Any]) -> None:
        assert set(event) == {"type"}

    def _error(self, event: dict[str, Any]) -> None:
        assert set(event["error"]) == {"type", "message"}

    def _message_start(self, event: dict[str, Any]) -> None:
        assert not self.last, "message_start is not first"
        self.message = event["message"]
        assert self.message["content"] == []
        assert self.message["stop_reason"] is None
        assert {"input_tokens", "output_tokens"} <= set(self.message["usage"])

    def _content_block_start(self, event: dict[str, Any]) -> None:
        assert self.last, "no message_start"
        assert self.open is None, "two blocks are open"
        assert self.last != "message_delta"
        assert event["index"] == len(self.message["content"]), "indexes are not dense"
        self.open = event["content_block"]
        self.arguments = ""
        self.message["content"].append(self.open)

    def _content_block_delta(self, event: dict[str, Any]) -> None:
        assert self.open is not None, "a delta without a block"
        assert event["index"] == len(self.message["content"]) - 1
        delta = event["delta"]
        if self.open["type"] not in _DELTAS:
            return
        key = _DELTAS[self.open["type"]].get(delta["type"])
        if key is None:
            return
        assert not self.open.get("signature"), "a delta after the signature"
        if key == "partial_json":
            self.arguments += delta[key]
        elif key == "citation":
            self.open["citations"] = [*(self.open.get("citations") or []), delta[key]]
        else:
            self.open[key] = self.open.get(key, "") + delta[key]

    def _content_block_stop(self, event: dict[str, Any]) -> None:
        assert self.open is not None, "a stop without a block"
        assert event["index"] == len(self.message["content"]) - 1
        if self.arguments:
            self.open["input"] = _input(self.arguments.replace("\\ud83d", "?"))
        self.open = None

    def _message_delta(self, event: dict[str, Any]) -> None:
        assert self.last in {"message_start", "content_block_stop"}, f"message_delta after {self.last}"
        self.message |= event["delta"]
        self.message["usage"] = {**self.message["usage"], **event["usage"]}
        assert self.message["stop_reason"], "the message ends without a reason"

    def _message_stop(self, event: dict[str, Any]) -> None:
        assert self.last == "message_delta", f"message_stop after {self.last}"
        assert set(event) == {"type"}


def _input(arguments: str) -> Any:
    """What the pieces mean together; the text itself where the model wrote no JSON, which no stream can take back."""
    try:
        return orjson.loads(arguments)
    except orjson.JSONDecodeError:
        return arguments


def read(stream: bytes) -> tuple[Ending, dict[str, Any]]:
    """How the stream ends and the message it tells. Raises: AssertionError where it leaves the grammar."""
    assert not stream or stream.endswith((b"\n\n", b"\r\n\r\n")), "the last event is not complete"
    reading = Reading()
    for name, data in events(stream):
        reading.take(name, orjson.loads(data))
    endings: dict[str, Ending] = {"message_stop": "finished", "error": "error"}
    return endings.get(reading.last, "cut"), reading.message
