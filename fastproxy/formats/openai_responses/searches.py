"""A search for tools that the client runs itself, as a function of the hub: only this format has such items.

Codex finds the tools of MCP servers that way: the model calls `tool_search`, the client answers with the tools that it
has found, and from then on they may be called. Any other model sees a function, its call, and a result that names what
was found; the tools themselves are among the request's own (see `tools.later_tools`). A search that OpenAI's server
runs is not for us to run, and stays what it is.
The name in the hub begins with a stroke, which no format allows in a name, so that it can't be mistaken.
Source: openai 3.54.0, types/responses/tool_search_tool_param.py, response_tool_search_call.py and
response_tool_search_output_item_param_param.py; a recorded search; 2026-11-21.
"""

from typing import Any

import msgspec
import orjson

from fastproxy.formats.arguments import arguments_object
from fastproxy.formats.openai_responses.namespaces import flat, full_name
from fastproxy.formats.openai_responses.reading import objects_in
from fastproxy.formats.openai_shared import Object, object_of, text_of
from fastproxy.ir.request import TextPart, Tool, ToolCallPart, ToolResultPart

SEARCH = "/tool_search"


def search_tool(told: Object) -> Tool | None:
    """The tool as a function; None for any other tool, and for a search that the server runs."""
    if told.get("type") != "tool_search" or told.get("execution") != "client":
        return None
    return Tool(SEARCH, text_of(told, "description"), object_of(told, "parameters") or None)


def search_part(item: Object) -> ToolCallPart | ToolResultPart | None:
    """The call or the result that the item is; None for any other item, and for a search that the server ran."""
    call_id = text_of(item, "call_id")
    if not call_id or item.get("execution") == "server":
        return None
    match item.get("type"):
        case "tool_search_call":
            return ToolCallPart(call_id, SEARCH, msgspec.json.encode(item.get("arguments") or {}).decode())
        case "tool_search_output":
            found = [full_name(tool) or text_of(tool, "type") for tool in flat(objects_in(item, "tools"))]
            return ToolResultPart(call_id, (TextPart(msgspec.json.encode({"tools": found}).decode()),), name=SEARCH)
    return None


def search_call_item(ids: tuple[str, str], arguments: str, status: str) -> Object:
    """The item of a call. ids: of the item, and of the call. Its arguments are an object, spliced in as they came."""
    raw = arguments_object(arguments)
    told: Any = {"_invalid_json": arguments} if raw is None else orjson.Fragment(raw)
    return {
        "id": ids[0],
        "type": "tool_search_call",
        "status": status,
        "execution": "client",
        "call_id": ids[1],
        "arguments": told,
    }
