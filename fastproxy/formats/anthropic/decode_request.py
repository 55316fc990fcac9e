"""An Anthropic request, the whole of it in the hub's words. Never fails on what it does not know: that is kept.

Tools that the server runs, and fields without a word in the hub, stay in `extras` by their own names. Anthropic's own
tools that the client runs are functions like any other.
Source: anthropic 2.12.0 `types/message_create_params.py`, read 2026-11-21.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, Literal

import msgspec

from fastproxy.formats.anthropic.client_tools import client_tool
from fastproxy.formats.anthropic.decode_parts import Content, PartDecoder, cache, text
from fastproxy.formats.body import parse, values, without_lone_surrogates
from fastproxy.formats.extras import keep
from fastproxy.ir.request import (
    EFFORTS,
    Effort,
    Message,
    Output,
    Request,
    Sampling,
    TextPart,
    Thinking,
    Tool,
    ToolChoice,
    ToolResultPart,
)


class _Turn(msgspec.Struct):
    role: Literal["user", "assistant", "system"]
    content: Content = None
    clear_at: Any = None
    output_config: Any = None


class _Choice(msgspec.Struct):
    type: Literal["auto", "any", "none", "tool"]
    name: str = ""
    disable_parallel_tool_use: bool | None = None


class _Body(msgspec.Struct):
    model: str
    messages: list[_Turn] = []
    system: Content = None
    tools: list[dict[str, msgspec.Raw]] | None = None
    tool_choice: _Choice | None = None
    thinking: Any = None
    output_config: Any = None
    output_format: Any = None
    metadata: Any = None
    service_tier: Any = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop_sequences: list[str] | None = None
    stream: bool | None = None


_BODY = msgspec.json.Decoder(_Body)
_TOP = msgspec.json.Decoder(dict[str, msgspec.Raw])

_MODES: dict[str, Literal["auto", "none", "required"]] = {"auto": "auto", "any": "required", "none": "none"}
_THINKING: dict[object, Literal["off", "budget", "adaptive", "between_tools"]] = {
    "disabled": "off",
    "enabled": "budget",
    "adaptive": "adaptive",
    "between_tools": "between_tools",
}
_TIERS = {"auto": "auto", "standard_only": "default"}
_KNOWN = frozenset(_Body.__struct_fields__)
_TOOL_FIELDS = frozenset({"type", "name", "description", "input_schema", "strict", "cache_control"})
_CLIENT_TOOL_FIELDS = frozenset({"type", "name", "cache_control"})
_THINKING_FIELDS = frozenset({"type", "budget_tokens", "display"})
_EFFORTS: dict[object, Effort] = {effort: effort for effort in EFFORTS}
_VISIBLE: dict[object, bool] = {"summarized": True, "omitted": False}


def decode_request(body: bytes, params: Mapping[str, str]) -> Request:  # noqa: ARG001 - this format's path says nothing
    """The whole request. Raises: Fault(bad_request)."""
    mended = without_lone_surrogates(body)
    told = parse(_BODY.decode, mended)
    tools = told.tools or []
    extras = values(parse(_TOP.decode, mended), _KNOWN) | _left(told)
    return Request(
        format="anthropic",
        model=told.model,
        messages=tuple(_messages(told, PartDecoder(body, mended, extras), extras)),
        stream=bool(told.stream),
        tools=tuple(_tool(values(tool, frozenset()), extras) for tool in tools if _is_function(tool)),
        tool_choice=_choice(told.tool_choice),
        parallel=_parallel(told.tool_choice),
        thinking=_thinking(told),
        sampling=_sampling(told),
        output=_output(told),
        user=_user(told.metadata),
        tier=_TIERS.get(told.service_tier) if isinstance(told.service_tier, str) else None,
        extras=extras,
    )


def _messages(told: _Body, decoder: PartDecoder, extras: dict[str, Any]) -> Iterator[Message]:
    system = tuple(decoder.parts(told.system))
    if system:
        yield Message("system", system)
    for turn in told.messages:
        if turn.clear_at or turn.output_config:
            keep(extras, "messages", {"clear_at": turn.clear_at, "output_config": turn.output_config}, frozenset())
        if isinstance(turn.content, str):
            if turn.content:
                yield Message(turn.role, (TextPart(turn.content),))
            continue
        # Results of tools are a turn of their own in the hub, whoever's turn they came in.
        for is_result, parts in groupby(decoder.parts(turn.content), lambda part: isinstance(part, ToolResultPart)):
            yield Message("tool" if is_result else turn.role, tuple(parts))


def _is_function(tool: Mapping[str, msgspec.Raw]) -> bool:
    """Whether the client runs it, by a schema of its own or by one that is known of its type."""
    type_ = bytes(tool.get("type", b"null"))
    return "input_schema" in tool or type_ in {b"null", b'"custom"'} or client_tool(type_.decode()[1:-1]) is not None


def _tool(told: dict[str, Any], extras: dict[str, Any]) -> Tool:
    type_ = told.get("type")
    if isinstance(type_, str) and "input_schema" not in told and (own := client_tool(type_)) is not None:
        keep(extras, "tools", told, _CLIENT_TOOL_FIELDS)
        return Tool(text(told, "name"), own.description, own.schema, cache=cache(told))
    keep(extras, "tools", told, _TOOL_FIELDS)
    schema, strict, description = told.get("input_schema"), told.get("strict"), told.get("description")
    return Tool(
        text(told, "name"),
        description if isinstance(description, str) else "",
        schema if isinstance(schema, dict) else None,
        strict if isinstance(strict, bool) else None,
        cache=cache(told),
    )


def _choice(choice: _Choice | None) -> ToolChoice:
    if choice is None:
        return ToolChoice()
    if choice.type == "tool":
        return ToolChoice("required", (choice.name,))
    return ToolChoice(_MODES[choice.type])


def _parallel(choice: _Choice | None) -> bool | None:
    if choice is None or choice.disable_parallel_tool_use is None:
        return None
    return not choice.disable_parallel_tool_use


def _thinking(told: _Body) -> Thinking:
    if not (told.thinking or told.output_config):
        return Thinking()
    asked = _object(told.thinking)
    budget = asked.get("budget_tokens")
    return Thinking(
        mode=_THINKING.get(_word(asked, "type"), "default"),
        effort=_EFFORTS.get(_word(_object(told.output_config), "effort")),
        budget_tokens=budget if type(budget) is int else None,
        visible=_VISIBLE.get(_word(asked, "display")),
    )


def _sampling(told: _Body) -> Sampling:
    return Sampling(
        max_tokens=told.max_tokens,
        temperature=told.temperature,
        top_p=told.top_p,
        top_k=told.top_k,
        stop=tuple(told.stop_sequences or ()),
    )


def _output(told: _Body) -> Output:
    if not (told.output_config or told.output_format):
        return Output()
    shape = _object(_object(told.output_config).get("format") or told.output_format)
    schema = shape.get("schema")
    if _word(shape, "type") != "json_schema" or not isinstance(schema, dict):
        return Output()
    return Output("schema", schema=schema)


def _user(metadata: object) -> str | None:
    return _word(_object(metadata), "user_id")


def _left(told: _Body) -> dict[str, Any]:
    """What is left of the fields that the hub has words for, by their names."""
    if not (told.tools or told.output_config or told.metadata or told.thinking or told.service_tier):
        return {}
    config, metadata = dict(_object(told.output_config)), dict(_object(told.metadata))
    if _EFFORTS.get(_word(config, "effort")):
        del config["effort"]
    if _output(told).kind == "schema":
        config.pop("format", None)
    if _user(metadata) is not None:
        del metadata["user_id"]
    thinking = _object(told.thinking)
    left: dict[str, Any] = {
        "tools": [values(tool, frozenset()) for tool in told.tools or () if not _is_function(tool)],
        "output_config": config,
        "metadata": metadata,
        "thinking": thinking if _word(thinking, "type") not in _THINKING else None,
        "service_tier": told.service_tier if told.service_tier not in [None, *_TIERS] else None,
    }
    if left["thinking"] is None:
        shown = _word(thinking, "display")
        keep(
            left,
            "thinking",
            thinking,
            _THINKING_FIELDS if shown in (None, *_VISIBLE) else _THINKING_FIELDS - {"display"},
        )
    return {name: value for name, value in left.items() if value}


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _word(told: Mapping[str, Any], key: str) -> str | None:
    value = told.get(key)
    return value if isinstance(value, str) else None
