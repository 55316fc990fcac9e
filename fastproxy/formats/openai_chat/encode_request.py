"""The hub's request as a Chat body, for whichever host reads it. It says what is set and decides nothing about models.

A field of the client's that this format has not is listed as dropped; what would mean something else without it is
refused. Schemas and extras are written with every integer as large as it came.
Source: openai 3.54.0, types/chat/completion_create_params.py, read 2026-11-21.
"""

import re
from operator import attrgetter

import msgspec

from fastproxy.formats.base import Encoded
from fastproxy.formats.extras import named, uncallable
from fastproxy.formats.openai_chat.encode_messages import messages_of
from fastproxy.formats.openai_chat.encode_parts import Object, Writing
from fastproxy.formats.openai_chat.parameters import NO_ARGUMENTS, callable_tools
from fastproxy.ir.request import Output, Request, Sampling, Thinking, Tool, ToolChoice

# OpenAI's models that think refuse max_tokens ("Use 'max_completion_tokens' instead", recorded); most other hosts know
# no other name, so that it is the exception.
_NEW_LIMIT = re.compile(r"gpt-[5-9]|o\d")
_USER_CHARACTERS = 128  # the SDK says so of safety_identifier, which has taken the place of user
_STOPS = 4

# Every field that a client of this format may have said and that the hub has no word for, and those that Responses has
# under the same name and meaning.
_OWN = frozenset((
    "audio", "function_call", "functions", "logit_bias", "metadata", "modalities", "moderation", "prediction",
    "prompt_cache_options", "prompt_cache_retention", "reasoning_effort", "response_format", "safety_identifier",
    "service_tier", "stop", "store", "tool_choice", "verbosity", "web_search_options",
))  # fmt: skip
_SHARED = frozenset({"moderation", "prompt_cache_options", "prompt_cache_retention", "safety_identifier", "store"})
_EXTRAS: dict[str, frozenset[str]] = {"openai-chat": _OWN, "openai-responses": _SHARED}
_NO_WORD = (
    "top_k",
    "logprobs",
    "top_logprobs",
)  # log probabilities are asked for in vain: the hub can't bring them back
_NUMBERS = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "seed", "logit_bias")
_DRAWING = attrgetter("stop", *_NO_WORD, *_NUMBERS)
_UNDRAWN = _DRAWING(Sampling())


def encode_request(request: Request) -> Encoded:
    """The body, and what it does not say. Raises: Fault(bad_request). Cost: 0.3 ms for 100 KB in 50 turns."""
    _require_sayable(request)
    writing = Writing(request.model, request.format)
    body: Object = {"model": request.model, "messages": messages_of(request, writing)}
    body |= _stream(request)
    body |= _tools(request, writing)
    body |= _sampling(request.sampling, writing)
    body |= _limit(request)
    body |= _thinking(request.thinking, writing)
    body |= _output(request.output)
    body |= _who(request, writing)
    _add_extras(request, body, writing)
    return Encoded(msgspec.json.encode(body), dropped=tuple(dict.fromkeys(writing.dropped)))


def _require_sayable(request: Request) -> None:
    foreign_choice = "tool_choice" in request.extras and "tool_choice" not in _EXTRAS.get(request.format, ())
    if foreign_choice or (request.format != "openai-chat" and _forces_none_of_its_own(request)):
        raise uncallable(request)


def _forces_none_of_its_own(request: Request) -> bool:
    """Whether a tool is forced and no function of the request may be it, but one that only another server runs."""
    names = {tool.name for tool in request.tools}
    return request.tool_choice.mode == "required" and names.isdisjoint(request.tool_choice.names or names)


def _stream(request: Request) -> Object:
    if not request.stream:
        return {}
    told = request.extras.get("stream_options")
    options = told if isinstance(told, dict) and request.format in _EXTRAS else {}
    return {"stream": True, "stream_options": options | {"include_usage": True}}


def _tools(request: Request, writing: Writing) -> Object:
    """The tools and their choice; without a tool OpenAI refuses a choice, which would mean nothing anyway."""
    if not request.tools and "tools" not in request.extras:
        return {}
    extra = request.extras.get("tools")
    others = extra if isinstance(extra, list) else []
    tools = request.tools if request.format == "openai-chat" else callable_tools(request.tools, writing.dropped)
    told = [_tool(tool, writing) for tool in tools]
    if request.format == "openai-chat":
        told += others
    else:
        writing.dropped += named("tools", others)
    if not told:
        return {}
    choice = _choice(request.tool_choice, {tool.name for tool in request.tools if tool.custom})
    fields = {"tools": told, "tool_choice": choice, "parallel_tool_calls": request.parallel}
    return {key: value for key, value in fields.items() if value is not None}


