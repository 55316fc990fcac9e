"""Fields of Gemini's objects in either spelling."""

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.gemini import fields


def test_own_keys_are_respelled_and_nulls_left_out() -> None:
    raws = fields.opened(b'{"mime_type":"a","data":null,"in_ner":{"my_key":1}}', "x")
    assert set(raws) == {"mimeType", "inNer"}
    assert fields.value(raws, "inNer") == {"my_key": 1}
    assert fields.inner(raws, "inNer").keys() == {"myKey"}
    assert fields.inner(raws, "gone") == {}


def test_respelling_a_decoded_value_stops_at_somebodys_own_words() -> None:
    told = {"function_call": {"args": {"a_b": 1}, "will_continue": True}, "parts_": [{"thought_signature": "x"}]}
    assert fields.respelled(told) == {
        "functionCall": {"args": {"a_b": 1}, "willContinue": True},
        "parts_": [{"thoughtSignature": "x"}],
    }


def test_absent_fields_are_empty() -> None:
    assert (fields.each({}, "a"), fields.text({}, "a"), fields.value({}, "a")) == ([], "", None)


@pytest.mark.parametrize("parts", [b'{"text":"hi"}', b'[{"text":"hi"}]', b' { "text" : "hi" } '])
def test_one_object_stands_for_a_list_of_itself_alone(parts: bytes) -> None:
    (part,) = fields.each(fields.opened(b'{"parts":%b}' % parts, "x"), "parts")
    assert fields.text(part, "text") == "hi"


@pytest.mark.parametrize("parts", [b"7", b'"hi"', b"[7]"])
def test_what_is_neither_a_list_nor_an_object_is_a_bad_request(parts: bytes) -> None:
    with pytest.raises(Fault, match="parts"):
        fields.each(fields.opened(b'{"parts":%b}' % parts, "x"), "parts")


@pytest.mark.parametrize("body", [b"[]", b"7", b"{", b'{"a":'])
def test_what_is_no_object_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(Fault) as raised:
        fields.opened(body, "x")
    assert raised.value.kind == "bad_request"


def test_text_as_sent_is_found_in_the_order_of_the_document() -> None:
    sent = rb'["\ud83d","\udc00","\ud83d"]'
    decoded = rb'["\ufffd","\ufffd","\ufffd"]'
    text = fields.AsSent(sent, decoded)
    assert [text.text(rb'"\ufffd"') for _ in range(3)] == [r'"\ud83d"', r'"\udc00"', r'"\ud83d"']
