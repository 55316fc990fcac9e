"""The hub's Request as a body: what is set is said, what can't be said is reported or refused."""

from typing import Any

import msgspec
import orjson
import pytest
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from pydantic import TypeAdapter

from fastproxy.errors import Fault
from fastproxy.formats.openai_responses.decode_request import decode_request
from fastproxy.formats.openai_responses.encode_request import encode_request
from fastproxy.ir.request import (
    Cache,
    Message,
    Output,
    Request,
    Sampling,
    TextPart,
    Thinking,
    Tool,
    ToolChoice,
)
from support import recordings

ASK = (Message("user", (TextPart("?"),)),)
CLOCK = Tool("clock", schema={"type": "object", "properties": {}})


def request(format_: str = "anthropic", **fields: Any) -> Request:
    return Request(format_, "m", ASK, **fields)


def write(format_: str = "anthropic", **fields: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    encoded = encode_request(request(format_, **fields))
    assert encoded.headers == ()
    return orjson.loads(encoded.body), encoded.dropped


def test_the_least_request_stores_nothing_and_asks_for_its_thoughts_back() -> None:
    assert write() == (
        {
            "model": "m",
            "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "?"}]}],
            "stream": False,
            "store": False,
            "include": ["reasoning.encrypted_content"],
        },
        (),
    )


def test_a_full_request_is_the_sdks() -> None:
    body, dropped = write(
        stream=True,
        tools=(CLOCK, Tool("patch", custom=True)),
        tool_choice=ToolChoice("required", ("clock",)),
        parallel=False,
        thinking=Thinking("effort", "high", visible=True),
        sampling=Sampling(max_tokens=100, temperature=0.5, top_p=0.9),
        output=Output("schema", "n", "d", {"type": "object"}, strict=True, verbosity="low"),
        user="u",
        metadata={"a": "b"},
        cache_key="k",
        tier="flex",
    )
    assert dropped == ()
    TypeAdapter(ResponseCreateParamsNonStreaming).validate_python({**body, "stream": False})
    assert {
        key: value for key, value in body.items() if key not in {"input", "model", "store", "include", "tools"}
    } == {
        "stream": True,
        "tool_choice": {"type": "function", "name": "clock"},
        "parallel_tool_calls": False,
        "reasoning": {"effort": "high", "summary": "auto"},
        "text": {
            "verbosity": "low",
            "format": {
                "type": "json_schema",
                "name": "n",
                "description": "d",
                "schema": {"type": "object"},
                "strict": True,
            },
        },
        "max_output_tokens": 100,
        "temperature": 0.5,
        "top_p": 0.9,
        "prompt_cache_key": "k",
        "metadata": {"a": "b"},
        "safety_identifier": "u",
        "service_tier": "flex",
    }
    assert [tool["type"] for tool in body["tools"]] == ["function", "custom"]


@pytest.mark.parametrize(
    ("thinking", "told"),
    [
        (Thinking(), None),
        (Thinking("off"), {"effort": "none"}),
        (Thinking("off", "low", visible=True), {"effort": "none"}),
        (Thinking("effort", "low"), {"effort": "low"}),
        (Thinking("adaptive", "max", visible=False), {"effort": "max"}),
        (Thinking("adaptive", visible=True), {"summary": "auto"}),
        (Thinking("effort", "low", summary="detailed"), {"effort": "low", "summary": "detailed"}),
    ],
)
def test_how_to_think(thinking: Thinking, told: Any) -> None:
    assert write(thinking=thinking)[0].get("reasoning") == told


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (Output(), None),
        (Output("json"), {"format": {"type": "json_object"}}),
        (
            Output("schema", schema={}),
            {"format": {"type": "json_schema", "name": "answer", "schema": {}, "strict": False}},
        ),
    ],
)
def test_what_shape_the_text_has(output: Output, told: Any) -> None:
    assert write(output=output)[0].get("text") == told


def test_nothing_is_said_about_tools_where_there_are_none() -> None:
    body, _ = write(tool_choice=ToolChoice("none"), parallel=True)
    assert {"tools", "tool_choice", "parallel_tool_calls"}.isdisjoint(body)


def test_the_default_choice_is_left_to_the_default() -> None:
    body, _ = write(tools=(CLOCK,))
    assert "tool_choice" not in body
    assert write(tools=(CLOCK,), tool_choice=ToolChoice("none"))[0]["tool_choice"] == "none"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"sampling": Sampling(top_k=5)}, "top_k"),
        ({"sampling": Sampling(presence_penalty=0.5)}, "presence_penalty"),
        ({"sampling": Sampling(frequency_penalty=0.5)}, "frequency_penalty"),
        ({"sampling": Sampling(seed=0)}, "seed"),
        ({"sampling": Sampling(stop=("x",))}, "stop"),
        ({"sampling": Sampling(logprobs=True)}, "logprobs"),
        ({"sampling": Sampling(top_logprobs=3)}, "top_logprobs"),
        ({"sampling": Sampling(logit_bias={"1": 2})}, "logit_bias"),
        ({"thinking": Thinking("budget", budget_tokens=5)}, "thinking.budget_tokens"),
        ({"thinking": Thinking("between_tools")}, "thinking"),
        ({"user": "u" * 129}, "user"),
        ({"tools": (Tool("a", cache=Cache()),)}, "cache"),
        ({"extras": {"context_management": {}}}, "context_management"),
    ],
)
def test_what_has_no_field_here_is_reported_and_not_sent(fields: dict[str, Any], name: str) -> None:
    body, dropped = write(**fields)
    assert dropped == (name,)
    assert {name, "logprobs", "safety_identifier"}.isdisjoint(body)


