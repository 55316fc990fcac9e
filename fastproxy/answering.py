"""What the client gets of an upstream's answer: how it begins, and through which pipe it goes."""

import math
import re

import msgspec

from fastproxy.accounts.hints import retry_after
from fastproxy.accounts.told import text_of
from fastproxy.asked import Asked
from fastproxy.clock import wall
from fastproxy.errors import LONGEST_WAIT_SECONDS, Fault, Header, Kind
from fastproxy.framing.http1 import ResponseHead, fields_of
from fastproxy.pipe import REDACTED, Pipe, pipe_for_body, pipe_for_error, pipe_for_stream
from fastproxy.providers.shape import downstream_lines
from fastproxy.reshaped import Enveloped, Gathered
from fastproxy.routing import Route
from fastproxy.snapshot import Account

REQUEST_ID_CHARACTERS = 128
DROPPED_CHARACTERS = 1024
JSON_LINE = b"content-type: application/json"
# What tells of the upstream's bytes, where the client does not get those.
OF_THE_BODY = frozenset((
    b"content-type", b"content-encoding", b"content-language", b"content-md5", b"digest", b"etag", b"last-modified",
    b"cache-control", b"accept-ranges", b"vary", b"x-accel-buffering",
))  # fmt: skip
_NONE: frozenset[bytes] = frozenset()
_OF_THE_BYTES = frozenset((b"content-type", b"content-encoding"))  # words of registers; without them nobody can read on
_FOR_NOW: frozenset[Kind] = frozenset(("rate_limited", "overloaded"))
_NOT_PLAIN = re.compile(r"[^\x21-\x7e]")


class Answering:
    """The opening of an answer (as pump.Opening), made of the upstream's response head and of who was asked.

    streamed: the upstream's body is events that we may look into. uncounted: see `Translating`.
    """

    uncounted = False

    __slots__ = (
        "_account",
        "_asked",
        "_content_type",
        "_encoded",
        "_gathered",
        "_head",
        "_route",
        "hold",
        "keepalive",
        "length_bytes",
        "status",
        "streamed",
    )

    def __init__(self, asked: Asked, route: Route, account: Account, head: ResponseHead) -> None:
        self._asked = asked
        self._route = route
        self._account = account
        self._head = head
        self._content_type = (head.get(b"content-type") or b"").lower()
        encoded = b"content-encoding" in head.names.first
        self._encoded = encoded and head.get(b"content-encoding") not in (b"", b"identity")
        self.status = head.status
        self.streamed = self._content_type.startswith(b"text/event-stream") and not self._encoded
        # A backend that always streams has been asked for a whole answer.
        self._gathered = (
            route.provider.always_streams and asked.action == "generate" and self.streamed and not asked.peek.stream
        )
        self.hold = self._gathered or not (self.streamed or asked.peek.stream)
        self.keepalive = asked.format.keepalive if self.streamed and not self._gathered else b""
        # Of an error body our own credential is taken out, and a stream may end in an error event.
        as_it_comes = head.status < 400 and not self.streamed and not route.provider.envelope
        self.length_bytes = head.length_bytes if as_it_comes else None

    def require_usable(self) -> None:
        """Nothing, for an answer that an API gives. Raises: Fault."""
        require_usable(self._head)
        provider = self._route.provider
        if self._encoded and self.status < 400 and (provider.envelope or provider.always_streams):
            raise Fault("upstream_garbage", "the upstream encoded its answer although identity was asked for")

    def pipe(self) -> Pipe:
        """The pipe that fits the head; it brings the tap of the upstream's format."""
        asked = self._asked
        if self.status >= 400:
            return pipe_for_error(asked.format, secret_of(self._account))
        if self._gathered:
            limits = asked.view.snapshot.limits
            return Gathered(asked.format, limits.sse_line_bytes, limits.body_bytes)
        return out_of_envelope(self._plain_pipe(), asked, self._route, streamed=self.streamed)

    def _plain_pipe(self) -> Pipe:
        asked, secret = self._asked, secret_of(self._account)
        if self.streamed:
            unasked = self._route.provider.quirks.include_usage and not asked.peek.wants_usage
            line_bytes = asked.view.snapshot.limits.sse_line_bytes
            return pipe_for_stream(asked.format, line_bytes, unasked_usage=unasked, secret=secret)
        json = b"json" in self._content_type
        return pipe_for_body(asked.format, encoded=self._encoded, json=json, secret=secret)

    def lines(self) -> list[bytes]:
        """The upstream's header lines that pass, and ours."""
        self._asked.first_byte()
        passed = downstream_lines(self._head, OF_THE_BODY if self._gathered else _NONE)
        lines = [*passed, *route_lines(self._asked, self._route, self._head)]
        if self._gathered:
            lines.append(JSON_LINE)
        lines += [b"%b: %b" % header for header in wait_told(self._asked, self._head)]
        return lines


