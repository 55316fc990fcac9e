"""The tools that OpenAI has defined and the client runs, shell and apply_patch, as functions, and their calls back.

A request declares them by a type alone, because OpenAI's models know their inputs by heart. Any other model is told, as
a function's parameters, what the item of a call holds under its own key; its calls become such items again, told whole.
Turns with them are calls and results, also of a shell that OpenAI has run; the declaration of such a one is not here.
A name in the hub begins with a stroke, which no format allows in a name, so that it can't be mistaken.
Source: openai 3.54.0, types/responses/function_shell_tool_param.py, response_function_shell_tool_call.py,
response_apply_patch_tool_call.py, response_input_item_param.py and response_output_item.py (LocalShellCall); the diffs
that openai-agents' `apply_diff` reads; 2026-11-21.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from fastproxy.formats.arguments import arguments_object
from fastproxy.formats.extras import keep
from fastproxy.formats.openai_shared import Object, object_of, text_of
from fastproxy.ir.request import TextPart, Tool, ToolCallPart, ToolResultPart
from fastproxy.jsonedit import Fields


class ClientTool(msgspec.Struct, frozen=True):
    """One of these tools. key: of a call's item, where its input lies. prefix: of the item's id.

    always: what the input must have, whatever the model says. schema: of the rest, which the model is to say.
    """

    key: str
    prefix: str
    description: str
    schema: Object
    always: Object = {}


def _input(required: str, **properties: Object) -> Object:
    return {"type": "object", "properties": properties, "required": required.split()}


def _told(type_: str, description: str) -> Object:
    return {"type": type_, "description": description}


_WAIT = _told("integer", "How many milliseconds they may take.")
_WORDS: Object = {"type": "array", "items": {"type": "string"}}
_TOOLS: Mapping[str, ClientTool] = {
    "shell": ClientTool(
        "action",
        "sh",
        "Run commands in a shell on the user's machine. The result has what each wrote and how it ended.",
        _input(
            "commands",
            commands=_WORDS | {"description": "The commands, each a whole line for the shell."},
            timeout_ms=_WAIT,
            max_output_length=_told("integer", "How many characters of their output to return at most."),
        ),
    ),
    "local_shell": ClientTool(
        "action",
        "lsh",
        "Run one program on the user's machine. The result has what it wrote and how it ended.",
        _input(
            "command",
            command=_WORDS | {"description": 'The program and its arguments; ["bash", "-lc", "..."] for a shell.'},
            timeout_ms=_WAIT,
            working_directory=_told("string", "Where to run it."),
        ),
        {"type": "exec", "env": {}},
    ),
    "apply_patch": ClientTool(
        "operation",
        "apc",
        "Create, change or delete one file of the user's. The diff of a new file is all of its lines, each with a `+`"
        " before it. The diff of a change has one or more sections: a line `@@`, which may name the class or function"
        " that the section is in (`@@ def f():`), then about three unchanged lines before and after what changes, each"
        " with a space before it, lines to be removed with a `-` and lines to be added with a `+`. There are no line"
        " numbers and no headers.",
        _input(
            "type path",
            type={"type": "string", "enum": ["create_file", "update_file", "delete_file"]},
            path=_told("string", "The path of the file, relative to the workspace."),
            diff=_told("string", "What the file is to hold, or how it is to change; left out for delete_file."),
        ),
    ),
}
_BY_NAME: Mapping[str, str] = {f"/{type_}": type_ for type_ in _TOOLS}
_CALL, _OUTPUT = "_call", "_call_output"
_TOOL_FIELDS = frozenset({"type"})
_CLIENTS = {"type": "local"}  # the environment of a tool that a client runs, which a function is anyway
_ITEM_FIELDS = frozenset({"type", "id", "status", "call_id", "output"})


def client_tool(told: Object, extras: Object) -> Tool | None:
    """The tool as a function; None for any other, and for a shell in a container of the vendor's.

    extras: filled with what it says beyond.
    """
    type_ = text_of(told, "type")
    tool = _TOOLS.get(type_)
    if tool is None or text_of(object_of(told, "environment"), "type").startswith("container"):
        return None
    keep(extras, "tools", told, _TOOL_FIELDS | _of_clients(told))
    return Tool(f"/{type_}", tool.description, tool.schema)


def chosen(told: Object) -> str:
    """The name in the hub of the tool that a tool choice names by its type; "" for any other choice."""
    type_ = text_of(told, "type")
    return f"/{type_}" if type_ in _TOOLS else ""


def client_part(item: Object, extras: Object) -> ToolCallPart | ToolResultPart | None:
    """The call or the result that the item is; None for any other item. extras: filled with what it says beyond."""
    type_ = text_of(item, "type")
    kind = type_.removesuffix(_OUTPUT).removesuffix(_CALL)
    tool = _TOOLS.get(kind)
    if tool is None or kind == type_:
        return None
    keep(extras, type_, item, _ITEM_FIELDS | {tool.key} | _of_clients(item))
    call_id = text_of(item, "call_id") or text_of(item, "id")
    if not type_.endswith(_OUTPUT):
        said = {key: value for key, value in object_of(item, tool.key).items() if _says(tool, key, value)}
        return ToolCallPart(call_id, f"/{kind}", msgspec.json.encode(said).decode())
    output = item.get("output")
    text = output if isinstance(output, str) else "" if output is None else msgspec.json.encode(output).decode()
    status = text_of(item, "status")
    return ToolResultPart(call_id, (TextPart(text or status),), status == "failed", name=f"/{kind}")


def is_client_call(name: str) -> bool:
    """Whether that is one of these tools' names in the hub."""
    return name in _BY_NAME


def prefix_of(name: str) -> str:
    """What the id of the item of a call begins with."""
    return _TOOLS[_BY_NAME[name]].prefix


def client_call_item(name: str, ids: tuple[str, str], arguments: str, status: str) -> Object:
    """The item of a call. ids: of the item, and of the call. The input is spliced in as the model wrote it."""
    type_ = _BY_NAME[name]
    tool = _TOOLS[type_]
    raw = arguments_object(arguments)
    told: Any = {"_invalid_json": arguments} if raw is None else orjson.Fragment(_completed(raw, tool.always))
    return {"id": ids[0], "type": type_ + _CALL, "status": status, "call_id": ids[1], tool.key: told}


def _of_clients(told: Object) -> frozenset[str]:
    """The field of the environment, where that says nothing new."""
    return frozenset({"environment"} if told.get("environment") == _CLIENTS else ())


def _says(tool: ClientTool, key: str, value: object) -> bool:
    return value is not None and tool.always.get(key) != value


def _completed(raw: bytes, always: Object) -> bytes:
    """The object with what it must have and has not; every other byte as it was."""
    if not always:
        return raw
    fields = Fields(raw)
    missing = {key: value for key, value in always.items() if key not in fields}
    if not missing:
        return raw
    rest = raw.strip()[1:]
    return orjson.dumps(missing)[:-1] + (b"" if rest.lstrip() == b"}" else b",") + rest
