"""What Copilot is told of a request: whose turn it is, whether there is a picture, and who asks."""

from typing import Any

import pytest

from fastproxy import __version__
from fastproxy.formats.base import FormatName
from fastproxy.providers.copilot import shape
from support.drafts import draft, headers_of

PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
RESULT = {"type": "tool_result", "tool_use_id": "c", "content": "ok"}
USER = {"role": "user", "content": "hi"}


def told(body: bytes | dict[str, Any], format_: FormatName = "openai-chat", **fields: Any) -> dict[str, str]:
    return headers_of(shape(draft(body, format=format_, **fields), {}))


@pytest.mark.parametrize(
    ("format_", "body", "whose"),
    [
        ("openai-chat", {"messages": [USER]}, "user"),
        ("openai-chat", {"messages": [USER, {"role": "assistant", "content": "x"}]}, "agent"),
        ("openai-chat", {"messages": [USER, {"role": "tool", "tool_call_id": "c", "content": "x"}]}, "agent"),
        ("openai-chat", {"messages": []}, "user"),
        ("openai-chat", {"messages": "odd"}, "user"),
        ("openai-chat", {}, "user"),
        ("openai-responses", {"input": "hi"}, "user"),
        ("openai-responses", {"input": [USER]}, "user"),
        ("openai-responses", {"input": [USER, CALL]}, "agent"),
        ("openai-responses", {"input": [CALL, {"type": "function_call_output", "call_id": "c"}]}, "agent"),
        ("anthropic", {"messages": [USER]}, "user"),
        ("anthropic", {"messages": [{"role": "user", "content": [RESULT, {"type": "text", "text": "x"}]}]}, "agent"),
        ("anthropic", {"messages": [{"role": "user", "content": [{"type": "text", "text": '"tool_result"'}]}]}, "user"),
    ],
)
def test_whose_turn_it_is(format_: FormatName, body: dict[str, Any], whose: str):
    assert told(body, format_)["x-initiator"] == whose


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        ([PICTURE], True),
        ([{"type": "image", "source": {}}], True),
        ([{"type": "input_image", "image_url": "x"}], True),
        ('a text about "type":"image_url"', False),
        ([{"type": "text", "text": '{"type": "image"}'}], False),
    ],
)
def test_a_picture_is_announced(content: object, *, seen: bool):
    assert ("copilot-vision-request" in told({"messages": [{"role": "user", "content": content}]})) == seen


def test_it_is_told_who_asks_and_no_editor_is_made_up():
    assert told({"messages": [USER]}) == {
        "editor-version": f"fastproxy/{__version__}",
        "editor-plugin-version": f"fastproxy/{__version__}",
        "x-initiator": "user",
    }


def test_what_the_client_says_of_itself_stays():
    sent = frozenset({b"editor-version", b"x-initiator"})
    assert set(told({"messages": [USER]}, sent=sent)) == {"editor-plugin-version"}
