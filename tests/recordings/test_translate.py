"""Every recorded exchange through the hub: what was asked and what was told survives into each other format.

A recording is read twice, by our codecs and by plain readers of the tests' own (`support.told_*`, `support.asked`); a
translated answer is read by the official SDK of its format, strict, streamed and whole.
"""

from typing import Any, cast

import msgspec
import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats import BY_NAME
from fastproxy.ir.request import Request
from fastproxy.translate.families import family
from fastproxy.translate.memory import Memory
from fastproxy.translate.request import Target, Translated, translate_request
from fastproxy.translate.seal import Mint
from support import asked, cells, host_habits, recordings
from support.exchange import FORMATS, Exchange, Format
from support.told import Call, Told, of_response, reader_of, value

# Of each vendor one model that takes nearly everything, and one of the newest, which take much less.
WILLING: dict[Format, str] = {
    "openai-chat": "gpt-4.1",
    "openai-responses": "gpt-4.1",
    "anthropic": "claude-sonnet-4-5",
    "gemini": "gemini-2.5-flash",
}
NEWEST: dict[Format, str] = {
    "openai-chat": "gpt-5.5",
    "openai-responses": "gpt-5.6",
    "anthropic": "claude-opus-5-5",
    "gemini": "gemini-3-pro",
}
# Words that a format has no stop reason for; it says the next best.
PLAINER: dict[Format, dict[str, str]] = {
    "openai-chat": {"stop_sequence": "end", "pause": "end"},
    "openai-responses": {"stop_sequence": "end", "pause": "end"},
    "anthropic": {},
    "gemini": {"stop_sequence": "end", "pause": "end"},
}
SHORT_BYTES = 6000  # a stream that is longer is not split at every byte
CUTS = 25  # of each stream
OPENAI = ("openai-chat", "openai-responses")
GENERATING = ("/chat/completions", "/responses", "/messages", ":generateContent", ":streamGenerateContent")


def exchanges(*, good: bool, other: str = "") -> list[Any]:
    """The recordings that generate (or whose target has `other`), as parameters."""
    every = recordings.parameters()
    return [one for one in every if not isinstance(one, str) or _wanted(recordings.load(one), good=good, other=other)]


def _wanted(exchange: Exchange, *, good: bool, other: str) -> bool:
    path = exchange.target.partition("?")[0]
    return (other in path if other else path.endswith(GENERATING)) and (exchange.status < 400) == good


def crossings(names: list[Any]) -> Any:
    """Each of these into every other format; the one skipped parameter where there are no recordings."""
    pairs = [
        pytest.param(name, target, id=f"{name}-{target}")
        for name in names
        for target in FORMATS
        if isinstance(name, str) and target != recordings.load(name).format
    ]
    absent = [pytest.param("", "", marks=one.marks, id=one.id) for one in names if not isinstance(one, str)]
    return pytest.mark.parametrize(("name", "target"), [*pairs, *absent])


def has_request(exchange: Exchange) -> bool:
    """Whether the request was recorded, and was one that its own vendor understood."""
    return b'"recorded-model"' not in exchange.body and "invalid-role" not in exchange.name


ANSWERS = exchanges(good=True)


def read(exchange: Exchange) -> Told:
    return reader_of(exchange.format)(exchange.answer)


@pytest.mark.parametrize("name", ANSWERS)
def test_decoding_loses_nothing(name: str) -> None:
    exchange = recordings.load(name)
    plain, ours = read(exchange), of_response(cells.response_of(exchange))
    assert ours.text == plain.text
    assert ours.refusal == plain.refusal
    assert ours.thoughts == plain.thoughts
    assert [call.name for call in ours.calls] == [call.name for call in plain.calls]
    assert_same_arguments(exchange, plain, ours)
    assert ours.spent == plain.spent
    assert ours.stop == plain.stop or not plain.stop  # an answer that was recorded under way


def assert_same_arguments(exchange: Exchange, plain: Told, ours: Told) -> None:
    in_pieces = b"partialArgs" in exchange.answer  # by path, so that there is no text to compare
    for there, here in zip(plain.calls, ours.calls, strict=True):
        assert here.id == there.id or not there.id
        assert value(here.arguments) == value(there.arguments)
        assert in_pieces or here.arguments == there.arguments


