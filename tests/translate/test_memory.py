"""Reasoning found again by the id of the call that it stood before; bounded, and least lately used goes first."""

from hypothesis import given
from hypothesis import strategies as st

from fastproxy.ir.request import Message, Part, ReasoningPart, TextPart, ToolCallPart
from fastproxy.translate.memory import ENTRY_BYTES, Memories, Memory, recalled
from fastproxy.translate.seal import Mint, envelope

MINT = Mint("anthropic", "p", "a")
CALL, SECOND = ToolCallPart("c1", "f", "{}"), ToolCallPart("c2", "f", "{}")
TEXT = TextPart("x")


def sealed(text: str = "so", bound: str = "thinking", mint: Mint = MINT) -> ReasoningPart:
    return ReasoningPart(text, envelope(mint, "sig", bound))  # type: ignore[arg-type]


def turn(*parts: Part, known: dict[str, list[ReasoningPart]]) -> tuple[Part, ...]:
    memory = Memory()
    for call, before in known.items():
        memory.remember(call, before)
    (message,) = recalled((Message("assistant", parts),), memory, MINT)
    return message.parts


def test_what_stood_before_a_call_comes_back_to_the_front_of_its_turn() -> None:
    assert turn(TEXT, CALL, known={"c1": [sealed()]}) == (sealed(), TEXT, CALL)


def test_thoughts_between_calls_come_back_between_them() -> None:
    told = turn(TEXT, CALL, SECOND, known={"c1": [sealed("a")], "c2": [sealed("b")]})
    assert told == (sealed("a"), TEXT, CALL, sealed("b"), SECOND)


def test_a_calls_own_signature_comes_back_right_before_it() -> None:
    known = {"c1": [sealed("so"), sealed("", "call")]}
    assert turn(TEXT, CALL, known=known) == (sealed("so"), TEXT, sealed("", "call"), CALL)


def test_the_clients_own_copy_of_the_thoughts_gives_way() -> None:
    assert turn(ReasoningPart("so"), CALL, known={"c1": [sealed("so")]}) == (sealed("so"), CALL)


def test_the_clients_own_copy_stays_where_only_proof_without_words_was_remembered() -> None:
    told = turn(ReasoningPart("so"), CALL, known={"c1": [sealed("", "call")]})
    assert told == (ReasoningPart("so"), sealed("", "call"), CALL)


def test_a_turn_that_still_has_a_signature_stays_as_the_client_sent_it() -> None:
    parts = (ReasoningPart("other", "sig"), CALL)
    assert turn(*parts, known={"c1": [sealed()]}) == parts


def test_what_another_account_minted_does_not_come_back() -> None:
    assert turn(CALL, known={"c1": [sealed(mint=Mint("anthropic", "p", "b"))]}) == (CALL,)


def test_an_unknown_call_and_a_turn_without_calls_stay_the_same_objects() -> None:
    messages = (Message("assistant", (CALL,)), Message("assistant", (TEXT,)), Message("user", (TEXT,)))
    assert all(new is old for new, old in zip(recalled(messages, Memory(), MINT), messages, strict=True))


def test_the_least_lately_used_goes_first() -> None:
    memory = Memory(calls=2)
    memory.remember("a", [sealed("a")])
    memory.remember("b", [sealed("b")])
    assert memory.recall("a") == (sealed("a"),)
    memory.remember("c", [sealed("c")])
    assert [memory.recall(call) for call in "abc"] == [(sealed("a"),), (), (sealed("c"),)]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 900)), max_size=30))
def test_it_never_holds_more_than_it_may_and_counts_what_it_holds(told: list[tuple[str, int]]) -> None:
    memory = Memory(calls=3, bytes_=4000)
    for call, length in told:
        memory.remember(call, [ReasoningPart("x" * length, "sig")])
        held = [memory.recall(known) for known in "abcdef" if memory.recall(known)]
        assert len(held) <= 3
        assert sum(2 * len(part.text) for (part,) in held) <= memory.held_bytes <= 4000
    for call in "abcdef":
        memory.remember(call, [])
    assert memory.held_bytes == 0


def test_a_thought_that_is_too_long_is_forgotten_and_pushes_nothing_out() -> None:
    memory = Memory()
    memory.remember("a", [sealed()])
    memory.remember("b", [ReasoningPart("x" * ENTRY_BYTES, "sig")])
    assert (memory.recall("a"), memory.recall("b")) == ((sealed(),), ())


def test_nothing_is_kept_without_an_id() -> None:
    memory = Memory()
    memory.remember("", [sealed()])
    assert memory.held_bytes == 0


def test_a_client_knows_nothing_of_what_another_was_told() -> None:
    memories = Memories()
    memories.of(b"one").remember("c1", [sealed()])
    assert memories.of(b"two").recall("c1") == ()
    assert memories.of(b"one").recall("c1") == (sealed(),)


def test_clients_are_forgotten_by_when_they_last_asked() -> None:
    memories = Memories(clients=2)
    for client in (b"one", b"two"):
        memories.of(client).remember("c1", [sealed()])
    memories.of(b"one")
    memories.of(b"three")
    assert [memories.of(client).recall("c1") for client in (b"one", b"two")] == [(sealed(),), ()]


def test_all_clients_together_hold_no_more_than_they_may() -> None:
    memories = Memories(bytes_=10_000)
    for client in range(100):
        memories.of(b"%d" % client).remember("c1", [sealed("x" * 1000)])
    memories.of(b"last")
    assert 0 < memories.held_bytes <= 10_000


def test_what_is_held_is_what_all_clients_hold_that_are_not_forgotten() -> None:
    memories = Memories(clients=2)
    gone, second = memories.of(b"one"), memories.of(b"two")
    gone.remember("c1", [sealed("x" * 100)])
    second.remember("c1", [sealed("x" * 200)])
    second.remember("c1", [sealed("x")])
    third = memories.of(b"three")
    gone.remember("c2", [sealed()])
    third.remember("c1", [sealed()])
    assert memories.held_bytes == second.held_bytes + third.held_bytes
    assert memories.of(b"one").recall("c2") == ()
