"""The hub's tools and tool choice as an Anthropic request has them. Never runs, renames or invents a tool.

Source: anthropic 2.12.0 `types/tool_param.py`, `types/tool_choice_*_param.py`; wire format notes 2.3; what the API
answers to strict tools (earendil-works/pi issue 9953, genkit-ai/genkit issue 5230); read 2026-11-21.
What it refuses of a schema is in `tool_schema`; an Anthropic client's own has come as it wants it.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from fastproxy.formats.anthropic.encode_parts import Block, hint
from fastproxy.formats.anthropic.output_schema import is_within_limits, output_schema
from fastproxy.formats.extras import uncallable
from fastproxy.formats.tool_schema import fitted
from fastproxy.ir.request import Output, Request, Tool

_FORCING = frozenset({"any", "tool"})
MAX_STRICT_TOOLS = 20  # more are a 400 ("too many strict tools")


def tools(request: Request, dropped: list[str]) -> list[Block]:
    """The tools that may be called: where some are allowed by name only those, since a choice can only force one."""
    if not request.tools:
        return [dict(tool) for tool in _server_tools(request)]
    allowed = frozenset(request.tool_choice.names)
    forced = len(allowed) == 1 and request.tool_choice.mode == "required"
    offered = [tool for tool in request.tools if not allowed or forced or tool.name in allowed]
    if request.format == "anthropic":
        return [*(_tool(tool, dropped) for tool in offered), *(dict(tool) for tool in _server_tools(request))]
    offered = fitted(offered, dropped)
    if not _may_be_strict([tool for tool in offered if tool.strict], request.output):
        dropped.append("tools.strict")
        return [_tool(msgspec.structs.replace(tool, strict=None), dropped) for tool in offered]
    return [_closed(_tool(tool, dropped)) for tool in offered]


def choice(request: Request, offered: Sequence[Block]) -> Block | None:
    """`tool_choice`; None where nothing needs saying.

    Raises: Fault(bad_request) when a tool is forced that nobody here can run.
    """
    if request.extras.get("tool_choice"):
        raise uncallable(request)
    asked, names = request.tool_choice, frozenset(request.tool_choice.names)
    if asked.mode == "required" and not any(_name(tool) in names for tool in offered) and (names or not offered):
        raise uncallable(request)
    if not offered:
        return None
    if asked.mode == "none":
        return {"type": "none"}
    serial = {"disable_parallel_tool_use": True} if request.parallel is False else {}
    if asked.mode == "required":
        return ({"type": "tool", "name": asked.names[0]} if len(names) == 1 else {"type": "any"}) | serial
    return {"type": "auto"} | serial if serial else None


def forces(choice: Block | None) -> bool:
    """Whether a tool must be called."""
    return choice is not None and choice["type"] in _FORCING


def _tool(tool: Tool, dropped: list[str]) -> Block:
    block: Block = {"name": tool.name}
    if tool.description:
        block["description"] = tool.description
    block["input_schema"] = _root(tool.schema)
    if tool.strict:
        block["strict"] = True
    return block | hint(tool.cache, dropped)


def _closed(block: Block) -> Block:
    """A strict tool's schema is held to the same subset as that of an answer: limits are told in words."""
    return block | {"input_schema": output_schema(block["input_schema"])} if "strict" in block else block


def _may_be_strict(strict: Sequence[Tool], output: Output) -> bool:
    """Whether that is within the API's limits, of which OpenAI's strict tools know none. An answer's schema counts."""
    held = [tool.schema for tool in strict if tool.schema]
    if held and output.kind == "schema" and output.schema:
        held.append(output.schema)
    return len(strict) <= MAX_STRICT_TOOLS and is_within_limits(*held)


def _root(schema: dict[str, Any] | None) -> dict[str, Any]:
    """The schema, whose root must say that it is an object."""
    if not schema:
        return {"type": "object", "properties": {}}
    return schema if schema.get("type") == "object" else schema | {"type": "object"}


def _server_tools(request: Request) -> list[Block]:
    told = request.extras.get("tools") if request.format == "anthropic" else None
    return [tool for tool in told if isinstance(tool, dict)] if isinstance(told, list) else []


def _name(tool: object) -> str:
    return str(tool.get("name") or tool.get("type") or "") if isinstance(tool, dict) else str(tool)
