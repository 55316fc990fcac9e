"""What the client gets of an upstream's answer: which headers, and through which pipe."""

from fastproxy.asked import Asked
from fastproxy.errors import Header
from fastproxy.framing.http1 import ResponseHead
from fastproxy.pipe import Pipe, pipe_for_body, pipe_for_error, pipe_for_stream
from fastproxy.providers.shape import downstream_headers
from fastproxy.routing import Route
from fastproxy.snapshot import Account

REQUEST_ID_CHARACTERS = 128


class Answering:
    """An upstream's response head, and who was asked. streamed: the body is events that we may look into."""

    __slots__ = ("_encoded", "_json", "account", "head", "route", "streamed")

    def __init__(self, route: Route, account: Account, head: ResponseHead) -> None:
        self.route = route
        self.account = account
        self.head = head
        content_type = (head.get(b"content-type") or b"").lower()
        self._json = b"json" in content_type
        self._encoded = head.get(b"content-encoding") not in (None, b"", b"identity")
        self.streamed = content_type.startswith(b"text/event-stream") and not self._encoded

    def pipe(self, asked: Asked) -> Pipe:
        """The pipe that fits the head; it brings the tap of the upstream's format."""
        if self.head.status >= 400:
            secret = self.account.secret.reveal().encode() if self.account.secret is not None else b""
            return pipe_for_error(asked.format, secret)
        if self.streamed:
            unasked = self.route.provider.quirks.include_usage and not asked.peek.wants_usage
            line_bytes = asked.view.snapshot.limits.sse_line_bytes
            return pipe_for_stream(asked.format, line_bytes, unasked_usage=unasked)
        return pipe_for_body(asked.format, encoded=self._encoded, json=self._json)

    def headers(self, asked: Asked) -> list[Header]:
        """The upstream's headers that pass, and ours: request id (unless it sent one), route, timing."""
        headers = downstream_headers(self.head.headers)
        theirs = self.head.get(b"x-request-id") or self.head.get(b"request-id")
        if theirs is not None:
            asked.record.request_id = theirs.decode("latin-1")[:REQUEST_ID_CHARACTERS]
        if self.head.get(b"x-request-id") is None:
            headers.append((b"x-request-id", asked.record.request_id.encode("latin-1")))
        headers.append((b"x-fastproxy-route", f"{self.route.provider.name}/{self.route.model}".encode()))
        headers.append((b"server-timing", asked.timing()))
        return headers
