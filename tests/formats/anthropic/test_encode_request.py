"""A hub request as Anthropic reads it, and what is said to be lost."""

from typing import Any

import orjson
import pytest

from fastproxy.formats.anthropic import FORMAT
from fastproxy.formats.anthropic.encode_request import encode_request
from fastproxy.ir.request import (
    Cache,
    Message,
    OpaquePart,
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
from support import recordings

REQUESTS = [
    name
    for name in recordings.parameters()
    if not isinstance(name, str)
    or (recordings.load(name).format == "anthropic" and b'"messages"' in recordings.load(name).body)
]
HI = Message("user", (TextPart("Hi"),))
DROPPED = {"prefix_mismatch_behavior": "drop_block"}
BUDGET = Thinking("budget", budget_tokens=2048)


def request(*messages: Message, **fields: Any) -> Request:
    known = {"format": "openai-chat", "model": "claude-lab-1", "messages": messages or (HI,)}
    return Request(**(known | {"sampling": Sampling(max_tokens=64)} | fields))


def body(*messages: Message, **fields: Any) -> Any:
    return orjson.loads(encode_request(request(*messages, **fields)).body)


def dropped(*messages: Message, **fields: Any) -> tuple[str, ...]:
    return encode_request(request(*messages, **fields)).dropped


def test_the_least_request() -> None:
    encoded = encode_request(request())
    assert orjson.loads(encoded.body) == {
        "model": "claude-lab-1",
        "max_tokens": 64,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
    }
    assert encoded.headers == ((b"anthropic-version", b"2026-10-21"),)
    assert encoded.dropped == ()


def test_everything_that_has_a_field() -> None:
    encoded = encode_request(
        request(
            Message("system", (TextPart("Be brief."),)),
            HI,
            stream=True,
            tools=(Tool("f"),),
            tool_choice=ToolChoice("required"),
            parallel=False,
            thinking=Thinking("adaptive", "high", visible=False),
            sampling=Sampling(64, 0.5, 0.9, 3, stop=("END",)),
            output=Output("schema", schema={"type": "object", "properties": {}}),
            user="u",
            tier="default",
        )
    )
    assert orjson.loads(encoded.body) == {
        "model": "claude-lab-1",
        "max_tokens": 64,
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 3,
        "stop_sequences": ["END"],
        "metadata": {"user_id": "u"},
        "service_tier": "standard_only",
        "stream": True,
        "output_config": {
            "format": {
                "type": "json_schema",
                "schema": {"type": "object", "properties": {}, "additionalProperties": False},
            },
            "effort": "high",
        },
        "tools": [{"name": "f", "input_schema": {"type": "object", "properties": {}}}],
        "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
        "thinking": {"type": "adaptive", "display": "omitted"},
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
    }
    assert encoded.headers == ((b"anthropic-version", b"2023-06-01"),)
    assert encoded.dropped == ()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {
                "sampling": Sampling(
                    64, presence_penalty=0.1, frequency_penalty=0.1, seed=0, logprobs=True, logit_bias={"1": 1}
                )
            },
            ("presence_penalty", "frequency_penalty", "seed", "logprobs", "logit_bias"),
        ),
        ({"sampling": Sampling(64, logprobs=False)}, ()),
        ({"sampling": Sampling(64, stop=("\n",))}, ("stop",)),
        ({"metadata": {"a": "b"}, "cache_key": "k", "tier": "flex"}, ("metadata", "cache_key", "tier")),
        ({"user": "a@b.test"}, ("user",)),
        ({"user": "u" * 257}, ("user",)),
        ({"user": "u" * 256}, ()),
        ({"user": "a@b.test", "format": "anthropic"}, ()),
        ({"output": Output("json", verbosity="low")}, ("output.kind", "output.verbosity")),
        ({"thinking": Thinking("effort", "minimal")}, ("thinking.effort",)),
        ({"extras": {"store": False, "prediction": None, "user_custom": 1}}, ("store", "user_custom")),
        ({"format": "anthropic", "extras": {"a field of tomorrow": 1}}, ("a field of tomorrow",)),
        ({"format": "openai-responses", "extras": {"speed": "fast"}}, ("speed",)),
    ],
)
def test_what_has_no_field_is_listed_by_name(fields: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert dropped(**fields) == expected


def test_whom_it_is_for_is_no_address_but_of_a_client_of_its_own() -> None:
    assert "metadata" not in body(user="a@b.test")
    assert body(user="a@b.test", format="anthropic")["metadata"] == {"user_id": "a@b.test"}


def test_what_is_lost_twice_is_listed_once() -> None:
    turn = Message("assistant", (ReasoningPart("a"), ReasoningPart("b"), TextPart("c")))
    assert dropped(HI, turn, HI) == ("reasoning",)


def test_extras_of_this_format_are_said_again() -> None:
    extras = {
        "context_management": {"edits": []},
        "cache_control": {"type": "ephemeral"},
        "output_config": {"task_budget": 1},
        "metadata": {"team": "t"},
        "tools": [{"type": "web_search_20250305", "name": "web_search"}],
    }
    told = body(format="anthropic", extras=extras, user="u", thinking=Thinking(effort="low"))
    assert told["context_management"] == {"edits": []}
    assert told["output_config"] == {"task_budget": 1, "effort": "low"}
    assert told["metadata"] == {"team": "t", "user_id": "u"}
    assert told["tools"] == extras["tools"]
    assert dropped(format="anthropic", extras=extras) == ()


@pytest.mark.parametrize(
    ("thinking", "expected"),
    [
        (Thinking(), None),
        (Thinking("off"), {"type": "disabled"}),
        (Thinking("off", visible=False), {"type": "disabled"}),
        (BUDGET, {"type": "enabled", "budget_tokens": 2048}),
        (Thinking("adaptive", summary="auto"), {"type": "adaptive", "display": "summarized"}),
        (Thinking("between_tools"), {"type": "between_tools"}),
        (Thinking("effort", "low"), None),
        (Thinking(unfit_dropped=True), {"type": "adaptive", "block_binding": DROPPED}),
        (
            Thinking("adaptive", visible=True, unfit_dropped=True),
            {"type": "adaptive", "display": "summarized", "block_binding": DROPPED},
        ),
        (Thinking("off", unfit_dropped=True), {"type": "disabled"}),
        (Thinking("between_tools", unfit_dropped=True), {"type": "between_tools"}),
    ],
)
def test_thinking(thinking: Thinking, expected: Any) -> None:
    assert body(thinking=thinking).get("thinking") == expected


@pytest.mark.parametrize(("unfit_dropped", "betas"), [(True, [b"thinking-binding-controls-2026-08-01"]), (False, [])])
def test_what_may_be_done_with_unfit_thoughts_is_said_under_its_beta(unfit_dropped: bool, betas: list[bytes]) -> None:
    sent = encode_request(request(thinking=Thinking("adaptive", unfit_dropped=unfit_dropped)))
    assert [value for name, value in sent.headers if name == b"anthropic-beta"] == betas


def test_manual_thinking_gives_way_to_a_forced_tool() -> None:
    fields: dict[str, Any] = {"tools": (Tool("f"),), "tool_choice": ToolChoice("required"), "thinking": BUDGET}
    assert "thinking" not in body(**fields)
    assert dropped(**fields) == ("thinking",)
    fields["thinking"] = Thinking("adaptive")
    assert body(**fields)["thinking"] == {"type": "adaptive"}


def test_manual_thinking_gives_way_in_a_loop_that_was_begun_without() -> None:
    call, result = ToolCallPart("i", "f", "{}"), Message("tool", (ToolResultPart("i", ()),))
    assert dropped(HI, Message("assistant", (call,)), result, thinking=BUDGET) == ("thinking",)
    thought = Message("assistant", (ReasoningPart("t", "s"), call))
    assert body(HI, thought, result, thinking=BUDGET)["thinking"]["type"] == "enabled"


@pytest.mark.parametrize(
    ("fields", "role"),
    [
        ({"system_turns": True}, "system"),
        ({"system_turns": True, "sampling": Sampling(64, temperature=0.5)}, "user"),  # the old version knows none
        ({}, "user"),
    ],
)
def test_the_system_speaks_in_between_where_the_model_and_the_version_let_it(fields: dict[str, Any], role: str) -> None:
    later = Message("system", (TextPart("Mind the time."),))
    told = orjson.loads(encode_request(request(messages=(HI, later), **fields)).body)
    assert told["messages"][-1]["role"] == role
    assert "Mind the time." in told["messages"][-1]["content"][-1]["text"]


def test_at_most_four_cache_hints_the_last_ones() -> None:
    hinted = [Message("user", (TextPart(str(n), Cache()),)) for n in range(3)]
    tools = (Tool("f", cache=Cache()), Tool("g", cache=Cache("1h")))
    told = body(*hinted, tools=tools)
    assert [("cache_control" in tool) for tool in told["tools"]] == [False, True]
    assert all("cache_control" in block for block in told["messages"][0]["content"])
    assert dropped(*hinted, tools=tools) == ("cache_control",)


def test_a_schema_of_this_formats_own_client_is_not_changed() -> None:
    schema = {"type": "object", "minProperties": 1}
    told = body(format="anthropic", output=Output("schema", schema=schema))
    assert told["output_config"]["format"]["schema"] == schema


def test_numbers_beyond_64_bits_in_a_schema_survive() -> None:
    schema = {"type": "object", "properties": {"n": {"maximum": 10**30}}}
    assert str(10**30).encode() in encode_request(request(tools=(Tool("f", schema=schema),))).body


def test_parts_of_others_are_listed() -> None:
    turn = Message("assistant", (OpaquePart("openai-responses", {"type": "web_search_call"}), TextPart("a")))
    assert dropped(HI, turn, HI) == ("web_search_call",)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_recorded_request_says_the_same_when_it_is_read_again(name: str) -> None:
    once = FORMAT.decode_request(recordings.load(name).body, {})
    encoded = encode_request(once)
    again = FORMAT.decode_request(encoded.body, {})
    within = {name for name in once.extras if "." in name}  # what one tool or block said: nobody knows which, here
    assert set(encoded.dropped) == within
    assert [part for message in again.messages for part in message.parts] == [
        part for message in once.messages for part in message.parts
    ]
    for field in ("model", "stream", "tools", "tool_choice", "parallel", "thinking", "output", "user", "tier"):
        assert getattr(again, field) == getattr(once, field)
    assert again.sampling == once.sampling
    assert again.extras == {name: value for name, value in once.extras.items() if name not in within}


def test_what_an_answer_is_for_stands_in_its_schema_and_how_long_a_summary_is_has_no_place() -> None:
    output = Output("schema", "n", "A city.", {"type": "object", "properties": {}})
    told = body(output=output)["output_config"]["format"]["schema"]
    assert told["description"] == "A city."
    assert dropped(thinking=Thinking("adaptive", visible=True, summary="concise")) == ("thinking.summary",)
