"""The envelope of Code Assist around a request."""

from typing import Any

import orjson

from fastproxy.providers.code_assist import shape
from fastproxy.providers.draft import Draft
from support.drafts import draft

BODY = b'{ "contents": [{"parts":[{"text":"\\u00e9"}]}], "n": 123456789012345678901234567890, "x": 1.0e5 }'


def shaped(body: bytes | dict[str, Any] = BODY, facts: dict[str, str] | None = None, **fields: Any) -> Draft:
    known = {"format": "gemini", "model": "gemini-x", "path": "/v1beta/models/gemini-x:generateContent"}
    return shape(draft(body, **known | fields), facts or {})


def test_the_clients_bytes_stand_in_it_unchanged():
    one = shaped(facts={"project": "p-1"})
    assert one.path == "/v1internal:generateContent"
    assert one.body == b'{"model":"gemini-x","project":"p-1","request":%b}' % BODY


def test_without_a_project_none_is_made_up():
    assert shaped().body == b'{"model":"gemini-x","request":%b}' % BODY


def test_a_stream_has_its_own_verb_and_keeps_its_query():
    one = shaped(stream=True, query=b"alt=sse")
    assert (one.path, one.query) == ("/v1internal:streamGenerateContent", b"alt=sse")


def test_names_are_text_whatever_stands_in_them():
    one = shaped(model='a"b\\', facts={"project": '"'})
    assert orjson.loads(shaped(b"{}", model='a"b\\').body)["model"] == 'a"b\\'
    assert orjson.loads(one.body.replace(BODY, b"{}"))["project"] == '"'


def test_a_count_is_of_the_contents_and_says_what_it_leaves_out():
    contents = [{"parts": [{"text": "hi"}]}]
    bare = shaped({"contents": contents}, action="count_tokens")
    assert bare.path == "/v1internal:countTokens"
    assert orjson.loads(bare.body) == {"request": {"model": "models/gemini-x", "contents": contents}}
    assert bare.dropped == ()
    whole = {"generateContentRequest": {"model": "x", "contents": contents, "tools": []}}
    one = shaped(whole, action="count_tokens")
    assert one.body == bare.body
    assert one.dropped == ("tools",)
