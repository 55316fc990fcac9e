"""The JSON objects that a stream and a whole body have in common: the response and its output items.

Pure values. Ids are made from the response's own, so that a stream and a whole body of one response agree.
Source: openai 3.54.0, types/responses/response.py, response_output_message.py, response_reasoning_item.py,
response_function_tool_call.py, response_custom_tool_call.py; the field set of recorded bodies, 2026-11-21.
"""

from collections.abc import Sequence
from typing import Any, Literal

from fastproxy.formats.openai_responses import usage
from fastproxy.formats.openai_responses.client_tools import client_call_item, is_client_call, prefix_of
from fastproxy.formats.openai_responses.namespaces import named
from fastproxy.formats.openai_responses.searches import SEARCH, search_call_item
from fastproxy.ir.events import Citation, Start, Stop, StopReason, ToolStart, Usage
from fastproxy.ir.fold import ToolCall

Object = dict[str, Any]
Status = Literal["in_progress", "completed", "incomplete", "failed"]

_ID_PREFIX = "resp_"
_INCOMPLETE: dict[StopReason, str] = {"length": "max_output_tokens", "refusal": "content_filter"}


def outcome(stop: Stop, output: list[Any]) -> tuple[Status, Object | None]:
    """The status of a response that ended well, and its `incomplete_details`.

    A refusal in words is a response like any other; only one that a filter cut off is incomplete.
    """
    reason = _INCOMPLETE.get(stop.reason)
    if reason is None or (stop.reason == "refusal" and any(map(_refuses, output))):
        return "completed", None
    return "incomplete", {"reason": reason}


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


def item_id(start: Start, kind: str, index: int) -> str:
    """The id of the output item at `index`. kind: how OpenAI begins the ids of such items."""
    return f"{kind}_{start.id.removeprefix(_ID_PREFIX)}_{index}"


def text_part(text: str, citations: Sequence[Citation] = ()) -> Object:
    """The content part of a message that says something."""
    annotations = [annotation(citation, len(text)) for citation in citations]
    return {"type": "output_text", "text": text, "annotations": annotations, "logprobs": []}


def refusal_part(text: str) -> Object:
    """The content part of a message that refuses."""
    return {"type": "refusal", "refusal": text}


def annotation(citation: Citation, characters: int) -> Object:
    """Where the text comes from. It stands for all `characters` of it where the source did not say for which."""
    return {
        "type": "url_citation",
        "url": citation.url,
        "title": citation.title,
        "start_index": citation.start or 0,
        "end_index": characters if citation.end is None else citation.end,
    }


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


def call_item(ids: tuple[str, str], call: ToolStart | ToolCall, arguments: str, status: Status) -> Object:
    """A call. ids: of the item, and of the call that its result will name. A custom tool's argument is its `input`."""
    if call.name == SEARCH:
        return search_call_item(ids, arguments, status)
    if is_client_call(call.name):
        return client_call_item(call.name, ids, arguments, status)
    return {
        "id": ids[0],
        "type": "custom_tool_call" if call.custom else "function_call",
        "status": status,
        "call_id": ids[1],
        **named(call.name),
        "input" if call.custom else "arguments": arguments,
    }


def call_ids(start: Start, call: ToolStart | ToolCall, index: int) -> tuple[str, str]:
    """The ids of the call item at `index`, and of its call: the upstream's own, or one made here (Gemini has none)."""
    made = f"call_{start.id.removeprefix(_ID_PREFIX)}_{index}"
    return item_id(start, _prefix(call), index), call.id or made


def _prefix(call: ToolStart | ToolCall) -> str:
    if is_client_call(call.name):
        return prefix_of(call.name)
    return "ctc" if call.custom else "tsc" if call.name == SEARCH else "fc"


def _refuses(item: Any) -> bool:
    return isinstance(item, dict) and any(part["type"] == "refusal" for part in item.get("content", ()))
