"""The tools that Anthropic has defined and the client runs, as functions: what a call of each may say, in JSON Schema.

A request declares them by a dated type and a name alone, because Claude knows their inputs by heart. Any other model
is told; its calls come back under the same name with the same input, and the client runs them as ever. Not here: tools
that a server runs, and those for a computer's screen, whose inputs are places on screenshots that a model must have
been trained to name.
Source: platform.claude.com/docs, bash tool, text editor tool and memory tool; anthropic 2.12.0
`types/beta/beta_memory_tool_20250818_*_command.py`; the inputs that @ai-sdk/anthropic takes; read 2026-11-21.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

Schema = dict[str, Any]


class ClientTool(msgspec.Struct, frozen=True):
    """What a model has to know of a tool before it can call it. schema: of the input."""

    description: str
    schema: Schema


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


_PATH = _text("The path of the file or directory.")
_OLD_PATH = _text("For rename: the path as it is.")
_NEW_PATH = _text("For rename: the path as it is to be.")
_FILE_TEXT = _text("For create: the whole content of the file.")
_OLD_STR = _text("For str_replace: the text to be replaced; it must occur exactly once in the file.")
_NEW_STR = _text("For str_replace: the text to put in its place; nothing when left out.")
_INSERT_TEXT = _text("For insert: the text.")
_INSERT_LINE: Schema = {"type": "integer", "description": "For insert: the line to insert after, 0 for the beginning."}
_VIEW_RANGE: Schema = {
    "type": "array",
    "items": {"type": "integer"},
    "description": "For view, of a file: the first line and the last one, counted from 1; -1 is the last of the file.",
}


def _commands(words: tuple[str, ...], properties: dict[str, Schema], required: tuple[str, ...]) -> Schema:
    """An input whose `command` says which of the other properties count."""
    command: Schema = {"type": "string", "enum": list(words), "description": "What to do."}
    return {"type": "object", "properties": {"command": command, **properties}, "required": ["command", *required]}


_RENAME = {"old_path": _OLD_PATH, "new_path": _NEW_PATH}
_FILE = {"path": _PATH, "view_range": _VIEW_RANGE, "file_text": _FILE_TEXT, "old_str": _OLD_STR, "new_str": _NEW_STR}
_EDIT = ("view", "create", "str_replace", "insert")
_EDITOR = ClientTool(
    "View, create and edit text files. view shows a file with line numbers, or what is in a directory; create writes a"
    " new file; str_replace replaces a text that occurs exactly once; insert puts text after a line.",
    _commands(_EDIT, {**_FILE, "insert_line": _INSERT_LINE, "insert_text": _INSERT_TEXT}, ("path",)),
)
_OLD_EDITOR = ClientTool(
    f"{_EDITOR.description} undo_edit takes back the last edit of a file.",
    _commands(
        (*_EDIT, "undo_edit"),
        {**_FILE, "insert_line": _INSERT_LINE, "new_str": _text("For str_replace and insert: the new text.")},
        ("path",),
    ),
)
_BASH = ClientTool(
    "Run a command in a bash session that lasts: directory, variables and files stay from one command to the next.",
    {
        "type": "object",
        "properties": {
            "command": _text("The command to run. Required unless the shell is restarted."),
            "restart": {"type": "boolean", "description": "Whether to restart the shell; no command is run then."},
        },
    },
)
_MEMORY = ClientTool(
    "Keep notes in files under /memories, which outlast this conversation. view shows a file or what is in a directory;"
    " create writes a file; str_replace replaces a text that occurs exactly once; insert puts text after a line; delete"
    " removes a file or directory; rename moves one. Every path begins with /memories. View that directory before"
    " starting on a task, for what earlier work has left there, and write down progress and decisions as you go: what"
    " is not written is lost when this conversation is cut off.",
    _commands(
        (*_EDIT, "delete", "rename"),
        {
            **_FILE,
            "insert_line": _INSERT_LINE,
            "insert_text": _INSERT_TEXT,
            "old_path": _OLD_PATH,
            "new_path": _NEW_PATH,
        },
        (),
    ),
)

# By how their dated types begin; what comes first counts. A date of tomorrow is most likely to mean the same tool.
_BY_TYPE: Mapping[str, ClientTool] = {
    "text_editor_20241022": _OLD_EDITOR,
    "text_editor_20250124": _OLD_EDITOR,
    "text_editor_2": _EDITOR,
    "bash_2": _BASH,
    "memory_2": _MEMORY,
}


def client_tool(type_: str) -> ClientTool | None:
    """The tool of that type; None for any that is not run by the client, or can't be told to another model."""
    return next((tool for start, tool in _BY_TYPE.items() if type_.startswith(start)), None)
