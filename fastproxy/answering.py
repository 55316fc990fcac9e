"""What the client gets of an upstream's answer: how it begins, and through which pipe it goes."""

from fastproxy.asked import Asked
from fastproxy.errors import Fault, Kind
from fastproxy.framing.http1 import ResponseHead
from fastproxy.pipe import Pipe, pipe_for_body, pipe_for_error, pipe_for_stream
from fastproxy.providers.shape import downstream_lines
from fastproxy.routing import Route
from fastproxy.snapshot import Account

REQUEST_ID_CHARACTERS = 128


class Answering:
    """The opening of an answer (as pump.Opening), made of the upstream's response head and of who was asked.

    streamed: the body is events that we may look into.
    """

    __slots__ = (
        "_account",
        "_asked",
        "_content_type",
        "_encoded",
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
        self.hold = not self.streamed and not asked.peek.stream
        self.keepalive = asked.format.keepalive if self.streamed else b""
        # Of an error body our own credential is taken out, and a stream may end in an error event.
        self.length_bytes = head.length_bytes if head.status < 400 and not self.streamed else None

    def require_usable(self) -> None:
        """Nothing, for an answer that an API gives: no redirect, which is never followed, no web page for JSON.

        Raises: Fault with the upstream's own status, where that tells an error.
        """
        if 300 <= self.status < 400:
            message = f"the upstream answered with a redirect ({self.status}), which is not followed"
            raise Fault("upstream_garbage", message)
        if self._content_type.startswith(b"text/html"):
            status = self.status if self.status >= 400 else 502
            kind: Kind = "rate_limited" if status == 429 else "overloaded" if status == 503 else "upstream_garbage"
            retry_after = self._head.get(b"retry-after")
            headers = ((b"retry-after", retry_after),) if retry_after is not None else ()
            raise Fault(kind, f"the upstream answered {self.status} with a web page", status=status, headers=headers)

    def pipe(self) -> Pipe:
        """The pipe that fits the head; it brings the tap of the upstream's format."""
        asked = self._asked
        if self.status >= 400:
            secret = self._account.secret.reveal().encode() if self._account.secret is not None else b""
            return pipe_for_error(asked.format, secret)
        if self.streamed:
            unasked = self._route.provider.quirks.include_usage and not asked.peek.wants_usage
            line_bytes = asked.view.snapshot.limits.sse_line_bytes
            return pipe_for_stream(asked.format, line_bytes, unasked_usage=unasked)
        return pipe_for_body(asked.format, encoded=self._encoded, json=b"json" in self._content_type)

    def lines(self) -> list[bytes]:
        """The upstream's header lines that pass, and ours: request id (unless it sent one), route, timing."""
        asked, head = self._asked, self._head
        asked.first_byte()
        lines = [*downstream_lines(head)]
        theirs = head.get(b"x-request-id")
        told = theirs or head.get(b"request-id")
        if told is not None:
            asked.record.request_id = told.decode("latin-1")[:REQUEST_ID_CHARACTERS]
        if theirs is None:
            lines.append(b"x-request-id: " + asked.record.request_id.encode("latin-1"))
        lines.append(f"x-fastproxy-route: {self._route.provider.name}/{self._route.model}".encode())
        lines.append(b"server-timing: " + asked.timing())
        return lines
