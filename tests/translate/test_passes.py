"""Events on their way to the client: its names, its ids, its model; signatures sealed and remembered."""

import re

from fastproxy.formats.base import Spelling
from fastproxy.ir.events import BlockEnd, Event, Failed, Reasoning, Start, Stop, Text, ToolArgs, ToolStart, Usage
from fastproxy.ir.request import ReasoningPart
from fastproxy.secret import Secret
from fastproxy.translate.memory import Memory
from fastproxy.translate.passes import ForClient, Passes
from fastproxy.translate.seal import Mint, opened

MINT = Mint("gemini", "p", "a")
LETTERS = re.compile(r"[A-Za-z0-9_-]{1,64}")


def passes(memory: Memory | None = None, **others: object) -> Passes:
    return Passes(
        ForClient("asked", "ours", 7, MINT, Spelling(LETTERS, LETTERS), memory or Memory(), **others)  # type: ignore[arg-type]
    )


def test_the_client_is_told_the_model_it_asked_for_and_the_record_the_one_that_served() -> None:
    one = passes()
    assert one.feed([Start("id", "served", 5)]) == [Start("id", "asked", 5)]
    assert one.model == "served"


def test_an_answer_without_id_and_time_gets_ours() -> None:
    assert passes().feed([Start("", "", 0)]) == [Start("ours", "asked", 7)]


def test_text_is_not_even_copied() -> None:
    events: list[Event] = [Text(0, "a"), Text(0, "b")]
    assert passes().feed(events) is events


def test_a_thought_without_a_signature_is_remembered_for_the_call_that_follows() -> None:
    memory = Memory()
    one = passes(memory)
    one.feed([Reasoning(0, "I "), Reasoning(0, "think"), BlockEnd(0)])
    told = one.feed([ToolStart(1, "x", "f"), BlockEnd(1)])
    assert isinstance(told[0], ToolStart)
    (part,) = memory.recall(told[0].id)
    assert part.text == "I think"
    assert opened(part.signature or "") is not None


def test_a_thought_that_is_signed_again_and_again_is_kept_once_with_its_last_proof() -> None:
    memory = Memory()
    one = passes(memory)
    one.feed([Reasoning(0, "I "), Reasoning(0, "think")])
    for number in range(50):
        one.feed([Reasoning(0, "", f"proof {number}")])
    one.feed([BlockEnd(0), ToolStart(1, "x", "f")])
    (part,) = memory.recall("x")
    assert part.text == "I think"
    sealed = opened(part.signature or "")
    assert sealed is not None
    assert sealed.signature == "proof 49"


def test_tools_have_the_clients_names_again() -> None:
    (told,) = passes(names={"a_b": "a.b"}).feed([ToolStart(0, "c", "a_b")])
    assert told == ToolStart(0, "c", "a.b")


def test_ids_are_legal_for_the_client_and_those_without_one_get_their_own() -> None:
    one = passes()
    one.feed([Start("resp", "m", 1)])
    ids = [
        told.id
        for number, id_ in enumerate(["fine-1", "not:fine", "", "", "fine-1"])
        for told in one.feed([ToolStart(number, id_, "f")])
        if isinstance(told, ToolStart)
    ]
    assert ids[0] == "fine-1"
    assert all(LETTERS.fullmatch(id_) for id_ in ids)
    assert len(set(ids)) == 5


def test_made_ids_of_two_responses_differ() -> None:
    first, second = passes(), passes()
    first.feed([Start("resp1", "m", 1)])
    second.feed([Start("resp2", "m", 1)])
    assert first.feed([ToolStart(0, "", "f")]) != second.feed([ToolStart(0, "", "f")])


def test_a_free_text_tool_that_went_as_a_renamed_function_comes_back_as_what_it_was() -> None:
    one = passes(names={"a_b": "a.b"}, customs=frozenset({"a.b"}))
    told = one.feed([ToolStart(0, "c", "a_b"), ToolArgs(0, '{"input":"x"}'), BlockEnd(0)])
    assert told == [ToolStart(0, "c", "a.b", custom=True), ToolArgs(0, "x"), BlockEnd(0)]


def test_a_free_text_call_that_is_cut_tells_what_had_come_before_the_stop() -> None:
    one = passes(customs=frozenset({"f"}))
    one.feed([ToolStart(0, "c", "f"), ToolArgs(0, '{"in')])
    assert one.feed([Stop("length")]) == [ToolArgs(0, '{"in'), Stop("length")]


def test_signatures_are_sealed_and_remembered_with_their_thoughts_under_the_call_that_follows() -> None:
    memory = Memory()
    one = passes(memory)
    told = one.feed([Reasoning(0, "I "), Reasoning(0, "think", "sig"), BlockEnd(0), ToolStart(1, "c:1", "f")])
    assert isinstance(told[1], Reasoning)
    assert isinstance(told[3], ToolStart)
    seal = opened(told[1].signature or "")
    assert seal is not None
    assert (seal.signature, seal.bound, seal.is_of(MINT)) == ("sig", "thinking", True)
    assert memory.recall(told[3].id) == (ReasoningPart("I think", told[1].signature),)


