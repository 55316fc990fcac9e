"""Envelopes: whole through every client, opened for who minted them and nobody else."""

from base64 import b64decode, b64encode, urlsafe_b64encode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.ir.events import Reasoning
from fastproxy.ir.request import Message, Part, ReasoningPart, Request, TextPart, ToolCallPart
from fastproxy.translate.seal import DROPPED, MARK, Mint, envelope, has_seal, is_sealed, opened, seal, unseal

OURS = Mint("gemini", "google", "me@example.org")
OTHERS = [
    Mint("gemini", "google", "you@example.org"),
    Mint("gemini", "vertex", "me@example.org"),
    Mint("anthropic", "google", "me@example.org"),
]
CALL = ToolCallPart("c1", "f", "{}")
SECOND = ToolCallPart("c2", "f", "{}")

bounds = st.sampled_from(["thinking", "redacted", "call", "text", "picture"])


def request(*parts: Part, format_: str = "openai-chat") -> Request:
    return Request(format_, "m", (Message("assistant", parts),))


def parts_of(told: tuple[Request, tuple[str, ...]]) -> tuple[Part, ...]:
    return tuple(part for message in told[0].messages for part in message.parts)


@given(st.text(min_size=1), bounds, st.text(max_size=5))
def test_what_is_sealed_is_opened_again_with_all_it_was(signature: str, bound: str, call: str) -> None:
    sealed = seal(OURS, Reasoning(3, "so", signature, bound), call)
    assert (sealed.block, sealed.text, sealed.bound) == (3, "so", bound)
    told = opened(sealed.signature or "")
    assert told is not None
    assert (told.signature, told.bound, told.call, told.is_of(OURS)) == (signature, bound, call, True)
    assert not any(told.is_of(other) for other in OTHERS)


@given(st.text(min_size=1, max_size=40))
def test_an_envelope_is_base64_that_a_client_may_decode_and_encode_in_either_alphabet(signature: str) -> None:
    text = envelope(OURS, signature)
    raw = b64decode(text, validate=True)
    for again in (b64encode(raw), urlsafe_b64encode(raw), urlsafe_b64encode(raw).rstrip(b"=")):
        assert again.startswith(MARK.encode())
        assert opened(again.decode()) == opened(text)


def test_google_genai_sends_back_an_envelope_that_opens() -> None:
    types = pytest.importorskip("google.genai.types")
    part = types.Part.model_validate_json(b'{"text":"","thoughtSignature":"%b"}' % envelope(OURS, "?>~").encode())
    told = opened(part.model_dump(mode="json")["thought_signature"])
    assert told is not None
    assert told.signature == "?>~"


def test_an_envelope_names_no_account() -> None:
    assert OURS.account.encode() not in b64decode(envelope(OURS, "sig"))


@given(st.binary(max_size=30))
def test_a_mangled_envelope_is_known_for_one_and_holds_nothing(rest: bytes) -> None:
    for text in (MARK + rest.decode("latin-1"), MARK + b64encode(rest).decode()):
        assert is_sealed(text)
        told = opened(text)
        assert told is None or isinstance(told.signature, str)


def test_an_event_without_a_signature_stays_as_it_is() -> None:
    event = Reasoning(0, "so")
    assert seal(OURS, event) is event


def test_only_a_body_with_an_envelope_is_told_to_have_one() -> None:
    body = msgspec.json.encode({"signature": envelope(OURS, "sig")})
    assert has_seal(body)
    assert not has_seal(body.replace(b'"fp', b'"Fp'))
    assert not has_seal(b'{"content":"an envelope begins with fpSeal01"}')


@given(st.sampled_from(["thinking", "redacted", "text"]))
def test_a_signature_goes_back_to_who_minted_it_as_it_was(bound: str) -> None:
    sealed = ReasoningPart("so", envelope(OURS, "sig", bound))
    assert unseal(request(TextPart("x"), sealed), OURS) == (
        request(TextPart("x"), ReasoningPart("so", "sig", bound)),
        (),
    )


@pytest.mark.parametrize("other", OTHERS)
def test_a_signature_never_goes_to_another_and_its_words_stay(other: Mint) -> None:
    sealed = request(ReasoningPart("so", envelope(OURS, "sig")), ReasoningPart("", envelope(OURS, "data")), CALL)
    assert unseal(sealed, other) == (request(ReasoningPart("so"), CALL), (DROPPED,))


def test_a_raw_signature_stays_only_where_the_clients_format_is_the_targets() -> None:
    raw = request(ReasoningPart("so", "raw"), format_="gemini")
    assert unseal(raw, OURS) == (raw, ())
    assert unseal(raw, OTHERS[2]) == (request(ReasoningPart("so"), format_="gemini"), (DROPPED,))


def test_a_mangled_envelope_is_dropped_even_for_its_own_format() -> None:
    mangled = request(ReasoningPart("", MARK + "x"), TextPart("x"), format_="gemini")
    assert unseal(mangled, OURS) == (request(TextPart("x"), format_="gemini"), (DROPPED,))


def test_a_message_that_held_nothing_else_is_gone() -> None:
    assert unseal(request(ReasoningPart("", envelope(OTHERS[0], "sig"))), OURS)[0].messages == ()


def test_signatures_of_calls_stand_before_the_calls_they_name_wherever_the_client_put_them() -> None:
    first, second = (ReasoningPart("", envelope(OURS, sig, "call", id_)) for sig, id_ in [("1", "c1"), ("2", "c2")])
    told = unseal(request(second, first, TextPart("x"), CALL, SECOND), OURS)
    expected = (TextPart("x"), ReasoningPart("", "1", "call"), CALL, ReasoningPart("", "2", "call"), SECOND)
    assert (parts_of(told), told[1]) == (expected, ())


def test_a_calls_signature_that_names_no_call_of_the_turn_goes_to_the_next_call_without_one() -> None:
    lost = ReasoningPart("", envelope(OURS, "1", "call", "an id that the client has changed"))
    told = unseal(request(lost, TextPart("x"), CALL, SECOND), OURS)
    assert (parts_of(told), told[1]) == ((TextPart("x"), ReasoningPart("", "1", "call"), CALL, SECOND), ())


def test_a_calls_signature_without_any_call_is_dropped_and_reported() -> None:
    told = unseal(request(TextPart("x"), ReasoningPart("", envelope(OURS, "1", "call", "c1"))), OURS)
    assert (parts_of(told), told[1]) == ((TextPart("x"),), (DROPPED,))


def test_a_texts_signature_that_the_client_put_first_stands_after_the_text() -> None:
    told = unseal(request(ReasoningPart("", envelope(OURS, "1", "text")), TextPart("x"), TextPart("y")), OURS)
    assert parts_of(told) == (TextPart("x"), ReasoningPart("", "1", "text"), TextPart("y"))


def test_a_request_without_signatures_is_the_same_request() -> None:
    plain = request(ReasoningPart("so"), TextPart("x"))
    assert unseal(plain, OURS)[0] is plain


@pytest.mark.parametrize("minted_by", [OURS, *OTHERS])
def test_an_envelope_that_only_says_whose_thought_it_is_goes_and_its_words_stay(minted_by: Mint) -> None:
    proof = envelope(minted_by, "")
    told = unseal(request(ReasoningPart("so", proof), ReasoningPart("", proof)), OURS)
    assert parts_of(told) == (ReasoningPart("so"),)
    assert told[1] == ()
