"""The grammars of both OpenAI streams as small automata, and the body that a stream tells.

    Chat       role -> (content | refusal | reasoning | annotations | tool_calls)* -> finish_reason -> [usage] -> [DONE]
    Responses  created -> in_progress -> (output_item.added ... output_item.done)* -> completed | incomplete | failed
    both       anywhere -> error -> nothing more

Written from the wire format notes, 3.1 and 3.2. They judge what we write, so they are stricter than what hosts send.
"""

from typing import Any, Literal

import orjson

from support.sse import events

Ending = Literal["finished", "error", "cut"]

_CONTENT_KEYS = ("content", "refusal", "reasoning_content")
_LIST_KEYS = ("annotations", "reasoning_details", "images")
_ARGUMENTS = {"function": "arguments", "custom": "input"}


class ChatReading:
    """One Chat stream, read chunk by chunk. `message` is the assistant's message as told so far."""

    def __init__(self) -> None:
        self.state = "nothing"
        self.constant: tuple[Any, ...] = ()
        self.message: dict[str, Any] = {}
        self.finish_reason: str | None = None
        self.usage: dict[str, Any] | None = None

    def take(self, chunk: dict[str, Any]) -> None:
        assert self.state not in {"done", "error", "usage"}, f"a chunk after {self.state}"
        if "error" in chunk:
            assert set(chunk["error"]) == {"message", "type", "param", "code"}
            self.state = "error"
            return
        self._same_everywhere(chunk)
        if not chunk["choices"]:
            assert self.state == "finished", "usage before the finish_reason"
            self.usage, self.state = chunk["usage"], "usage"
            return
        assert chunk.get("usage") is None, "usage on a chunk with choices"
        (choice,) = chunk["choices"]
        assert choice["index"] == 0
        self._choice(choice["delta"], choice["finish_reason"])

    def done(self) -> None:
        assert self.state in {"finished", "usage"}, f"[DONE] after {self.state}"
        self.state = "done"

    def _same_everywhere(self, chunk: dict[str, Any]) -> None:
        constant = chunk["id"], chunk["object"], chunk["created"], chunk["model"]
        assert constant[1] == "chat.completion.chunk"
        assert self.constant in ((), constant), "id, created or model change"
        self.constant = constant

    def _choice(self, delta: dict[str, Any], finish_reason: str | None) -> None:
        if self.state == "nothing":
            assert (delta["role"], delta.get("refusal")) == ("assistant", None)
            assert not delta["content"]
            self.message = {"role": "assistant", "content": "", "refusal": None}
            self.state = "open"
            return
        assert self.state == "open", f"a delta after {self.state}"
        if finish_reason is not None:
            assert delta == {}
            self.finish_reason, self.state = finish_reason, "finished"
            return
        ((key, value),) = delta.items()
        if key in _CONTENT_KEYS:
            assert value, "an empty piece"
            self.message[key] = (self.message.get(key) or "") + value
        elif key in _LIST_KEYS:
            entries = self.message.setdefault(key, [])
            (entry,) = value
            assert entry["index"] == len(entries), "an entry of a list without its index"
            entries.append(entry)
        elif key == "tool_calls":
            (call,) = value
            self._call(call)
        else:
            self.message[key] = value

    def _call(self, call: dict[str, Any]) -> None:
        calls = self.message.setdefault("tool_calls", [])
        index = call.pop("index")
        if index == len(calls):
            kind = call["type"]
            assert set(call) == {"id", "type", kind}
            assert call[kind][_ARGUMENTS[kind]] == ""
            calls.append(call)
            return
        kind = calls[index]["type"]
        assert set(call) == {kind}, "id and name are told once"
        assert set(call[kind]) == {_ARGUMENTS[kind]}
        calls[index][kind][_ARGUMENTS[kind]] += call[kind][_ARGUMENTS[kind]]


def read_chat(stream: bytes) -> tuple[Ending, ChatReading]:
    """How a Chat stream ends and what it tells. Raises: AssertionError where it leaves the grammar."""
    assert not stream or stream.endswith(b"\n\n"), "the last event is not complete"
    reading = ChatReading()
    for name, data in events(stream):
        assert name in {"", "message"}, "Chat events have no names"
        if data == "[DONE]":
            reading.done()
        else:
            reading.take(orjson.loads(data))
    endings: dict[str, Ending] = {"done": "finished", "error": "error"}
    return endings.get(reading.state, "cut"), reading


