"""A hub request to an Anthropic body, after adaptation: what is set is said, what can't be said is listed.

Never decides what a model accepts (adaptation has) and never says anything silently less than it was asked.
Source: anthropic 2.12.0 `types/message_create_params.py`; wire format notes 0, 2.2, 2.4, 5; read 2026-11-21.
"""

from collections.abc import Callable, Collection, Mapping
from operator import attrgetter
from typing import Any

import msgspec

from fastproxy.formats.anthropic.encode_parts import Block, PartEncoder
from fastproxy.formats.anthropic.encode_tools import choice, forces, tools
from fastproxy.formats.anthropic.encode_turns import Turn, lacks_thinking, system_blocks, turns
from fastproxy.formats.anthropic.output_schema import output_schema
from fastproxy.formats.anthropic.versions import BINDING, version_of
from fastproxy.formats.base import Encoded
from fastproxy.formats.extras import named
from fastproxy.ir.request import Request, Sampling, Thinking

MAX_BREAKPOINTS = 4
MAX_USER_CHARACTERS = 256  # of metadata.user_id

Fields = dict[str, Any]

# Fields of this format that have no word in the hub.
_OWN_EXTRAS = frozenset((
    "cache_control", "container", "context_management", "diagnostics", "inference_geo", "mcp_servers", "speed",
    "thinking", "user_profile_id",
))  # fmt: skip
_MERGED_EXTRAS = frozenset({"tools", "output_config", "metadata"})  # of this format: said where their hub words are
_MODES = {"off": "disabled", "budget": "enabled", "adaptive": "adaptive", "between_tools": "between_tools"}
_UNFIT_DROPPED = {"prefix_mismatch_behavior": "drop_block"}
_DISPLAYED = frozenset({"budget", "adaptive"})
_EFFORTS = frozenset({"low", "medium", "high", "xhigh", "max"})
_TIERS = {"auto": "auto", "default": "standard_only"}
_DISPLAY: dict[bool | None, str] = {True: "summarized", False: "omitted"}
_UNSAID_SAMPLING = ("presence_penalty", "frequency_penalty", "seed", "logprobs", "top_logprobs", "logit_bias")
_UNSAID_VALUES = attrgetter(*_UNSAID_SAMPLING)
_NOT_ASKED = _UNSAID_VALUES(Sampling())


def encode_request(request: Request) -> Encoded:
    """The body of POST /v1/messages. Raises: Fault(bad_request) where leaving something out would change the sense."""
    return encode_some(request, None)


def encode_some(request: Request, wanted: Collection[str] | None) -> Encoded:
    """The body with only the `wanted` fields, for endpoints that take no others; all of them for None.

    What is left out that way is not reported: it does not bear on what is asked there.
    """
    dropped: list[str] = []
    fields: Fields = {}
    for write in _WRITERS:
        fields |= write(request, dropped)
    version = version_of(fields.keys())
    encoder = PartEncoder(request.format, dropped)
    system = system_blocks(request.messages, encoder)
    system_turns = request.system_turns and version.system_turns
    conversation = turns(request.messages, encoder, dropped, system_turns=system_turns)
    fields |= _tool_fields(request, dropped)
    fields |= _thinking(request, conversation, fields.get("tool_choice"), dropped)
    if system:
        fields["system"] = system
    fields["messages"] = conversation
    _limit_breakpoints(fields, dropped)
    body = {"model": request.model} | {key: fields[key] for key in fields if wanted is None or key in wanted}
    betas = (BINDING,) if "block_binding" in body.get("thinking", {}) else ()
    return Encoded(msgspec.json.encode(body), (version.header, *betas), tuple(dict.fromkeys(dropped)))


