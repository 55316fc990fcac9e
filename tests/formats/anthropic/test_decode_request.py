"""What an Anthropic request says, the whole of it."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.decode_request import decode_request
from fastproxy.ir.request import (
    Cache,
    Inline,
    MediaPart,
    Message,
    Output,
    ReasoningPart,
    Request,
    Sampling,
    TextPart,
    Thinking,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
)

FIXTURE = Path(__file__).parents[2] / "fixtures" / "anthropic" / "request-agent.json"
BODY = FIXTURE.read_bytes()


def asked(**fields: Any) -> Request:
    return decode_request(orjson.dumps({"model": "m", "messages": [], **fields}), {})


def test_decode_tells_the_whole_request() -> None:
    request = decode_request(BODY, {})
    assert (request.format, request.model, request.stream) == ("anthropic", "claude-lab-1", True)
    assert request.messages == (
        Message("system", (TextPart("You keep a lighthouse."), TextPart("Be brief.", Cache()))),
        Message("user", (TextPart("How is lamp 7?"),)),
        Message(
            "assistant",
            (
                ReasoningPart("Ask the lamp.", "c2ln"),
                TextPart("I will look."),
                ToolCallPart("toolu_1", "read_lamp", '{"id": 1234567890123456789012, "w": 1.0}'),
            ),
        ),
        Message(
            "tool",
            (
                ToolResultPart("toolu_1", (TextPart("lit"), TextPart("!"))),
                ToolResultPart("toolu_0", (TextPart("no lamp"),), is_error=True),
            ),
        ),
        Message("user", (TextPart("And now?"), MediaPart("image", "image/png", Inline("AAAA")))),
        Message("system", (TextPart("The keeper has changed."),)),
    )


def test_decode_keeps_tools_and_what_it_has_no_word_for() -> None:
    request = decode_request(BODY, {})
    schema = {"type": "object", "properties": {"id": {"type": "integer"}}}
    assert request.tools == (Tool("read_lamp", "State of the lamp", schema),)
    assert request.tool_choice == ToolChoice("required")
    assert request.thinking == Thinking("adaptive", visible=True)
    assert request.sampling == Sampling(max_tokens=1024)
    assert request.user == '{"device_id":"d","account_uuid":"","session_id":"5f1c-own"}'
    assert request.extras == {
        "context_management": {"edits": []},
        "tools": [{"type": "web_search_20250305", "name": "web_search"}],
    }


@pytest.mark.parametrize(
    ("choice", "expected", "parallel"),
    [
        (None, ToolChoice(), None),
        ({"type": "auto"}, ToolChoice(), None),
        ({"type": "none"}, ToolChoice("none"), None),
        ({"type": "any", "disable_parallel_tool_use": True}, ToolChoice("required"), False),
        ({"type": "auto", "disable_parallel_tool_use": False}, ToolChoice(), True),
        ({"type": "tool", "name": "f"}, ToolChoice("required", ("f",)), None),
    ],
)
def test_tool_choice(choice: Any, expected: ToolChoice, parallel: bool | None) -> None:
    request = asked(tool_choice=choice)
    assert (request.tool_choice, request.parallel) == (expected, parallel)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, Thinking()),
        ({"thinking": None}, Thinking()),
        ({"thinking": {"type": "disabled"}}, Thinking("off")),
        ({"thinking": {"type": "enabled", "budget_tokens": 2048}}, Thinking("budget", budget_tokens=2048)),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "xhigh"}}, Thinking("adaptive", "xhigh")),
        ({"thinking": {"type": "adaptive", "display": "omitted"}}, Thinking("adaptive", visible=False)),
        ({"thinking": {"type": "adaptive", "display": "summarized"}}, Thinking("adaptive", visible=True)),
        ({"thinking": {"type": "between_tools"}}, Thinking("between_tools")),
        ({"output_config": {"effort": "low"}}, Thinking(effort="low")),
    ],
)
def test_thinking(fields: dict[str, Any], expected: Thinking) -> None:
    request = asked(**fields)
    assert request.thinking == expected
    assert request.extras == {}


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ({"thinking": {"type": "telepathic"}}, {"thinking": {"type": "telepathic"}}),
        ({"output_config": {"effort": "low", "task_budget": {"n": 1}}}, {"output_config": {"task_budget": {"n": 1}}}),
        ({"output_config": {"effort": "utmost"}}, {"output_config": {"effort": "utmost"}}),
        ({"metadata": {"user_id": "u", "team": 7}}, {"metadata": {"team": 7}}),
        ({"service_tier": "tomorrow"}, {"service_tier": "tomorrow"}),
        ({"cache_control": {"type": "ephemeral"}}, {"cache_control": {"type": "ephemeral"}}),
    ],
)
def test_what_the_hub_has_no_word_for_stays_by_its_own_name(fields: dict[str, Any], left: dict[str, Any]) -> None:
    assert asked(**fields).extras == left


@pytest.mark.parametrize("name", ["output_config", "output_format"])
def test_the_shape_of_the_answer_in_both_spellings(name: str) -> None:
    shape = {"type": "json_schema", "schema": {"type": "object"}}
    request = asked(**{name: {"format": shape} if name == "output_config" else shape})
    assert request.output == Output("schema", schema={"type": "object"})
    assert request.extras == {}


def test_sampling_and_the_rest() -> None:
    request = asked(
        max_tokens=9,
        temperature=0.5,
        top_p=1,
        top_k=3,
        stop_sequences=["END"],
        service_tier="standard_only",
        metadata={"user_id": "u"},
    )
    assert request.sampling == Sampling(9, 0.5, 1.0, 3, stop=("END",))
    assert (request.tier, request.user, request.extras) == ("default", "u", {})


def test_tools_of_every_kind() -> None:
    request = asked(
        tools=[
            {"name": "a", "input_schema": {"type": "object"}, "strict": True, "cache_control": {"ttl": "1h"}},
            {"type": "custom", "name": "b", "description": None, "input_schema": None},
            {"name": "c"},
            {"type": "web_search_20250305", "name": "web_search"},
        ]
    )
    assert request.tools == (
        Tool("a", schema={"type": "object"}, strict=True, cache=Cache("1h")),
        Tool("b"),
        Tool("c"),
    )
    assert request.extras == {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}


def test_tools_of_anthropics_own_that_the_client_runs_are_functions() -> None:
    editor = {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool", "max_characters": 9000}
    request = asked(tools=[{"type": "bash_20250124", "name": "bash", "cache_control": {"type": "ephemeral"}}, editor])
    bash, edit = request.tools
    assert (bash.name, bash.cache, edit.name) == ("bash", Cache(), "str_replace_based_edit_tool")
    assert bash.description
    assert bash.schema is not None
    assert set(bash.schema["properties"]) == {"command", "restart"}
    assert request.extras == {"tools.max_characters": 9000}


def test_what_claude_code_sends_is_never_refused() -> None:
    request = asked(
        system=[{"type": "text", "text": "x-anthropic-billing-header: v"}],
        thinking={"type": "adaptive", "display": "omitted"},
        context_management={"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        output_config={"effort": "high"},
        diagnostics={"previous_message_id": None},
        tools=None,
        tool_choice=None,
        stop_sequences=None,
    )
    assert set(request.extras) == {"context_management", "diagnostics"}


def test_half_a_surrogate_pair_does_not_stop_a_request_and_stays_in_arguments() -> None:
    body = (
        b'{"model":"m","messages":[{"role":"user","content":"a\\ud83db"},{"role":"assistant","content":'
        b'[{"type":"tool_use","id":"t","name":"f","input":{"n": 1.0, "half":"\\ud83d"}}]}]}'
    )
    user, assistant = decode_request(body, {}).messages
    assert user.parts == (TextPart("a\ufffdb"),)
    assert assistant.parts == (ToolCallPart("t", "f", '{"n": 1.0, "half":"\\ud83d"}'),)


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [{"role": "robot", "content": ""}]},
        {"messages": [{"role": "user", "content": 7}]},
        {"messages": [{"role": "user", "content": [{"no": "type"}]}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": 7}]}]},
        {"messages": "hi"},
        {"model": 7},
        {"tools": [{"input_schema": {}}]},
        {"tool_choice": {"type": "some"}},
    ],
)
def test_what_can_not_be_understood_is_a_bad_request(fields: dict[str, Any]) -> None:
    with pytest.raises(Fault) as raised:
        asked(**fields)
    assert raised.value.kind == "bad_request"


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"tools": [{"name": "f", "input_schema": {}, "defer_loading": True, "input_examples": [{"a": 1}]}]},
         {"tools.defer_loading": True, "tools.input_examples": [{"a": 1}]}),
        ({"tools": [{"name": "f", "input_schema": {}, "type": "custom", "allowed_callers": ["direct"]}]}, {}),
        ({"system": [{"type": "text", "text": "a", "citations": [{"type": "page_location"}]}]},
         {"text.citations": [{"type": "page_location"}]}),
        ({"messages": [{"role": "assistant", "content": [
            {"type": "tool_use", "id": "c", "name": "f", "input": {}, "caller": {"type": "direct"}},
            {"type": "tool_use", "id": "d", "name": "f", "input": {}, "caller": {"type": "program"}}]}]},
         {"tool_use.caller": {"type": "program"}}),
        ({"messages": [{"role": "user", "content": [
            {"type": "document", "source": {"type": "text", "data": "a"}, "citations": {"enabled": True}}]}]},
         {"document.citations": {"enabled": True}}),
        ({"messages": [{"role": "user", "content": [
            {"type": "search_result", "source": "s", "title": "t", "content": [
                {"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}]}]},
         {"text.cache_control": {"ttl": "1h"}}),
        ({"messages": [{"role": "system", "content": "a", "clear_at": "never", "output_config": {"effort": "low"}}]},
         {"messages.clear_at": "never", "messages.output_config": {"effort": "low"}}),
        ({"thinking": {"type": "adaptive", "display": "updates", "block_binding": {"x": 1}}},
         {"thinking.display": "updates", "thinking.block_binding": {"x": 1}}),
    ],
)  # fmt: skip
def test_what_a_tool_or_a_block_says_beside_its_words_is_kept_by_its_kind(fields: Any, kept: Any) -> None:
    assert asked(**fields).extras == kept
