"""Same-format requests with envelopes in them: mended where they are, every other byte kept."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.formats.base import FormatName
from fastproxy.translate.seal import DROPPED, MARK, Mint, envelope
from fastproxy.translate.unwrap import unwrap


def mint(format_: FormatName) -> Mint:
    return Mint(format_, "host", "account")


def sealed(format_: FormatName, *, ours: bool, bound: Any = "thinking") -> bytes:
    return envelope(mint(format_) if ours else Mint("gemini", "another", "account"), "s/g", bound).encode()


_BEFORE = b'{"messages": [ {"role":"user","content":"1.0 \\ud83d"},\n {"role":"assistant","content":[ '
_AFTER = b'{"type":"text","text":"\\u00e9 \\udc00"}]}], "n":1e5}'
BODIES: list[tuple[FormatName, bytes, bytes, bytes]] = [  # body with %b for the envelope; restored; without it
    (
        "anthropic",
        _BEFORE + b'{"type":"thinking","thinking":"so","signature":"%b"} , ' + _AFTER,
        _BEFORE + b'{"type":"thinking","thinking":"so","signature":"s/g"} , ' + _AFTER,
        _BEFORE + _AFTER,
    ),
    (
        "openai-responses",
        b'{"input":[{"type":"reasoning","summary":[],"encrypted_content": "%b"}, {"role":"user","content":"x"}]}',
        b'{"input":[{"type":"reasoning","summary":[],"encrypted_content": "s/g"}, {"role":"user","content":"x"}]}',
        b'{"input":[{"role":"user","content":"x"}]}',
    ),
    (
        "gemini",
        b'{"contents":[{"role":"model","parts":[{"text":"x"},{"functionCall":{"name":"f"},"thoughtSignature":"%b"}]}]}',
        b'{"contents":[{"role":"model","parts":[{"text":"x"},{"functionCall":{"name":"f"},"thoughtSignature":"s/g"}]}]}',
        b'{"contents":[{"role":"model","parts":[{"text":"x"},{"functionCall":{"name":"f"}}]}]}',
    ),
    (
        "gemini",
        b'{"contents":[{"parts":[{"text":"so","thought":true,"thought_signature":"%b"},{"text":"x"}]}]}',
        b'{"contents":[{"parts":[{"text":"so","thought":true,"thought_signature":"s/g"},{"text":"x"}]}]}',
        b'{"contents":[{"parts":[{"text":"x"}]}]}',
    ),
    (
        "openai-chat",
        b'{"messages":[{"role":"assistant","reasoning_details":[{"type":"reasoning.encrypted","data":"%b"}],"content":"x"}]}',
        b'{"messages":[{"role":"assistant","reasoning_details":[{"type":"reasoning.encrypted","data":"s/g"}],"content":"x"}]}',
        b'{"messages":[{"role":"assistant","content":"x"}]}',
    ),
]


@pytest.mark.parametrize(("format_", "body", "restored", "without"), BODIES)
def test_what_this_account_minted_is_restored_and_every_other_byte_kept(
    format_: FormatName, body: bytes, restored: bytes, without: bytes
) -> None:
    assert unwrap(body % sealed(format_, ours=True), mint(format_)) == (restored, ())


@pytest.mark.parametrize(("format_", "body", "restored", "without"), BODIES)
def test_a_conversation_that_moved_loses_what_its_former_account_minted_in_the_clear(
    format_: FormatName, body: bytes, restored: bytes, without: bytes
) -> None:
    assert unwrap(restored, mint(format_), moved=True) == (without, (DROPPED,))
    assert unwrap(restored, mint(format_)) == (restored, ())
    own = body % sealed(format_, ours=True)
    assert unwrap(own, mint(format_), moved=True) == (restored, ())


def test_a_withheld_thought_goes_with_the_account_that_had_it() -> None:
    thought = b'{"type":"redacted_thinking","data":"opaque"}'
    body = b'{"messages":[{"role":"assistant","content":[%b{"type":"text","text":"x"}]}]}'
    assert unwrap(body % (thought + b","), mint("anthropic"), moved=True) == (body % b"", (DROPPED,))


@pytest.mark.parametrize(("format_", "body", "restored", "without"), BODIES)
def test_what_another_minted_is_taken_out_and_reported(
    format_: FormatName, body: bytes, restored: bytes, without: bytes
) -> None:
    assert unwrap(body % sealed(format_, ours=False), mint(format_)) == (without, (DROPPED,))
    assert unwrap(body % (MARK.encode() + b"mangled"), mint(format_)) == (without, (DROPPED,))


def test_a_thought_that_was_withheld_gets_its_own_block_again() -> None:
    body = BODIES[0][1] % sealed("anthropic", ours=True, bound="redacted")
    told, _ = unwrap(body, mint("anthropic"))
    assert b'{"type":"redacted_thinking","data":"s/g"}' in told


@pytest.mark.parametrize(
    ("format_", "turn"),
    [
        ("anthropic", b'{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"%b"}]}'),
        ("gemini", b'{"role":"model","parts":[{"text":"","thought":true,"thoughtSignature":"%b"}]}'),
    ],
)
def test_a_turn_of_which_nothing_is_left_goes_too(format_: FormatName, turn: bytes) -> None:
    key = b"messages" if format_ == "anthropic" else b"contents"
    body = b'{"%b":[{"role":"user"},%b,{"role":"user"}]}' % (key, turn % sealed(format_, ours=False))
    assert unwrap(body, mint(format_))[0] == b'{"%b":[{"role":"user"},{"role":"user"}]}' % key


@pytest.mark.parametrize("format_", ["anthropic", "openai-responses", "gemini", "openai-chat"])
@pytest.mark.parametrize(
    "body",
    [
        b'{"messages":"%b","input":"%b","contents":"%b"}',
        b'{"messages":["%b"],"input":["%b"],"contents":["%b"]}',
        b'{"messages":[{"content":"%b"}],"input":[{"content":"%b"}],"contents":[{"parts":"%b"}]}',
        b'{"messages":[{"content":["%b"]}],"input":[{"content":["%b"]}],"contents":[{"parts":["%b"]}]}',
        b'{"a":"%b","b":["%b"],"c":{"signature":"%b"}}',
    ],
)
def test_an_envelope_where_no_signature_stands_is_only_text(format_: FormatName, body: bytes) -> None:
    text = body % ((sealed(format_, ours=False),) * 3)
    assert unwrap(text, mint(format_)) == (text, ())


@given(st.lists(st.sampled_from([True, False, None]), max_size=6), st.booleans())
def test_whatever_is_taken_out_what_is_left_is_the_same_list(kinds: list[bool | None], indent: bool) -> None:
    """True: an envelope of this account's. False: of another's. None: another block."""
    blocks = [
        {"type": "text", "text": str(n)}
        if ours is None
        else {"type": "thinking", "thinking": str(n), "signature": sealed("anthropic", ours=ours).decode()}
        for n, ours in enumerate(kinds)
    ]
    option = orjson.OPT_INDENT_2 if indent else 0
    body = orjson.dumps({"messages": [{"role": "assistant", "content": blocks}]}, option=option)
    told = orjson.loads(unwrap(body, mint("anthropic"))[0])
    left = [
        block if kinds[n] is None else block | {"signature": "s/g"}
        for n, block in enumerate(blocks)
        if kinds[n] is not False
    ]
    assert told["messages"] == ([{"role": "assistant", "content": left}] if left or not kinds else [])


def test_a_body_without_envelopes_is_the_same_object() -> None:
    body = b'{"messages":[]}'
    assert unwrap(body, mint("anthropic"))[0] is body
