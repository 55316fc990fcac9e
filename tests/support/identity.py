"""What "relays byte-identically" means, check by check. The same for recordings and for our own fixtures."""

from time import monotonic, sleep
from typing import Any

import msgspec
import orjson

from fastproxy.clock import wall
from support.exchange import Exchange
from support.relay import TOKEN, UPSTREAM_KEY, Relay
from support.script import Seen
from support.tokens import Tokens, told
from support.upstream import Upstream
from support.wire import Answer

# Set anew on each side of the relay, or kept from the other side by rule (DESIGN 7).
_OWN_UPSTREAM = frozenset((b"host", b"content-length", b"accept-encoding", b"authorization"))
_DROPPED_DOWNSTREAM = (
    "transfer-encoding", "content-length", "connection", "set-cookie", "alt-svc", "server-timing",
    "strict-transport-security", "access-control-",
)  # fmt: skip
_OWN_DOWNSTREAM = frozenset(("x-request-id", "server-timing", "x-fastproxy-route", "retry-after"))
_NOT_GENERATING = ("count_tokens", "countTokens", "input_tokens")
USAGE_SECONDS = 3.0


class Relayed(msgspec.Struct, frozen=True):
    """One exchange after it went through the relay. asked_at: epoch seconds, before the request."""

    exchange: Exchange
    seen: Seen
    answer: Answer
    asked_at: float


def relay_exchange(relay: Relay, upstream: Upstream, exchange: Exchange) -> Relayed:
    """Send the exchange's request through the relay to an upstream that gives its answer."""
    name = upstream.teach(exchange.acts())
    asked_at = wall()
    answer = relay.ask(exchange.target, exchange.request_body, (*exchange.headers, ("x-lab", name)))
    return Relayed(exchange, upstream.only(name), answer, asked_at)


def assert_request_whole(relayed: Relayed) -> None:
    """Body, target and every end-to-end header line arrive as sent; only the credential is another."""
    exchange, seen = relayed.exchange, relayed.seen
    assert seen.body == exchange.body
    assert seen.request_line == f"POST {exchange.target} HTTP/1.1".encode()
    sent = [(name.lower().encode(), value.strip().encode()) for name, value in exchange.headers]
    arrived = [(name, value) for name, value in seen.headers if name not in _OWN_UPSTREAM and name != b"x-lab"]
    assert arrived == sent
    assert TOKEN.encode() not in seen.head
    assert seen.get(b"authorization") == [b"Bearer " + UPSTREAM_KEY.encode()]
    assert seen.get(b"content-length") == [b"%d" % len(exchange.body)]


def assert_answer_whole(relayed: Relayed) -> None:
    """Status, body and every end-to-end header line arrive as the upstream sent them."""
    exchange, answer = relayed.exchange, relayed.answer
    assert answer.complete
    assert answer.body == exchange.answer
    assert answer.status == exchange.status
    sent = [header for header in _lower(exchange.answer_headers) if not header[0].startswith(_DROPPED_DOWNSTREAM)]
    kept = {name for name, _ in sent}
    arrived = [(name.decode(), value.decode("latin-1")) for name, value in answer.headers]
    assert [header for header in arrived if header[0] in kept] == sent
    assert answer.get("x-request-id")
    assert answer.get("x-fastproxy-route")
    assert "relay;dur=" in (answer.get("server-timing") or "")
    added = {name for name, _ in arrived} - kept - _OWN_DOWNSTREAM
    assert added <= {"transfer-encoding", "content-length", "connection"}


def assert_usage_recorded(relay: Relay, relayed: Relayed) -> None:
    """One record, and in it the tokens that the answer tells: no more, no less, and unknown where it tells none."""
    row = usage_since(relay, relayed.asked_at)
    tokens = told(relayed.exchange)
    assert {name: row[name] for name in Tokens.__struct_fields__} == msgspec.structs.asdict(tokens or Tokens())
    assert row["requests"] == 1
    generates = relayed.exchange.status < 400 and not any(part in relayed.exchange.target for part in _NOT_GENERATING)
    assert row["unknown"] == int(tokens is None and generates)


def usage_since(relay: Relay, epoch_seconds: float) -> dict[str, Any]:
    """The one row of GET /v1/usage since then; waited for, because it is written as the exchange ends."""
    deadline = monotonic() + USAGE_SECONDS
    while monotonic() < deadline:
        answer = relay.admin(f"/v1/usage?by=provider&since={epoch_seconds!r}")
        assert answer.status == 200, answer.body
        rows = orjson.loads(answer.body)["rows"]
        if rows:
            assert len(rows) == 1, rows
            return dict(rows[0])
        sleep(0.02)
    raise AssertionError("no usage was recorded")


def _lower(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name.lower(), value.strip()) for name, value in headers]
