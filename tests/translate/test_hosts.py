"""What a host refuses goes, by name, and nothing else; a key for its cache comes from the conversation's name."""

import msgspec

from fastproxy.ir.request import (
    Message,
    Output,
    ReasoningPart,
    Request,
    Sampling,
    TextPart,
    Thinking,
    ToolCallPart,
)
from fastproxy.translate.hosts import with_cache_key, without_refused

CALL = ToolCallPart("c", "f", "{}")
THOUGHT, PROVEN = ReasoningPart("so"), ReasoningPart("so", "signed")
FULL = Request(
    "openai-responses",
    "m",
    (
        Message("user", (TextPart("?"),)),
        Message("assistant", (THOUGHT, PROVEN, CALL)),
        Message("assistant", (THOUGHT,)),
    ),
    parallel=False,
    thinking=Thinking("effort", "low"),
    sampling=Sampling(max_tokens=9, seed=0, stop=("x",)),
    output=Output("json", verbosity="low"),
    user="u",
    metadata={"a": "b"},
    cache_key="k",
    tier="flex",
    extras={"store": False, "truncation": "auto"},
)


def test_nothing_refused_is_nothing_changed() -> None:
    assert without_refused(FULL, frozenset()) == (FULL, ())


def test_thoughts_without_proof_go_and_turns_that_were_nothing_else() -> None:
    told, lost = without_refused(FULL, frozenset({"reasoning"}))
    assert lost == ("reasoning",)
    assert told.messages[1:] == (Message("assistant", (PROVEN, CALL)),)


def test_each_name_takes_its_own_field_and_is_reported() -> None:
    names = ("parallel", "thinking", "user", "metadata", "cache_key", "tier", "seed", "output.verbosity", "store")
    for name in names:
        told, lost = without_refused(FULL, frozenset({name}))
        assert lost == (name,)
        assert without_refused(told, frozenset(names) - {name})[1] != ()
        assert without_refused(told, frozenset({name})) == (told, ())
    told, lost = without_refused(FULL, frozenset(names))
    assert set(lost) == set(names)
    assert (told.output, told.extras) == (Output("json"), {"truncation": "auto"})
    assert told.sampling == Sampling(max_tokens=9, stop=("x",))


def test_what_a_client_did_not_say_is_not_lost() -> None:
    bare = Request("anthropic", "m", FULL.messages[:1])
    names = frozenset({"reasoning", "parallel", "thinking", "user", "tier", "seed", "output.verbosity", "store"})
    assert without_refused(bare, names) == (bare, ())


BARE = Request("anthropic", "m", FULL.messages[:1], user="u")


def test_the_key_stands_for_the_conversation_and_does_not_tell_its_name() -> None:
    one, again, other = (with_cache_key(BARE, name).cache_key for name in ("session-1", "session-1", "session-2"))
    assert one == again != other
    assert one is not None
    assert len(one) <= 64
    assert "session" not in one


def test_a_clients_own_key_stays() -> None:
    assert with_cache_key(FULL, "session-1") is FULL


def test_without_a_conversation_there_is_no_key() -> None:
    assert with_cache_key(BARE, "") is BARE
    assert with_cache_key(BARE, "u") is BARE  # whom it is for is all that is known
    assert with_cache_key(msgspec.structs.replace(BARE, user="v"), "u").cache_key is not None
