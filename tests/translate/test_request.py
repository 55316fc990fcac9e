"""The steps of a request's translation, together: order, report, and what the answer needs."""

import msgspec
import pytest

from fastproxy.errors import Fault
from fastproxy.ir.request import Message, ReasoningPart, Request, Sampling, TextPart, Tool, ToolCallPart, ToolResultPart
from fastproxy.translate.families import family
from fastproxy.translate.memory import Memory
from fastproxy.translate.request import Target, Translated, translate_request
from fastproxy.translate.seal import DROPPED, Mint, envelope
from fastproxy.translate.turns import MISSING
from support.plain_format import plain_format

MINT = Mint("gemini", "p", "a")
USER = Message("user", (TextPart("hello"),))


def translated(request: Request, memory: Memory | None = None, **format_: object) -> tuple[Request, Translated]:
    target = Target(plain_format("gemini", **format_), "served", MINT, family("an unknown model"))  # type: ignore[arg-type]
    told = translate_request(request, target, memory or Memory())
    return msgspec.json.decode(told.body, type=_Sent), told  # type: ignore[return-value]


class _Sent(msgspec.Struct):
    """What the plain format has written, as far as these tests look."""

    model: str
    messages: list[dict[str, object]]
    tools: list[dict[str, object]]


def parts(sent: Request) -> list[dict[str, object]]:
    return [part for message in sent.messages for part in message["parts"]]  # type: ignore[index]


def test_the_upstream_is_asked_for_its_own_model() -> None:
    sent, _ = translated(Request("openai-chat", "asked", (USER,)))
    assert sent.model == "served"


@pytest.mark.parametrize(("format_", "param"), [("openai-chat", "n"), ("gemini", "candidateCount")])
def test_several_answers_are_refused_and_never_faked(format_: str, param: str) -> None:
    with pytest.raises(Fault) as raised:
        translated(Request(format_, "m", (USER,), sampling=Sampling(candidates=2)))
    assert (raised.value.status, raised.value.param) == (400, param)


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
    assert (told.customs, told.names) == ({"a.b"}, {tool["name"]: "a.b"})
    sent, told = translated(asked)
    assert sent.tools[0]["custom"] is True
    assert told.customs == frozenset()


def test_a_turn_of_a_conversation_that_anthropic_keeps_is_refused_and_one_that_begins_it_is_not() -> None:
    asked = Request("anthropic", "m", (USER,), extras={"thread": {"type": "create"}})
    assert translated(asked)[0].messages
    with pytest.raises(Fault) as caught:
        translated(msgspec.structs.replace(asked, extras={"thread": {"type": "continue", "previous_message_id": "m"}}))
    assert (caught.value.kind, caught.value.param) == ("not_found", "thread")


def test_words_that_only_another_vendor_has_are_refused() -> None:
    asked = Request("openai-responses", "m", (USER,), extras={"prompt": None})
    assert translated(asked)[0].messages
    with pytest.raises(Fault) as caught:
        translated(msgspec.structs.replace(asked, extras={"prompt": {"id": "pmpt_1"}}))
    assert caught.value.param == "prompt"


def test_words_that_the_targets_own_vendor_has_are_not() -> None:
    assert translated(Request("gemini", "m", (USER,), extras={"cachedContent": "cachedContents/1"}))[0].messages
