"""Tools and the choice among them, as Responses spells them, both ways. It describes; it never calls or renames one.

Source: openai 3.54.0, types/responses/function_tool_param.py, custom_tool_param.py, tool_choice_*_param.py, 2026-11-21.
"""

from typing import Any

from fastproxy.formats.extras import keep
from fastproxy.formats.openai_responses.client_tools import chosen, client_tool
from fastproxy.formats.openai_responses.namespaces import flat
from fastproxy.formats.openai_responses.reading import objects_in
from fastproxy.formats.openai_responses.searches import search_tool
from fastproxy.formats.openai_shared import NO_ARGUMENTS, Object, text_of
from fastproxy.ir.request import Tool, ToolChoice

_MODES = {"auto": "auto", "none": "none", "required": "required", "any": "required"}
_KINDS = ("function", "custom")
_FIELDS = frozenset({"type", "name", "description", "parameters", "strict", "format", *_KINDS})
_BRING_TOOLS = ("additional_tools", "tool_search_output")


def take_tools(told: list[Object], extras: Object) -> tuple[Tool, ...]:
    """The tools among `told` that a client runs; `extras` keeps the others, which OpenAI runs itself.

    told: without namespaces (see `namespaces.flat`).
    """
    tools, others = [], []
    for entry in told:
        tool = _tool(entry, extras) or search_tool(entry) or client_tool(entry, extras)
        if tool is None:
            others.append(entry)
        else:
            tools.append(tool)
    if others:
        extras["tools"] = others
    return tuple(tools)


def later_tools(told: list[Object], items: object) -> list[Object]:
    """The tools that the conversation itself has brought, without namespaces, less those of a name that `told` has.

    No other format can be given tools in the middle, so that they are there from the start.
    """
    told_items = items if isinstance(items, list) else ()
    bringing = [item for item in told_items if isinstance(item, dict) and item.get("type") in _BRING_TOOLS]
    if not bringing:
        return []
    known = set(map(_identity, told))
    brought = flat([tool for item in bringing for tool in objects_in(item, "tools")])
    return list({name: tool for tool in brought if (name := _identity(tool)) not in known}.values())


def take_choice(told: str | Object | None, extras: Object) -> ToolChoice:
    """The choice in the hub's words; `extras` keeps a forced call of a tool that OpenAI runs itself."""
    if isinstance(told, str) and told in _MODES:
        return ToolChoice(_MODES[told])  # type: ignore[arg-type]
    if not isinstance(told, dict):
        return ToolChoice()
    name = _name(told)
    if name:
        return ToolChoice("required", (name,))
    names = tuple(filter(None, map(_name, objects_in(told, "tools"))))
    is_required = told.get("type") != "allowed_tools" or told.get("mode") == "required"
    if names:
        return ToolChoice("required" if is_required else "auto", names)
    if is_required:
        extras["tool_choice"] = told
        return ToolChoice()
    return ToolChoice("none")  # of the tools that may be called, none is one that we can offer


def tool_object(tool: Tool) -> Object:
    """The tool. What the client did not call strict is told not to be: OpenAI's default rewrites its schema."""
    told: Object = {"type": "custom" if tool.custom else "function", "name": tool.name}
    if tool.description:
        told["description"] = tool.description
    if tool.custom:
        return told | ({"format": _flat(tool.grammar)} if tool.grammar else {})
    return told | {"parameters": NO_ARGUMENTS | (tool.schema or {}), "strict": bool(tool.strict)}


def choice_object(choice: ToolChoice, tools: tuple[Tool, ...]) -> str | Object:
    """The choice. tools: all of them, to tell functions from custom tools."""
    if not choice.names or choice.mode == "none":
        return choice.mode
    custom = {tool.name for tool in tools if tool.custom}
    entries = [{"type": "custom" if name in custom else "function", "name": name} for name in choice.names]
    if choice.mode == "required" and len(entries) == 1:
        return entries[0]
    return {"type": "allowed_tools", "mode": choice.mode, "tools": entries}


def _identity(tool: Object) -> str:
    """What tells a tool from others: its name, or the kind of one that OpenAI runs."""
    return text_of(tool, "name") or text_of(tool, "type")


def _tool(told: Object, extras: Object) -> Tool | None:
    kind = told.get("type", "function")
    if kind not in _KINDS:
        return None
    keep(extras, "tools", told, _FIELDS)
    inner = told.get(kind)  # Chat's spelling, which some clients send here
    told = inner if isinstance(inner, dict) else told
    name, description = text_of(told, "name"), text_of(told, "description")
    if not name:
        return None
    if kind == "custom":
        grammar = told.get("format")
        is_grammar = isinstance(grammar, dict) and grammar.get("type") == "grammar"
        return Tool(name, description, custom=True, grammar=grammar if is_grammar else None)
    schema, strict = told.get("parameters"), told.get("strict")
    return Tool(
        name,
        description,
        schema if isinstance(schema, dict) else None,
        strict if isinstance(strict, bool) else None,
    )


def _name(told: Object) -> str:
    """The name in the hub of the tool that is chosen; "" for one that OpenAI runs."""
    kind = told.get("type")
    if kind not in _KINDS:
        return chosen(told)
    inner = told.get(kind)
    return text_of(inner if isinstance(inner, dict) else told, "name")


def _flat(grammar: dict[str, Any]) -> Object:
    """The grammar in this format's spelling: Chat has one more object around definition and syntax."""
    inner = grammar.get("grammar")
    return {"type": "grammar", **inner} if isinstance(inner, dict) else grammar
