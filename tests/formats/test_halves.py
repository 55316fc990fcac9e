r"""A surrogate pair split over two pieces of a stream is one letter again, in every format; a lone half stays lone."""

from collections.abc import Callable

import pytest

from fastproxy.formats import BY_NAME
from fastproxy.formats.base import FormatName
from fastproxy.formats.halves import Halves, Told
from fastproxy.ir.events import Event, Reasoning, Stop, Text, ToolArgs

HIGH, LOW = r"\ud83d", r"\ude00"
LETTER, MENDED = "\U0001f600", "�"


def chat(escaped: str) -> str:
    return f'{{"id":"c","choices":[{{"index":0,"delta":{{"content":"{escaped}"}}}}]}}'


def chat_call(escaped: str) -> str:
    head = '"index":0,"id":"c","function":{"name":"f",' if escaped.startswith("{") else '"index":0,"function":{'
    return f'{{"choices":[{{"index":0,"delta":{{"tool_calls":[{{{head}"arguments":"{escaped}"}}}}]}}}}]}}'


def chat_twice(escaped: str) -> str:
    told = f'"reasoning":"{escaped}","reasoning_details":[{{"type":"reasoning.text","text":"{escaped}"}}]'
    return f'{{"id":"c","choices":[{{"index":0,"delta":{{{told}}}}}]}}'


def anthropic(escaped: str) -> str:
    return f'{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{escaped}"}}}}'


def anthropic_call(escaped: str) -> str:
    delta = f'{{"type":"input_json_delta","partial_json":"{escaped}"}}'
    return f'{{"type":"content_block_delta","index":1,"delta":{delta}}}'


def responses(escaped: str) -> str:
    return f'{{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"{escaped}"}}'


def responses_call(escaped: str) -> str:
    return f'{{"type":"response.function_call_arguments.delta","output_index":1,"delta":"{escaped}"}}'


def gemini(escaped: str) -> str:
    return (
        f'{{"candidates":[{{"content":{{"parts":[{{"text":"{escaped}"}}]}}}}],"usageMetadata":{{"totalTokenCount":1}}}}'
    )


STARTS: dict[FormatName, list[str]] = {
    "openai-chat": [],
    "gemini": [],
    "anthropic": [
        '{"type":"message_start","message":{"id":"m"}}',
        '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
        '{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"c","name":"f","input":{}}}',
    ],
    "openai-responses": [
        '{"type":"response.created","response":{"id":"r"}}',
        '{"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"m"}}',
        '{"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","call_id":"c","name":"f"}}',
    ],
}
ENDS: dict[FormatName, list[str]] = {
    "openai-chat": ['{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}', "[DONE]"],
    "gemini": ['{"candidates":[{"finishReason":"STOP"}]}'],
    "anthropic": ['{"type":"message_delta","delta":{"stop_reason":"end_turn"}}', '{"type":"message_stop"}'],
    "openai-responses": ['{"type":"response.completed","response":{"id":"r","status":"completed","output":[]}}'],
}
PLACES: list[tuple[FormatName, Callable[[str], str], str]] = [
    ("openai-chat", chat, ""),
    ("openai-chat", chat_twice, ""),
    ("openai-chat", chat_call, r"{\"a\":\""),
    ("anthropic", anthropic, ""),
    ("anthropic", anthropic_call, r"{\"a\":\""),
    ("openai-responses", responses, ""),
    ("openai-responses", responses_call, r"{\"a\":\""),
    ("gemini", gemini, ""),
]
EVERYWHERE = pytest.mark.parametrize(("name", "piece", "opening"), PLACES)


def told(name: FormatName, *datas: str) -> list[Event]:
    decoder, events = BY_NAME[name].decoder(), list[Event]()
    for data in datas:
        if decoder.read_texts([data.encode()], 0, events) == 0:
            events += decoder.decode(data.encode())
    return events + decoder.close()


def said(events: list[Event]) -> str:
    """What the pieces add up to; without arguments at the end where none were told."""
    calls = "".join(event.json for event in events if isinstance(event, ToolArgs))
    return "".join(event.text for event in events if isinstance(event, Text | Reasoning)) or calls


@EVERYWHERE
@pytest.mark.parametrize("before", ["", "before"])
def test_a_pair_split_over_two_pieces_is_whole_again(
    name: FormatName, piece: Callable[[str], str], opening: str, before: str
) -> None:
    pieces = [piece(opening + before), piece(f"a{HIGH}"), piece(f"{LOW}b"), piece("c")]
    events = told(name, *STARTS[name], *(pieces if opening or before else pieces[1:]), *ENDS[name])
    assert said(events) == opening.replace("\\", "") + before + f"a{LETTER}bc"
    assert isinstance(events[-1], Stop)


