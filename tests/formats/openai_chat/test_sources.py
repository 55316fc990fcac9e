"""Sources of an answer as Chat hosts tell them, down to what a client of another format reads."""

from typing import Any

import orjson
import pytest

from fastproxy.formats.openai_chat.decode_stream import DONE, ChatDecoder
from fastproxy.formats.openai_chat.decode_whole import decode_whole
from fastproxy.formats.openai_chat.sources import listed
from fastproxy.ir.events import BlockEnd, Citation, Event, Start, Stop, Text
from fastproxy.ir.fold import TextBlock
from support import cells

START = Start("c1", "m", 7)
PAGE = "https://example.com/a"
FOUND = {"title": "A", "url": PAGE, "date": "2026-01-02", "snippet": "words of A"}
PERPLEXITY = {"citations": [PAGE], "search_results": [FOUND]}
CITED = Citation(0, PAGE, "A", cited="words of A")


def chunk(delta: Any = None, finish: Any = None, **beside: Any) -> bytes:
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    return orjson.dumps({"id": "c1", "model": "m", "created": 7, "choices": [choice], **beside})


def told(*data: bytes) -> list[Event]:
    decoder = ChatDecoder()
    return [event for piece in data for event in decoder.decode(piece)] + decoder.close()


@pytest.mark.parametrize(
    ("chunk_", "sources"),
    [
        (PERPLEXITY, [CITED]),
        ({"citations": [PAGE, PAGE, "", 7]}, [Citation(0, PAGE)]),
        ({"citations": [{"url": PAGE, "title": "A"}], "search_results": []}, [Citation(0, PAGE, "A")]),
        ({"web_search": [{"link": PAGE, "title": "A", "content": "words of A"}]}, [CITED]),
        ({"citations": None, "search_results": "none", "web_search": [{"title": "no address"}]}, []),
    ],
)
def test_what_hosts_list_beside_the_choices(chunk_: dict[str, Any], sources: list[Citation]) -> None:
    assert listed(chunk_, 0) == sources


def test_a_list_that_every_chunk_repeats_is_told_once_at_the_end_of_the_text() -> None:
    last = chunk({"content": "."}, "stop", **PERPLEXITY)
    events = told(chunk({"content": "rain"}, **PERPLEXITY), last, DONE)
    assert events == [START, Text(0, "rain"), Text(0, "."), CITED, BlockEnd(0), Stop("end", "stop")]


def test_a_list_behind_the_end_of_the_text_is_told_in_a_block_of_its_own() -> None:
    late = orjson.dumps({"choices": [], "citations": [PAGE]})
    expected: list[Event] = [Text(1, ""), Citation(1, PAGE), BlockEnd(1)]
    assert told(chunk({"content": "rain"}, "stop"), late, late, DONE)[3:-1] == expected


def test_a_list_that_comes_when_the_text_has_ended_is_no_more_lost_than_another() -> None:
    thought = chunk({"reasoning_content": "was that right?"})
    events = told(chunk({"content": "rain"}), thought, chunk(finish="stop", citations=[PAGE]), DONE)
    assert events[-4:-1] == [Text(2, ""), Citation(2, PAGE), BlockEnd(2)]


def test_what_has_been_annotated_is_not_listed_again() -> None:
    annotation = {"type": "url_citation", "url_citation": {"url": PAGE, "start_index": 0, "end_index": 4}}
    events = told(chunk({"content": "rain", "annotations": [annotation]}), chunk(finish="stop", citations=[PAGE]), DONE)
    assert [event for event in events if isinstance(event, Citation)] == [Citation(0, PAGE, start=0, end=4)]


def test_a_whole_answer_tells_them_too_and_each_format_has_a_place_for_them() -> None:
    message = {"role": "assistant", "content": "rain"}
    body = orjson.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], **PERPLEXITY})
    assert decode_whole(body).blocks == (TextBlock("rain", (CITED,)),)
    for target in ("openai-responses", "anthropic", "gemini"):
        for stream in (True, False):
            came = cells.through(cells.pipe("openai-chat", target, streamed=False, stream=stream), body)
            assert PAGE.encode() in came.body
