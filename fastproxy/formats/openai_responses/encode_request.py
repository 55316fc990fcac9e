"""The hub's Request as a Responses body. It says what is set and reports what this format can't say.

The relay keeps no conversation at OpenAI: unless an OpenAI client said otherwise nothing is stored, and what the model
thought comes back encrypted, for the next turn to bring along. A model that never thinks refuses to be asked for that
("Encrypted content is not supported with this model", pydantic/pydantic-ai issue 2865).
Source: openai 3.54.0, types/responses/response_create_params.py; what Codex sends; recorded requests, 2026-11-21.
"""

from collections.abc import Iterator

import msgspec

from fastproxy.formats.base import Encoded
from fastproxy.formats.extras import named, uncallable
from fastproxy.formats.openai_responses.encode_input import OPENAI, OWN, InputWriter
from fastproxy.formats.openai_responses.tools import choice_object, tool_object
from fastproxy.formats.openai_shared import Object, callable_tools, object_of
from fastproxy.ir.request import Output, Request, Thinking

# Chat's fields that this format has under the same name and with the same meaning, and the hub has no word for.
_SHARED_WITH_CHAT = frozenset({"moderation", "prompt_cache_options", "prompt_cache_retention", "store"})
_OF_THE_TRANSPORT = frozenset({"stream_options"})  # how Chat's client wants its stream told, not what it asks
_MERGED = frozenset({"tools", "reasoning", "text"})  # fields of which the hub understood a part
ENCRYPTED = "reasoning.encrypted_content"
MAX_USER_CHARACTERS = 128  # OpenAI's own limit; the user id that Claude Code sends is longer


def encode_request(request: Request) -> Encoded:
    """The body. Raises: Fault(bad_request) for what can't be left out without changing what is asked."""
    _require_possible(request)
    instructions, items = (writer := InputWriter(request)).write()
    own = _own_extras(request)
    lost: list[str] = []
    functions = request.tools if request.format == OWN else callable_tools(request.tools, lost)
    tools = [*map(tool_object, functions), *(own.get("tools") or ())]
    body: Object = {
        "model": request.model,
        "instructions": instructions,
        "input": items,
        "stream": request.stream,
        "tools": tools or None,
        "tool_choice": _choice(request) if tools else None,
        "parallel_tool_calls": request.parallel if tools else None,
        "reasoning": {**object_of(own, "reasoning"), **_reasoning(request)} or None,
        "text": {**object_of(own, "text"), **_text(request.output)} or None,
        "max_output_tokens": request.sampling.max_tokens,
        "temperature": request.sampling.temperature,
        "top_p": request.sampling.top_p,
        "top_logprobs": request.sampling.top_logprobs if request.format == OWN else None,
        "prompt_cache_key": request.cache_key,
        "metadata": request.metadata,
        "safety_identifier": request.user if _has_short_user(request) else None,
        "service_tier": request.tier,
        "store": False,
        "include": [ENCRYPTED] if request.thinking.possible else None,
    }
    body = {key: value for key, value in body.items() if value is not None}
    body |= {key: value for key, value in own.items() if key not in _MERGED}
    dropped = dict.fromkeys((*writer.dropped, *lost, *_unsaid(request), *_foreign_extras(request, own)))
    return Encoded(msgspec.json.encode(body), dropped=tuple(dropped))


def _require_possible(request: Request) -> None:
    if request.format != OWN and _forces_a_tool_of_the_server(request):
        raise uncallable(request)


def _forces_a_tool_of_the_server(request: Request) -> bool:
    """Whether the choice is one that only the server of the client's format could run."""
    choice = request.tool_choice
    known = {tool.name for tool in request.tools}
    unknown = choice.mode == "required" and known.isdisjoint(choice.names or known)
    return unknown or isinstance(request.extras.get("tool_choice"), dict)


def _own_extras(request: Request) -> Object:
    """The extras that this format has: all of a Responses client's, the shared ones of a Chat client's."""
    if request.format == OWN:
        return {name: value for name, value in request.extras.items() if "." not in name}
    return {name: value for name, value in request.extras.items() if _is_shared(request, name)}


def _foreign_extras(request: Request, own: Object) -> Iterator[str]:
    for name, value in request.extras.items():
        if name not in own and not _is_transport(name):
            yield from named(name, value)


def _is_shared(request: Request, name: str) -> bool:
    return request.format in OPENAI and name in _SHARED_WITH_CHAT


def _is_transport(name: str) -> bool:
    return name in _OF_THE_TRANSPORT


def _unsaid(request: Request) -> Iterator[str]:
    """Names of what is set and has no field here."""
    sampling, thinking = request.sampling, request.thinking
    unsaid = {
        "top_k": sampling.top_k,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "seed": sampling.seed,
        "stop": sampling.stop or None,
        "logprobs": sampling.logprobs or None,
        "logit_bias": sampling.logit_bias,
        # The hub carries no probabilities back, so that asking for them would be in vain.
        "top_logprobs": sampling.top_logprobs or None if request.format != OWN else None,
        "thinking.budget_tokens": thinking.budget_tokens if thinking.effort is None else None,
        "thinking": thinking.mode if thinking.mode == "between_tools" else None,
        "user": None if request.user is None or _has_short_user(request) else request.user,
        "cache": next((tool.cache for tool in request.tools if tool.cache is not None), None),
    }
    yield from (name for name, value in unsaid.items() if value is not None)


def _choice(request: Request) -> str | Object | None:
    """None for the default."""
    choice = choice_object(request.tool_choice, request.tools)
    return None if choice == "auto" else choice


def _reasoning(request: Request) -> Object:
    """OpenAI's own Chat tells no thoughts, and organisations that it has not verified get a 400 for asking.

    So a Chat client's level of effort alone asks for none (continuedev/continue pull 12047).
    """
    thinking = request.thinking
    told: Object = {}
    if effort := _effort(thinking):
        told["effort"] = effort
    if request.wants_thoughts and (thinking.summary or request.format != "openai-chat"):
        told["summary"] = thinking.summary or "auto"
    return told


def _effort(thinking: Thinking) -> str | None:
    return "none" if thinking.mode == "off" else thinking.effort


def _text(output: Output) -> Object:
    told: Object = {"verbosity": output.verbosity} if output.verbosity else {}
    if output.kind == "json":
        told["format"] = {"type": "json_object"}
    elif output.kind == "schema":
        description = {"description": output.description} if output.description else {}
        told["format"] = {
            "type": "json_schema",
            "name": output.name or "answer",  # demanded, and only OpenAI's formats have it
            **description,
            "schema": output.schema or {},
            "strict": bool(output.strict),
        }
    return told


def _has_short_user(request: Request) -> bool:
    return request.user is not None and len(request.user) <= MAX_USER_CHARACTERS
