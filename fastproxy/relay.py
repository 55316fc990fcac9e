"""One exchange from start to finish. Reads as the life of a request does (docs/architecture.md) and holds little else.

Never: a credential to a host the configuration doesn't name, a body or a header value in a log, a broken stream that
looks finished, an upstream left running when its client is gone.
"""

import asyncio
import logging
import sys
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial

import msgspec

from fastproxy import endpoints, routing
from fastproxy.admin import ADMIN_ACTIONS, ADMIN_BODY_BYTES, Admin, AdminCall
from fastproxy.answering import as_told
from fastproxy.asked import Asked, RequestIds, RouteKey, View
from fastproxy.attempts import Attempts, Got
from fastproxy.clock import Sweep, wall
from fastproxy.errors import Fault, Header, place_of
from fastproxy.formats import BY_NAME
from fastproxy.formats.base import EncoderOptions, Format
from fastproxy.framing.http1 import RequestHead
from fastproxy.ir.fold import fold
from fastproxy.outgoing import decoded, upgraded
from fastproxy.providers import echo
from fastproxy.providers.base import Provider
from fastproxy.pump import Pump
from fastproxy.refusal import refusal
from fastproxy.routing import Route
from fastproxy.server.reply import Answer, Reply, lines_of
from fastproxy.translating import countable, estimated, wants_array
from fastproxy.upstream.catalog import Catalog
from fastproxy.usage.journal import Journal
from fastproxy.usage.metrics import Metrics
from fastproxy.usage.record import UsageRecord

logger = logging.getLogger(__name__)

