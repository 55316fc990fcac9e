"""A whole Chat request in the hub's words. Tool arguments stay the text that came.

It never fails on what it doesn't know: a field with another name, or with a value of another type than OpenAI's, stays
an extra. Of the hosts' own fields those are taken that the hub has a word for (top_k, OpenRouter's `reasoning`, Z.ai's
and DeepSeek's `thinking`).
Source: openai 3.54.0, types/chat/completion_create_params.py; recorded requests; 2026-11-21.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from fastproxy.errors import Fault
from fastproxy.formats.body import parse, values, without_lone_surrogates
from fastproxy.formats.openai_chat.decode_messages import messages_of
from fastproxy.formats.openai_chat.decode_parts import Object, object_of, text_of
from fastproxy.formats.openai_chat.decode_tools import take_choice, take_tools
from fastproxy.ir.request import EFFORTS, Output, Request, Sampling, Thinking

_RAWS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_MODEL = msgspec.json.Decoder(str)
_MESSAGES = msgspec.json.Decoder(list[Any])
_KNOWN = frozenset({"model", "messages"})
# What `_sampling` takes; most requests have nothing of it.
_DRAWING = frozenset((
    "max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty",
    "seed", "stop", "n", "logprobs", "top_logprobs", "logit_bias",
))  # fmt: skip
_UNDRAWN = Sampling()
_THINKING = frozenset({"reasoning_effort", "reasoning", "thinking"})
_SWITCHES = frozenset({"disabled", "adaptive", "enabled"})

V = TypeVar("V")


def decode_request(body: bytes, params: Mapping[str, str]) -> Request:  # noqa: ARG001 - this format's path says nothing
    """The whole request. Raises: Fault(bad_request). Cost: 0.5 ms for 100 KB in 50 turns."""
    raws = parse(_RAWS.decode, without_lone_surrogates(body))
    if "model" not in raws:
        raise Fault("bad_request", "model must be a non-empty string", param="model")
    told = parse(_MESSAGES.decode, bytes(raws.get("messages", b"[]")), "messages")
    extras = values(raws, _KNOWN)
    stream = bool(_take(extras, "stream", bool))
    if stream:
        _take_stream_options(extras)
    return Request(
        format="openai-chat",
        model=parse(_MODEL.decode, bytes(raws["model"]), "model"),
        messages=tuple(messages_of(told, extras)),
        stream=stream,
        tools=take_tools(extras),
        tool_choice=take_choice(extras),
        parallel=_take(extras, "parallel_tool_calls", bool),
        thinking=_thinking(extras),
        sampling=_sampling(extras),
        output=_output(extras),
        user=_take(extras, "user", str) or _take(extras, "safety_identifier", str),
        metadata=_metadata(extras),
        cache_key=_take(extras, "prompt_cache_key", str),
        tier=_take(extras, "service_tier", str),
        extras={key: value for key, value in extras.items() if value is not None},
    )


def _take(extras: Object, key: str, kind: type[V]) -> V | None:
    """The value under `key`, taken out when it is of that kind; None otherwise. A whole number is a float, too."""
    value = extras.get(key)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        return None
    del extras[key]
    return value


def _take_stream_options(extras: Object) -> None:
    """Usage is always asked for upstream, and the client's wish is known from the peek: that option says no more."""
    options = extras.get("stream_options")
    if isinstance(options, dict):
        extras["stream_options"] = {key: value for key, value in options.items() if key != "include_usage"} or None


def _sampling(extras: Object) -> Sampling:
    if _DRAWING.isdisjoint(extras):
        return _UNDRAWN
    old_limit = _take(extras, "max_tokens", int)
    limit = _take(extras, "max_completion_tokens", int)
    bias = extras.get("logit_bias")
    if not isinstance(bias, dict) or not all(isinstance(value, int | float) for value in bias.values()):
        bias = None
    else:
        del extras["logit_bias"]
    return Sampling(
        max_tokens=old_limit if limit is None else limit,
        temperature=_take(extras, "temperature", float),
        top_p=_take(extras, "top_p", float),
        top_k=_take(extras, "top_k", int),
        presence_penalty=_take(extras, "presence_penalty", float),
        frequency_penalty=_take(extras, "frequency_penalty", float),
        seed=_take(extras, "seed", int),
        stop=_stop(extras),
        candidates=_take(extras, "n", int) or 1,
        logprobs=_take(extras, "logprobs", bool),
        top_logprobs=_take(extras, "top_logprobs", int),
        logit_bias=bias,
    )


def _stop(extras: Object) -> tuple[str, ...]:
    told = extras.get("stop")
    sequences = [told] if isinstance(told, str) else told
    if not isinstance(sequences, list) or not all(isinstance(sequence, str) for sequence in sequences):
        return ()
    del extras["stop"]
    return tuple(sequences)


def _thinking(extras: Object) -> Thinking:
    """By OpenAI's effort, else OpenRouter's object, else the hosts' switch.

    Hosts that tell thoughts at all in this format tell them unasked: who asks for thinking is taken to want to see it.
    """
    if _THINKING.isdisjoint(extras):
        return Thinking()
    effort = extras.get("reasoning_effort")
    if effort in EFFORTS:
        del extras["reasoning_effort"]
        return _of_effort(effort)
    if told := object_of(extras, "reasoning"):
        del extras["reasoning"]
        return _of_reasoning(told)
    if text_of(told := object_of(extras, "thinking"), "type") in _SWITCHES:
        del extras["thinking"]
        return _of_switch(told)
    return Thinking()


def _of_effort(effort: Any, *, visible: bool = True) -> Thinking:
    return Thinking("off") if effort == "none" else Thinking("effort", effort, visible=visible)


def _of_reasoning(told: Object) -> Thinking:
    visible, budget = told.get("exclude") is not True, told.get("max_tokens")
    if told.get("enabled") is False:
        return Thinking("off")
    if told.get("effort") in EFFORTS:
        return _of_effort(told["effort"], visible=visible)
    if type(budget) is int:
        return Thinking("budget", budget_tokens=budget, visible=visible)
    return Thinking("adaptive", visible=visible) if told.get("enabled") is True else Thinking(visible=visible)


def _of_switch(told: Object) -> Thinking:
    budget = told.get("budget_tokens")
    if told["type"] == "enabled" and type(budget) is int:
        return Thinking("budget", budget_tokens=budget, visible=True)
    return Thinking("off") if told["type"] == "disabled" else Thinking("adaptive", visible=True)


def _output(extras: Object) -> Output:
    verbosity = _take(extras, "verbosity", str)
    told = object_of(extras, "response_format")
    kind, schema = told.get("type"), object_of(told, "json_schema")
    if kind == "json_schema" and schema:
        del extras["response_format"]
        strict = schema.get("strict")
        return Output(
            "schema",
            text_of(schema, "name"),
            text_of(schema, "description"),
            object_of(schema, "schema") if "schema" in schema else None,
            strict if isinstance(strict, bool) else None,
            verbosity,
        )
    if kind in ("text", "json_object"):
        del extras["response_format"]
    return Output("json" if kind == "json_object" else "text", verbosity=verbosity)


def _metadata(extras: Object) -> dict[str, str] | None:
    told = extras.get("metadata")
    if not isinstance(told, dict) or not all(isinstance(value, str) for value in told.values()):
        return None
    del extras["metadata"]
    return told
