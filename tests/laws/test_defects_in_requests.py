"""What relays before this one got wrong in translated requests and errors, one small test each.

Numbers name the finding (seeds 003 and 004, BYOKEY, users' complaints "P12"...); none may ever come back.
"""

from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats import BY_NAME
from fastproxy.ir.request import Request
from fastproxy.translate.families import family
from fastproxy.translate.faults import translate_fault
from fastproxy.translate.memory import Memory
from fastproxy.translate.request import Target, Translated, translate_request
from fastproxy.translate.seal import Mint
from support.exchange import FORMATS, Format


def asked(source: Format, body: dict[str, Any], target: Format, model: str = "m") -> Translated:
    asking = orjson.dumps({"model": "m"} | body)
    request: Request = BY_NAME[source].decode_request(asking, {"model": "m", "verb": "generateContent"})
    mint = Mint(target, "lab", "account-1")
    return translate_request(request, Target(BY_NAME[target], model, mint, family(model)), Memory())


def test_004_2_8_11_results_without_ids_find_their_calls_by_name_and_order() -> None:
    contents = [
        {"role": "user", "parts": [{"text": "?"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"x": n}}} for n in (1, 2)]},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"output": n}}} for n in "ab"]},
    ]
    sent = orjson.loads(asked("gemini", {"contents": contents}, "openai-chat").body)["messages"]
    results = {message["tool_call_id"]: message["content"] for message in sent if message["role"] == "tool"}
    ids = [one["id"] for message in sent for one in message.get("tool_calls", ())]
    assert len(set(ids)) == 2
    assert [results[id_] for id_ in ids] == ["a", "b"]


# -- requests