KNOWN_ROUTES = 4096  # (endpoint, model) pairs whose route is remembered: 0.2 us, against up to 15 us for a search
ECHO_BYTES = 4194304  # the echo is made in this process, and nothing else moves meanwhile: 0.1 s for each megabyte
# What a fallback is for: trouble that another host may not have, never what the request itself is to blame for.
_PASSES_ON = frozenset(("no_credential", "rate_limited", "unreachable", "timeout", "upstream_garbage"))
_PASSES_ON_STATUS = frozenset((429, 500, 502, 503, 504, 529))
_EVENT_STREAM: list[Header] = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]
_FORM_TYPES = frozenset((b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data"))
_JSON: list[Header] = [(b"content-type", b"application/json")]


class Admitted(msgspec.Struct, frozen=True):
    """A model request past the gate; the connection calls `serve` once the body is there."""

    relay: "Relay"
    asked: Asked
    body_bytes: int = sys.maxsize  # as many as [limits] allows

    def serve(self, body: bytes, reply: Reply) -> Coroutine[object, object, None]:
        self.asked.begin(body)
        return self.relay.exchange(self.asked, reply)


@dataclass(frozen=True, slots=True)
class Preflight:
    """A browser's question whether a page of an allowed origin may call us. Any other origin was refused before."""

    page: list[Header]
    body_bytes: int = ADMIN_BODY_BYTES

    async def serve(self, body: bytes, reply: Reply) -> None:  # noqa: ARG002 - a preflight has none
        allowed: list[Header] = [
            (b"access-control-allow-methods", b"GET, POST"),
            (b"access-control-allow-headers", b"*, authorization"),
            (b"access-control-max-age", b"600"),
        ]
        reply.send(Answer(204, self.page + allowed))


@dataclass(slots=True)
class Relay:
    """Everything an exchange needs. `view` is rebound by a reload; a running exchange keeps the one it started with."""

    view: View
    attempts: Attempts
    sweep: Sweep
    catalog: Catalog
    journal: Journal
    metrics: Metrics
    admin: Admin
    ids: RequestIds

    # From the head alone.

    def admit(self, head: RequestHead) -> "Admitted | AdminCall | Preflight":
        """Who asks for what, decided before a byte of the body is read. Raises: Fault."""
        view = self.view
        view.gate.check_host(head)
        if b"upgrade" in head.names.first:
            _refuse_websocket(head)
        _refuse_form(head)
        if head.method == b"OPTIONS" and head.get(b"access-control-request-method") is not None:
            return Preflight(view.gate.page(head))
        match = endpoints.find(head.method, head.path)
        client = view.gate.check(head, match.endpoint)
        if match.endpoint.action in ADMIN_ACTIONS:
            return AdminCall(self.admin, view, head, match, self.ids.of(head))
        if not self.admin.ready:
            raise Fault("overloaded", "the relay is shutting down", retry_after_seconds=1)
        return Admitted(self, Asked(view, head, match.endpoint, match.params, client, self.ids.of(head)))

    def refuse(self, fault: Fault, head: RequestHead | None) -> Answer:
        """The response to a request that was not admitted, in the format its path names."""
        format_ = _format_of(head)
        request_id = self.ids.of(head)
        name = format_.name if format_ is not None else ""
        self.metrics.observe(
            UsageRecord(
                at=wall(), request_id=request_id, format=name, status=fault.status, outcome="refused", error=fault.kind
            )
        )
        answer = refusal(fault, format_, request_id)
        if head is not None and fault.kind != "forbidden":
            answer.headers.extend(self.view.gate.page(head))
        return answer

    # With the body.

    async def exchange(self, asked: Asked, reply: Reply) -> None:
        """One exchange, and exactly one usage record, whatever its end."""
        self.metrics.in_flight += 1
        reply.common = asked.view.gate.page(asked.head)
        reply.on_last = partial(self._settle, asked, reply)
        try:
            await self._exchange(asked, reply)
        except Fault as fault:
            asked.failed(fault)
            self._answer(asked, fault, reply)
        except asyncio.CancelledError:
            asked.verdict = ("cancelled", "client_gone")
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours must still end in an answer and a record
            logger.error("exchange failed: %s", place_of(error))  # noqa: TRY400 - a traceback may quote what a client sent
            broken = Fault("upstream_garbage", "the relay failed; its log says where", status=500)
            asked.failed(broken)
            self._answer(asked, broken, reply)
        finally:
            if reply.state != "ended":
                reply.abort()

    async def _exchange(self, asked: Asked, reply: Reply) -> None:
        asked.look()
        if asked.client.models and not asked.client.allows(asked.peek.model):
            raise Fault("forbidden", f"this token may not use the model {asked.peek.model!r}", param="model")
        key = (asked.endpoint.name, asked.peek.model, self.catalog.generation)
        route = asked.view.routes.get(key) or await self._find(asked, key)
        if not countable(asked, route):
            await self._estimate(asked, route, reply)
            return
        if route.provider is echo.PROVIDER:
            _require_token(asked, route.provider)
            asked.record.provider = route.provider.name
            self._echo(asked, reply)
            return
        got = await (self._ask_in_turn if route.provider.fallback else self._ask)(asked, route)
        upstream, answering, account = got.upstream, got.answering, got.account
        del got
        if answering.uncounted:
            upstream.close()
            await self._estimate(asked, route, reply)
            return
        asked.forget()
        try:
            answering.require_usable()
            asked.pump = Pump(upstream, answering.pipe(), reply, answering, asked.view.snapshot.limits)
            del answering  # the upstream's head is not needed while a stream goes on
            await asked.pump.run()
        except Fault as fault:
            raise as_told(fault, asked, account) from None
        finally:
            upstream.close()

    async def _find(self, asked: Asked, key: RouteKey) -> Route:
        """Where the model is served; a model that nobody knows yet is looked for once more in fresh model lists."""
        view, model = asked.view, asked.peek.model
        snapshot = view.snapshot
        try:
            route = routing.route(asked.endpoint, model, snapshot, self.catalog.models)
        except Fault as fault:
            if fault.kind != "not_found" or not await self.catalog.refresh(snapshot):
                raise
            route = routing.route(asked.endpoint, model, snapshot, self.catalog.models)
        if len(view.routes) >= KNOWN_ROUTES:
            view.routes.clear()
        view.routes[key] = route
        return route

    async def _ask_in_turn(self, asked: Asked, route: Route) -> Got:
        """The answer of the first provider that has one: the route's own, then its fallbacks. Nothing is sent yet."""
        others = routing.fallbacks(asked.endpoint, route, asked.view.snapshot)
        *first, last = (route, *(one for one in others if countable(asked, one)))
        for one in first:
            try:
                got = await self._ask(asked, one, elsewhere=True)
            except Fault as fault:
                if fault.kind not in _PASSES_ON:
                    raise
                continue
            if got.step == "serve" and got.answering.status not in _PASSES_ON_STATUS:
                return got
            got.upstream.close()
        return await self._ask(asked, last)

    def _ask(self, asked: Asked, route: Route, *, elsewhere: bool = False) -> Coroutine[object, object, Got]:
        """One provider's answer, to be awaited. elsewhere: whether another one stands by."""
        asked.record.provider = route.provider.name
        _require_token(asked, route.provider)
        if route.format_with_tools is not None:
            route = upgraded(asked, route)
        return self.attempts.answer(asked, route, elsewhere=elsewhere)

    async def _estimate(self, asked: Asked, route: Route, reply: Reply) -> None:
        """A count that no upstream can give. In a thread: loading the vocabulary takes a second."""
        _require_token(asked, route.provider)
        asked.record.provider = route.provider.name
        reply.send(await asyncio.to_thread(estimated, asked, route))

    def _echo(self, asked: Asked, reply: Reply) -> None:
        """The built-in model: events of our own, through the encoder of the caller's format."""
        if asked.action != "generate":
            raise Fault("bad_request", "fastproxy/echo generates and counts; it has nothing to compact")
        if len(asked.body) > ECHO_BYTES:
            raise Fault("too_large", f"fastproxy/echo takes at most {ECHO_BYTES} bytes")
        format_, peek = asked.format, asked.peek
        events = echo.answer(decoded(asked), id=asked.record.request_id, created_at=int(wall()))
        asked.note(fold(events).usage, peek.model)
        asked.first_byte()
        common: list[Header] = [
            (b"x-request-id", asked.record.request_id.encode()),
            (b"x-fastproxy-route", b"fastproxy/echo"),
            (b"server-timing", asked.timing()),
        ]
        if peek.stream:
            array = wants_array(asked)
            encoder = format_.encoder(EncoderOptions(include_usage=peek.wants_usage, array=array))
            reply.start(200, lines_of((_JSON if array else _EVENT_STREAM) + common), None)
            for event in events:
                reply.write(encoder.encode(event))
            reply.end(encoder.close())
        else:
            reply.send(Answer(200, _JSON + common, format_.encode_whole(fold(events))))

    # Afterwards.

    def _answer(self, asked: Asked, fault: Fault, reply: Reply) -> None:
        """Say what went wrong, if there is still somebody to say it to and nothing has been sent."""
        if reply.started:
            reply.abort()
            return
        asked.first_byte()
        reply.send(refusal(fault, asked.format, asked.record.request_id, asked.timing()))

    def _settle(self, asked: Asked, reply: Reply) -> None:
        """Write down the exchange, once, before its last bytes go out: kill -9 after them must not lose the record."""
        record = asked.conclude(reply.status, reply.body_bytes)
        self.metrics.in_flight -= 1
        if asked.leased:
            self.attempts.keeper.pool.ended(asked.leased)
        self.journal.append(record)
        self.metrics.observe(record)


def _require_token(asked: Asked, provider: Provider) -> None:
    """A credential that is not ours opens providers that take the caller's own, and nothing else. Raises: Fault."""
    if asked.client.foreign and provider.auth != "client":
        raise Fault("unauthorized", f"{provider.title} needs a token of this relay")


def _format_of(head: RequestHead | None) -> Format | None:
    """The format of the endpoint that a refused request named, whatever its method."""
    if head is None:
        return None
    try:
        name = endpoints.find(b"POST", head.path).endpoint.format
    except Fault:
        return None
    return BY_NAME[name] if name is not None else None


def _refuse_websocket(head: RequestHead) -> None:
    """426 at once: Codex then falls back to HTTP after one attempt; any other status costs it seven (real-clients)."""
    upgrade = head.get(b"upgrade")
    if upgrade is not None and upgrade.lower() == b"websocket":
        headers = ((b"upgrade", b"HTTP/1.1"), (b"connection", b"upgrade"))
        raise Fault("bad_request", "WebSocket is not served here; use HTTP", status=426, headers=headers)


def _refuse_form(head: RequestHead) -> None:
    """415 for the three media types that a web page may post anywhere without asking first (Fetch, CORS-safelisted)."""
    content_type = head.get(b"content-type")
    if content_type is None or content_type == b"application/json":
        return
    if content_type.partition(b";")[0].strip().lower() in _FORM_TYPES:
        raise Fault("bad_request", "send JSON, with content-type: application/json", status=415)
