"""A Gemini stream as events: one hazard of real streams per test."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.formats.gemini.decode_stream import GeminiDecoder
from fastproxy.ir.events import (
    BlockEnd,
    Citation,
    Event,
    Failed,
    Opaque,
    Reasoning,
    Start,
    Stop,
    Text,
    ToolArgs,
    ToolStart,
    Usage,
)

START = Start("r1", "lab-1", 0)


def chunk(*parts: Any, finish: Any = None, tokens: dict[str, Any] | None = None, **candidate: Any) -> bytes:
    told = {"content": {"parts": list(parts), "role": "model"}, "index": 0, **candidate}
    if finish is not None:
        told["finishReason"] = finish
    usage = {"usageMetadata": tokens} if tokens is not None else {}
    return orjson.dumps({"candidates": [told], "modelVersion": "lab-1", "responseId": "r1", **usage})


def events(*data: bytes) -> list[Event]:
    decoder = GeminiDecoder()
    return [event for one in data for event in decoder.decode(one)] + decoder.close()


def test_a_text_answer_with_its_tokens_told_on_every_chunk() -> None:
    told = events(
        chunk({"text": "It is"}, tokens={"promptTokenCount": 9}),
        chunk({"text": " late."}, tokens={"promptTokenCount": 9, "candidatesTokenCount": 3, "thoughtsTokenCount": 2}),
        chunk({"text": ""}, finish="STOP", tokens={"trafficType": "ON_DEMAND"}),
    )
    assert told[:-2] == [START, Text(0, "It is"), Text(0, " late."), BlockEnd(0)]
    assert isinstance(told[-2], Usage)
    assert (told[-2].input_tokens, told[-2].output_tokens, told[-2].reasoning_tokens) == (9, 5, 2)
    assert told[-1] == Stop("end", raw="STOP")


def test_text_in_increments_is_never_taken_for_a_whole_text_so_far() -> None:
    told = events(chunk({"text": "The "}), chunk({"text": "The "}), chunk({"text": "end"}, finish="STOP"))
    assert "".join(event.text for event in told if isinstance(event, Text)) == "The The end"


def test_thinking_text_and_signatures_are_blocks_of_their_own() -> None:
    told = events(
        chunk({"text": "Hm", "thought": True}, {"text": ".", "thought": True, "thoughtSignature": "dGg="}),
        chunk({"text": "Yes"}),
        chunk({"text": "", "thoughtSignature": "dGV4dA=="}, finish="STOP"),
    )
    assert told == [
        START,
        Reasoning(0, "Hm"),
        Reasoning(0, ".", "dGg="),
        BlockEnd(0),
        Text(1, "Yes"),
        BlockEnd(1),
        Reasoning(2, "", "dGV4dA==", "text"),
        BlockEnd(2),
        Stop("end", raw="STOP"),
    ]


def test_a_signature_without_any_text_survives() -> None:
    for part in ({"text": "", "thoughtSignature": "c2ln"}, {"thoughtSignature": "c2ln"}):
        assert Reasoning(0, "", "c2ln", "text") in events(chunk(part, finish="STOP"))
    assert Reasoning(0, "", "c2ln") in events(chunk({"text": "", "thought": True, "thoughtSignature": "c2ln"}))


def test_calls_without_ids_get_dense_ones_that_name_the_response() -> None:
    call = {"functionCall": {"name": "f", "args": {"x": 1}}}
    told = events(chunk({**call, "thoughtSignature": "c2ln"}, call), chunk({"text": ""}, finish="STOP"))
    assert told == [
        START,
        Reasoning(0, "", "c2ln", "call"),
        BlockEnd(0),
        ToolStart(1, "call_r1_1", "f"),
        ToolArgs(1, '{"x":1}'),
        BlockEnd(1),
        ToolStart(2, "call_r1_2", "f"),
        ToolArgs(2, '{"x":1}'),
        BlockEnd(2),
        Stop("tools", raw="STOP"),
    ]


def test_an_id_of_the_calls_own_is_kept_and_a_response_without_one_lends_none() -> None:
    told = events(
        b'{"candidates":[{"content":{"parts":[{"functionCall":{"id":"a","name":"f"}},{"functionCall":{"name":"g"}}]}}]}'
    )
    assert [(event.id, event.name) for event in told if isinstance(event, ToolStart)] == [("a", "f"), ("call_2", "g")]
    assert [event.json for event in told if isinstance(event, ToolArgs)] == ["{}", "{}"]


@pytest.mark.parametrize(
    "args",
    ['{"n": 1.0, "big":123456789012345678901234567890}', r'{"s":"\u00e9\/","lone":"\ud83d"}', '{"a":1,"a":2}', "{ }"],
)
def test_arguments_are_the_text_that_came_byte_for_byte(args: str) -> None:
    data = b'{"candidates":[{"content":{"parts":[{"text":"\\ud83d"},{"functionCall":{"name":"f","args":%b}}]}}]}'
    told = events(data % args.encode())
    assert [event.json for event in told if isinstance(event, ToolArgs)] == [args]


def test_arguments_that_a_host_writes_as_text_are_that_text() -> None:
    told = events(chunk({"functionCall": {"name": "f", "args": '{"x": 1.0}'}}))
    assert ToolArgs(0, '{"x": 1.0}') in told


def test_arguments_in_pieces_are_one_call_whose_end_may_be_missing() -> None:
    def piece(**call: Any) -> bytes:
        return chunk({"functionCall": call})

    told = events(
        chunk({"functionCall": {"name": "f", "willContinue": True}, "thoughtSignature": "c2ln"}),
        piece(partialArgs=[{"jsonPath": "$.a[0].b", "stringValue": "x", "willContinue": True}], willContinue=True),
        piece(partialArgs=[{"jsonPath": "$.a[0].b", "stringValue": "y"}], willContinue=True),
        piece(),
        piece(name="g", willContinue=True),
        piece(partialArgs=[{"jsonPath": "$.n", "numberValue": 0.5}], willContinue=True),
        chunk({"text": ""}, finish="STOP"),
    )
    calls = [event for event in told if isinstance(event, ToolStart | ToolArgs)]
    assert calls == [
        ToolStart(1, "call_r1_1", "f"),
        ToolArgs(1, '{"a":[{"b":"xy"}]}'),
        ToolStart(2, "call_r1_2", "g"),
        ToolArgs(2, '{"n":0.5}'),
    ]
    assert told[-2:] == [BlockEnd(2), Stop("tools", raw="STOP")]


def test_a_piece_of_no_call_says_nothing() -> None:
    assert events(chunk({"functionCall": {}}, finish="STOP")) == [START, Stop("end", raw="STOP")]


def test_a_part_of_this_format_alone_is_opaque_and_parts_the_text_around_it() -> None:
    code = {"executableCode": {"code": "1", "n": 1.0}}
    told = events(chunk({"text": "a"}, code, {"text": "b"}, finish="STOP"))
    assert told[1:6] == [
        Text(0, "a"),
        BlockEnd(0),
        Opaque("gemini", "part", orjson.dumps(code)),
        Text(1, "b"),
        BlockEnd(1),
    ]


@pytest.mark.parametrize(
    ("finish", "stop"),
    [("MAX_TOKENS", "length"), (2, "length"), ("SAFETY", "refusal"), ("MALFORMED_FUNCTION_CALL", "error"), (1, "end")],
)
def test_reasons_to_stop_in_words_and_numbers(finish: Any, stop: str) -> None:
    (*_, last) = events(chunk({"text": "a"}, finish=finish))
    assert isinstance(last, Stop)
    assert last.reason == stop


def test_a_refused_prompt_has_no_candidates_and_is_finished() -> None:
    told = events(b'{"promptFeedback":{"blockReason":"OTHER"},"modelVersion":"lab-1","responseId":"r1"}')
    assert told == [START, Stop("refusal", raw="OTHER")]


def test_content_and_tokens_behind_the_reason_to_stop_are_still_told() -> None:
    told = events(
        chunk({"text": "a"}, finish="STOP"),
        chunk({"text": "b"}, finish="STOP"),
        b'{"usageMetadata":{"promptTokenCount":3}}',
    )
    assert [event.text for event in told if isinstance(event, Text)] == ["a", "b"]
    assert [type(event) for event in told[-2:]] == [Usage, Stop]


def test_a_stream_without_a_reason_to_stop_has_failed_and_keeps_its_tokens() -> None:
    decoder = GeminiDecoder()
    told = decoder.decode(chunk({"text": "half"}, finish="FINISH_REASON_UNSPECIFIED", tokens={"promptTokenCount": 3}))
    assert not decoder.finished
    end = decoder.close()
    assert [type(event) for event in [*told, *end]] == [Start, Text, Usage, Failed]
    assert decoder.close() == []


def test_nothing_at_all_has_failed() -> None:
    (failed,) = events()
    assert isinstance(failed, Failed)
    assert failed.kind == "upstream_garbage"


@pytest.mark.parametrize("framed", [b"%b", b"[%b]", b'{"response":%b}'])
def test_an_error_within_the_stream_ends_it(framed: bytes) -> None:
    error = b'{"error":{"code":429,"message":"wait","status":"RESOURCE_EXHAUSTED"}}'
    told = events(chunk({"text": "a"}), framed % error, chunk({"text": "late"}, finish="STOP"))
    assert told == [START, Text(0, "a"), Failed("rate_limited", "wait")]


def test_an_error_within_the_stream_does_not_make_it_free() -> None:
    said = chunk({"text": "a"}, tokens={"promptTokenCount": 3, "candidatesTokenCount": 1})
    more = chunk({"text": "b"}, tokens={"promptTokenCount": 3, "candidatesTokenCount": 2})
    *_, tokens, failed = events(said, more, b'{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}')
    assert isinstance(tokens, Usage)
    assert (tokens.input_tokens, tokens.output_tokens) == (3, 2)
    assert isinstance(failed, Failed)


def test_only_the_first_candidate_is_told() -> None:
    data = orjson.loads(chunk({"text": "a"}, finish="STOP"))
    data["candidates"].insert(0, {"index": 1, "content": {"parts": [{"text": "other"}]}, "finishReason": "SAFETY"})
    data["candidates"][1]["content"]["parts"].append({"functionCall": {"name": "f", "args": {"mine": 1}}})
    told = events(orjson.dumps(data))
    assert [event.text for event in told if isinstance(event, Text)] == ["a"]
    assert ToolArgs(1, '{"mine":1}') in told
    assert told[-1] == Stop("tools", raw="STOP")


def test_snake_case_and_the_array_form_are_read_alike() -> None:
    camel = chunk({"functionCall": {"name": "f", "args": {"a_b": 1}}, "thoughtSignature": "c2ln"}, finish="STOP")
    snake = camel
    for old, new in ((b"functionCall", b"function_call"), (b"thoughtSignature", b"thought_signature"),
                     (b"finishReason", b"finish_reason"), (b"modelVersion", b"model_version"),
                     (b"responseId", b"response_id")):  # fmt: skip
        snake = snake.replace(old, new)
    assert events(snake) == events(camel) == events(b"[%b]" % camel)
    assert ToolArgs(1, '{"a_b":1}') in events(snake)


@pytest.mark.parametrize(
    "odd",
    [
        b"{}", b'{"candidates":null}', b'{"candidates":[null,{}]}', b'{"candidates":[{"content":null}]}',
        b'{"candidates":[{"content":{"parts":null}}]}', b'{"candidates":[{"content":{"parts":[null,7]}}]}',
        b'{"candidates":[{"content":{"role":"model"},"finishReason":null}],"usageMetadata":null}', b"[]", b"[DONE]",
    ],
)  # fmt: skip
def test_nulls_and_absent_fields_are_no_error(odd: bytes) -> None:
    assert events(odd, chunk({"text": "a"}, finish="STOP"))[-1] == Stop("end", raw="STOP")


@pytest.mark.parametrize("data", [b"", b"{", b"<html>", b'"text"', b"7", b'{"a":NaN}', b'\xff{"a":1}'])
def test_what_is_not_json_is_garbage(data: bytes) -> None:
    with pytest.raises(Fault) as raised:
        GeminiDecoder().decode(data)
    assert raised.value.kind == "upstream_garbage"


_odd = st.none() | st.booleans() | st.integers(-1, 9) | st.sampled_from(["", "STOP", "$.a", "c2ln"])
_keys = st.sampled_from(
    ["candidates", "content", "parts", "text", "thought", "thoughtSignature", "functionCall", "name", "args", "id",
     "partialArgs", "jsonPath", "willContinue", "groundingMetadata", "groundingChunks", "groundingSupports", "segment",
     "groundingChunkIndices", "finishReason", "usageMetadata", "promptFeedback", "error", "response", "responseId"]
)  # fmt: skip
_trees = st.recursive(
    _odd, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_keys, inner, max_size=4), max_leaves=9
)
_parts = st.lists(st.dictionaries(_keys, _trees, max_size=3), max_size=3)


@given(_trees, _parts, st.dictionaries(_keys, _trees, max_size=3))
def test_whatever_a_host_sends_nothing_but_a_fault_is_raised(tree: Any, parts: Any, more: dict[str, Any]) -> None:
    decoder = GeminiDecoder()
    candidate = {"content": {"parts": parts}, **more}
    for told in (tree, {"candidates": [candidate], "responseId": "r"}):
        try:
            told_events = decoder.decode(orjson.dumps(told))
        except Fault as fault:
            assert fault.kind == "upstream_garbage"  # noqa: PT017 - raising is allowed, not asked for
        else:
            assert all(isinstance(event.signature, str | None) for event in told_events if isinstance(event, Reasoning))
    assert isinstance(decoder.close()[-1:], list)


def test_sources_are_told_in_characters_of_their_block_while_it_is_open() -> None:
    grounding = {
        "groundingChunks": [{"web": {"uri": "https://a.test", "title": "A"}}, {"web": {"uri": "https://b.test"}}],
        "groundingSupports": [
            {"segment": {"startIndex": 7, "endIndex": 11, "text": "30 m"}, "groundingChunkIndices": [0]}
        ],
    }
    told = events(
        chunk({"text": "Höhe: "}),
        chunk({"text": "30 m"}),
        chunk({"text": "", "thoughtSignature": "c2ln"}, finish="STOP", groundingMetadata=grounding),
        chunk({"text": ""}, finish="STOP", groundingMetadata=grounding),
    )
    assert told[3:] == [
        Citation(0, "https://a.test", "A", 6, 10),
        Citation(0, "https://b.test"),
        BlockEnd(0),
        Reasoning(1, "", "c2ln", "text"),
        BlockEnd(1),
        Stop("end", raw="STOP"),
    ]


def test_sources_behind_their_block_have_no_place_but_are_not_lost() -> None:
    grounding = {"groundingChunks": [{"web": {"uri": "https://a.test"}}]}
    call = {"functionCall": {"name": "f", "args": {}}}
    told = events(chunk({"text": "a"}, call, finish="STOP", groundingMetadata=grounding))
    assert told[-4:-1] == [Text(2, ""), Citation(2, "https://a.test"), BlockEnd(2)]


def test_the_time_of_creation_is_read_where_it_is_told() -> None:
    (start, *_) = events(b'{"createTime":"2026-05-19T14:59:42.780296Z","responseId":"x"}')
    assert start == Start("x", "", 1_779_202_782)
    (start, *_) = events(b'{"createTime":"soon","responseId":"x"}')
    assert start == Start("x", "", 0)
