"""The steps of a request's translation, together: order, report, and what the answer needs."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from fastproxy.errors import Fault
from fastproxy.ir.request import (
    Message,
    ReasoningPart,
    Request,
    Sampling,
    TextPart,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
)
from fastproxy.translate.families import family
from fastproxy.translate.memory import Memory
from fastproxy.translate.names import SHORT_ID
from fastproxy.translate.request import Target, Translated, translate_request
from fastproxy.translate.seal import DROPPED, Mint, envelope
from fastproxy.translate.turns import MISSING, PREFILL
from support.plain_format import plain_format

MINT = Mint("gemini", "p", "a")
USER = Message("user", (TextPart("hello"),))


def translated(
    request: Request, memory: Memory | None = None, asked_of: Mapping[str, Any] = {}, **format_: object
) -> tuple[Request, Translated]:
    fields = {"model": "served", "mint": MINT, "family": family("an unknown model")} | asked_of
    target = Target(plain_format("gemini", **format_), **fields)  # type: ignore[arg-type]
    told = translate_request(request, target, memory or Memory())
    return msgspec.json.decode(told.body, type=_Sent), told  # type: ignore[return-value]


class _Sent(msgspec.Struct):
    """What the plain format has written, as far as these tests look."""

    model: str
    messages: list[dict[str, object]]
    tools: list[dict[str, object]]
    cache_key: str | None = None
    thinking: dict[str, object] = {}


def parts(sent: Request) -> list[dict[str, object]]:
    return [part for message in sent.messages for part in message["parts"]]  # type: ignore[index]


def test_the_upstream_is_asked_for_its_own_model() -> None:
    sent, _ = translated(Request("openai-chat", "asked", (USER,)))
    assert sent.model == "served"


def test_several_answers_are_refused_and_never_faked() -> None:
    with pytest.raises(Fault) as raised:
        translated(Request("openai-chat", "m", (USER,), sampling=Sampling(candidates=2)))
    assert (raised.value.status, raised.value.param) == (400, "n")


def test_everything_that_is_dropped_is_told_once_and_in_order() -> None:
    history = (
        USER,
        Message("assistant", (ReasoningPart("so", "raw"), ReasoningPart("", "raw"), ToolCallPart("c", "f", "{}"))),
    )
    _, told = translated(Request("openai-chat", "m", history, extras={"store": True, "logit": 1}))
    assert [name for name in told.dropped if name in {MISSING, DROPPED, "store", "logit"}] == [
        MISSING,
        DROPPED,
        "store",
        "logit",
    ]
    assert len(set(told.dropped)) == len(told.dropped)


def test_a_remembered_signature_is_restored_by_the_clients_id_even_when_the_id_is_respelled() -> None:
    memory = Memory()
    memory.remember("c:1", [ReasoningPart("", envelope(MINT, "sig", "call", "c:1"), "call")])
    history = (
        USER,
        Message("assistant", (ToolCallPart("c:1", "f", "{}"),)),
        Message("tool", (ToolResultPart("c:1", ()),)),
    )
    sent, told = translated(Request("openai-chat", "m", history), memory)
    _, proof, call, result = parts(sent)
    assert (proof["signature"], proof["bound"]) == ("sig", "call")
    assert call["id"] == result["id"] != "c:1"
    assert DROPPED not in told.dropped


def test_free_text_tools_are_wrapped_only_where_the_target_has_none_and_their_names_respelled() -> None:
    asked = Request("openai-responses", "m", (USER,), tools=(Tool("a.b", custom=True),))
    sent, told = translated(asked, custom_tools=False)
    (tool,) = sent.tools
    assert tool["custom"] is False
    assert told.free_text == {"a.b"}
    assert (told.customs, told.names) == ({"a.b"}, {tool["name"]: "a.b"})
    sent, told = translated(asked)
    assert sent.tools[0]["custom"] is True
    assert (told.customs, told.free_text) == (frozenset(), {"a.b"})


@pytest.mark.parametrize(
    ("format_", "extras"),
    [
        ("anthropic", {"thread": {"type": "continue", "previous_message_id": "msg_1"}}),
        ("openai-responses", {"previous_response_id": "resp_1"}),
    ],
)
def test_words_that_only_the_clients_vendor_has_are_refused(format_: str, extras: dict[str, object]) -> None:
    assert translated(Request(format_, "m", (USER,)))[0].messages
    with pytest.raises(Fault) as caught:
        translated(Request(format_, "m", (USER,), extras=extras))
    assert [caught.value.param] == list(extras)


def test_words_that_the_targets_own_vendor_has_are_not() -> None:
    assert translated(Request("gemini", "m", (USER,), extras={"cachedContent": "cachedContents/1"}))[0].messages


CUT = (USER, Message("assistant", (TextPart("Once upon"),)))


@pytest.mark.parametrize(
    ("format_", "model", "roles", "dropped"),
    [
        ("openai-chat", "claude-opus-5", ["user", "assistant", "user"], (PREFILL,)),
        ("openai-responses", "anthropic/claude-sonnet-4.6", ["user", "assistant", "user"], (PREFILL,)),
        ("openai-chat", "claude-opus-4-5", ["user", "assistant"], ()),
        ("openai-chat", "claude-opus-4-5 with tools", ["user", "assistant", "user"], (PREFILL,)),
        ("openai-chat", "gpt-5.5", ["user", "assistant"], ()),
        ("anthropic", "claude-opus-5", ["user", "assistant"], ()),
    ],
)
def test_a_cut_conversation_gets_a_turn_where_the_model_takes_no_prefill_unless_the_client_means_one(
    format_: str, model: str, roles: list[str], dropped: tuple[str, ...]
) -> None:
    model, _, beside = model.partition(" with ")
    request = Request(format_, "m", CUT, tools=(Tool("f"),) if beside else ())
    sent, told = translated(request, asked_of={"family": family(model)})
    assert [message["role"] for message in sent.messages] == roles
    assert told.dropped == dropped


@pytest.mark.parametrize(
    ("asked_of", "short"),
    [({}, False), ({"family": family("mistral-large-latest")}, True), ({"short_call_ids": True}, True)],
    ids=["neither", "model", "host"],
)
def test_ids_of_calls_are_short_where_the_model_or_the_host_wants_it(asked_of: dict[str, Any], *, short: bool) -> None:
    call = Message("assistant", (ToolCallPart("toolu_01A", "f", "{}"),))
    history = (USER, call, Message("tool", (ToolResultPart("toolu_01A", ()),)))
    sent, told = translated(Request("anthropic", "m", history), asked_of=asked_of)
    called, answered = (part["id"] for part in parts(sent)[1:])
    assert called == answered
    assert bool(SHORT_ID.fullmatch(str(called))) is short
    assert told.dropped == ()


@pytest.mark.parametrize(
    ("model", "fields", "unproven"),
    [
        ("claude-opus-5-5", {"tools": (Tool("f"),), "tool_choice": ToolChoice("required")}, True),
        ("claude-opus-5-5", {"tools": (Tool("f"),)}, False),
        ("claude-opus-5-5", {"messages": CUT}, True),
        ("claude-opus-5", {"messages": CUT}, False),  # binds nothing
    ],
)
def test_thoughts_behind_words_that_no_later_request_has_are_no_proof(
    model: str, fields: dict[str, Any], unproven: bool
) -> None:
    request = msgspec.structs.replace(Request("openai-chat", "m", (USER,)), **fields)
    assert translated(request, asked_of={"family": family(model)})[1].unproven is unproven


def test_remembered_thoughts_are_bound_as_well() -> None:
    memory = Memory()
    memory.remember("c", [ReasoningPart("so", envelope(MINT, "sig"))])
    call = Message("assistant", (ToolCallPart("c", "f", "{}"),))
    history = (USER, call, Message("tool", (ToolResultPart("c", ()),)))
    asked_of = {"family": family("claude-opus-5-5"), "drops_unfit_thoughts": True}
    sent, _ = translated(Request("openai-chat", "m", history), memory, asked_of)
    assert sent.thinking["unfit_dropped"] is True
    other = asked_of | {"mint": Mint("gemini", "p", "another")}
    assert translated(Request("openai-chat", "m", history), memory, other)[0].thinking["unfit_dropped"] is False


@pytest.mark.parametrize(
    ("model", "drops", "part", "told"),
    [
        ("claude-opus-5-5", True, ReasoningPart("so", envelope(MINT, "sig")), True),
        ("claude-opus-5-5", True, TextPart("so"), False),  # no thought comes back
        ("claude-opus-5-5", False, ReasoningPart("so", envelope(MINT, "sig")), False),  # the host may not know the word
        ("claude-opus-5", True, ReasoningPart("so", envelope(MINT, "sig")), False),
    ],
)
def test_a_host_that_binds_thoughts_is_asked_to_drop_those_that_no_longer_fit(
    model: str, drops: bool, part: ReasoningPart | TextPart, told: bool
) -> None:
    """A client of another format may edit its history, and would be refused for it from there on."""
    history = (USER, Message("assistant", (part, TextPart("yes"))), USER)
    asked_of = {"family": family(model), "drops_unfit_thoughts": drops}
    sent, _ = translated(Request("openai-chat", "m", history), asked_of=asked_of)
    assert sent.thinking["unfit_dropped"] is told


def test_a_host_whose_cache_goes_by_a_key_gets_one_of_the_conversation_and_nothing_is_reported() -> None:
    sent, told = translated(Request("anthropic", "m", (USER,)), asked_of={"session": "conversation-7"})
    assert sent.cache_key
    assert "conversation" not in sent.cache_key
    assert told.dropped == ()
    assert translated(Request("anthropic", "m", (USER,)))[0].cache_key is None
