"""generationConfig, toolConfig and tools of a Gemini request in the hub's words.

Never refuses a value: what it can't read stays in extras, by its own dotted name ("generationConfig.topK").
Source: google-genai 3.4.0 `types.GenerationConfig`, `types.ToolConfig`, `types.FunctionDeclaration`; enum numbers of
google.ai.generativelanguage.v1beta; read 2026-11-21.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from fastproxy.formats.body import Raws, values
from fastproxy.formats.extras import keep
from fastproxy.formats.gemini import fields
from fastproxy.formats.gemini.openapi import json_schema
from fastproxy.ir.request import Effort, Output, Sampling, Thinking, Tool, ToolChoice

_LEVELS: dict[object, Effort] = {
    "MINIMAL": "minimal", "LOW": "low", "MEDIUM": "medium", "HIGH": "high", "XHIGH": "xhigh",
}  # fmt: skip
# Names, and numbers as `enum-encoding=int` clients write them.
_NONE = ("NONE", 3)
_ANY = ("ANY", 2)
_VALIDATED = ("VALIDATED", 4)
_SCHEMAS = ("parametersJsonSchema", "parameters")
_DECLARED = frozenset({"name", "description", *_SCHEMAS})
_CALLING = frozenset({"functionCallingConfig"})
_CHOOSING = frozenset({"mode", "allowedFunctionNames"})
_DEFAULT_MODALITIES = (["TEXT"], [1])  # what every answer is anyway, and what some clients always say


def _whole(value: object) -> int | None:
    """An integer: a number without a fraction, or the text that 64-bit numbers are in protobuf's JSON."""
    if isinstance(value, str) and value.removeprefix("-").isdecimal():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return int(value)


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _texts(value: object) -> tuple[str, ...] | None:
    return tuple(value) if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


# Their name -> (the name in Sampling, how it is read).
_SAMPLING: dict[str, tuple[str, Callable[[object], Any]]] = {
    "maxOutputTokens": ("max_tokens", _whole),
    "temperature": ("temperature", _number),
    "topP": ("top_p", _number),
    "topK": ("top_k", _whole),
    "presencePenalty": ("presence_penalty", _number),
    "frequencyPenalty": ("frequency_penalty", _number),
    "seed": ("seed", _whole),
    "stopSequences": ("stop", _texts),
    "candidateCount": ("candidates", _whole),
    "responseLogprobs": ("logprobs", _flag),
    "logprobs": ("top_logprobs", _whole),
}
_OUTPUT = ("responseMimeType", "responseSchema", "responseJsonSchema")


class Config(msgspec.Struct, frozen=True):
    """What a generationConfig says. rest: what the hub has no word for, by dotted names."""

    sampling: Sampling = Sampling()
    output: Output = Output()
    thinking: Thinking = Thinking()
    rest: dict[str, Any] = {}


def generation_config(top: Raws) -> Config:
    """The request's generationConfig."""
    if "generationConfig" not in top:
        return Config()
    told = {name: fields.value(raws, name) for raws in (fields.inner(top, "generationConfig"),) for name in raws}
    drawn: dict[str, Any] = {}
    for name, (ours, read) in _SAMPLING.items():
        if name in told and (value := read(told[name])) is not None:
            drawn[ours] = value
            del told[name]
    thinking, told = _thinking(told)
    output, told = _output(told)
    if told.get("responseModalities") in _DEFAULT_MODALITIES:
        del told["responseModalities"]
    rest = {f"generationConfig.{name}": value for name, value in told.items()}
    return Config(Sampling(**drawn), output, thinking, rest)


def _thinking(told: dict[str, Any]) -> tuple[Thinking, dict[str, Any]]:
    """How to think, and the fields that are left."""
    config = told.get("thinkingConfig")
    if not isinstance(config, dict):
        return Thinking(), told
    said = {fields.camel(name): value for name, value in config.items() if value is not None}
    rest = {name: value for name, value in told.items() if name != "thinkingConfig"}
    visible = _flag(said.pop("includeThoughts", None))
    level, budget = said.pop("thinkingLevel", None), _whole(said.pop("thinkingBudget", None))
    effort = _LEVELS.get(level.upper()) if isinstance(level, str) else None
    if level is not None and effort is None:
        said["thinkingLevel"] = level
    if said:
        rest["thinkingConfig"] = said
    if effort is not None:
        return Thinking("effort", effort, visible=visible), rest
    if budget is None:
        return Thinking(visible=visible), rest
    if budget == 0:
        return Thinking("off", visible=visible), rest
    # -1 is Gemini's word for "as much as the model sees fit".
    return (Thinking("adaptive", visible=visible) if budget < 0 else Thinking("budget", None, budget, visible)), rest


def _output(told: dict[str, Any]) -> tuple[Output, dict[str, Any]]:
    """The shape of the text, and the fields that are left."""
    media_type, openapi, schema = (told.get(name) for name in _OUTPUT)
    schema = schema if isinstance(schema, dict) else openapi
    rest = {name: value for name, value in told.items() if name not in _OUTPUT}
    if media_type == "text/plain":
        return Output(), rest
    if media_type == fields.WORD and isinstance(schema, dict):
        return Output("word", schema=json_schema(schema)), rest
    if media_type not in (None, "application/json"):
        return Output(), told
    if isinstance(schema, dict):
        return Output("schema", schema=json_schema(schema)), rest
    return Output("json" if media_type else "text"), rest


def tools(groups: list[Raws], unsaid: dict[str, Any]) -> tuple[tuple[Tool, ...], list[dict[str, Any]]]:
    """The functions, and the server tools as they came. unsaid: filled with what functions say beside their words."""
    declared = [_tool(raws, unsaid) for group in groups for raws in fields.each(group, "functionDeclarations")]
    others = [{name: raw for name, raw in group.items() if name != "functionDeclarations"} for group in groups]
    return tuple(declared), [fields.plain(other) for other in others if other]


def _tool(raws: Raws, unsaid: dict[str, Any]) -> Tool:
    if not _DECLARED.issuperset(raws):
        keep(unsaid, "tools.functionDeclarations", values(raws, _DECLARED), frozenset())
    schema = next((fields.value(raws, name) for name in _SCHEMAS if name in raws), None)
    described = json_schema(schema) if isinstance(schema, dict) else None
    return Tool(fields.text(raws, "name"), fields.text(raws, "description"), described)


def tool_choice(top: Raws) -> tuple[ToolChoice, dict[str, Any]]:
    """Whether a tool must be called, and what else toolConfig says, by dotted names."""
    if "toolConfig" not in top:
        return ToolChoice(), {}
    config = fields.inner(top, "toolConfig")
    calling = fields.inner(config, "functionCallingConfig")
    mode, names = fields.value(calling, "mode"), fields.value(calling, "allowedFunctionNames")
    allowed = _texts(names) or ()
    rest = {f"toolConfig.{name}": value for name, value in values(config, _CALLING).items()}
    keep(rest, "toolConfig.functionCallingConfig", values(calling, _CHOOSING), frozenset())
    if mode in _VALIDATED and not allowed:
        rest["toolConfig.functionCallingConfig.mode"] = mode
    if mode in _NONE:
        return ToolChoice("none"), rest
    return ToolChoice("required" if mode in _ANY else "auto", allowed), rest
