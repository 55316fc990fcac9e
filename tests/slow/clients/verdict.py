"""Whether what a client sent arrived upstream: whole, or in the words of another format. Pure: sentences out."""

from collections.abc import Sequence

import msgspec

from slow.fuzz.strict import Header, Request
from support.relay import TOKEN, UPSTREAM_KEY
from support.script import Seen

# What a translated request has in its head: what the host's format demands, and nothing of the client's.
_OF_OURS = frozenset((
    b"host", b"content-type", b"accept", b"user-agent", b"accept-encoding", b"content-length", b"anthropic-version",
    b"anthropic-beta",
))  # fmt: skip
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


def crossed(sent: Sequence[Request], arrived: Sequence[Seen]) -> Whole:
    """Every POST of the client beside the one upstream that was made of it; nothing of the client's head is there."""
    asked = [request for request in sent if request.method == b"POST"]
    problems: list[str] = []
    if len(asked) != len(arrived):
        problems.append(f"{len(asked)} requests were made, {len(arrived)} arrived")
    for seen in arrived:
        told = {name for name, _ in seen.headers} - _OF_OURS - _CREDENTIALS
        problems += [f"{name.decode()} of the client's went upstream" for name in sorted(told)]
        problems += _about_credentials(seen)
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
    problems += _about_credentials(seen)
    return problems


def _about_credentials(seen: Seen) -> list[str]:
    """Which header carries it is the format's own way."""
    credentials = [value.removeprefix(b"Bearer ") for name, value in seen.headers if name in _CREDENTIALS]
    if credentials == [UPSTREAM_KEY.encode()] and TOKEN.encode() not in seen.head + seen.body:
        return []
    return ["the client's token went upstream, or ours did not"]


def _end_to_end(headers: Sequence[Header]) -> list[Header]:
    return [header for header in headers if header[0] not in _OWN and header[0] not in _DROPPED]