@crossings(ANSWERS)
def test_a_translated_answer_tells_the_same(name: str, target: Format) -> None:
    """The client's own reading of what reached it, streamed and whole, beside a plain reading of what was sent."""
    exchange = recordings.load(name)
    told = read(exchange)
    for stream in (True, False):
        came = cells.crossed(exchange, target, stream=stream)
        if told.stop in ("error", ""):
            assert came.fault is not None or cells.ending(target, came.body) == "error"
            continue
        assert came.fault is None, came.fault
        assert came.ending == "ok"
        assert_tells(target, reader_of(target)(came.body), told)


def assert_tells(target: Format, there: Told, told: Told) -> None:
    assert there.visible == told.visible
    assert there.thoughts == told.thoughts
    assert [(call.name, value(call.arguments)) for call in there.calls] == [
        (call.name, value(call.arguments)) for call in told.calls
    ]
    assert [call.arguments.strip() for call in there.calls] == [call.arguments.strip() or "{}" for call in told.calls]
    assert len({call.id for call in there.calls}) == len(there.calls)
    assert there.stop == PLAINER[target].get(told.stop, told.stop)
    assert there.spent.total == told.spent.total
    assert (there.spent.cached, there.spent.output, there.spent.reasoning) == (
        told.spent.cached, told.spent.output, told.spent.reasoning,
    )  # fmt: skip


@crossings(ANSWERS)
def test_the_official_sdk_takes_the_stream_and_gathers_what_the_whole_answer_says(name: str, target: Format) -> None:
    exchange = recordings.load(name)
    streamed = cells.crossed(exchange, target, stream=True)
    whole = cells.crossed(exchange, target, stream=False)
    if whole.fault is not None:
        assert streamed.fault is not None or cells.ending(target, streamed.body) == "error"
        return
    assert cells.ending(target, streamed.body) == "finished"
    assert cells.accumulated(target, streamed.body) == cells.whole(target, whole.body)


STREAMS = [one for one in ANSWERS if not isinstance(one, str) or recordings.load(one).streamed]


@crossings(STREAMS)
def test_a_recorded_stream_split_anywhere_becomes_the_same_bytes(name: str, target: Format) -> None:
    exchange = recordings.load(name)
    whole = cells.crossed(exchange, target, stream=True)
    if whole.fault is not None:
        pytest.skip("it fails before the client has a byte, so where it is split decides how that is told")
    for step in (1, 97) if len(exchange.answer) < SHORT_BYTES else (97, 1400):
        assert cells.crossed(exchange, target, stream=True, at=range(step, len(exchange.answer), step)) == whole


