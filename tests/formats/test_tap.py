"""What the tap reads off passing bytes: first and last usage, the first model, the end; in bounded memory."""

import pytest

from fastproxy.formats import BY_NAME
from fastproxy.formats.tap import CANDIDATE_BYTES, MODEL_SEARCH_BYTES, TAIL_BYTES, Tap, balanced, marks
from fastproxy.ir.events import Usage


def tap_of(format_name: str, *reads: bytes) -> Tap:
    tap = Tap(marks(BY_NAME[format_name].tap))  # type: ignore[index]
    for read in reads:
        tap.feed(read)
    return tap


def in_steps(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


START = (
    b'event: message_start\ndata: {"type":"message_start","message":{"model":"claude-x","usage":'
    b'{"input_tokens":20,"cache_read_input_tokens":8,"cache_creation_input_tokens":4,"output_tokens":1}}}\n\n'
)
DELTA = b'event: message_delta\ndata: {"type":"message_delta","delta":{},"usage":{"output_tokens":57}}\n\n'
STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


@pytest.mark.parametrize("size", [1, 2, 63, 64, 65, 1000])
def test_the_first_and_the_last_usage_are_put_together(size: int):
    tap = tap_of("anthropic", *in_steps(START + DELTA + STOP, size))
    usage = tap.usage()
    assert (usage.input_tokens, usage.cached_tokens, usage.cache_written_tokens) == (20, 8, 4)
    assert usage.output_tokens == 57
    assert tap.model == "claude-x"
    assert tap.finished


def test_nothing_told_is_unknown_and_not_zero():
    assert tap_of("openai-chat", b'data: {"choices":[]}\n\n').usage() == Usage()


@pytest.mark.parametrize("cut", range(1, 90))
def test_a_pretty_printed_usage_may_be_cut_anywhere_also_between_its_lines(cut: int):
    lines = (
        b"{",
        b'"modelVersion": "g",',
        b'"usageMetadata": {',
        b'"promptTokenCount": 4,',
        b'"candidatesTokenCount": 9',
    )
    body = b"\n    ".join((*lines, b"}", b"}\n"))
    tap = tap_of("gemini", body[:cut], body[cut:])
    assert (tap.usage().input_tokens, tap.usage().output_tokens) == (4, 9)


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_broken_choice_is_no_end_however_its_reason_is_cut(cut: int):
    reason = b'data: {"choices":[{"finish_reason":"error"}]}'
    assert not tap_of("openai-chat", reason[:cut], reason[cut:]).finished


@pytest.mark.parametrize("cut", range(1, 60))
def test_an_unspecified_reason_is_no_end_however_it_is_cut(cut: int):
    reason = b'data: {"candidates":[{"finishReason":"FINISH_REASON_UNSPECIFIED"}]}'
    assert not tap_of("gemini", reason[:cut], reason[cut:]).finished


def test_text_that_spells_the_marks_is_not_taken_for_them():
    text = b'"usage":{"output_tokens":9} "type":"message_stop" "model":"x"'.replace(b'"', b'\\"')
    said = b'data: {"delta":{"text":"%b"}}\n\n' % text
    tap = tap_of("anthropic", said)
    assert (tap.usage(), tap.model, tap.finished) == (Usage(), "", False)


def test_an_empty_model_is_not_the_model():
    assert tap_of("openai-chat", b'data: {"model":""}\n\n', b'data: {"model":"gpt-x"}\n\n').model == "gpt-x"


def test_the_first_model_counts():
    assert tap_of("openai-chat", b'data: {"model":"one"}\n\n', b'data: {"model":"two"}\n\n').model == "one"


@pytest.mark.parametrize("size", [1, 50, 300])
def test_a_long_model_may_be_cut(size: int):
    name = "accounts/lab/models/" + "m" * 230
    assert tap_of("openai-chat", *in_steps(f'{{"model":"{name}","choices":[]}}'.encode(), size)).model == name


def test_a_model_is_not_searched_for_ever():
    tap = tap_of("openai-chat", b"x" * (MODEL_SEARCH_BYTES + 1), b'{"model":"late"}')
    assert tap.model == ""


def test_a_failed_stream_is_known_by_its_last_bytes():
    assert tap_of("anthropic", START, b'event: error\ndata: {"type":"error","error":{}}\n\n').failed
    assert not tap_of("anthropic", START).failed


def test_memory_is_bounded_when_a_usage_object_never_ends():
    tap = tap_of("openai-chat", b'{"usage":{"prompt_tokens":1,"x":"', *[b"y" * 1000] * 200)
    assert len(tap._first) <= CANDIDATE_BYTES
    assert len(tap._last) <= CANDIDATE_BYTES
    assert len(tap._seam) <= 1000
    assert len(tap.tail) <= TAIL_BYTES
    assert tap.usage() == Usage()


def test_a_usage_that_is_not_json_tells_nothing():
    assert tap_of("openai-chat", b'{"usage":{oops}}').usage() == Usage()


@pytest.mark.parametrize(
    ("candidate", "whole"),
    [
        (b'{"a":1} tail', b'{"a":1}'),
        (b'{"a":{"b":2}}}', b'{"a":{"b":2}}'),
        (b'{"a":"}"}', b'{"a":"}"}'),
        (b'{"a":"\\"}"}', b'{"a":"\\"}"}'),
        (b'{"a":{', None),
        (b"", None),
    ],
)
def test_balanced_finds_the_end_of_an_object(candidate: bytes, whole: bytes | None):
    assert balanced(candidate) == whole
