"""How the answer of an upstream that speaks another format begins, and through which pipe it goes.

Never: a header that tells of bytes which the client does not get, a count that is a guess and does not say so.
"""

from fastproxy.answering import (
    JSON_LINE,
    OF_THE_BODY,
    dropped_value,
    out_of_envelope,
    require_usable,
    route_lines,
    route_value,
    secret_of,
    take_request_id,
    wait_told,
)
from fastproxy.asked import Asked
from fastproxy.clock import wall
from fastproxy.errors import Fault, Header
from fastproxy.formats import BY_NAME
from fastproxy.formats.base import EncoderOptions
from fastproxy.framing.http1 import ResponseHead
from fastproxy.outgoing import decoded, mint_of
from fastproxy.pipe import Pipe
from fastproxy.providers.echo import PROVIDER as ECHO
from fastproxy.providers.shape import downstream_lines
from fastproxy.routing import Route
from fastproxy.server.reply import Answer
from fastproxy.snapshot import Account
from fastproxy.translate.counting import CountPipe
from fastproxy.translate.estimate import estimate
from fastproxy.translate.faults import ErrorToFault, translate_fault
from fastproxy.translate.memory import Memory
from fastproxy.translate.passes import ForClient
from fastproxy.translate.request import Translated
from fastproxy.translate.response import Crossing, pipe_for_translation
from fastproxy.translate.sniffed import Sniffed

_EVENT_STREAM = (
    b"content-type: text/event-stream; charset=utf-8",
    b"cache-control: no-cache",
    b"x-accel-buffering: no",
)
_UNCOUNTED = frozenset((404, 405, 501))  # of a host that has the format, and not its way to count


def countable(asked: Asked, route: Route) -> bool:
    """Whether the upstream can be asked: a count only in the client's own format, or in one that has a way to count.

    Nobody is asked where the answer is made in this process, or where the host has no way to count.
    """
    if asked.action == "generate":
        return True
    counting, provider = asked.format.counting, route.provider
    unasked = provider is ECHO or not provider.counts
    if unasked and counting is not None and asked.action == counting.action:
        return False
    return route.format == asked.format.name or BY_NAME[route.format].counting is not None


def estimated(asked: Asked, route: Route) -> Answer:
    """The answer to a question for a count that the upstream can't give: a guess, which says so."""
    counting = asked.format.counting
    assert counting is not None  # noqa: S101 - it is its own endpoint that was asked
    tokens, method = estimate(decoded(asked), route.format)
    asked.first_byte()
    headers: list[Header] = [
        (b"content-type", b"application/json"),
        (b"x-request-id", asked.record.request_id.encode("latin-1")),
        (b"x-fastproxy-route", route_value(route)),
        (b"x-fastproxy-estimated", method.encode()),
        (b"server-timing", asked.timing()),
    ]
    return Answer(200, headers, counting.write(tokens))


class Translating:
    """The opening of a translated answer (as pump.Opening), made of the upstream's response head and who was asked.

    streamed: the body is events that we may look into. uncounted: whether the host has no way to count, although its
    format has one.
    """

    __slots__ = ("_account", "_array", "_asked", "_head", "_memory", "_route", "_stream", "_translated",
                 "hold", "keepalive", "length_bytes", "status", "streamed", "uncounted")  # fmt: skip

    def __init__(
        self, asked: Asked, route: Route, account: Account, head: ResponseHead, translated: Translated, memory: Memory
    ) -> None:
        self._asked = asked
        self._route = route
        self._account = account
        self._head = head
        self._translated = translated
        self._memory = memory
        events = (head.get(b"content-type") or b"").lower().startswith(b"text/event-stream")
        self.streamed = events and head.get(b"content-encoding") in (None, b"", b"identity")
        self.status = head.status
        self.uncounted = asked.action != "generate" and head.status in _UNCOUNTED
        self.length_bytes: int | None = None
        self._stream = asked.peek.stream and asked.action == "generate"
        self._array = wants_array(asked)
        self.hold = not self._stream
        self.keepalive = asked.format.keepalive if self._stream else b""

    def require_usable(self) -> None:
        """Nothing, for an answer that an API gives and that can be read. Raises: Fault, with a refusal's status.

        One in an encoding is not decoded: identity was asked for, no recorded host ignores that, and a thousandth of
        what it becomes is enough to fill the memory.
        """
        require_usable(self._head)
        if self._head.get(b"content-encoding") in (None, b"", b"identity"):
            return
        if self.status >= 400:  # its words can't be read, but what clients act on can
            take_request_id(self._asked, self._head)
            raise translate_fault(self.status, b"", BY_NAME[self._route.format], headers=self._told_with_refusal())
        raise Fault("upstream_garbage", "the upstream encoded its answer although identity was asked for")

    def pipe(self) -> Pipe:
        """The pipe that fits the head; its tap tells what the upstream told."""
        asked, source = self._asked, BY_NAME[self._route.format]
        limits = asked.view.snapshot.limits
        if self.status >= 400:
            take_request_id(asked, self._head)
            secret, headers = secret_of(self._account), self._told_with_refusal()
            return ErrorToFault(self.status, source, secret=secret, headers=headers)
        if asked.action != "generate":
            return CountPipe(source, asked.format)
        crossing = Crossing(
            source=source,
            target=asked.format,
            client=self._for_client(),
            options=EncoderOptions(include_usage=asked.peek.wants_usage, array=self._array),
            event_bytes=limits.sse_line_bytes,
            body_bytes=limits.body_bytes,
        )
        pipe = (
            pipe_for_translation(crossing, streamed=True, stream=self._stream)
            if self.streamed
            else Sniffed(crossing, stream=self._stream)
        )
        return out_of_envelope(pipe, asked, self._route, streamed=self.streamed)

    def _for_client(self) -> ForClient:
        asked, route, translated = self._asked, self._route, self._translated
        told_free_text = asked.format.streams_free_text or not self._stream
        return ForClient(
            model=asked.peek.model,
            response_id=asked.record.request_id,
            created_at=int(wall()),
            mint=mint_of(route, self._account),
            spelling=asked.format.spelling,
            memory=self._memory,
            names=translated.names,
            customs=translated.customs if told_free_text else frozenset(),
            free_text=translated.free_text if told_free_text else frozenset(),
            answer=translated.answer,
            boxed=translated.boxed,
            unproven=translated.unproven,
            proven_thoughts=asked.format.proven_thoughts,
            secret=self._account.secret,
        )

    def lines(self) -> list[bytes]:
        """The upstream's header lines that still are true, and ours."""
        self._asked.first_byte()
        streamed = _EVENT_STREAM if self._stream and not self._array else (JSON_LINE,)
        kept = downstream_lines(self._head, OF_THE_BODY)
        return [*streamed, *kept, *route_lines(self._asked, self._route, self._head)]

    def _told_with_refusal(self) -> tuple[Header, ...]:
        """What a client is told of the exchange beside an upstream's refusal, as it is beside a good answer."""
        route, dropped = (b"x-fastproxy-route", route_value(self._route)), self._asked.dropped
        ours = (route, (b"x-fastproxy-dropped", dropped_value(dropped))) if dropped else (route,)
        kept = (line.partition(b":") for line in downstream_lines(self._head, OF_THE_BODY))
        told = wait_told(self._asked, self._head)
        return (*((name.lower(), value.strip()) for name, _, value in kept), *told, *ours)


def wants_array(asked: Asked) -> bool:
    """Whether a stream is to be one JSON array, because events have not been asked for."""
    verbs = asked.format.verbs
    return verbs is not None and asked.peek.stream and verbs.events not in asked.head.query