@pytest.mark.parametrize("target", ["openai-chat", "openai-responses", "gemini"])
def test_claude_codes_request_is_taken(target: Format) -> None:
    body = {
        "model": "m", "max_tokens": 32000, "stream": True, "thinking": {"type": "adaptive", "display": "omitted"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "output_config": {"effort": "high"}, "metadata": {"user_id": '{"device_id":"d"}'},
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        "messages": [{"role": "user", "content": "Hi"}, {"role": "system", "content": "Mind the time."}],
        "tools": [{"name": "Bash", "input_schema": {"type": "object", "properties": {}}, "defer_loading": True},
                  {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}],
    }  # fmt: skip
    sent = asked("anthropic", body, target, "gemini-3-pro" if target == "gemini" else "gpt-5.6")
    assert b"Mind the time." in sent.body
    assert b"Bash" in sent.body
    assert any("context_management" in name for name in sent.dropped)


@pytest.mark.parametrize("target", ["openai-chat", "anthropic", "gemini"])
def test_codexs_request_is_taken(target: Format) -> None:
    body = {
        "model": "m", "stream": True, "store": False, "include": ["reasoning.encrypted_content"],
        "client_metadata": {"x-codex-installation-id": "i"}, "prompt_cache_key": "k", "parallel_tool_calls": True,
        "reasoning": {"effort": "medium", "summary": "auto"}, "text": {"verbosity": "low"}, "tool_choice": "auto",
        "input": [{"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Be brief."}]},
                  {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}],
        "tools": [{"type": "function", "name": "shell", "strict": False, "parameters": {"type": "object"}},
                  {"type": "custom", "name": "apply_patch", "format": {"type": "grammar", "syntax": "lark",
                                                                       "definition": "start: x"}},
                  {"type": "web_search"}, {"type": "local_shell"}],
    }  # fmt: skip
    sent = asked(
        "openai-responses", body, target, {"anthropic": "claude-opus-5", "gemini": "gemini-3-pro"}.get(target, "m")
    )
    assert b"shell" in sent.body
    assert b"apply_patch" in sent.body
    assert any("client_metadata" in name for name in sent.dropped)


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("source", FORMATS)
def test_amps_title_call_must_use_its_tool(source: Format, target: Format) -> None:
    if source == target:
        return
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    tool = {"name": "set_title", "description": "Set it."}
    bodies: dict[Format, dict[str, Any]] = {
        "openai-chat": {"messages": [{"role": "user", "content": "Hi"}],
                        "tools": [{"type": "function", "function": tool | {"parameters": schema}}],
                        "tool_choice": {"type": "function", "function": {"name": "set_title"}}},
        "openai-responses": {"input": "Hi", "tools": [tool | {"type": "function", "parameters": schema}],
                             "tool_choice": {"type": "function", "name": "set_title"}},
        "anthropic": {"max_tokens": 60, "messages": [{"role": "user", "content": "Hi"}],
                      "tools": [tool | {"input_schema": schema}], "tool_choice": {"type": "tool", "name": "set_title"}},
        "gemini": {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
                   "tools": [{"function_declarations": [tool | {"parameters_json_schema": schema}]}],
                   "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["set_title"]}}},
    }  # fmt: skip
    sent = asked(source, {"model": "m"} | bodies[source], target)
    arrived = BY_NAME[target].decode_request(sent.body, {"model": "m", "verb": "generateContent"})
    assert arrived.tool_choice.mode == "required"
    assert arrived.tool_choice.names in (("set_title",), ())
    assert [tool.name for tool in arrived.tools] == ["set_title"]


def test_004_2_9_10_properties_named_like_keywords_survive_geminis_schema() -> None:
    names = [
        "default",
        "not",
        "const",
        "if",
        "then",
        "else",
        "$ref",
        "type",
        "properties",
        "format",
        "additionalProperties",
    ]
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": names}
    body = {"messages": [{"role": "user", "content": "Hi"}],
            "tools": [{"type": "function", "function": {"name": "f", "parameters": schema}}]}  # fmt: skip
    sent = orjson.loads(asked("openai-chat", body, "gemini").body)
    declared = sent["tools"][0]["functionDeclarations"][0]["parametersJsonSchema"]
    assert list(declared["properties"]) == names
    assert declared["required"] == names


def test_004_2_9_9_history_in_responses_is_output_text_and_results_stand_behind_their_calls() -> None:
    messages = [
        {"role": "user", "content": "Where?"},
        {"role": "assistant", "content": [{"type": "text", "text": "I look."},
                                          {"type": "tool_use", "id": "t1", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "gone", "is_error": True},
                                     {"type": "text", "text": "And now?"}]},
    ]  # fmt: skip
    sent = orjson.loads(asked("anthropic", {"max_tokens": 9, "messages": messages}, "openai-responses").body)
    kinds = [item.get("type", "message") for item in sent["input"]]
    assert kinds == ["message", "message", "function_call", "function_call_output", "message"]
    assert sent["input"][1]["content"][0]["type"] == "output_text"
    assert "rror" in orjson.dumps(sent["input"][3]["output"]).decode()


def test_003_6_a_tool_loop_survives_every_way_there_and_back() -> None:
    """Two parallel calls and their results, through each format into each other."""
    functions = [{"name": "f", "arguments": f'{{"n":{n}.0}}'} for n in "12"]
    calls = [{"id": f"call_{n}", "type": "function", "function": told} for n, told in enumerate(functions, 1)]
    messages = [
        {"role": "user", "content": "Where?"},
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "call_2", "content": "two"},
        {"role": "tool", "tool_call_id": "call_1", "content": "one"},
    ]  # fmt: skip
    body: bytes = orjson.dumps({"model": "m", "messages": messages})
    before: Format = "openai-chat"
    for target in ("anthropic", "openai-responses", "gemini", "openai-chat"):
        body = asked(before, orjson.loads(body), target).body
        before = target  # type: ignore[assignment]
    sent = orjson.loads(body)["messages"]
    ids = {one["function"]["arguments"]: one["id"] for message in sent for one in message.get("tool_calls", ())}
    results = {message["tool_call_id"]: message["content"] for message in sent if message["role"] == "tool"}
    assert {arguments: results[id_] for arguments, id_ in ids.items()} == {'{"n":1.0}': "one", '{"n":2.0}': "two"}