@crossings(STREAMS)
def test_a_recorded_stream_cut_short_never_looks_finished(name: str, target: Format) -> None:
    exchange = recordings.load(name)
    end = finishing_offset(exchange)
    for at in range(1, end, 1 + end // CUTS):
        cut = msgspec.structs.replace(exchange, answer=exchange.answer[:at])
        came = cells.crossed(cut, target, stream=True)
        assert came.fault is not None or cells.ending(target, came.body) == "error", at
        assert came.ending != "ok"


def finishing_offset(exchange: Exchange) -> int:
    """Where the JSON of the event begins to say that the stream is finished; its end where it never does."""
    mark = BY_NAME[exchange.format].tap.finished.search(exchange.answer)
    return mark.start() if mark is not None else len(exchange.answer)


@pytest.mark.parametrize("habit", [*host_habits.IN_JSON, *host_habits.IN_FRAMING], ids=lambda habit: habit.__name__)
@pytest.mark.parametrize("name", STREAMS)
def test_a_recorded_stream_tells_the_same_with_the_habits_of_another_host(name: str, habit: host_habits.Habit) -> None:
    exchange = recordings.load(name)
    changed = msgspec.structs.replace(exchange, answer=habit(exchange.format, exchange.answer))
    there, here = (of_response(cells.response_of(one)) for one in (exchange, changed))
    assert without_ids(here) == without_ids(there)


def without_ids(told: Told) -> Told:
    """A call without an id of its own gets one that is made from the answer's."""
    calls = tuple(Call("", call.name, call.arguments) for call in told.calls)
    return msgspec.structs.replace(told, calls=calls)


def request_of(exchange: Exchange) -> Request:
    model = exchange.target.partition("/models/")[2].partition(":")[0]
    verb = exchange.target.partition("?")[0].rpartition(":")[2]
    return BY_NAME[exchange.format].decode_request(exchange.body, {"model": model, "verb": verb})


ASKED = [
    one
    for one in exchanges(good=True) + exchanges(good=False)
    if not isinstance(one, str) or has_request(recordings.load(one))
]


@pytest.mark.parametrize("name", ASKED)
def test_decoding_a_request_loses_no_text(name: str) -> None:
    exchange = recordings.load(name)
    there = asked.heard(request_of(exchange))
    assert [text for text in asked.spoken(exchange.format, orjson.loads(exchange.body)) if text not in there] == []


def translated(request: Request, target: Format, model: str) -> Translated | Fault:
    mint = Mint(target, "lab", "account-1")
    try:
        return translate_request(request, Target(BY_NAME[target], model, mint, family(model)), Memory())
    except Fault as fault:
        return fault


@crossings(ASKED)
def test_a_request_asks_the_same_in_every_other_format(name: str, target: Format) -> None:
    exchange = recordings.load(name)
    request = request_of(exchange)
    sent = translated(request, target, WILLING[target])
    if isinstance(sent, Fault):
        assert sent.kind == "bad_request"
        assert asked.refusable(request), sent
        return
    arrived = BY_NAME[target].decode_request(sent.body, {"model": WILLING[target], "verb": "generateContent"})
    gone = asked.lost(request, arrived, sent)
    family_extras = set(request.extras) if {target, exchange.format} == set(OPENAI) else set()
    assert [loss for loss in gone if loss.removeprefix("extra ") not in family_extras] == []
    assert arrived.format == target


@crossings(ASKED)
def test_the_newest_models_get_nothing_that_they_refuse_and_lose_no_word(name: str, target: Format) -> None:
    exchange = recordings.load(name)
    request = request_of(exchange)
    sent = translated(request, target, NEWEST[target])
    if isinstance(sent, Fault):
        assert asked.refusable(request), sent
        return
    body = orjson.loads(sent.body)
    assert_accepted(target, body, dict(sent.headers))
    arrived = BY_NAME[target].decode_request(sent.body, {"model": NEWEST[target], "verb": "generateContent"})
    gone = asked.lost(request, arrived, sent)
    assert [loss for loss in gone if " text " in loss or loss.startswith(("result", "calls", "tool "))] == []


def assert_accepted(target: Format, body: dict[str, Any], headers: dict[bytes, bytes]) -> None:
    """The refusals that are documented for the newest models."""
    if target == "anthropic":
        assert "max_tokens" in body
        assert not {"temperature", "top_p", "top_k"} & set(body)
        assert body.get("thinking", {}).get("type") in (None, "adaptive")
        assert body["messages"][-1]["role"] != "assistant", "prefill is refused"
    elif target == "gemini":
        thinking = body.get("generationConfig", {}).get("thinkingConfig", {})
        assert not {"thinkingLevel", "thinkingBudget"} <= set(thinking)
    else:
        assert body.get("reasoning_effort") != "minimal"
        assert not ({"temperature", "top_p"} & set(body) and body.get("reasoning_effort", "none") != "none")


@crossings(exchanges(good=False))
def test_a_refusal_keeps_its_status_and_says_what_the_vendor_said(name: str, target: Format) -> None:
    exchange = recordings.load(name)
    fault = BY_NAME[exchange.format].decode_fault(exchange.status, exchange.answer)
    assert fault.status == exchange.status
    error = orjson.loads(exchange.answer)
    error = error[0] if isinstance(error, list) else error
    assert error["error"]["message"] in fault.message
    again = BY_NAME[target].decode_fault(fault.status, BY_NAME[target].encode_fault(fault, "req-1"))
    assert (again.status, again.reason) == (fault.status, fault.reason)
    assert fault.message in again.message


COUNTED = {
    "anthropic": lambda body: body["input_tokens"],
    "openai-responses": lambda body: body["input_tokens"],
    "gemini": lambda body: body["totalTokens"],
}


@pytest.mark.parametrize("name", exchanges(good=True, other="ount") + exchanges(good=True, other="input_tokens"))
def test_a_recorded_count_is_read(name: str) -> None:
    exchange = recordings.load(name)
    counting = BY_NAME[exchange.format].counting
    assert counting is not None
    tokens = COUNTED[exchange.format](orjson.loads(exchange.answer))
    assert counting.read(exchange.answer) == tokens
    model = exchange.target.partition("/models/")[2].partition(":")[0]
    request = counting.decode(exchange.body, {"model": model, "verb": "countTokens"})
    assert orjson.loads(counting.encode(request).body)
    assert cast("int", counting.read(counting.write(tokens))) == tokens
