"""What relays before this one got wrong in translation, one small test each, through the real pipes.

Numbers name the finding (seeds 003 and 004, BYOKEY, oh-my-pi, users' complaints "P12"...); none may ever come back.
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
from support import cells, sse
from support.cells import Came, ending, pipe, through
from support.exchange import FORMATS, Format
from support.told import Told, reader_of

OTHERS = [target for target in FORMATS if target != "openai-chat"]
into_others = pytest.mark.parametrize("target", OTHERS)


def chat(*deltas: dict[str, Any], finish: str | None = "stop", after: tuple[dict[str, Any], ...] = ()) -> bytes:
    """A Chat stream of these deltas, a finish chunk (none for None), and more objects behind it."""
    chunks: list[Any] = [{"id": "c1", "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    if finish is not None:
        chunks.append({"id": "c1", "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    body = b"".join(b"data: %b\n\n" % orjson.dumps(chunk) for chunk in (*chunks, *after))
    return body + (b"data: [DONE]\n\n" if finish is not None else b"")


def anthropic(*events: dict[str, Any], stop: str = "end_turn", usage: dict[str, int] | None = None) -> bytes:
    start = {"type": "message_start", "message": {"id": "m1", "model": "claude", "usage": usage or {"input_tokens": 3}}}
    end = {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 7}}
    told = [start, *events, end, {"type": "message_stop"}]
    return b"".join(b"event: %b\ndata: %b\n\n" % (event["type"].encode(), orjson.dumps(event)) for event in told)


def gemini(*parts: list[dict[str, Any]], finish: str = "STOP", usage: dict[str, int] | None = None) -> bytes:
    chunks: list[dict[str, Any]] = [{"candidates": [{"content": {"role": "model", "parts": p}}]} for p in parts]
    chunks[-1]["candidates"][0]["finishReason"] = finish
    chunks[-1]["usageMetadata"] = usage or {"promptTokenCount": 3, "candidatesTokenCount": 7, "totalTokenCount": 10}
    return b"".join(b"data: %b\r\n\r\n" % orjson.dumps(chunk) for chunk in chunks)


def call(index: int | None, id_: str | None, name: str | None, arguments: str | None) -> dict[str, Any]:
    told = {"index": index, "id": id_, "function": {"name": name, "arguments": arguments}}
    function = {key: value for key, value in told["function"].items() if value is not None}  # type: ignore[union-attr]
    return {"tool_calls": [{k: v for k, v in told.items() if v is not None} | {"function": function}]}


def came(source: Format, target: Format, stream: bytes) -> Came:
    return through(pipe(source, target, streamed=True, stream=True), stream)


def told(source: Format, target: Format, stream: bytes) -> Told:
    """What a client reads in a translated stream that must end well."""
    answer = came(source, target, stream)
    assert answer.fault is None, answer.fault
    assert ending(target, answer.body) == "finished"
    return reader_of(target)(answer.body)


def assert_broken(target: Format, answer: Came, words: str = "") -> None:
    """An error answer where nothing had been sent yet, else the format's error event, with the upstream's words."""
    if answer.fault is not None:
        assert words in answer.fault.message
    elif target == "gemini" and ending(target, answer.body) == "finished":  # it has words for a model that went wrong
        assert reader_of(target)(answer.body).stop == "error"
    else:
        assert ending(target, answer.body) == "error"
        assert words in answer.body.decode()


def arguments(read: Told) -> list[tuple[str, Any]]:
    return [(one.name, orjson.loads(one.arguments)) for one in read.calls]


def asked(source: Format, body: dict[str, Any], target: Format, model: str = "m") -> Translated:
    asking = orjson.dumps({"model": "m"} | body)
    request: Request = BY_NAME[source].decode_request(asking, {"model": "m", "verb": "generateContent"})
    mint = Mint(target, "lab", "account-1")
    return translate_request(request, Target(BY_NAME[target], model, mint, family(model)), Memory())


# -- parallel calls


@into_others
def test_p16_calls_without_an_index_are_told_apart(target: Format) -> None:
    stream = chat(call(None, "a", "f", '{"x":1}'), call(None, "b", "g", '{"x":2}'), finish="tool_calls")
    assert arguments(told("openai-chat", target, stream)) == [("f", {"x": 1}), ("g", {"x": 2})]


@into_others
def test_p16_interleaved_pieces_reach_their_own_call(target: Format) -> None:
    stream = chat(
        call(0, "a", "f", ""), call(1, "b", "g", ""), call(0, None, None, '{"x":'), call(1, None, None, '{"y":'),
        call(0, None, None, "1}"), call(1, None, None, "2}"), finish="tool_calls",
    )  # fmt: skip
    assert arguments(told("openai-chat", target, stream)) == [("f", {"x": 1}), ("g", {"y": 2})]


@into_others
def test_004_2_9_6_an_index_with_a_gap_sends_nothing_to_another_call(target: Format) -> None:
    stream = chat(call(3, "a", "f", '{"x":1}'), call(7, "b", "g", '{"y":2}'), finish="tool_calls")
    assert arguments(told("openai-chat", target, stream)) == [("f", {"x": 1}), ("g", {"y": 2})]


@into_others
def test_004_2_9_6_an_id_before_its_name_loses_no_arguments(target: Format) -> None:
    stream = chat(call(0, "a", None, ""), call(0, None, "f", '{"x"'), call(0, None, None, ":1}"), finish="tool_calls")
    read = told("openai-chat", target, stream)
    assert arguments(read) == [("f", {"x": 1})]
    assert read.calls[0].id == "a"


@pytest.mark.parametrize("target", [target for target in FORMATS if target != "gemini"])
def test_004_2_8_11_one_function_called_twice_has_two_ids(target: Format) -> None:
    twice = [{"functionCall": {"name": "f", "args": {"x": n}}} for n in (1, 2)]
    read = told("gemini", target, gemini(twice))
    assert arguments(read) == [("f", {"x": 1}), ("f", {"x": 2})]
    assert len({one.id for one in read.calls}) == 2
    assert all(BY_NAME[target].spelling.id.fullmatch(one.id) for one in read.calls)


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


def test_003_7_chat_indexes_count_calls_not_blocks() -> None:
    stream = anthropic(
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Hi"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1,
         "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": {}}},
        {"type": "content_block_stop", "index": 1}, stop="tool_use",
    )  # fmt: skip
    chunks = sse.objects(came("anthropic", "openai-chat", stream).body)
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    assert {one["index"] for delta in deltas for one in delta.get("tool_calls") or ()} == {0}


# -- stop reasons


@pytest.mark.parametrize("word", ["refusal", "pause_turn", "model_context_window_exceeded", "a_word_of_tomorrow"])
@pytest.mark.parametrize("target", [target for target in FORMATS if target != "anthropic"])
def test_003_7_no_word_of_anthropics_leaks_as_a_stop_reason(word: str, target: Format) -> None:
    text = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Hi"}}
    answer = came("anthropic", target, anthropic(text, stop=word))
    assert ending(target, answer.body) == "finished"
    assert word.encode() not in answer.body.replace(b'"refusal"', b"")


@pytest.mark.parametrize("word", ["SAFETY", "RECITATION", "PROHIBITED_CONTENT", "SPII", "BLOCKLIST", "IMAGE_SAFETY"])
@pytest.mark.parametrize("target", [target for target in FORMATS if target != "gemini"])
def test_004_2_8_3_a_blocked_answer_is_no_plain_end(word: str, target: Format) -> None:
    assert told("gemini", target, gemini([{"text": "Hel"}], finish=word)).stop == "refusal"


@into_others
def test_byokey_2_1_a_filtered_chat_answer_is_no_plain_end(target: Format) -> None:
    assert told("openai-chat", target, chat({"content": "Hel"}, finish="content_filter")).stop == "refusal"


@pytest.mark.parametrize("target", [target for target in FORMATS if target != "gemini"])
def test_calls_that_end_with_a_plain_stop_are_calls(target: Format) -> None:
    parts = [{"functionCall": {"name": "f", "args": {}}}]
    assert told("gemini", target, gemini(parts)).stop == "tools"


@pytest.mark.parametrize("target", [target for target in FORMATS if target != "gemini"])
def test_a_call_that_the_model_wrote_wrongly_is_an_error_and_no_empty_success(target: Format) -> None:
    answer = came("gemini", target, gemini([{"text": ""}], finish="MALFORMED_FUNCTION_CALL"))
    assert_broken(target, answer)


# -- usage


@into_others
def test_004_2_8_2_usage_after_the_finish_is_waited_for(target: Format) -> None:
    usage = {"prompt_tokens": 30, "completion_tokens": 12, "prompt_tokens_details": {"cached_tokens": 10}}
    spent = told("openai-chat", target, chat({"content": "Hi"}, after=({"choices": [], "usage": usage},))).spent
    assert (spent.input, spent.cached, spent.output) == (20, 10, 12)


@into_others
def test_p25_usage_beside_a_choice_counts(target: Format) -> None:
    last = {"choices": [{"index": 0, "delta": {}}], "usage": {"prompt_tokens": 30, "completion_tokens": 12}}
    assert told("openai-chat", target, chat({"content": "Hi"}, after=(last,))).spent.total == 42


@into_others
def test_p26_a_later_null_or_empty_usage_erases_nothing(target: Format) -> None:
    usages: tuple[Any, ...] = ({"prompt_tokens": 30, "completion_tokens": 12}, None, {})
    after = tuple({"choices": [], "usage": usage} for usage in usages)
    assert told("openai-chat", target, chat({"content": "Hi"}, after=after)).spent.total == 42


@pytest.mark.parametrize("target", [target for target in FORMATS if target != "anthropic"])
def test_p28_cumulative_usage_is_not_added_up(target: Format) -> None:
    stream = anthropic(usage={"input_tokens": 3, "output_tokens": 5, "cache_read_input_tokens": 4})
    spent = told("anthropic", target, stream).spent
    assert (spent.input, spent.cached, spent.output) == (3, 4, 7)


@pytest.mark.parametrize("target", [target for target in FORMATS if target != "gemini"])
def test_thoughts_of_gemini_are_paid_for(target: Format) -> None:
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 2, "thoughtsTokenCount": 30, "totalTokenCount": 42}
    spent = told("gemini", target, gemini([{"text": "Hi"}], usage=usage)).spent
    assert (spent.input, spent.output) == (10, 32)
    assert spent.reasoning in (30, 0)


# -- text


@pytest.mark.parametrize("target", [target for target in FORMATS if target != "gemini"])
def test_004_2_9_1_gemini_chunks_are_increments_whatever_they_begin_with(target: Format) -> None:
    texts = ["The quick ", "brown fox ", "The quick ", "", "brown fox jumps."]
    assert told("gemini", target, gemini(*([{"text": text}] for text in texts))).text == "".join(texts)


@into_others
def test_p9_a_character_cut_in_two_arrives_whole(target: Format) -> None:
    stream = chat({"content": "naïve 🙈 \u2028 end"})
    way = pipe("openai-chat", target, streamed=True, stream=True)
    answer = through(way, stream, range(1, len(stream)))
    assert reader_of(target)(answer.body).text == "naïve 🙈 \u2028 end"


@into_others
def test_thought_told_under_two_names_is_said_once(target: Format) -> None:
    details = [{"type": "reasoning.text", "text": "They said", "index": 0, "format": "unknown"}]
    stream = chat({"reasoning": "They said", "reasoning_details": details}, {"content": "North."})
    assert told("openai-chat", target, stream).thoughts == "They said"


@pytest.mark.parametrize("target", [target for target in FORMATS if target != "anthropic"])
def test_p22_server_tools_become_no_calls_of_the_clients(target: Format) -> None:
    stream = anthropic(
        {"type": "content_block_start", "index": 0,
         "content_block": {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": '{"q":1}'}},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "North."}},
        {"type": "content_block_stop", "index": 1},
    )  # fmt: skip
    read = told("anthropic", target, stream)
    assert (read.calls, read.text, read.stop) == ((), "North.", "end")


@into_others
def test_an_answer_without_a_word_is_still_an_answer(target: Format) -> None:
    read = told("openai-chat", target, chat({"role": "assistant", "content": ""}))
    assert (read.visible, read.calls, read.stop) == ("", (), "end")
    cells.accumulated(target, came("openai-chat", target, chat({"role": "assistant"})).body)


# -- endings


@into_others
@pytest.mark.parametrize("tail", [b"", b"data: [DO", b'data: {"choices":[{"delta":{"content":"lo"', b": ping\n\n"])
def test_003_8_a_stream_that_stops_short_is_an_error(target: Format, tail: bytes) -> None:
    answer = came("openai-chat", target, chat({"content": "Hel"}, finish=None) + tail)
    assert ending(target, answer.body) == "error"


@into_others
@pytest.mark.parametrize(
    "error",
    [
        {"message": "busy", "type": "server_error", "code": 503},
        {"message": "busy", "code": "server_is_overloaded"},
        "busy",
    ],
)
def test_003_8_an_error_within_the_stream_is_said(target: Format, error: Any) -> None:
    stream = chat({"content": "Hel"}, finish=None) + b"data: %b\n\n" % orjson.dumps({"error": error})
    answer = came("openai-chat", target, stream + b"data: [DONE]\n\n")
    assert_broken(target, answer, "busy")
    assert answer.ending == "failed"


@into_others
def test_004_2_9_16_a_finish_reason_of_error_is_an_error(target: Format) -> None:
    assert_broken(target, came("openai-chat", target, chat({"content": "Hel"}, finish="error")))


@pytest.mark.parametrize("target", [target for target in FORMATS if target != "gemini"])
def test_p6_an_error_behind_a_gemini_stream_without_framing_is_no_success(target: Format) -> None:
    stream = gemini([{"text": "Hel"}]).replace(b',"finishReason":"STOP"', b"")
    answer = came("gemini", target, stream + b'{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}')
    assert ending(target, answer.body) == "error"


@pytest.mark.parametrize("target", ["openai-chat", "anthropic", "gemini"])
@pytest.mark.parametrize("type_", ["response.incomplete", "response.failed", "error"])
def test_byokey_2_4_other_ends_of_a_responses_stream_are_seen(target: Format, type_: str) -> None:
    response = {"id": "r", "output": [], "status": type_.partition(".")[2], "error": {"code": "x", "message": "busy"}}
    response |= {"incomplete_details": {"reason": "max_output_tokens"}} if type_ == "response.incomplete" else {}
    item = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Hel"}
    last = {"type": type_, "message": "busy"} | ({"response": response} if type_ != "error" else {})
    stream = b"".join(b"data: %b\n\n" % orjson.dumps(event) for event in (item, last))
    answer = came("openai-responses", target, stream)
    if type_ == "response.incomplete":
        assert reader_of(target)(answer.body).stop == "length"
    else:
        assert_broken(target, answer, "busy")


def test_nothing_but_data_lines_reaches_gemini_clients() -> None:
    stream = b": OPENROUTER PROCESSING\n\n" + chat({"content": "Hi"})
    answer = came("openai-chat", "gemini", stream).body
    assert all(line.startswith(b"data: {") for line in answer.splitlines() if line)
    assert b"[DONE]" not in answer


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


@into_others
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