@pytest.mark.parametrize("target", [target for target in FORMATS if target != "openai-responses"])
@pytest.mark.parametrize("field", [{"previous_response_id": "resp_1"}, {"background": True}, {"conversation": "c1"}])
def test_state_on_the_server_of_another_vendor_is_refused(target: Format, field: dict[str, Any]) -> None:
    with pytest.raises(Fault) as raised:
        asked("openai-responses", {"model": "m", "input": "Hi"} | field, target)
    assert raised.value.kind == "bad_request"
    assert raised.value.param == next(iter(field))


@pytest.mark.parametrize("target", [target for target in FORMATS if target != "openai-chat"])
def test_several_answers_to_one_question_are_refused(target: Format) -> None:
    with pytest.raises(Fault) as raised:
        asked("openai-chat", {"model": "m", "n": 2, "messages": [{"role": "user", "content": "Hi"}]}, target)
    assert (raised.value.kind, raised.value.param) == ("bad_request", "n")


# -- errors


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 413, 422, 429, 500, 502, 503, 529])
@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("target", FORMATS)
def test_byokey_1_10_a_status_is_never_another(status: int, source: Format, target: Format) -> None:
    for body in (b"", b"<html>Bad gateway</html>", b"busy", BY_NAME[source].encode_fault(Fault("overloaded", "x"), "")):
        fault = translate_fault(status, body, BY_NAME[source], headers=((b"retry-after", b"7"),), secret=b"sk-secret")
        assert (fault.status, fault.retry_after_seconds) == (status, 7)
        told = orjson.loads(BY_NAME[target].encode_fault(fault, "req-1"))
        assert told["error"]["message"]
        assert target != "gemini" or told["error"]["code"] == status


@pytest.mark.parametrize("target", [target for target in FORMATS if target != "gemini"])
def test_p36_geminis_wait_is_read_from_the_body(target: Format) -> None:
    detail = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}
    error = {"code": 429, "message": "Too fast.", "status": "RESOURCE_EXHAUSTED", "details": [detail]}
    fault = translate_fault(429, orjson.dumps({"error": error}), BY_NAME["gemini"])
    assert fault.retry_after_seconds == 34.4
    assert b"Too fast." in BY_NAME[target].encode_fault(fault, "")


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("openai-chat", {"error": {"message": "This model's maximum context length is 8192 tokens.", "type":
                         "invalid_request_error", "param": "messages", "code": "context_length_exceeded"}}),
        ("anthropic", {"type": "error", "error": {"type": "invalid_request_error",
                       "message": "prompt is too long: 210000 tokens > 200000 maximum"}}),
        ("gemini", {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message":
                    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."}}),
    ],
)  # fmt: skip
def test_p24_a_prompt_that_is_too_long_is_said_in_the_words_that_shorten_it(
    source: Format, body: dict[str, Any]
) -> None:
    fault = translate_fault(400, orjson.dumps(body), BY_NAME[source])
    assert fault.reason == "context_length"
    assert b"prompt is too long" in BY_NAME["anthropic"].encode_fault(fault, "")
    assert b'"context_length_exceeded"' in BY_NAME["openai-chat"].encode_fault(fault, "")
    assert b"exceeds the maximum number of tokens" in BY_NAME["gemini"].encode_fault(fault, "")
    assert body["error"]["message"].encode() in BY_NAME["openai-responses"].encode_fault(fault, "")


def test_a_quoted_credential_never_reaches_the_client() -> None:
    body = b'{"error":{"message":"Incorrect API key provided: sk-lab-123456","type":"x","code":"invalid_api_key"}}'
    for target in FORMATS:
        fault = translate_fault(401, body, BY_NAME["openai-chat"], secret=b"sk-lab-123456")
        assert b"sk-lab" not in BY_NAME[target].encode_fault(fault, "")
