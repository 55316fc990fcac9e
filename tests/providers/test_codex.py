"""What the backend of ChatGPT plans insists on, and that nothing else of a request changes."""

from typing import Any

import orjson
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.providers.codex import PROVIDER, shape
from fastproxy.providers.draft import Draft
from support.drafts import draft, headers_of

ASKED = {"model": "gpt-5", "input": [{"role": "user", "content": "hi"}]}
SEALED = "reasoning.encrypted_content"


def shaped(body: bytes | dict[str, Any], facts: dict[str, str] | None = None, **fields: Any) -> Draft:
    return shape(draft(body, format="openai-responses", path="/responses", **fields), facts or {})


def told(one: Draft) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(one.body)
    return body


def test_what_it_insists_on_is_there():
    body = told(shaped(ASKED))
    assert body == ASKED | {"stream": True, "store": False, "instructions": "", "include": [SEALED]}


def test_what_the_client_says_itself_stays():
    own = ASKED | {"instructions": "be brief", "include": [SEALED], "reasoning": {"effort": "low"}, "tools": []}
    assert told(shaped(own)) == own | {"stream": True, "store": False}


def test_a_request_as_its_own_client_sends_it_keeps_every_byte():
    body = (
        b'{ "model":"gpt-5","instructions":"\\u00e9","input":[ {"type":"message","role":"user","content":[]} ],'
        b'"tools":[{"big":123456789012345678901234567890}],"store":false,"stream":true,"include":["%b"]}'
        % SEALED.encode()
    )
    assert shaped(body).body == body


@pytest.mark.parametrize("include", [None, [], ["x"], [SEALED, "x"]])
def test_thoughts_are_asked_for_in_the_form_that_can_come_back(include: list[str] | None):
    asked = set(told(shaped(ASKED | {"include": include}))["include"])
    assert asked == {SEALED, *(include or ())}


@pytest.mark.parametrize("instructions", [None, "", "x"])
def test_instructions_are_a_text(instructions: str | None):
    assert told(shaped(ASKED | {"instructions": instructions}))["instructions"] == (instructions or "")


def test_one_text_becomes_a_list_of_one_message():
    (message,) = told(shaped({"model": "m", "input": "h\u00e9 \"'"}))["input"]
    assert message == {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "h\u00e9 \"'"}]}


def test_fields_that_it_refuses_go_and_those_that_said_something_are_named():
    refused = {"temperature": 0.5, "max_output_tokens": 5, "user": None, "stream_options": {"include_usage": True}}
    one = shaped(ASKED | refused, dropped=("earlier",))
    assert not set(told(one)) & set(refused)
    assert set(one.dropped) == {"earlier", "temperature", "max_output_tokens", "stream_options"}


@pytest.mark.parametrize("field", ["previous_response_id", "conversation", "prompt"])
def test_a_stored_conversation_is_refused_by_name(field: str):
    with pytest.raises(Fault) as caught:
        shaped(ASKED | {field: "x"})
    assert (caught.value.kind, caught.value.param) == ("bad_request", field)
    one = shaped(ASKED | {field: None})
    assert field not in told(one)
    assert one.dropped == ()


def test_the_background_is_refused_and_its_absence_is_not_reported():
    with pytest.raises(Fault, match="background"):
        shaped(ASKED | {"background": True})
    one = shaped(ASKED | {"background": False})
    assert ("background" in told(one), one.dropped) == (False, ())


def test_items_lose_the_names_under_which_they_were_kept():
    items = [
        {"type": "message", "role": "system", "content": "s"},
        {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "SEALED"},
        {"id": "rs_2", "type": "reasoning", "summary": []},
        {"id": "rs_3", "type": "reasoning", "summary": [], "encrypted_content": None},
        {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": '{"id": 1.0}'},
        {"type": "function_call_output", "call_id": "c", "output": '{"role":"system"}'},
    ]
    one = shaped({"model": "m", "input": items})
    assert told(one)["input"] == [
        {"type": "message", "role": "developer", "content": "s"},
        {"type": "reasoning", "summary": [], "encrypted_content": "SEALED"},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"id": 1.0}'},
        items[5],
    ]
    assert set(one.dropped) == {"input[].id", "reasoning"}


def test_a_reference_to_a_stored_item_is_refused():
    with pytest.raises(Fault, match="reference"):
        shaped({"model": "m", "input": [{"type": "item_reference", "id": "x"}]})


def test_the_workspace_is_the_accounts_own():
    assert headers_of(shaped(ASKED, {"account_id": "acct"}))["chatgpt-account-id"] == "acct"
    assert "chatgpt-account-id" not in headers_of(shaped(ASKED))


@pytest.mark.parametrize("action", ["generate", "compact"])
@pytest.mark.parametrize("facts", [{}, {"account_id": "acct"}])
def test_the_workspace_that_the_client_names_is_not_the_accounts(facts: dict[str, str], action: str):
    assert shaped(ASKED, facts, action=action, sent=frozenset({b"chatgpt-account-id"})).without == {
        b"chatgpt-account-id"
    }


def test_it_is_told_who_asks_unless_the_client_says_so_itself():
    assert headers_of(shaped(ASKED))["originator"] == "fastproxy"
    assert "originator" not in headers_of(shaped(ASKED, sent=frozenset({b"originator"})))


def test_other_actions_keep_their_body():
    one = shaped(ASKED, {"account_id": "a"}, action="compact")
    assert told(one) == ASKED
    assert headers_of(one) == {"originator": "fastproxy", "chatgpt-account-id": "a"}


TEXTS = st.text(max_size=6)
VALUES = st.none() | st.booleans() | st.integers(-9, 9) | TEXTS | st.lists(TEXTS, max_size=3)
ITEMS = st.dictionaries(
    st.sampled_from(["type", "role", "id", "encrypted_content", "content", "x"]),
    VALUES | st.sampled_from(["reasoning", "system", "message", "item_reference"]),
    max_size=4,
)
BODIES = st.dictionaries(
    st.sampled_from(["input", "include", "instructions", "stream", "store", "temperature", "prompt", "other"]),
    VALUES | st.lists(ITEMS, max_size=3),
    max_size=8,
)


@given(BODIES)
def test_whatever_a_body_holds_it_is_refused_by_name_or_obeys_the_rules(body: dict[str, Any]):
    try:
        sent = told(shaped(body))
    except Fault as fault:
        event(fault.kind)
        if fault.kind != "bad_request":
            raise
        return
    assert sent["stream"] is True
    assert sent["store"] is False
    assert "temperature" not in sent
    if body.get("instructions") is None:
        assert sent["instructions"] == ""
    if "other" in body:
        assert sent["other"] == body["other"]


def test_it_answers_in_the_format_that_can_be_gathered():
    assert list(PROVIDER.formats) == ["openai-responses"]
    assert PROVIDER.always_streams
