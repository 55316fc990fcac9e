"""The JSON objects that a stream and a whole body have in common: the response and its output items.

Pure values. Ids are made from the response's own, so that a stream and a whole body of one response agree.
Source: openai 3.54.0, types/responses/response.py, response_output_message.py, response_reasoning_item.py,
response_function_tool_call.py; the field set of recorded bodies, 2026-11-21.
"""

from typing import Any, Literal

from fastproxy.formats.openai_responses import usage
from fastproxy.ir.events import Start, Stop, StopReason, Usage

Object = dict[str, Any]
Status = Literal["in_progress", "completed", "incomplete", "failed"]

_ID_PREFIX = "resp_"
_INCOMPLETE: dict[StopReason, str] = {"length": "max_output_tokens", "refusal": "content_filter"}


def outcome(stop: Stop) -> tuple[Status, Object | None]:
    """The status of a response that ended well, and its `incomplete_details`."""
    reason = _INCOMPLETE.get(stop.reason)
    return ("completed", None) if reason is None else ("incomplete", {"reason": reason})


def response_object(start: Start, status: Status, output: list[Any], tokens: Usage) -> Object:
    """A response. What only the request knew (tools, temperature, instructions) has its neutral value."""
    return {
        "id": response_id(start),
        "object": "response",
        "created_at": start.created_at,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "max_tool_calls": None,
        "model": start.model,
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "prompt_cache_key": None,
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": "default",
        "store": False,
        "temperature": None,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": None,
        "truncation": "disabled",
        "usage": usage.encode(tokens),
        "user": None,
        "metadata": {},
    }


def response_id(start: Start) -> str:
    """The response's id in this format's spelling."""
    return start.id if start.id.startswith(_ID_PREFIX) else _ID_PREFIX + start.id


def item_id(start: Start, kind: Literal["msg", "rs", "fc"], index: int) -> str:
    """The id of the output item at `index`."""
    return f"{kind}_{start.id.removeprefix(_ID_PREFIX)}_{index}"


def call_id(start: Start, upstream_id: str, index: int) -> str:
    """The upstream's own id of a call, or one made from the response's where it has none (Gemini)."""
    return upstream_id or f"call_{start.id.removeprefix(_ID_PREFIX)}_{index}"


def text_part(text: str) -> Object:
    """The one content part of a message item."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def summary_part(text: str) -> Object:
    """The one summary part of a reasoning item."""
    return {"type": "summary_text", "text": text}


def message_item(id_: str, parts: list[Object], status: Status) -> Object:
    """Visible text. parts: none while it is being opened."""
    return {"id": id_, "type": "message", "status": status, "role": "assistant", "content": parts}


def reasoning_item(id_: str, text: str, signature: str | None) -> Object:
    """Thinking. signature: becomes `encrypted_content`; left out while there is none."""
    item: Object = {"id": id_, "type": "reasoning", "summary": [summary_part(text)] if text else []}
    return item if signature is None else item | {"encrypted_content": signature}


def call_item(ids: tuple[str, str], name: str, arguments: str, status: Status) -> Object:
    """A function call. ids: of the item, and of the call that its result will name."""
    return {
        "id": ids[0],
        "type": "function_call",
        "status": status,
        "call_id": ids[1],
        "name": name,
        "arguments": arguments,
    }
