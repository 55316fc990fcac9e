"""The tools of a Chat request, and which of them must be called. What has no word here stays with the extras.

A grammar is kept flat (`{type, syntax, definition}`), as Responses writes it: Chat alone wraps it once more.
Source: openai 3.54.0, types/chat/chat_completion_*tool*_param.py, read 2026-11-21.
"""

from typing import Any

from fastproxy.formats.extras import keep
from fastproxy.formats.openai_chat.decode_parts import Object, cache_of, object_of, text_of
from fastproxy.ir.request import Tool, ToolChoice

_TOOL_FIELDS = frozenset({"type", "function", "custom", "prompt_cache_breakpoint", "cache_control"})
_FUNCTION_FIELDS = frozenset({"name", "description", "parameters", "strict"})
_CUSTOM_FIELDS = frozenset({"name", "description", "format"})
_MODES: dict[object, ToolChoice] = {
    "auto": ToolChoice("auto"),
    "none": ToolChoice("none"),
    "required": ToolChoice("required"),
    "any": ToolChoice("required"),  # Mistral
}


def take_tools(extras: Object) -> tuple[Tool, ...]:
    """The functions and custom tools of `tools` and the old `functions`; `extras` keeps the others (server tools)."""
    tools: list[Tool] = []
    others: list[Any] = []
    for told in _listed(extras, "tools"):
        tool = _tool(told, extras) if isinstance(told, dict) else None
        if tool is None:
            others.append(told)
        else:
            tools.append(tool)
    tools += [_function(told, {}, extras) for told in _listed(extras, "functions") if isinstance(told, dict)]
    if others:
        extras["tools"] = others
    return tuple(tools)


def take_choice(extras: Object) -> ToolChoice:
    """The hub's word for `tool_choice` or the old `function_call`; `extras` keeps one that it has no word for."""
    for key in ("tool_choice", "function_call"):
        told = extras.get(key)
        if told is None:
            continue
        choice = _choice(told)
        if choice is not None:
            del extras[key]
            return choice
    return ToolChoice()


def _listed(extras: Object, key: str) -> list[Any]:
    """The list under `key`, taken out; anything else stays where it is."""
    return extras.pop(key) if isinstance(extras.get(key), list) else []


def _tool(tool: Object, extras: Object) -> Tool | None:
    if custom := object_of(tool, "custom"):
        keep(extras, "tools", tool, _TOOL_FIELDS)
        keep(extras, "tools.custom", custom, _CUSTOM_FIELDS)
        return Tool(
            text_of(custom, "name"),
            text_of(custom, "description"),
            custom=True,
            grammar=_flat(object_of(custom, "format")) or None,
            cache=cache_of(tool),
        )
    function = object_of(tool, "function")
    if not function or tool.get("type", "function") != "function":
        return None
    keep(extras, "tools", tool, _TOOL_FIELDS)
    return _function(function, tool, extras)


def _function(function: Object, tool: Object, extras: Object) -> Tool:
    keep(extras, "tools.function", function, _FUNCTION_FIELDS)
    strict = function.get("strict")
    return Tool(
        text_of(function, "name"),
        text_of(function, "description"),
        object_of(function, "parameters") if "parameters" in function else None,
        strict if isinstance(strict, bool) else None,
        cache=cache_of(tool),
    )


def _flat(format_: Object) -> Object:
    grammar = object_of(format_, "grammar")
    return {"type": "grammar", **grammar} if grammar else format_


def _choice(told: Any) -> ToolChoice | None:
    if not isinstance(told, dict):
        return _MODES.get(told) if isinstance(told, str) else None
    if allowed := object_of(told, "allowed_tools"):
        tools = allowed.get("tools")
        names = tuple(filter(None, map(_name, tools if isinstance(tools, list) else ())))
        return ToolChoice("required" if allowed.get("mode") == "required" else "auto", names) if names else None
    name = _name(told)
    return ToolChoice("required", (name,)) if name else None


def _name(told: Any) -> str:
    """Of the function or custom tool that is named, also without the object around the name."""
    if not isinstance(told, dict):
        return ""
    for key in ("function", "custom"):
        if name := text_of(object_of(told, key), "name"):
            return name
    return text_of(told, "name")
