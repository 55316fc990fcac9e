"""A Responses request in the hub's words. It keeps what it has no word for in `extras` and refuses nothing for that.

Source: openai 3.54.0, types/responses/response_create_params.py; recorded requests, among them Codex's, 2026-11-21.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from fastproxy.errors import Fault
from fastproxy.formats.body import parse, without_lone_surrogates
from fastproxy.formats.openai_responses.decode_input import OWN, take_input
from fastproxy.formats.openai_responses.namespaces import flat
from fastproxy.formats.openai_responses.tools import later_tools, take_choice, take_tools
from fastproxy.formats.openai_shared import Object, text_of
from fastproxy.ir.request import EFFORTS, Message, Output, Request, Sampling, TextPart, Thinking


class _Body(msgspec.Struct):
    """The fields that the hub has words for. What is left over stays in `extras`."""

    model: str
    input: str | list[Object] | None = None
    instructions: str | list[Object] | None = None
    stream: bool | None = None
    tools: list[Object] | None = None
    tool_choice: str | Object | None = None
    parallel_tool_calls: bool | None = None
    reasoning: Object | None = None
    text: Object | None = None
    max_output_tokens: int | float | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_logprobs: int | None = None
    prompt_cache_key: str | None = None
    metadata: Object | None = None
    user: str | None = None
    safety_identifier: str | None = None
    service_tier: str | None = None


_OBJECT = msgspec.json.Decoder(Object)
_KNOWN = frozenset(_Body.__struct_fields__)


def decode_request(body: bytes, params: Mapping[str, str]) -> Request:  # noqa: ARG001 - this format's path says nothing
    """The whole request. Raises: Fault(bad_request). Cost: 28 us for 8 items, 1.8 ms for 560 (64 KB)."""
    whole = parse(_OBJECT.decode, without_lone_surrogates(body))
    told = _typed(whole)
    extras = {key: value for key, value in whole.items() if key not in _KNOWN and value is not None}
    if extras.get("background") is False:
        del extras["background"]  # the default says nothing
    return Request(
        format=OWN,
        model=told.model,
        messages=tuple(_messages(told, extras)),
        stream=bool(told.stream),
        tools=take_tools(_tools(told), extras),
        tool_choice=take_choice(told.tool_choice, extras),
        parallel=told.parallel_tool_calls,
        thinking=_thinking(told.reasoning or {}, extras),
        sampling=_sampling(told),
        output=_output(told.text or {}, extras),
        user=told.safety_identifier or told.user,
        metadata=_metadata(told.metadata),
        cache_key=told.prompt_cache_key,
        tier=told.service_tier,
        extras=extras,
    )


def _typed(whole: Object) -> _Body:
    try:
        told = msgspec.convert(whole, _Body)
    except msgspec.ValidationError as error:
        raise Fault("bad_request", f"the body: {error}") from None
    if not told.model:
        raise Fault("bad_request", "model must be a non-empty string", param="model")
    return told


def _tools(told: _Body) -> list[Object]:
    tools = [*flat(told.tools or [])]
    return tools + later_tools(tools, told.input)


def _messages(told: _Body, extras: Object) -> Iterator[Message]:
    if isinstance(told.instructions, str):
        if told.instructions:
            yield Message("system", (TextPart(told.instructions),))
    else:
        yield from take_input(told.instructions, extras)
    yield from take_input(told.input, extras)


def _thinking(reasoning: Object, extras: Object) -> Thinking:
    """How to think. What the hub has no word for (mode, context, efforts of tomorrow) stays in `extras`."""
    if not reasoning:
        return Thinking()
    told = {key: value for key, value in reasoning.items() if value is not None}
    summary = text_of(told, "summary") or text_of(told, "generate_summary") or None
    effort = next((known for known in EFFORTS if known == told.get("effort")), None)
    understood = {"summary", "generate_summary"} | ({"effort"} if effort else set())
    if rest := {key: value for key, value in told.items() if key not in understood}:
        extras["reasoning"] = rest
    visible = None if summary is None else summary != "none"
    return Thinking(
        mode="default" if effort is None else "off" if effort == "none" else "effort",
        effort=effort,
        visible=visible,
        summary=summary if visible else None,
    )


def _sampling(told: _Body) -> Sampling:
    return Sampling(
        max_tokens=None if told.max_output_tokens is None else int(told.max_output_tokens),
        temperature=told.temperature,
        top_p=told.top_p,
        top_logprobs=told.top_logprobs,
    )


def _output(text: Object, extras: Object) -> Output:
    """The shape of the text. A format without a word here (a grammar) stays in `extras`."""
    if not text:
        return Output()
    verbosity = text_of(text, "verbosity") or None
    format_ = text.get("format")
    if not isinstance(format_, dict):
        return Output(verbosity=verbosity)
    match text_of(format_, "type"):
        case "text" | "":
            return Output(verbosity=verbosity)
        case "json_object":
            return Output("json", verbosity=verbosity)
        case "json_schema":
            return _schema_output(format_, verbosity)
    extras["text"] = {"format": format_}
    return Output(verbosity=verbosity)


def _schema_output(told: Object, verbosity: str | None) -> Output:
    inner = told.get("json_schema")  # Chat's spelling, which some clients send here
    told = inner if isinstance(inner, dict) else told
    schema, strict = told.get("schema"), told.get("strict")
    return Output(
        "schema",
        text_of(told, "name"),
        text_of(told, "description"),
        schema if isinstance(schema, dict) else {},
        strict if isinstance(strict, bool) else None,
        verbosity,
    )


def _metadata(told: dict[str, Any] | None) -> dict[str, str] | None:
    if told is None:
        return None
    return {
        key: value if isinstance(value, str) else msgspec.json.encode(value).decode() for key, value in told.items()
    }
