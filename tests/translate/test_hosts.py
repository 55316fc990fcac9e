"""What a host refuses goes, by name, and nothing else; a key for its cache comes from the conversation's name."""

import msgspec
import pytest

from fastproxy.ir.request import (
    Cache,
    Message,
    Output,
    ReasoningPart,
    Request,
    Sampling,
    TextPart,
    Thinking,
    ToolCallPart,
)
from fastproxy.translate.families import family
from fastproxy.translate.hosts import at_host, with_cache_key, without_refused

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


def test_hints_for_a_cache_go_from_every_part_and_nothing_else_does() -> None:
    hinted = Message("user", (TextPart("?", Cache("1h")), TextPart("!")))
    plain = Message("user", (TextPart("?"), TextPart("!")))
    told, lost = without_refused(msgspec.structs.replace(FULL, messages=(hinted, plain)), frozenset({"cache"}))
    assert (told.messages, lost) == ((plain, plain), ("cache",))
    assert without_refused(told, frozenset({"cache"})) == (told, ())


@pytest.mark.parametrize(("model", "answers"), [("deepseek-reasoner", "json"), ("gpt-4-turbo", "call")])
def test_a_host_that_takes_less_than_the_model_narrows_its_row(model: str, answers: str) -> None:
    row = at_host(family(model), answers="json", schema_with_tools=False, forced_calls=False)
    assert (row.answers, row.schema_with_tools, row.forced_calls) == (answers, False, False)
    whole = at_host(family(model), answers="schema", schema_with_tools=True, forced_calls=True)
    assert whole == family(model)


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