def test_the_signature_of_a_call_names_the_call_by_the_clients_id() -> None:
    memory = Memory()
    told = passes(memory).feed([Reasoning(0, "", "sig", "call"), BlockEnd(0), ToolStart(1, "", "f"), BlockEnd(1)])
    assert isinstance(told[0], Reasoning)
    assert isinstance(told[2], ToolStart)
    seal = opened(told[0].signature or "")
    assert seal is not None
    assert (seal.call, seal.bound) == (told[2].id, "call")
    assert memory.recall(told[2].id) == (ReasoningPart("", told[0].signature, "call"),)


def test_the_second_of_two_calls_remembers_only_what_came_after_the_first() -> None:
    memory = Memory()
    passes(memory).feed(
        [
            *(Reasoning(0, "a", "1"), BlockEnd(0), ToolStart(1, "x", "f"), BlockEnd(1)),
            *(Reasoning(2, "b", "2"), BlockEnd(2), ToolStart(3, "y", "f"), BlockEnd(3), ToolStart(4, "z", "f")),
        ]
    )
    assert [[part.text for part in memory.recall(call)] for call in "xyz"] == [["a"], ["b"], []]


def test_usage_is_merged_for_the_record_and_told_as_it_came() -> None:
    one = passes()
    events: list[Event] = [Usage(input_tokens=3), Usage(output_tokens=2)]
    assert one.feed(events) == events
    assert one.usage() == Usage(input_tokens=3, output_tokens=2)


def test_how_it_ended_is_known() -> None:
    for end in (Stop("end"), Failed("timeout", "late")):
        one = passes()
        assert one.ended is None
        one.feed([end])
        assert one.ended == end


def test_a_thought_without_a_signature_says_whose_it_is_where_hosts_want_proof() -> None:
    one = passes(proven_thoughts=True)
    events: list[Event] = [Reasoning(0, "I "), Reasoning(0, "think"), BlockEnd(0), Text(1, "so"), BlockEnd(1)]
    *before, proof, end, text, text_end = one.feed(events)
    assert (before, end, text, text_end) == (events[:2], *events[2:])
    assert isinstance(proof, Reasoning)
    told = opened(proof.signature or "")
    assert told is not None
    assert (proof.block, proof.text, told.signature, told.is_of(MINT)) == (0, "", "", True)


def test_a_thought_with_a_signature_gets_no_second_one() -> None:
    one = passes(proven_thoughts=True)
    told = one.feed([Reasoning(0, "I think"), Reasoning(0, "", "sig"), BlockEnd(0)])
    assert [type(event) for event in told] == [Reasoning, Reasoning, BlockEnd]


def test_no_envelope_is_made_for_clients_whose_hosts_ask_no_proof() -> None:
    events: list[Event] = [Reasoning(0, "I think"), BlockEnd(0)]
    assert passes().feed(events) == events


def test_a_free_text_call_of_a_tool_that_the_client_has_not_declared_is_one_of_a_function() -> None:
    one = passes(free_text=frozenset({"shell"}))
    assert ToolArgs in one.plain
    told = one.feed([ToolStart(0, "c", "patch", custom=True), ToolArgs(0, 'a"b'), BlockEnd(0)])
    assert told == [
        ToolStart(0, "c", "patch"),
        ToolArgs(0, '{"input":"'),
        ToolArgs(0, 'a\\"b'),
        ToolArgs(0, '"}'),
        BlockEnd(0),
    ]
    assert ToolArgs not in one.plain
    assert one.feed([ToolStart(1, "d", "shell", custom=True)]) == [ToolStart(1, "d", "shell", custom=True)]


def test_a_wrapped_call_is_closed_by_a_stop_and_left_half_by_a_failure() -> None:
    for end, rest in ((Stop("length"), [ToolArgs(0, '"}')]), (Failed("timeout", "late"), [])):
        one = passes()
        one.feed([ToolStart(0, "c", "patch", custom=True), ToolArgs(0, "ha")])
        assert one.feed([end]) == [*rest, end]


def test_no_end_of_an_answer_quotes_our_credential() -> None:
    secret = Secret("sk-lab-key")
    (failed,) = passes(secret=secret).feed([Failed("upstream_garbage", "bad key sk-lab-key.", "quota")])
    assert failed == Failed("upstream_garbage", "bad key [redacted].", "quota")
    one = passes(secret=secret)
    assert one.feed([Stop("error", "sk-lab-key")]) == [Stop("error", "[redacted]")]
    assert one.ended == Stop("error", "[redacted]")
    assert passes(secret=secret).feed([Text(0, "sk-lab-key")]) == [Text(0, "sk-lab-key")]
