"""Tools in namespaces, as Codex declares those of an MCP server."""

from typing import Any

import orjson

from fastproxy.formats.openai_responses import FORMAT
from fastproxy.formats.openai_responses.namespaces import flat, full_name, named
from fastproxy.ir.request import Tool, ToolCallPart

SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}}
READ = {"type": "function", "name": "read", "description": "Reads.", "parameters": SCHEMA, "strict": False}
GROUP = {"type": "namespace", "name": "mcp__disk__", "description": "A disk.", "tools": [READ, {**READ, "name": "ls"}]}


def test_the_tools_of_a_namespace_become_tools_like_all_others_and_the_first_one_tells_of_it() -> None:
    body = {"model": "m", "input": "hi", "tools": [GROUP, {"type": "function", "name": "read"}, {"type": "web_search"}]}
    request = FORMAT.decode_request(orjson.dumps(body), {})
    assert request.tools == (
        Tool("mcp__disk__/read", "A disk.\n\nReads.", SCHEMA, strict=False),
        Tool("mcp__disk__/ls", "Reads.", SCHEMA, strict=False),
        Tool("read"),
    )
    assert request.extras == {"tools": [{"type": "web_search"}]}


def test_a_call_in_the_history_has_the_name_that_its_tool_has() -> None:
    call = {"type": "function_call", "call_id": "c", "namespace": "mcp__disk__", "name": "ls", "arguments": "{}"}
    custom = {"type": "custom_tool_call", "call_id": "d", "namespace": "mcp__disk__", "name": "sh", "input": "ls"}
    request = FORMAT.decode_request(orjson.dumps({"model": "m", "input": [call, custom]}), {})
    assert [part for message in request.messages for part in message.parts] == [
        ToolCallPart("c", "mcp__disk__/ls", "{}"),
        ToolCallPart("d", "mcp__disk__/sh", "ls", custom=True),
    ]


def test_no_other_format_takes_the_name_as_it_is() -> None:
    assert not FORMAT.spelling.name.fullmatch("mcp__disk__/ls")


def test_a_name_goes_there_and_back() -> None:
    for told in ({"name": "ls"}, {"namespace": "mcp__disk__", "name": "ls"}, {"namespace": "a/b", "name": "c"}):
        assert named(full_name(told)) == told


def test_a_namespace_that_names_nothing_is_no_tool() -> None:
    odd: list[dict[str, Any]] = [{"type": "namespace"}, {"type": "namespace", "name": "n", "tools": [{}, "x"]}]
    assert [full_name(tool) for tool in flat(odd)] == [""]