def _tool(tool: Tool, writing: Writing) -> Object:
    told: Object = {"name": tool.name}
    if tool.description:
        told["description"] = tool.description
    if tool.custom:
        grammar = _nested(tool.grammar or {})
        return {"type": "custom", "custom": told | ({"format": grammar} if grammar else {})} | writing.cache(tool.cache)
    told["parameters"] = NO_ARGUMENTS | (tool.schema or {})  # an object without properties is refused
    if tool.strict is not None:
        told["strict"] = tool.strict
    return {"type": "function", "function": told} | _tool_cache(tool, writing)


def _tool_cache(tool: Tool, writing: Writing) -> Object:
    """OpenAI's tools take no breakpoint; OpenRouter's do."""
    if tool.cache is not None and writing.cache_key == "prompt_cache_breakpoint":
        writing.dropped.append("cache")
        return {}
    return writing.cache(tool.cache)


def _nested(grammar: Object) -> Object:
    """A grammar as Chat wraps it."""
    if "definition" not in grammar:
        return grammar
    return {"type": "grammar", "grammar": {key: value for key, value in grammar.items() if key != "type"}}


def _choice(choice: ToolChoice, custom: set[str]) -> str | Object | None:
    """None for the default."""
    if not choice.names:
        return None if choice.mode == "auto" else choice.mode
    if choice.mode == "none":
        return "none"
    named = [_named(name, "custom" if name in custom else "function") for name in choice.names]
    if choice.mode == "required" and len(named) == 1:
        return named[0]
    return {"type": "allowed_tools", "allowed_tools": {"mode": choice.mode, "tools": named}}


def _named(name: str, kind: str) -> Object:
    return {"type": kind, kind: {"name": name}}


def _sampling(sampling: Sampling, writing: Writing) -> Object:
    if _DRAWING(sampling) == _UNDRAWN:
        return {}
    writing.dropped += (name for name in _NO_WORD if getattr(sampling, name) not in (None, False))
    told = {name: value for name in _NUMBERS if (value := getattr(sampling, name)) is not None}
    if len(sampling.stop) > _STOPS:
        writing.dropped.append("stop")
    return told | ({"stop": list(sampling.stop[:_STOPS])} if sampling.stop else {})


def _limit(request: Request) -> Object:
    tokens = request.sampling.max_tokens
    if tokens is None:
        return {}
    thinks = request.thinking.mode != "default" or _NEW_LIMIT.match(request.model.rpartition("/")[2])
    return {"max_completion_tokens" if thinks else "max_tokens": tokens}


def _thinking(thinking: Thinking, writing: Writing) -> Object:
    if thinking.budget_tokens is not None and thinking.effort is None:
        writing.dropped.append("thinking.budget_tokens")
    if thinking.mode == "between_tools":
        writing.dropped.append("thinking.between_tools")
    if thinking.summary is not None:
        writing.dropped.append("thinking.summary")
    effort = thinking.effort or ("none" if thinking.mode == "off" else None)
    return {} if effort is None else {"reasoning_effort": effort}


def _output(output: Output) -> Object:
    told: Object = {} if output.verbosity is None else {"verbosity": output.verbosity}
    if output.kind == "json":
        return told | {"response_format": {"type": "json_object"}}
    if output.kind == "text":
        return told
    schema: Object = {"name": output.name or "response"}  # the name is mandatory
    optional = {"description": output.description or None, "schema": output.schema, "strict": output.strict}
    schema |= {key: value for key, value in optional.items() if value is not None}
    return told | {"response_format": {"type": "json_schema", "json_schema": schema}}


def _who(request: Request, writing: Writing) -> Object:
    user = request.user
    if user is not None and len(user) > _USER_CHARACTERS:
        writing.dropped.append("user")
        user = None
    told = {
        "user": user,
        "metadata": request.metadata,
        "prompt_cache_key": request.cache_key,
        "service_tier": request.tier,
    }
    return {key: value for key, value in told.items() if value is not None}


def _add_extras(request: Request, body: Object, writing: Writing) -> None:
    """The client's other fields: those of this family are said, every other one is listed."""
    ours = _EXTRAS.get(request.format, frozenset())
    for name, value in request.extras.items():
        if value is None or name == "tools" or (name == "stream_options" and request.format in _EXTRAS):
            continue
        if name in ours and name not in body:
            body[name] = value
        else:
            writing.dropped.append(name)
