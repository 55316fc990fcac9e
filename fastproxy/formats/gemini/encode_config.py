"""The hub's sampling, thinking, output, tools and tool choice as Gemini's fields. What it can't say is listed.

Values are not clamped here: what a model's family accepts is decided before.
Source: google-genai 3.4.0 `types.GenerationConfig`, `types.ThinkingConfig` (level and budget together are refused),
`types.FunctionCallingConfig`; read 2026-11-21.
"""

from operator import attrgetter
from typing import Any

from fastproxy.formats.extras import uncallable
from fastproxy.formats.gemini import fields
from fastproxy.formats.gemini.models import generation
from fastproxy.formats.gemini.schema import Unrolled, accepted, is_empty
from fastproxy.ir.request import Effort, Output, Request, Sampling, Thinking, Tool

MAX_STOPS = 5  # Gemini refuses more

_Json = dict[str, Any]

_NAMES = {
    "max_tokens": "maxOutputTokens",
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
    "seed": "seed",
}
# The hub can't bring probabilities back to other clients, and most models refuse ("Logprobs is not enabled for ...").
_PROBABILITIES = {"logprobs": "responseLogprobs", "top_logprobs": "logprobs"}
_DRAWING = attrgetter("stop", "logit_bias", *_NAMES, *_PROBABILITIES)
_UNDRAWN = _DRAWING(Sampling())
_LEVELS: dict[Effort, str] = {
    "minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH", "xhigh": "XHIGH", "max": "XHIGH",
}  # fmt: skip
_DYNAMIC = -1  # as much as the model sees fit


def generation_config(request: Request) -> tuple[_Json, list[str]]:
    """The generationConfig, and what of sampling, thinking and output it can't say."""
    drawn, dropped = _sampling(request.sampling, probable=request.format == "gemini")
    thinking = _thinking(request.thinking, request.model)
    if request.thinking.mode == "between_tools":
        dropped.append("thinking.between_tools")
    if request.thinking.summary not in {None, "auto"}:
        dropped.append("thinking.summary")
    if request.output.verbosity is not None:
        dropped.append("output.verbosity")
    return {**drawn, **_output(request.output), **({"thinkingConfig": thinking} if thinking else {})}, dropped


def _sampling(sampling: Sampling, *, probable: bool) -> tuple[_Json, list[str]]:
    """probable: whether the client can be told how probable each token was."""
    if _DRAWING(sampling) == _UNDRAWN:
        return {}, []
    names = _NAMES | _PROBABILITIES if probable else _NAMES
    unsaid = ("logit_bias",) if probable else ("logit_bias", *_PROBABILITIES)
    out = {theirs: value for ours, theirs in names.items() if (value := getattr(sampling, ours)) is not None}
    if sampling.stop:
        out["stopSequences"] = list(sampling.stop[:MAX_STOPS])
    dropped = ["stop"] if len(sampling.stop) > MAX_STOPS else []
    return out, [*dropped, *(name for name in unsaid if getattr(sampling, name))]


def _thinking(thinking: Thinking, model: str) -> _Json:
    visible = thinking.visible is True or (thinking.visible is None and thinking.summary is not None)
    shown: _Json = {"includeThoughts": True} if visible and thinking.mode != "off" else {}
    if thinking.mode == "off" or thinking.effort == "none":
        return {"thinkingBudget": 0}
    if thinking.mode == "budget" and thinking.budget_tokens is not None:
        return {"thinkingBudget": thinking.budget_tokens, **shown}
    if thinking.effort is not None:
        return {"thinkingLevel": _LEVELS[thinking.effort], **shown}
    if thinking.mode == "adaptive" and 0 < generation(model) < 3:  # later ones decide for themselves
        return {"thinkingBudget": _DYNAMIC, **shown}
    return shown


def _output(output: Output) -> _Json:
    if output.kind == "text":
        return {}
    schema: _Json = {"responseJsonSchema": accepted(output.described)} if output.described else {}
    return {"responseMimeType": fields.WORD if output.kind == "word" else "application/json", **schema}


def declarations(tools: tuple[Tool, ...]) -> list[_Json]:
    """The functions, as one group; [] for none."""
    unrolled = Unrolled()
    return [{"functionDeclarations": [_declaration(tool, unrolled) for tool in tools]}] if tools else []


def _declaration(tool: Tool, unrolled: Unrolled) -> _Json:
    described: _Json = {"description": tool.description} if tool.description else {}
    if not is_empty(tool.schema) and tool.schema is not None:
        described["parametersJsonSchema"] = accepted(tool.schema, unrolled)
    return {"name": tool.name, **described}


def tool_config(request: Request) -> _Json:
    """The toolConfig; {} where the default says the same.

    Raises: Fault(bad_request) when a tool is forced that is none of the request's functions.
    """
    choice = request.tool_choice
    declared = {tool.name for tool in request.tools}
    names = [name for name in choice.names if name in declared]
    if choice.mode == "required" and (not declared or (choice.names and not names)):
        raise uncallable(request)
    if not declared or (choice.mode == "auto" and not names):
        return {}
    mode = {"none": "NONE", "required": "ANY", "auto": "VALIDATED"}[choice.mode]
    allowed = {"allowedFunctionNames": names} if names and choice.mode != "none" else {}
    return {"functionCallingConfig": {"mode": mode, **allowed}}