def test_a_budget_that_became_an_effort_is_no_loss() -> None:
    assert write(thinking=Thinking("budget", "low", 2000))[1] == ()


def test_extras_of_this_format_are_said_again_whatever_they_are() -> None:
    told = {
        "model": "m",
        "input": [],
        "stream": False,
        "store": True,
        "include": ["file_search_call.results"],
        "previous_response_id": "resp_1",
        "client_metadata": {"a": "b"},
        "tools": [
            {"type": "function", "name": "a", "parameters": {"type": "object", "properties": {}}, "strict": True},
            {"type": "web_search"},
        ],
        "tool_choice": {"type": "web_search"},
        "reasoning": {"mode": "pro", "effort": "low"},
        "text": {"format": {"type": "grammar"}, "verbosity": "low"},
        "top_logprobs": 2,
    }
    encoded = encode_request(decode_request(orjson.dumps(told), {}))
    assert (orjson.loads(encoded.body), encoded.dropped) == (told, ())


def test_a_chat_clients_shared_fields_are_said_and_its_own_reported() -> None:
    body, dropped = write(
        "openai-chat",
        extras={
            "store": True,
            "prediction": {},
            "prompt_cache_retention": "24h",
            "stream_options": {"include_usage": True},
        },
    )
    assert (body["store"], body["prompt_cache_retention"]) == (True, "24h")
    assert dropped == ("prediction",)
    assert "stream_options" not in body


def test_other_clients_extras_are_never_taken_for_ours() -> None:
    body, dropped = write(extras={"store": True, "include": ["x"], "conversation": "c"})
    assert body["store"] is False
    assert dropped == ("store", "include", "conversation")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"extras": {"tool_choice": {"type": "tool", "name": "web_search"}}}, "tool_choice"),
        ({"tool_choice": ToolChoice("required", ("web_search",)), "tools": (CLOCK,)}, "tool_choice"),
    ],
)
def test_what_cannot_be_left_out_is_refused(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(Fault) as raised:
        write(**fields)
    assert (raised.value.kind, raised.value.param) == ("bad_request", param)


def test_numbers_of_any_size_survive_in_a_schema() -> None:
    body = (
        b'{"model":"m","tools":[{"type":"function","name":"a","parameters":{"const":123456789012345678901234567890}}]}'
    )
    assert b"123456789012345678901234567890" in encode_request(decode_request(body, {})).body


RECORDED = [one for one in recordings.parameters() if not isinstance(one, str) or "openai-responses/" in one]


@pytest.mark.parametrize("name", RECORDED)
def test_every_recorded_request_comes_back_with_all_that_it_said(name: str) -> None:
    told = orjson.loads(recordings.load(name).body)
    encoded = encode_request(decode_request(orjson.dumps(told), {}))
    body = orjson.loads(encoded.body)
    assert all("." in name for name in encoded.dropped), "what one tool or part said: nobody knows which, here"
    assert {key for key, value in told.items() if value is not None and key not in body} <= {"tool_choice"}  # "auto"
    for key in ("temperature", "max_output_tokens", "reasoning", "include", "store", "instructions", "service_tier"):
        assert told.get(key) is None or {**told, "reasoning": _without_null(told.get("reasoning"))}[key] == body[key]
    if isinstance(told.get("input"), list):
        assert _texts(told["input"]) == _texts(body["input"])


def _without_null(told: Any) -> Any:
    return {key: value for key, value in told.items() if value is not None} if isinstance(told, dict) else told


def _texts(items: list[Any]) -> list[Any]:
    """What each item says, however its content is spelled."""
    said: list[Any] = []
    for item in items:
        content = item.get("content")
        parts = [{"text": content}] if isinstance(content, str) else content or []
        said += [part.get("text") for part in parts]
        said += [item.get(key) for key in ("arguments", "encrypted_content", "call_id", "name") if key in item]
    return said


def test_nothing_of_the_request_is_changed() -> None:
    asked = request("openai-responses", extras={"reasoning": {"mode": "pro"}, "tools": [{"type": "web_search"}]})
    before = msgspec.json.encode(asked)
    encode_request(asked)
    assert msgspec.json.encode(asked) == before


def test_a_model_that_never_thinks_is_not_asked_for_its_thoughts() -> None:
    assert "include" not in write(thinking=Thinking(possible=False))[0]


def test_a_chat_clients_effort_asks_for_no_summary_that_it_did_not_name() -> None:
    assert write("openai-chat", thinking=Thinking("effort", "low", visible=True))[0]["reasoning"] == {"effort": "low"}
    named = Thinking("effort", "low", visible=True, summary="auto")
    assert write("openai-chat", thinking=named)[0]["reasoning"] == {"effort": "low", "summary": "auto"}


def test_a_tool_that_must_be_called_and_is_none_of_ours_is_refused() -> None:
    for choice in (ToolChoice("required"), ToolChoice("required", ("web_search",))):
        with pytest.raises(Fault):
            write(tool_choice=choice, extras={"tools": [{"type": "web_search_20250305", "name": "web_search"}]})
