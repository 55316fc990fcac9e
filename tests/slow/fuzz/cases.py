"""Cases for the wire: what a client sends and what the upstream says, made from a seed and a number alone.

The client token in them is PLACEHOLDER, so that a case is the same in every run and can be written out.
"""

from collections.abc import Callable
from random import Random

import msgspec

from slow.fuzz import mutate
from slow.host import Ending
from support import fixtures
from support.callers import CALLERS, Caller
from support.script import JSON, SSE, chunk, head
from support.wire import request

PLACEHOLDER = b"fp-test-" + b"0" * 32
SECOND = b'"well-formed and second"'
_STREAMS = [exchange for exchange in map(fixtures.load, fixtures.names()) if exchange.streamed]


class Case(msgspec.Struct, frozen=True):
    """sent: the client's writes. said, ending: the upstream's answer to whatever arrives, and the connection's end.

    streamed: the client asked for a stream. answered: the client's request is good, so an answer must come.
    """

    kind: str
    sent: list[bytes]
    said: list[bytes]
    ending: Ending = "keep"
    answered: bool = False


def build(seed: int, number: int) -> Case:
    """Case `number` of the run with this seed."""
    chance = Random(f"{seed}:{number}")
    kind = chance.choice(_KINDS)
    return _BUILDERS[kind](kind, chance)


def _asking(chance: Random) -> tuple[Caller, str, bytes]:
    caller = chance.choice(CALLERS)
    if chance.random() < 0.5:
        return caller, caller.whole_target, caller.whole_body
    return caller, caller.stream_target, caller.stream_body


def _request(target: str, body: bytes, *, chunked: bool = False) -> tuple[bytes, bytes]:
    """Head and body of a good request."""
    headers = [("authorization", f"Bearer {PLACEHOLDER.decode()}"), ("content-type", "application/json")]
    whole = request(target, body, headers)
    asked = whole[: len(whole) - len(body)]
    if not chunked:
        return asked, body
    third = max(1, len(body) // 3)
    parts = [body[at : at + third] for at in range(0, len(body), third)]
    framed = b"".join(map(chunk, parts)) + b"0\r\n\r\n"
    return asked.replace(b"content-length: %d\r\n" % len(body), b"transfer-encoding: chunked\r\n"), framed


def _second() -> bytes:
    """A good request that must be forwarded only where the one before it was good too."""
    body = CALLERS[0].whole_body.rstrip()[:-1] + b',"user":' + SECOND + b"}"
    return b"".join(_request(CALLERS[0].whole_target, body))


def _good_answer(caller: Caller) -> list[bytes]:
    return [head(200, [JSON, ("content-length", str(len(caller.answer)))]) + caller.answer]


def _head(kind: str, chance: Random) -> Case:
    caller, target, body = _asking(chance)
    asked, framed = _request(target, body, chunked=chance.random() < 0.3)
    sent = mutate.damaged(asked, chance, mutate.HEAD) + framed + _second()
    return Case(kind, mutate.pieces(sent, chance), _good_answer(caller))


def _framing(kind: str, chance: Random) -> Case:
    caller, target, body = _asking(chance)
    asked, framed = _request(target, body, chunked=True)
    sent = asked + mutate.damaged(framed, chance, mutate.CHUNKS) + _second()
    return Case(kind, mutate.pieces(sent, chance), _good_answer(caller))


def _noise(kind: str, chance: Random) -> Case:
    data = chance.randbytes(chance.randint(1, 2000)) + chance.choice((b"", b"\r\n\r\n", b"\n\n"))
    return Case(kind, mutate.pieces(data, chance), _good_answer(CALLERS[0]))


def _json(kind: str, chance: Random) -> Case:
    caller, target, body = _asking(chance)
    body = mutate.damaged(body, chance, mutate.JSON)
    sent = b"".join(_request(target, body))
    return Case(kind, mutate.pieces(sent, chance), _good_answer(caller), answered=True)


def _answering(kind: str, chance: Random, target: str, body: bytes, said: bytes) -> Case:
    ending: Ending = chance.choice(("close", "close", "close", "reset"))
    if chance.random() < 0.002:
        ending = "stay"  # for the watchdog: seconds each, so few
    sent = [b"".join(_request(target, body))]
    return Case(kind, sent, mutate.pieces(said, chance), ending, answered=True)


def _answer_head(kind: str, chance: Random) -> Case:
    caller, target, body = _asking(chance)
    length = ("content-length", str(len(caller.answer)))
    said = mutate.damaged(head(200, [JSON, length], reason="OK"), chance, mutate.HEAD) + caller.answer
    return _answering(kind, chance, target, body, said)


def _answer_json(kind: str, chance: Random) -> Case:
    caller = chance.choice(CALLERS)
    body = mutate.damaged(caller.answer, chance, mutate.JSON)
    said = head(200, [JSON, ("content-length", str(len(body) + chance.choice((0, 0, 0, -1, 1, 50))))]) + body
    return _answering(kind, chance, caller.whole_target, caller.whole_body, said)


def _answer_events(kind: str, chance: Random) -> Case:
    exchange = chance.choice(_STREAMS)
    events = mutate.damaged(exchange.answer, chance, mutate.EVENTS)
    framed = b"".join(chunk(piece) for piece in mutate.pieces(events, chance)) + b"0\r\n\r\n"
    said = head(200, [SSE, ("transfer-encoding", "chunked")]) + framed
    return _answering(kind, chance, exchange.target, exchange.request_body, said)


def _answer_chunks(kind: str, chance: Random) -> Case:
    exchange = chance.choice(_STREAMS)
    framed = b"".join(chunk(piece) for piece in mutate.pieces(exchange.answer, chance)) + b"0\r\n\r\n"
    said = head(200, [SSE, ("transfer-encoding", "chunked")]) + mutate.damaged(framed, chance, mutate.CHUNKS)
    return _answering(kind, chance, exchange.target, exchange.request_body, said)


_BUILDERS: dict[str, Callable[[str, Random], Case]] = {
    "head": _head,
    "framing": _framing,
    "noise": _noise,
    "json": _json,
    "answer-head": _answer_head,
    "answer-json": _answer_json,
    "answer-events": _answer_events,
    "answer-chunks": _answer_chunks,
}
_KINDS = (
    "head",
    "head",
    "head",
    "framing",
    "noise",
    "json",
    "answer-head",
    "answer-json",
    "answer-events",
    "answer-chunks",
)
