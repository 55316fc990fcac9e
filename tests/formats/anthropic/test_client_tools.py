"""Anthropic's tools that the client runs, told to models that do not know them by heart."""

from typing import Any

import msgspec
import pytest
from anthropic.types.beta import (
    BetaMemoryTool20250818CreateCommand,
    BetaMemoryTool20250818DeleteCommand,
    BetaMemoryTool20250818InsertCommand,
    BetaMemoryTool20250818RenameCommand,
    BetaMemoryTool20250818StrReplaceCommand,
    BetaMemoryTool20250818ViewCommand,
)

from fastproxy.formats import BY_NAME
from fastproxy.formats.anthropic.client_tools import client_tool
from fastproxy.translate.families import family
from fastproxy.translate.memory import Memory
from fastproxy.translate.request import Target, translate_request
from fastproxy.translate.seal import Mint
from support.exchange import Format

COMMANDS: list[Any] = [
    BetaMemoryTool20250818ViewCommand,
    BetaMemoryTool20250818CreateCommand,
    BetaMemoryTool20250818StrReplaceCommand,
    BetaMemoryTool20250818InsertCommand,
    BetaMemoryTool20250818DeleteCommand,
    BetaMemoryTool20250818RenameCommand,
]


def test_the_memory_tool_takes_every_command_that_the_sdk_runs() -> None:
    tool = client_tool("memory_20250818")
    assert tool is not None
    fields = {name for command in COMMANDS for name in command.model_fields}
    words = [command.model_fields["command"].annotation.__args__[0] for command in COMMANDS]
    assert set(tool.schema["properties"]) == fields
    assert tool.schema["properties"]["command"]["enum"] == words
    assert tool.schema["required"] == ["command"]


@pytest.mark.parametrize(
    ("type_", "word", "property_"),
    [
        ("text_editor_20250124", "undo_edit", "new_str"),
        ("text_editor_20250728", "insert", "insert_text"),
        ("text_editor_20991231", "insert", "insert_text"),
    ],
)
def test_an_editor_takes_the_commands_of_its_date(type_: str, word: str, property_: str) -> None:
    tool = client_tool(type_)
    assert tool is not None
    assert word in tool.schema["properties"]["command"]["enum"]
    assert property_ in tool.schema["properties"]


@pytest.mark.parametrize(
    "type_",
    ["computer_20250124", "web_search_20250305", "code_execution_20250825", "text_editor_code_execution", "custom", ""],
)
def test_what_the_client_does_not_run_or_no_model_can_be_told_stays_what_it_is(type_: str) -> None:
    assert client_tool(type_) is None


@pytest.mark.parametrize(
    ("target", "model"), [("openai-chat", "gpt-4.1"), ("openai-responses", "gpt-5.5"), ("gemini", "gemini-2.5-flash")]
)
def test_an_agents_tools_reach_every_other_format_and_may_be_demanded(target: Format, model: str) -> None:
    body = msgspec.json.encode(
        {
            "model": "m",
            "max_tokens": 99,
            "messages": [{"role": "user", "content": "list the files"}],
            "tools": [{"type": "bash_20250124", "name": "bash"}, {"type": "memory_20250818", "name": "memory"}],
            "tool_choice": {"type": "tool", "name": "bash"},
        }
    )
    request = BY_NAME["anthropic"].decode_request(body, {})
    at = Target(BY_NAME[target], model, Mint(target, "lab", "account-1"), family(model))
    sent = translate_request(request, at, Memory())
    assert not [name for name in sent.dropped if name.startswith("tools")]
    arrived = BY_NAME[target].decode_request(sent.body, {"model": model, "verb": "generateContent"})
    assert [tool.name for tool in arrived.tools] == ["bash", "memory"]
    assert arrived.tool_choice.names == ("bash",)
