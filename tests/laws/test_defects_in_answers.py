"""What relays before this one got wrong in translated answers, one small test each, through the real pipes.

Numbers name the finding (seeds 003 and 004, BYOKEY, oh-my-pi, users' complaints "P12"...); none may ever come back.
"""

from typing import Any

import orjson
import pytest

from fastproxy.formats import BY_NAME
from support import cells, sse
from support.cells import ending, pipe, through
from support.exchange import FORMATS, Format
from support.short_answers import anthropic, arguments, assert_broken, call, came, chat, gemini, told
from support.told import reader_of

OTHERS = [target for target in FORMATS if target != "openai-chat"]
into_others = pytest.mark.parametrize("target", OTHERS)


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
