"""Plain readings of OpenAI's two formats, stream or whole: wire format notes 2.4-2.6, 3.1, 3.2 and 7.

No codec of ours is used here.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from support.told import Call, Spent, StopClass, Told, count, last_told, payloads, settled

_CHAT_STOPS: Mapping[str, StopClass] = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "refusal",
    "error": "error",
}
_TERMINAL = ("response.completed", "response.incomplete", "response.failed")
_THOUGHT_KEYS = ("reasoning_content", "reasoning", "reasoning_text")


class _ChatAnswer:
    def __init__(self) -> None:
        self.text: list[str] = []
        self.refusal: list[str] = []
        self.thoughts: list[str] = []
        self.calls: dict[Any, dict[str, str]] = {}
        self.finish: str | None = None
        self.sequence: Any = None

    def say(self, said: Mapping[str, Any]) -> None:
        content = said.get("content")
        if isinstance(content, str):
            self.text.append(content)
        for part in content if isinstance(content, list) else ():
            self._part(part)
        self.refusal.append(said.get("refusal") or "")
        self.thoughts.append(_thought(said))
        for position, call in enumerate(said.get("tool_calls") or ()):
            self._call(call.get("index", call.get("id") or position), call)
        if legacy := said.get("function_call"):
            self._call(0, {"function": legacy})

    def _part(self, part: Mapping[str, Any]) -> None:
        if part["type"] == "thinking":
            self.thoughts += [inner.get("text", "") for inner in part["thinking"]]
        elif part["type"] == "text":
            self.text.append(part["text"])

    def _call(self, key: Any, call: Mapping[str, Any]) -> None:
        held = self.calls.setdefault(key, {"id": "", "name": "", "arguments": ""})
        held["id"] = held["id"] or call.get("id") or ""
        function = call.get("function") or call.get("custom") or {}
        held["name"] += function.get("name") or ""
        arguments = function.get("arguments") or function.get("input") or ""
        held["arguments"] += arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()


def _thought(said: Mapping[str, Any]) -> str:
    """The text of one thought, told under one of several names, or twice under two."""
    for key in _THOUGHT_KEYS:
        if isinstance(thought := said.get(key), str) and thought:
            return thought
    details = said.get("reasoning_details") or ()
    return "".join(detail.get("text") or detail.get("summary") or "" for detail in details)


def chat(answer: bytes) -> Told:
    """A Chat answer: its first choice, whatever the others are."""
    told, usages, broken = _ChatAnswer(), [], False
    for text in payloads(answer):
        chunk = orjson.loads(text)
        broken = broken or bool(chunk.get("error"))
        usages.append(chunk.get("usage"))
        for choice in chunk.get("choices") or ():
            if choice.get("index", 0) == 0:
                delta = choice.get("delta")
                told.say((choice.get("message") if delta is None else delta) or {})
                told.finish = choice.get("finish_reason") or told.finish
                told.sequence = choice.get("stop_reason") or told.sequence
    calls = tuple(Call(**call) for call in told.calls.values())
    refusal = "".join(told.refusal)
    stop: StopClass = _CHAT_STOPS.get(told.finish or "", "end" if told.finish else "")
    if stop == "end" and isinstance(told.sequence, str) and not calls:  # vLLM names the text that matched
        stop = "stop_sequence" if told.sequence != told.finish else stop
    return Told(
        "".join(told.text),
        refusal,
        "".join(told.thoughts),
        calls,
        "error" if broken else settled(stop, calls, refusal),
        _chat_spent(last_told(usages)),
    )


def _chat_spent(usage: Mapping[str, Any]) -> Spent:
    cached = count(usage, "prompt_tokens_details", "cached_tokens") or count(usage, "prompt_cache_hit_tokens")
    cached = cached or count(usage, "cached_tokens") or count(usage, "num_cached_tokens")  # Moonshot, Mistral
    written = count(usage, "prompt_tokens_details", "cache_write_tokens")
    prompt, completion = count(usage, "prompt_tokens"), count(usage, "completion_tokens")
    reasoning = count(usage, "completion_tokens_details", "reasoning_tokens")
    if reasoning and prompt + completion + reasoning == count(usage, "total_tokens"):  # xAI counts them apart
        completion += reasoning
    return Spent(prompt - cached - written, cached, written, completion, reasoning)


def responses(answer: bytes) -> Told:
    """A Responses answer: of a stream the items as they were done, of a whole one its output."""
    events = [orjson.loads(text) for text in payloads(answer)]
    if "type" not in events[0]:
        return _response(events[0], events[0].get("output") or [])
    events = _one_answer(events)
    items = {event["output_index"]: event["item"] for event in events if event["type"] == "response.output_item.done"}
    last = next((event["response"] for event in reversed(events) if "response" in event), {})
    told = _response(last, [items[index] for index in sorted(items)])
    broken = any(event["type"] in ("error", "response.failed") for event in events)
    return Told(told.text, told.refusal, told.thoughts, told.calls, "error", told.spent) if broken else told


def _one_answer(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Up to the first terminal event: some recordings hold several answers, one after the other."""
    ends = (number for number, event in enumerate(events) if event["type"] in _TERMINAL)
    return events[: next(ends, len(events)) + 1]


def _response(response: Mapping[str, Any], items: list[dict[str, Any]]) -> Told:
    parts = [part for item in items if item["type"] == "message" for part in item["content"]]
    refusal = "".join(part["refusal"] for part in parts if part["type"] == "refusal")
    calls = tuple(_item_call(item) for item in items if _is_for_the_client(item))
    return Told(
        "".join(part["text"] for part in parts if part["type"] == "output_text"),
        refusal,
        "".join(map(_item_thought, (item for item in items if item["type"] == "reasoning"))),
        calls,
        settled(_response_stop(response), calls, refusal),
        _response_spent(response.get("usage") or {}),
    )


def _is_for_the_client(item: Mapping[str, Any]) -> bool:
    """Whether it is a call that the client is to run; xAI names those that it has run itself."""
    own = str(item.get("call_id")).startswith("xs_call_")
    return item["type"] in ("function_call", "custom_tool_call") and not own


def _item_call(item: Mapping[str, Any]) -> Call:
    return Call(item["call_id"], item["name"], item.get("arguments") or item.get("input") or "")


def _item_thought(item: Mapping[str, Any]) -> str:
    """The summary where there is one, else the raw thought; parts are paragraphs."""
    told = item.get("summary") or item.get("content") or []
    return "\n\n".join(part["text"] for part in told)


def _response_stop(response: Mapping[str, Any]) -> StopClass:
    if response.get("status") in ("failed", "cancelled"):
        return "error"
    if response.get("status") == "incomplete":
        reason = (response.get("incomplete_details") or {}).get("reason")
        return "refusal" if reason == "content_filter" else "length"
    # A gateway that gathered a stream has been recorded leaving "in_progress" beside a whole output.
    return "end" if response.get("status", "completed") == "completed" or response.get("output") else ""


def _response_spent(usage: Mapping[str, Any]) -> Spent:
    cached = count(usage, "input_tokens_details", "cached_tokens")
    written = count(usage, "input_tokens_details", "cache_write_tokens")
    reasoning = count(usage, "output_tokens_details", "reasoning_tokens")
    return Spent(
        count(usage, "input_tokens") - cached - written, cached, written, count(usage, "output_tokens"), reasoning
    )
