"""What a conversation is known by: its headers, else what its user said first."""

import pytest

from fastproxy.formats.base import FormatName
from fastproxy.framing.http1 import fields_of, request_head
from fastproxy.sessions import PARENT_HEADERS, SESSION_CHARACTERS, SESSION_HEADERS, first_words, named

FIRST: dict[FormatName, bytes] = {
    "openai-chat": b'{"messages":[{"role":"system","content":"%b"},{"role":"user","content":"hi"}%b]}',
    "anthropic": b'{"system":"%b","messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}%b]}',
    "openai-responses": b'{"instructions":"%b","input":[{"content":[{"type":"input_text","text":"hi"}]}%b]}',
    "gemini": b'{"systemInstruction":{"parts":[{"text":"%b"}]},"contents":[{"parts":[{"text":"hi"}]}%b]}',
}


@pytest.mark.parametrize("format_", FIRST)
def test_a_conversation_keeps_its_key_while_it_grows_and_the_date_in_its_instructions_changes(format_: FormatName):
    first = FIRST[format_] % (b"today is Monday", b"")
    later = FIRST[format_] % (b"today is Tuesday", b',{"role":"assistant","content":"yes?"}')
    assert first_words(first, format_) == first_words(later, format_) != ""
    assert first_words(first.replace(b'"hi"', b'"ho"'), format_) != first_words(first, format_)


def test_a_mark_that_clients_move_from_turn_to_turn_changes_nothing():
    marked = (
        b'{"messages":[{"role":"user","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]}]}'
    )
    bare = b'{"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]}'
    assert first_words(marked, "anthropic") == first_words(bare, "anthropic")


def test_text_alone_is_the_same_as_a_turn_with_it():
    listed = b'{"input":[{"role":"user","content":"hi"}]}'
    assert first_words(b'{"input":"hi"}', "openai-responses") == first_words(listed, "openai-responses")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"messages":3}',
        b'{"messages":[3]}',
        b'{"messages":[{"role":null}]}',
        b'{"messages":"\xff"}',
    ],
)
def test_what_can_not_be_understood_has_no_key(body: bytes):
    assert first_words(body, "openai-chat") == ""


def test_the_first_of_the_known_headers_counts_and_is_cut():
    lines = [(b"x-amp-thread-id", b"last"), (b"session_id", b"second"), (b"x-claude-code-session-id", b"1" * 500)]
    head = request_head(b"POST", b"/", fields_of(lines))
    assert named(head, SESSION_HEADERS) == "1" * SESSION_CHARACTERS
    assert named(head, PARENT_HEADERS) == ""
