"""Tools in namespaces under one name each, and back: only this format has such groups.

Codex puts every tool of an MCP server into one. The name in the hub is `namespace/tool`: no format allows the stroke in
a name, so that it can't be mistaken, and goes upstream respelled as any other name that is not allowed there.
Source: openai 3.54.0, types/responses/namespace_tool_param.py and response_function_tool_call_param.py; openai/codex
issues 33263 and 36942 (calls without their namespace are refused by Codex); 2026-11-21.
"""

from collections.abc import Iterator

from fastproxy.formats.openai_responses.reading import objects_in
from fastproxy.formats.openai_shared import Object, text_of

_STROKE = "/"


def flat(tools: list[Object]) -> Iterator[Object]:
    """The tools one by one. What a namespace says of itself is told with the first tool in it."""
    for tool in tools:
        if tool.get("type") != "namespace":
            yield tool
            continue
        said = [text_of(tool, "description")]
        for inner in objects_in(tool, "tools"):
            description = "\n\n".join(filter(None, (*said, text_of(inner, "description"))))
            yield {**inner, "name": full_name({**inner, "namespace": tool.get("name")}), "description": description}
            said.clear()


def full_name(told: Object) -> str:
    """The name of a tool or of a call in the hub."""
    namespace, name = text_of(told, "namespace"), text_of(told, "name")
    return f"{namespace}{_STROKE}{name}" if namespace and name else name


def named(name: str) -> Object:
    """The fields of a call that name its tool."""
    namespace, _, bare = name.rpartition(_STROKE)
    return {"name": bare, "namespace": namespace} if namespace else {"name": name}