def secret_of(account: Account) -> bytes:
    """The credential that we send for the account; b"" where we send none of ours."""
    return account.secret.reveal().encode() if account.secret is not None else b""


def without_secret(head: ResponseHead, account: Account) -> ResponseHead:
    """The head less every line that quotes the account's credential, and less the challenge that is meant for us.

    Cost: 0.8 us for 20 lines.
    """
    secret = secret_of(account)
    if not secret or (secret not in b"\n".join(head.lines) and b"www-authenticate" not in head.names.first):
        return head
    kept = [
        (line[: len(name)], value)
        for line, (name, value) in zip(head.lines, head.headers, strict=True)
        if name in _OF_THE_BYTES or (name != b"www-authenticate" and secret not in value)
    ]
    names, lines, connection = fields_of(kept)
    return msgspec.structs.replace(head, names=names, lines=lines, connection=connection)


def as_told(fault: Fault, asked: Asked, account: Account) -> Fault:
    """What became of an answer, in words without our credential; and with the wait that a stream told in its words."""
    secret = secret_of(account).decode()
    message = fault.message.replace(secret, REDACTED.decode()) if secret else fault.message
    wait_seconds = fault.retry_after_seconds
    if wait_seconds is None and fault.kind in _FOR_NOW and not any(name == b"retry-after" for name, _ in fault.headers):
        wait_seconds = asked.retry_after_seconds
        if wait_seconds is None:
            wait_seconds = retry_after(_no_header, text_of(fault.message.encode()), wall())
    if message == fault.message and wait_seconds == fault.retry_after_seconds:
        return fault
    return Fault(
        fault.kind,
        message,
        status=fault.status,
        retry_after_seconds=None if wait_seconds is None else min(wait_seconds, LONGEST_WAIT_SECONDS),
        param=fault.param,
        reason=fault.reason,
        headers=fault.headers,
    )


def out_of_envelope(pipe: Pipe, asked: Asked, route: Route, *, streamed: bool) -> Pipe:
    """The pipe itself, or behind one that takes the upstream's envelopes off."""
    key, limits = route.provider.envelope, asked.view.snapshot.limits
    if not key:
        return pipe
    return Enveloped(pipe, key, streamed=streamed, event_bytes=limits.sse_line_bytes, body_bytes=limits.body_bytes)


def require_usable(head: ResponseHead) -> None:
    """Nothing, for an answer that an API gives: no redirect, which is never followed, no web page for JSON.

    Raises: Fault with the upstream's own status, where that tells an error.
    """
    status = head.status
    if 300 <= status < 400:
        raise Fault("upstream_garbage", f"the upstream answered with a redirect ({status}), which is not followed")
    if (head.get(b"content-type") or b"").lower().startswith(b"text/html"):
        told = status if status >= 400 else 502
        kind: Kind = "rate_limited" if told == 429 else "overloaded" if told == 503 else "upstream_garbage"
        retry_after = head.get(b"retry-after")
        headers = ((b"retry-after", retry_after),) if retry_after is not None else ()
        raise Fault(kind, f"the upstream answered {status} with a web page", status=told, headers=headers)


def _no_header(_name: bytes) -> None:
    """Of an answer that begins well: its headers tell of limits that were not reached."""


def route_lines(asked: Asked, route: Route, head: ResponseHead) -> list[bytes]:
    """Our own header lines: request id (unless the upstream sent one), route, what was dropped, timing."""
    take_request_id(asked, head)
    lines = []
    if b"x-request-id" not in head.names.first:
        lines.append(b"x-request-id: " + asked.record.request_id.encode("latin-1"))
    lines.append(b"x-fastproxy-route: " + route_value(route))
    if asked.dropped:
        lines.append(b"x-fastproxy-dropped: " + dropped_value(asked.dropped))
    lines.append(b"server-timing: " + asked.timing())
    return lines


def wait_told(asked: Asked, head: ResponseHead) -> tuple[Header, ...]:
    """How long a refusal asks to wait, where its header doesn't say: some vendors tell it in the body alone."""
    wait_seconds = asked.retry_after_seconds
    if wait_seconds is None or head.status < 400 or b"retry-after" in head.names.first:
        return ()
    return ((b"retry-after", b"%d" % math.ceil(wait_seconds)),)


def take_request_id(asked: Asked, head: ResponseHead) -> None:
    """The upstream's own id of the request, where it told one, is what its support will ask for."""
    told = head.get(b"x-request-id") or head.get(b"request-id")
    if told is not None:
        asked.record.request_id = told.decode("latin-1")[:REQUEST_ID_CHARACTERS]


def route_value(route: Route) -> bytes:
    """Who answers, as a header value."""
    return f"{route.provider.name}/{route.model}".encode()


def dropped_value(dropped: tuple[str, ...]) -> bytes:
    """Names as one header value. A client chose some of them, so that whatever is not plain becomes "?"."""
    return _NOT_PLAIN.sub("?", ",".join(dropped)[:DROPPED_CHARACTERS]).encode()