@EVERYWHERE
def test_pairs_split_one_after_the_other_are_whole_again(
    name: FormatName, piece: Callable[[str], str], opening: str
) -> None:
    pieces = [piece(opening + "a"), piece(HIGH), piece(LOW + HIGH), piece(LOW), piece("b")]
    events = told(name, *STARTS[name], *pieces, *ENDS[name])
    assert said(events) == opening.replace("\\", "") + f"a{LETTER}{LETTER}b"


@EVERYWHERE
def test_a_lone_half_is_told_in_its_place_and_nothing_is_lost(
    name: FormatName, piece: Callable[[str], str], opening: str
) -> None:
    pieces = [piece(opening + "a"), piece(f"b{HIGH}"), piece("c"), piece("d"), piece(f"{LOW}e"), piece(HIGH)]
    events = told(name, *STARTS[name], *pieces, *ENDS[name])
    assert said(events) == opening.replace("\\", "") + f"ab{MENDED}cd{MENDED}e{MENDED}"
    assert isinstance(events[-1], Stop)


@EVERYWHERE
def test_a_half_at_the_end_of_a_body_that_broke_off_is_told(
    name: FormatName, piece: Callable[[str], str], opening: str
) -> None:
    assert said(told(name, *STARTS[name], piece(opening + "a"), piece(f"b{HIGH}"))).endswith(f"ab{MENDED}")


@pytest.mark.parametrize("name", ["openai-chat", "gemini"])
def test_a_whole_body_that_ends_in_half_a_pair_is_whole(name: FormatName) -> None:
    bodies = {
        "openai-chat": f'{{"choices":[{{"message":{{"content":"a{HIGH}"}},"finish_reason":"stop"}}]}}',
        "gemini": f'{{"candidates":[{{"content":{{"parts":[{{"text":"a{HIGH}"}}]}},"finishReason":"STOP"}}]}}',
    }
    response = BY_NAME[name].decode_whole(bodies[name].encode())
    assert [getattr(block, "text", "") for block in response.blocks] == [f"a{MENDED}"]
    assert response.stop == Stop("end", {"openai-chat": "stop", "gemini": "STOP"}[name])


def raw(data: bytes) -> object:
    return data


def came(told: list[Told]) -> list[bytes]:
    """The events as they came; a lone half has no other value here."""
    return [data for _, data in told]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (rb'{"a":"x\\ud83d"}', rb'{"a":"\ude00"}'),  # an escaped backslash, no half
        (rb'{"a":"\ud83d\ude00"}', rb'{"a":"\ude00"}'),
        (rb'{"a":"\ud83d "}', rb'{"a":"\ude00"}'),
        (rb'{"a":"\ude00"}', rb'{"a":"\ude00"}'),
    ],
)
def test_only_half_a_pair_at_the_end_of_a_string_waits(first: bytes, second: bytes) -> None:
    halves = Halves(raw)
    assert came(halves.read(first)) == [first]
    assert halves.held == b""
    assert came(halves.read(second)) == [second]


@pytest.mark.parametrize(
    "second",
    [
        rb'{"a":"x\ude00"}',
        rb'{"a":",\"\ude00"}',  # a quote within the string
        rb'{"a":"\\ude00"}',
        rb'{"a":"\ud83d\ude00"}',
    ],
)
def test_what_waits_is_not_completed_by_what_begins_no_string_with_the_other_half(second: bytes) -> None:
    halves = Halves(raw)
    first = rb'{"a":"\ud83d"}'
    assert halves.read(first) == []
    assert came(halves.read(second)) == [first, second]
    assert halves.release() == []


def test_the_second_half_moves_and_nothing_else_is_changed() -> None:
    halves = Halves(raw)
    assert halves.read(rb'{"o":"\ud83d.", "a": "\\\"\ud83d"}') == []
    assert came(halves.read(rb'{"o":"y", "a": "\ude00\\\ude00"}')) == [
        rb'{"o":"\ud83d.", "a": "\\\"\ud83d\ude00"}',
        rb'{"o":"y", "a": "\\\ude00"}',
    ]


def test_what_waits_at_the_end_is_released_once() -> None:
    halves = Halves(raw)
    halves.read(rb'"\ud83d"')
    assert came(halves.release()) == [rb'"\ud83d"']
    assert halves.release() == []
