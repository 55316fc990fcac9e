"""Good answers of each API, each with one name in it: whole bodies, streams, and what the ChatGPT backend refuses."""

from typing import Any

import orjson

_WHOLE: dict[str, Any] = {
    "/v1/chat/completions": lambda name: {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": name}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    },
    "/v1/messages": lambda name: {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": name}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    },
    "/v1/responses": lambda name: {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "status": "completed",
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "output": [
            {
                "type": "message",
                "id": "msg_1",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": name, "annotations": []}],
            }
        ],
        "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
    },
}


def body(path: str, name: str) -> dict[str, Any]:
    """The whole answer of the path's format."""
    if path.endswith("/models"):
        return {"object": "list", "data": [{"id": "m", "object": "model"}]}
    if path.endswith(":countTokens"):
        return {"totalTokens": 7}
    told = next((make(name) for end, make in _WHOLE.items() if path.endswith(end.removeprefix("/v1"))), None)
    return enveloped(path, gemini(name)) if told is None else told


def gemini(name: str) -> dict[str, Any]:
    return {
        "candidates": [{"content": {"role": "model", "parts": [{"text": name}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
        "modelVersion": "m",
    }


def enveloped(path: str, answer: dict[str, Any]) -> dict[str, Any]:
    """As Code Assist answers."""
    return {"response": answer, "traceId": "t"} if path.startswith("/v1internal") else answer


def events(path: str, name: str) -> list[bytes]:
    """A small good stream of the path's format."""
    if path.endswith("/messages"):
        message = {**_WHOLE["/v1/messages"](name), "content": [], "stop_reason": None}
        told: list[dict[str, Any]] = [
            {"type": "message_start", "message": message},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": name}},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
            {"type": "message_stop"},
        ]
        return [b"event: %b\ndata: %b\n\n" % (one["type"].encode(), orjson.dumps(one)) for one in told]
    if path.endswith("/responses"):
        whole = _WHOLE["/v1/responses"](name)
        item = whole["output"][0]
        told = [
            {"type": "response.created", "response": {**whole, "status": "in_progress", "output": []}},
            {"type": "response.output_item.added", "output_index": 0, "item": {**item, "content": []}},
            {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "item_id": "msg_1",
             "delta": name, "logprobs": []},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": whole},
        ]  # fmt: skip
        numbered = [{**one, "sequence_number": number} for number, one in enumerate(told)]
        return [b"event: %b\ndata: %b\n\n" % (one["type"].encode(), orjson.dumps(one)) for one in numbered]
    if path.endswith("/chat/completions"):
        chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        deltas = [({"role": "assistant", "content": ""}, None), ({"content": name}, None), ({}, "stop")]
        chunks = [
            {**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]} for delta, reason in deltas
        ]
        return [b"data: %b\n\n" % orjson.dumps(one) for one in chunks] + [b"data: [DONE]\n\n"]
    return [b"data: %b\r\n\r\n" % orjson.dumps(enveloped(path, gemini(name)))]


def refused_by_codex(asked: dict[str, Any]) -> str:
    """What the backend of ChatGPT plans answers to a request that the public API would take; "" for nothing."""
    unsupported = {"max_output_tokens", "temperature", "top_p", "metadata", "user", "previous_response_id"} & set(asked)
    items = asked["input"] if isinstance(asked.get("input"), list) else []
    refusals = {
        "Stream must be set to true": asked.get("stream") is not True,
        "Store must be set to false": asked.get("store") is not False,
        "Instructions are required": not isinstance(asked.get("instructions"), str),
        "Input must be a list": not items,
        "System messages are not allowed": any(item.get("role") == "system" for item in items),
        "Items are not persisted when store is set to false": any("id" in item for item in items),
        f"Unsupported parameter: {min(unsupported, default='')}": bool(unsupported),
    }
    return next((words for words, is_so in refusals.items() if is_so), "")
