"""The commit gate: trouble before the first word of a stream is another account's to mend, after it never."""

from collections.abc import Iterator
from itertools import pairwise
from time import monotonic

import h11
import orjson
import pytest

from support.account_clients import FORMATS, HEAD, ask_as, provider, served_by, variable
from support.exchange import Format
from support.logins import await_true
from support.process import PeakMemory
from support.relay import TOKEN, Relay
from support.vendor import Vendor
from support.wire import request

SEATS = 24
EVENTS = {"content-type": "text/event-stream"}
PING = ": nothing yet\n\n"


def sse(value: object, name: str = "") -> str:
    return (f"event: {name}\n" if name else "") + f"data: {orjson.dumps(value).decode()}\n\n"


def typed(value: dict) -> str:
    return sse(value, value["type"])


ANTHROPIC = {
    "begun": typed(
        {
            "type": "message_start",
            "message": {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": "m",
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {"input_tokens": 1, "output_tokens": 0},
            },
        }
    ),
    "word": typed({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
    + typed({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "half"}}),
    "failed": typed({"type": "error", "error": {"type": "overloaded_error", "message": "the vendor's words"}}),
}
RESPONSE = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "output": [], "tools": []}
RESPONSES = {
    "begun": typed(
        {"type": "response.created", "sequence_number": 0, "response": {**RESPONSE, "status": "in_progress"}}
    ),
    "word": typed(
        {
            "type": "response.output_item.added",
            "sequence_number": 1,
            "output_index": 0,
            "item": {"type": "message", "id": "m1", "role": "assistant", "status": "in_progress", "content": []},
        }
    )
    + typed(
        {
            "type": "response.output_text.delta",
            "sequence_number": 2,
            "output_index": 0,
            "content_index": 0,
            "item_id": "m1",
            "delta": "half",
            "logprobs": [],
        }
    ),
    "failed": typed(
        {
            "type": "response.failed",
            "sequence_number": 3,
            "response": {
                **RESPONSE,
                "status": "failed",
                "error": {"code": "rate_limit_exceeded", "message": "the vendor's words"},
            },
        }
    ),
}


def _chunk(delta: dict) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return sse({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})


CHAT = {
    "begun": _chunk({"role": "assistant", "content": ""}),
    "word": _chunk({"content": "half"}),
    "failed": sse({"error": {"message": "the vendor's words", "type": "server_error", "code": "server_error"}}),
}
GEMINI = {
    "begun": PING,
    "word": sse({"candidates": [{"content": {"role": "model", "parts": [{"text": "half"}]}}], "modelVersion": "m"}),
    "failed": sse({"error": {"code": 503, "status": "UNAVAILABLE", "message": "the vendor's words"}}),
}
TOLD: dict[Format, dict[str, str]] = {
    "anthropic": ANTHROPIC,
    "openai-chat": CHAT,
    "openai-responses": RESPONSES,
    "gemini": GEMINI,
}
ENDS = (b"message_stop", b"[DONE]", b"response.completed", b'"finishReason"')


def stream(*pieces: str, wait: float = 0.0, cut: bool = False) -> dict:
    """A stream in these pieces, each after a wait."""
    return {"status": 200, "headers": EVENTS, "pieces": [[wait, piece] for piece in pieces], "cut": cut}


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        yield running


