"""What a case must never lead to, said as sentences. Pure: bytes and what arrived in, problems out.

The oracles are not the relay's: requests are read by `strict`, responses by h11.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import repeat

import h11
import msgspec
import orjson

from slow.fuzz import strict
from slow.fuzz.cases import Case
from slow.fuzz.strict import Header
from support.relay import TOKEN, UPSTREAM_KEY
from support.script import Seen

# Headers that the relay writes itself or keeps back; every other one upstream must come from the client's head.
_OWN = frozenset((b"host", b"content-length", b"accept-encoding", b"authorization"))
_CREDENTIAL = b"Bearer " + UPSTREAM_KEY.encode()
# What some client takes for a good end of a stream.
_SUCCESS = re.compile(
    rb'"finish_?[rR]eason"\s*:\s*"|\[DONE\]|"blockReason"|message_stop|response\.(?:completed|incomplete)'
)
# What every client takes for a failure.
_FAILED = re.compile(rb'"error"\s*:\s*\{|event: error|"type"\s*:\s*"error"|response\.failed')
# The relay's own question for a model that it does not know: no client's bytes asked for it.
_CATALOG = b"GET /v1/models HTTP/1.1"
_GATEWAY = frozenset((502, 504))


class Answer(msgspec.Struct):
    """A response as h11 reads it. complete: it ended as its framing promised."""

    status: int
    headers: list[Header]
    body: bytes = b""
    complete: bool = False


class NotHttpError(Exception):
    """The bytes are no HTTP/1.1 response. `answers`: those before."""

    def __init__(self, answers: list[Answer]) -> None:
        super().__init__("not HTTP/1.1")
        self.answers = answers


def answers(data: bytes, *, at_most: int | None = None) -> list[Answer]:
    """The responses in what a peer sent until it closed; the last may be incomplete. Raises: NotHttpError."""
    found: list[Answer] = []
    for _ in repeat(None) if at_most is None else range(at_most):
        if not data:
            break
        answer, data = _first(data, found)
        if answer is None:
            break
        found.append(answer)
        if not answer.complete:
            break
    return found


def _first(data: bytes, before: list[Answer]) -> tuple[Answer | None, bytes]:
    """The first response, None for a mere beginning of a head; and what stands behind it."""
    reader = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    reader.send(h11.Request(method="POST", target="/", headers=[("host", "unused")]))
    reader.send(h11.EndOfMessage())
    reader.receive_data(data)
    reader.receive_data(b"")
    answer: Answer | None = None
    while True:
        try:
            event = reader.next_event()
        except h11.RemoteProtocolError as error:
            if "closed" in str(error) or "incomplete" in str(error) or answer is not None:
                return answer, b""
            raise NotHttpError(before) from None
        if isinstance(event, h11.Response):
            answer = Answer(event.status_code, [(bytes(name), bytes(value)) for name, value in event.headers])
        elif isinstance(event, h11.Data) and answer is not None:
            answer.body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage) and answer is not None:
            answer.complete = True
            return answer, bytes(reader.trailing_data[0])
        elif event is h11.NEED_DATA or isinstance(event, h11.ConnectionClosed):
            return answer, b""


def upstream_said(case: Case) -> Answer | None:
    """How h11 reads the upstream's answer; None when it is none at all."""
    try:
        found = answers(b"".join(case.said), at_most=1)
    except NotHttpError:
        return None
    return found[0] if found else None


def problems(case: Case, sent: bytes, received: bytes, arrived: Sequence[Seen]) -> list[str]:
    """Everything that is wrong with how a case went. sent: the client's bytes, the real token in them."""
    wanted = strict.requests(sent)
    found = [sentence for seen in arrived if (sentence := _forwarded(seen, wanted))]
    try:
        given = answers(received)
    except NotHttpError:
        return [*found, "the client got bytes that are no HTTP/1.1 response"]
    said = upstream_said(case)
    passed_on = {said.status} if said is not None else set()
    found += [f"status {answer.status}" for answer in given if answer.status == 500 and 500 not in passed_on]
    if case.answered:
        found += _answered(case, given, said)
    return found


def _forwarded(seen: Seen, wanted: Iterable[strict.Request]) -> str:
    """What is wrong with one forwarded request; "" for nothing."""
    if seen.request_line == _CATALOG and not seen.body:
        return ""
    if seen.get(b"authorization") != [_CREDENTIAL]:
        return "forwarded without the upstream's own credential, or with another beside it"
    if seen.get(b"content-length") != [b"%d" % len(seen.body)] or seen.get(b"transfer-encoding"):
        return "forwarded with a framing that is not ours"
    if not _is_json_object(seen.body):
        return "forwarded a body that is no JSON object"
    ours = {header for header in seen.headers if header[0] not in _OWN}
    if any(seen.body == one.body and ours <= set(one.headers) for one in wanted):
        return ""
    return "forwarded something that the client's bytes do not beyond doubt ask for"


def _is_json_object(body: bytes) -> bool:
    """Whether it is one, lone surrogates allowed: they are JSON by RFC 8259, and orjson refuses them."""
    try:
        return isinstance(orjson.loads(body.replace(rb"\ud83d", b"?")), dict)
    except orjson.JSONDecodeError:
        return False


def _answered(case: Case, given: list[Answer], said: Answer | None) -> list[str]:
    """A good request has exactly one answer, and it says no more than the upstream did."""
    if len(given) != 1:
        return [f"{len(given)} answers to one request"]
    answer = given[0]
    if TOKEN.encode() in answer.body or UPSTREAM_KEY.encode() in answer.body:
        return ["a credential in the answer"]
    if case.kind == "json" or answer.status in _GATEWAY:
        return []
    if said is None:
        return [f"status {answer.status} for an upstream that gave no HTTP answer"]
    if answer.status != said.status:
        return [f"status {answer.status} for an upstream's {said.status}"]
    return [] if not answer.complete or _is_honest(answer, said) else ["a broken answer that looks finished"]


def _is_honest(answer: Answer, said: Answer) -> bool:
    """Whether a complete answer is all that the upstream said, or else ended well before, or says that it failed."""
    if answer.status >= 400 or (said.complete and answer.body == said.body):
        return True
    same = _common_bytes(answer.body, said.body)
    added = answer.body[same:]
    if _FAILED.search(answer.body) is not None:
        return _SUCCESS.search(added) is None
    return not added and _SUCCESS.search(answer.body) is not None


def _common_bytes(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
