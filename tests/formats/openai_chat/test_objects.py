"""What stream and body have in common: ids and citations."""

import pytest

from fastproxy.formats.openai_chat.objects import annotation, call_id, completion_id
from fastproxy.ir.events import Citation, Start


@pytest.mark.parametrize(
    ("told", "spelled"), [("chatcmpl-1", "chatcmpl-1"), ("msg_1", "chatcmpl-msg_1"), ("", "chatcmpl-")]
)
def test_ids_have_chats_own_prefix_once(told: str, spelled: str) -> None:
    assert completion_id(Start(told, "m", 0)) == spelled


def test_a_call_without_an_id_gets_one_of_its_own() -> None:
    start = Start("chatcmpl-7", "m", 0)
    assert [call_id(start, "own", 0), call_id(start, "", 1), call_id(start, "", 2)] == ["own", "call_7_1", "call_7_2"]


def test_a_citation_counts_from_the_beginning_of_the_message() -> None:
    cited = Citation(1, "https://h", "t", 2, 5, "words")
    assert annotation(cited, 10) == {
        "type": "url_citation",
        "url_citation": {"url": "https://h", "title": "t", "start_index": 12, "end_index": 15, "content": "words"},
    }


def test_a_citation_without_a_place_is_at_0_to_0() -> None:
    told = annotation(Citation(0, "https://h", start=3), 10)["url_citation"]
    assert told == {"url": "https://h", "title": "", "start_index": 0, "end_index": 0}