@pytest.fixture(scope="module")
def gate(vendor: Vendor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    """One provider for each format, and silences that last for a second at most."""
    text, environ = f"{HEAD}[limits]\nping_seconds = 1.0\n", {}
    for format_ in FORMATS:
        labels = [f"acc-{format_}-{seat}" for seat in range(SEATS)]
        text += provider(format_, vendor.origin, labels, formats=[format_])
        for label in labels:
            vendor.key(label, f"key-{label}")
            environ[variable(label)] = f"key-{label}"
    with Relay(tmp_path_factory.mktemp("gate"), text, environ) as running:
        yield running
        assert running.complaints() == []


@pytest.fixture
def home(gate: Relay, vendor: Vendor, request: pytest.FixtureRequest):
    """Orders what the account of this test's session answers next; its session is the test's name."""

    def order(format_: Format, *answers: dict) -> str:
        name = served_by(ask_as(gate, format_, request.node.name, model=f"{format_}-m"), format_)
        vendor.answers(name, *answers)
        vendor.forget()
        return request.node.name

    return order


@pytest.mark.parametrize("spoken", FORMATS)
@pytest.mark.parametrize("asking", FORMATS)
def test_an_error_before_the_first_word_is_invisible(gate: Relay, vendor: Vendor, home, asking: Format, spoken: Format):
    told = TOLD[spoken]
    session = home(spoken, stream(told["begun"], told["failed"]))
    answer = ask_as(gate, asking, session, model=f"{spoken}-m", stream=True)
    served_by(answer, asking, stream=True)
    assert b"vendor's words" not in answer.body
    assert len(vendor.seen()) == 2


@pytest.mark.parametrize("spoken", FORMATS)
def test_a_stream_that_is_cut_before_the_first_word_is_invisible(gate: Relay, vendor: Vendor, home, spoken: Format):
    session = home(spoken, stream(TOLD[spoken]["begun"], wait=0.05, cut=True))
    served_by(ask_as(gate, spoken, session, model=f"{spoken}-m", stream=True), spoken, stream=True)
    assert len(vendor.seen()) == 2


@pytest.mark.parametrize("spoken", FORMATS)
@pytest.mark.parametrize("asking", FORMATS)
@pytest.mark.parametrize("cut", [False, True], ids=["told", "cut"])
def test_an_error_after_the_first_word_is_never_mended(
    gate: Relay, vendor: Vendor, home, asking: Format, spoken: Format, *, cut: bool
):
    told = TOLD[spoken]
    session = home(spoken, stream(told["begun"] + told["word"], "" if cut else told["failed"], wait=0.05, cut=cut))
    answer = ask_as(gate, asking, session, model=f"{spoken}-m", stream=True)
    assert answer.status == 200
    assert b"half" in answer.body
    assert not any(end in answer.body for end in ENDS), answer.body
    assert cut or b"vendor's words" in answer.body
    assert len(vendor.seen()) == 1


def test_a_prelude_that_is_longer_than_4_mib_is_served_as_it_is(gate: Relay, vendor: Vendor, home):
    told = TOLD["anthropic"]
    piece = PING * (64 * 1024 // len(PING))
    short, long = [piece] * 60, [piece] * 80
    with PeakMemory(gate.pid) as memory:
        session = home("anthropic", stream(told["begun"], *short, told["failed"]))
        answer = ask_as(gate, "anthropic", session, model="anthropic-m", stream=True)
        served_by(answer, stream=True)
        assert len(answer.body) < 4096
        session = home("anthropic", stream(told["begun"], *long, told["failed"]))
        answer = ask_as(gate, "anthropic", session, model="anthropic-m", stream=True)
    assert answer.status == 200
    assert answer.body == (told["begun"] + piece * 80 + told["failed"]).encode()
    assert len(vendor.seen()) == 1
    assert memory.growth_bytes < 48 << 20


@pytest.mark.parametrize(
    ("begun", "asking"), [(ANTHROPIC["begun"], "openai-chat"), ("", "anthropic")], ids=["begun", "head-only"]
)
def test_a_slow_prelude_lets_the_client_hear_that_we_are_there(
    gate: Relay, vendor: Vendor, home, begun: str, asking: Format
):
    """Nothing comes for four seconds; the client is never left in silence for much longer than ping_seconds."""
    pieces = [[0.0, begun], [4.0, ANTHROPIC["word"] + typed({"type": "message_stop"})]]
    session = home("anthropic", {"headers": EVENTS, "pieces": pieces})
    times = [monotonic()]
    body = orjson.dumps(
        {"model": "anthropic-m", "max_tokens": 1, "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    )
    target = "/v1/messages" if asking == "anthropic" else "/v1/chat/completions"
    with gate.wire() as wire:
        wire.send(request(target, body, [("authorization", f"Bearer {TOKEN}"), ("x-session-id", session)]))
        heard = bytearray()
        for event in wire.events():
            times.append(monotonic())
            heard += event.data if isinstance(event, h11.Data) else b""
    assert b"half" in heard
    assert times[-1] - times[0] > 3.9
    silences = [after - before for before, after in pairwise(times)]
    assert max(silences) < 3.3, silences  # a second, and two sweeps
    assert len(vendor.seen()) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"headers": EVENTS, "pieces": [[0, ANTHROPIC["begun"]], [20, "x"]]},
        {"headers": EVENTS, "pieces": [[0, ""], [20, "x"]]},
        {"status": 429, "headers": {"content-type": "application/json"}, "pieces": [[0, '{"error":'], [20, "x"]]},
    ],
    ids=["begun", "head-only", "refusal"],
)
def test_a_client_that_leaves_during_the_prelude_takes_the_upstream_along(
    gate: Relay, vendor: Vendor, home, answer: dict
):
    session = home("anthropic", answer)
    body = orjson.dumps(
        {"model": "anthropic-m", "max_tokens": 1, "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    )
    wire = gate.wire()
    wire.send(request("/v1/messages", body, [("authorization", f"Bearer {TOKEN}"), ("x-session-id", session)]))
    await_true(vendor.seen)
    wire.is_silent_for(0.1)
    assert vendor.gone() == []
    wire.close()
    await_true(vendor.gone, 2.0)
    assert len(vendor.seen()) == 1