def _sampling(request: Request, dropped: list[str]) -> Fields:
    told = request.sampling
    stops = [stop for stop in told.stop if stop.strip()]  # one of white space alone is refused
    if len(stops) < len(told.stop):
        dropped.append("stop")
    if _UNSAID_VALUES(told) != _NOT_ASKED:
        dropped += [name for name in _UNSAID_SAMPLING if _is_asked(getattr(told, name))]
    fields = {
        "max_tokens": told.max_tokens,
        "temperature": told.temperature,
        "top_p": told.top_p,
        "top_k": told.top_k,
        "stop_sequences": stops or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _is_asked(value: object) -> bool:
    return value is not None and value is not False


def _who(request: Request, dropped: list[str]) -> Fields:
    fields: Fields = {}
    metadata = dict(_own(request, "metadata"))
    if request.user is not None:
        if request.format == "anthropic" or _may_be_told(request.user):
            metadata["user_id"] = request.user
        else:
            dropped.append("user")
    if metadata:
        fields["metadata"] = metadata
    if request.metadata:
        dropped.append("metadata")
    if request.cache_key is not None:
        dropped.append("cache_key")
    if request.tier in _TIERS:
        fields["service_tier"] = _TIERS[request.tier]
    elif request.tier is not None:
        dropped.append("tier")
    if request.stream:
        fields["stream"] = True
    return fields


def _may_be_told(user: str) -> bool:
    """[report] "user_id appears to contain an email address" (BerriAI/litellm issues 10102, 10106)."""
    return len(user) <= MAX_USER_CHARACTERS and "@" not in user


def _output(request: Request, dropped: list[str]) -> Fields:
    """`output_config`. A shape without a schema has no word: a closed object without properties would mean `{}`."""
    output, effort = request.output, request.thinking.effort
    config = dict(_own(request, "output_config"))
    if output.kind == "schema" and output.schema is not None:
        schema = output.schema if request.format == "anthropic" else output_schema(output.described or {})
        config["format"] = {"type": "json_schema", "schema": schema}
    elif output.kind != "text":
        dropped.append("output.kind")
    if output.verbosity is not None:
        dropped.append("output.verbosity")
    if effort in _EFFORTS:
        config["effort"] = effort
    elif effort is not None and request.thinking.mode != "off":
        dropped.append("thinking.effort")
    return {"output_config": config} if config else {}


def _extras(request: Request, dropped: list[str]) -> Fields:
    fields: Fields = {}
    is_own = request.format == "anthropic"
    for name, value in request.extras.items():
        if is_own and name in _OWN_EXTRAS:
            fields[name] = value
        elif not (is_own and name in _MERGED_EXTRAS) and value is not None:
            dropped += named(name, value)
    return fields


_WRITERS: tuple[Callable[[Request, list[str]], Fields], ...] = (_sampling, _who, _output, _extras)


def _tool_fields(request: Request, dropped: list[str]) -> Fields:
    offered = tools(request, dropped)
    chosen = choice(request, offered)
    return ({"tools": offered} if offered else {}) | ({"tool_choice": chosen} if chosen else {})


def _thinking(request: Request, conversation: list[Turn], chosen: Block | None, dropped: list[str]) -> Fields:
    """`thinking`. Manual thinking is refused beside a forced tool, and in a loop of tools that was begun without."""
    thinking = request.thinking
    if thinking.summary not in {None, "auto"}:
        dropped.append("thinking.summary")
    mode = _MODES.get("adaptive" if thinking.unfit_dropped and thinking.mode == "default" else thinking.mode)
    if mode is None:
        return {}
    if thinking.mode == "budget" and (forces(chosen) or lacks_thinking(conversation)):
        dropped.append("thinking")
        return {}
    fields: Fields = {"type": mode}
    if thinking.mode == "budget":
        fields["budget_tokens"] = thinking.budget_tokens
    display = _DISPLAY.get(_visible(thinking))
    if display is not None and thinking.mode in _DISPLAYED:
        fields["display"] = display
    if thinking.unfit_dropped and mode == "adaptive":
        fields["block_binding"] = _UNFIT_DROPPED
    return {"thinking": fields}


def _visible(thinking: Thinking) -> bool | None:
    if thinking.visible is not None:
        return thinking.visible
    return True if thinking.summary is not None else None


def _limit_breakpoints(fields: Fields, dropped: list[str]) -> None:
    """Keep the last cache hints of the prompt, as many as the API takes: each of them covers all that stands before."""
    conversation: list[Turn] = fields["messages"]
    prompt = [*fields.get("tools", ()), *fields.get("system", ())]
    for turn in conversation:
        prompt += turn.content
    inner = [part for block in prompt if block.get("type") == "tool_result" for part in block["content"]]
    hinted = [block for block in [*prompt, *inner] if "cache_control" in block]
    excess = len(hinted) + ("cache_control" in fields) - MAX_BREAKPOINTS
    for block in hinted[: max(excess, 0)]:
        del block["cache_control"]
        dropped.append("cache_control")


def _own(request: Request, name: str) -> Mapping[str, Any]:
    """What the client said under `name` beyond what the hub has words for."""
    told = request.extras.get(name) if request.format == "anthropic" else None
    return told if isinstance(told, dict) else {}