_STATUS = {"response.completed": "completed", "response.incomplete": "incomplete", "response.failed": "failed"}
# What closes what, and the key under which its pieces and its whole are told.
_PIECES = {
    "response.output_text.delta": "response.output_text.done",
    "response.reasoning_summary_text.delta": "response.reasoning_summary_text.done",
    "response.function_call_arguments.delta": "response.function_call_arguments.done",
    "response.refusal.delta": "response.refusal.done",
    "response.custom_tool_call_input.delta": "response.custom_tool_call_input.done",
}
_PART_KEY = {
    "response.output_text.done": "text",
    "response.reasoning_summary_text.done": "text",
    "response.function_call_arguments.done": "arguments",
    "response.refusal.done": "refusal",
    "response.custom_tool_call_input.done": "input",
}
_SPOKEN = {  # a message's part as it grows
    "response.output_text.delta",
    "response.output_text.annotation.added",
    "response.output_text.done",
}
_FOLLOWS = {
    "response.output_item.added": {
        "message": {"response.content_part.added"},
        "reasoning": {"response.reasoning_summary_part.added", "response.output_item.done"},
        "function_call": {"response.function_call_arguments.delta"},
        "custom_tool_call": {"response.custom_tool_call_input.delta", "response.custom_tool_call_input.done"},
    },
    "response.content_part.added": {*_SPOKEN, "response.refusal.delta", "response.refusal.done"},
    "response.output_text.delta": _SPOKEN,
    "response.output_text.annotation.added": _SPOKEN,
    "response.refusal.delta": {"response.refusal.delta", "response.refusal.done"},
    "response.refusal.done": {"response.content_part.done"},
    "response.custom_tool_call_input.delta": {
        "response.custom_tool_call_input.delta",
        "response.custom_tool_call_input.done",
    },
    "response.custom_tool_call_input.done": {"response.output_item.done"},
    "response.output_text.done": {"response.content_part.done"},
    "response.content_part.done": {"response.output_item.done"},
    "response.reasoning_summary_part.added": {"response.reasoning_summary_text.delta"},
    "response.reasoning_summary_text.delta": {
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.done",
    },
    "response.reasoning_summary_text.done": {"response.reasoning_summary_part.done"},
    "response.reasoning_summary_part.done": {"response.output_item.done"},
    "response.function_call_arguments.delta": {
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
    },
    "response.function_call_arguments.done": {"response.output_item.done"},
}


class ResponsesReading:
    """One Responses stream, read event by event. `output` holds the items that are done."""

    def __init__(self) -> None:
        self.numbers = 0
        self.last = ""
        self.open: dict[str, Any] | None = None
        self.pieces = ""
        self.annotations: list[Any] = []
        self.output: list[dict[str, Any]] = []
        self.response: dict[str, Any] = {}

    def take(self, name: str, event: dict[str, Any]) -> None:
        assert event["type"] == name, "the event's line and its type differ"
        assert event["sequence_number"] == self.numbers, "a gap in the sequence"
        assert self.last not in {*_STATUS, "error"}, f"{name} after {self.last}"
        self.numbers += 1
        if name == "error":
            assert set(event) == {"type", "code", "message", "param", "sequence_number"}
        elif "response" in event:
            self._lifecycle(name, event["response"])
        else:
            self._in_item(name, event)
        self.last = name

    def _lifecycle(self, name: str, response: dict[str, Any]) -> None:
        before = {"response.created": "", "response.in_progress": "response.created"}
        if name in before:
            assert self.last == before[name]
            assert (response["status"], response["output"], response["usage"]) == ("in_progress", [], None)
        else:
            assert response["status"] == _STATUS[name]
            assert self.numbers > 2, "an end without a beginning"
            assert name == "response.failed" or self.open is None, "an item was not closed"
            assert response["output"] == self.output
            assert (response["error"] is not None) == (name == "response.failed")
            assert (response["incomplete_details"] is not None) == (name == "response.incomplete")
        assert not self.response or response["id"] == self.response["id"]
        self.response = response

    def _in_item(self, name: str, event: dict[str, Any]) -> None:
        assert self.numbers > 2, "an item before response.in_progress"
        assert event["output_index"] == len(self.output), "output indexes are not dense"
        if name == "response.output_item.added":
            assert self.open is None, "two items are open"
            self.open, self.pieces, self.annotations = event["item"], "", []
            return
        assert self.open is not None, f"{name} without an item"
        if self.open["type"] in {"message", "reasoning", "function_call", "custom_tool_call"}:
            self._in_order(name)
        if name == "response.output_item.done":
            self._done(event["item"])
            return
        assert event["item_id"] == self.open["id"]
        if name in _PIECES:
            assert event["delta"], "an empty piece"
            self.pieces += event["delta"]
        elif name in _PART_KEY:
            assert event[_PART_KEY[name]] == self.pieces, "the pieces are not the whole"
        elif name == "response.output_text.annotation.added":
            assert event["annotation_index"] == len(self.annotations), "annotation indexes are not dense"
            self.annotations.append(event["annotation"])

    def _in_order(self, name: str) -> None:
        allowed: Any = _FOLLOWS[self.last]
        if isinstance(allowed, dict):
            assert self.open is not None
            allowed = allowed[self.open["type"]]
        assert name in allowed, f"{name} after {self.last}"

    def _done(self, item: dict[str, Any]) -> None:
        assert self.open is not None
        assert (item.get("id"), item["type"]) == (self.open.get("id"), self.open["type"])  # a host's own may have none
        parts = {"message": item.get("content"), "reasoning": item.get("summary")}.get(item["type"])
        if parts is not None:
            assert "".join(part.get("text", part.get("refusal")) for part in parts) == self.pieces
            assert [told for part in parts for told in part.get("annotations", ())] == self.annotations
        elif item["type"] in {"function_call", "custom_tool_call"}:
            assert item["arguments" if item["type"] == "function_call" else "input"] == self.pieces
        self.output.append(item)
        self.open = None


def read_responses(stream: bytes) -> tuple[Ending, ResponsesReading]:
    """How a Responses stream ends and what it tells. Raises: AssertionError where it leaves the grammar."""
    assert not stream or stream.endswith(b"\n\n"), "the last event is not complete"
    reading = ResponsesReading()
    for name, data in events(stream):
        reading.take(name, orjson.loads(data))
    endings: dict[str, Ending] = {
        "response.completed": "finished",
        "response.incomplete": "finished",
        "response.failed": "error",
        "error": "error",
    }
    return endings.get(reading.last, "cut"), reading
