"""Whether what a client sent arrived upstream whole. Pure: what it sent and what arrived in, sentences out."""

from collections.abc import Sequence

import msgspec

from slow.fuzz.strict import Header, Request
from support.relay import TOKEN, UPSTREAM_KEY
from support.script import Seen

_CREDENTIALS = frozenset((b"authorization", b"x-api-key", b"x-goog-api-key"))
_FRAMING = frozenset((b"content-length", b"transfer-encoding", b"connection", b"keep-alive"))
_OWN = _CREDENTIALS | _FRAMING | {b"host", b"accept-encoding"}
# Fetch metadata, which node writes by itself: kept from every provider (providers/shape.py).
_DROPPED = frozenset((b"sec-fetch-mode",))


class Whole(msgspec.Struct, frozen=True):
    """requests: of models, that the client made. problems: what did not arrive as it was sent."""

    requests: int
    problems: list[str]


def compared(sent: Sequence[Request], arrived: Sequence[Seen]) -> Whole:
    """Every POST of the client beside the one upstream that has its body."""
    asked = [request for request in sent if request.method == b"POST"]
    left = list(arrived)
    problems: list[str] = []
    for request in asked:
        found = next((seen for seen in left if seen.body == request.body), None)
        if found is None:
            problems.append(f"{request.target.decode()}: its body did not arrive as it was sent")
            continue
        left.remove(found)
        problems += [f"{request.target.decode()}: {problem}" for problem in _differences(request, found)]
    problems += [f"{seen.request_line.decode()}: nobody asked for it" for seen in left]
    return Whole(len(asked), problems)


def _differences(request: Request, seen: Seen) -> list[str]:
    problems = []
    if seen.request_line != b"POST %b HTTP/1.1" % request.target:
        problems.append(f"arrived as {seen.request_line.decode()}")
    sent, arrived = _end_to_end(request.headers), _end_to_end(seen.headers)
    problems += [f"{name.decode()} did not arrive" for name, _ in (header for header in sent if header not in arrived)]
    problems += [f"{name.decode()} was added" for name, _ in (header for header in arrived if header not in sent)]
    if not problems and sent != arrived:
        problems.append("headers arrived in another order")
    if seen.get(b"authorization") != [b"Bearer " + UPSTREAM_KEY.encode()] or TOKEN.encode() in seen.head + seen.body:
        problems.append("the client's token went upstream, or ours did not")
    return problems


def _end_to_end(headers: Sequence[Header]) -> list[Header]:
    return [header for header in headers if header[0] not in _OWN and header[0] not in _DROPPED]
