"""Our own endpoints: models, health, metrics, usage, accounts. None speaks to an upstream on behalf of a caller."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

import orjson

from fastproxy import routing
from fastproxy.account_reports import AccountReports, health_json
from fastproxy.asked import View
from fastproxy.clock import wall
from fastproxy.endpoints import Match
from fastproxy.errors import Fault, Header, place_of
from fastproxy.formats import BY_NAME
from fastproxy.formats.base import FormatName
from fastproxy.framing.http1 import RequestHead
from fastproxy.refusal import refusal
from fastproxy.server.reply import Answer, Reply
from fastproxy.upstream.catalog import Catalog
from fastproxy.usage import report
from fastproxy.usage.metrics import Metrics

logger = logging.getLogger(__name__)

ADMIN_BODY_BYTES = 65536  # none of these endpoints reads a body, and some are open to callers without a token
_SINCE_SECONDS = 30 * 86400.0
_YES = ("1", "true", "yes")


@dataclass(frozen=True, slots=True)
class AdminCall:
    """One call of an endpoint of ours, past the gate."""

    admin: "Admin"
    view: View
    head: RequestHead
    match: Match
    request_id: str
    body_bytes: int = ADMIN_BODY_BYTES

    def serve(self, body: bytes, reply: Reply) -> Coroutine[object, object, None]:  # noqa: ARG002 - none of them reads one
        return self.admin.serve(self, reply)


@dataclass(slots=True)
class Admin:
    """What our own endpoints show. ready: False while starting or draining."""

    catalog: Catalog
    metrics: Metrics
    database: Path
    accounts: AccountReports
    ready: bool = False

    async def serve(self, call: AdminCall, reply: Reply) -> None:
        """Answer one call. Ends `reply` whatever happens."""
        try:
            answer = await _ACTIONS[call.match.endpoint.action](self, call)
        except Fault as fault:
            name = call.match.endpoint.format
            answer = refusal(fault, BY_NAME[name] if name is not None else None, call.request_id)
        except Exception as error:  # noqa: BLE001 - a bug of ours must still end in an answer
            logger.error("our own endpoint failed: %s", place_of(error))  # noqa: TRY400 - a traceback may quote what a client sent
            answer = refusal(
                Fault("overloaded", "the relay failed; its log says where", status=500), None, call.request_id
            )
        reply.common = call.view.gate.page(call.head)
        reply.send(answer)

    async def root(self, call: AdminCall) -> Answer:
        return _text(call, 200, b"fastproxy is running\n")

    async def health(self, call: AdminCall) -> Answer:
        return _text(call, 200, b"ok\n")

    async def readiness(self, call: AdminCall) -> Answer:
        return _text(call, 200, b"ready\n") if self.ready else _text(call, 503, b"not ready\n")

    async def models(self, call: AdminCall) -> Answer:
        """GET /v1/models and GET /v1/models/{id}, in the shape of whoever asks."""
        await self.catalog.refresh(call.view.snapshot)
        ids = routing.models(call.view.snapshot, self.catalog.models)
        shape = _shape_for(call)
        wanted = call.match.params.get("id")
        if wanted is None:
            return _json(call, shape.listed(ids))
        if wanted not in ids and not routing.serves(wanted, call.view.snapshot, self.catalog.models):
            raise Fault("not_found", f"no model {wanted!r}; GET /v1/models lists them", param="model")
        return _json(call, shape.one(wanted))

    async def show_metrics(self, call: AdminCall) -> Answer:
        body, content_type = await asyncio.to_thread(self.metrics.render)
        return _answer(call, 200, content_type.encode(), body)

    async def usage(self, call: AdminCall) -> Answer:
        """GET /v1/usage?since=EPOCH&until=EPOCH&by=model."""
        query = parse_qs(call.head.query.decode("latin-1"))
        now = wall()
        since = _number(query, "since", now - _SINCE_SECONDS)
        until = _number(query, "until", now)
        by = next((group for group in report.GROUPS if group == query.get("by", ["model"])[0]), None)
        if by is None:
            raise Fault("bad_request", f"by must be one of {', '.join(report.GROUPS)}", param="by")
        rows = await asyncio.to_thread(report.summary, self.database, since, until, by)
        return _answer(call, 200, b"application/json", report.as_json(rows))

    async def show_accounts(self, call: AdminCall) -> Answer:
        return _json(call, self.accounts.accounts(await asyncio.to_thread(self.metrics.peers_busy)))

    async def check_credentials(self, call: AdminCall) -> Answer:
        """GET /v1/credentials/check?strict=1&model=provider/model&account=ID."""
        query = parse_qs(call.head.query.decode("latin-1"))
        strict, model, account = (query.get(name, [""])[0] for name in ("strict", "model", "account"))
        found = await self.accounts.health(call.view, strict=strict in _YES, model=model, account=account)
        return _json(call, health_json(found))

    async def limits(self, call: AdminCall) -> Answer:
        return _json(call, await self.accounts.limits(call.view))


@dataclass(frozen=True, slots=True)
class _Shape:
    """How one kind of client wants models written."""

    one: Callable[[str], dict[str, object]]
    listed: Callable[[list[str]], dict[str, object]]


def _openai_model(id_: str) -> dict[str, object]:
    return {"id": id_, "object": "model", "created": 0, "owned_by": "fastproxy"}


def _openai_list(ids: list[str]) -> dict[str, object]:
    return {"object": "list", "data": [_openai_model(id_) for id_ in ids]}


def _anthropic_model(id_: str) -> dict[str, object]:
    return {
        "type": "model",
        "id": id_,
        "display_name": id_,
        "created_at": "1970-01-01T00:00:00Z",
        "lifecycle": "active",
    }


def _anthropic_list(ids: list[str]) -> dict[str, object]:
    first, last = (ids[0], ids[-1]) if ids else (None, None)
    return {"data": [_anthropic_model(id_) for id_ in ids], "has_more": False, "first_id": first, "last_id": last}


def _gemini_model(id_: str) -> dict[str, object]:
    verbs = ["generateContent", "streamGenerateContent", "countTokens"]
    return {"name": f"models/{id_}", "displayName": id_, "supportedGenerationMethods": verbs}


def _gemini_list(ids: list[str]) -> dict[str, object]:
    return {"models": [_gemini_model(id_) for id_ in ids]}


_OPENAI = _Shape(_openai_model, _openai_list)
_ANTHROPIC = _Shape(_anthropic_model, _anthropic_list)
_GEMINI = _Shape(_gemini_model, _gemini_list)
_SHAPES: dict[FormatName, _Shape] = {"anthropic": _ANTHROPIC, "gemini": _GEMINI}


def _shape_for(call: AdminCall) -> _Shape:
    """By path, then by the header that only that family's clients send. Nothing but the spelling depends on it."""
    if call.match.endpoint.format is not None:
        return _SHAPES[call.match.endpoint.format]
    if call.head.get(b"anthropic-version") is not None:
        return _ANTHROPIC
    return _GEMINI if call.head.get(b"x-goog-api-client") is not None else _OPENAI


_Action = Callable[[Admin, AdminCall], Coroutine[object, object, Answer]]
_ACTIONS: dict[str, _Action] = {
    "root": Admin.root,
    "hello": Admin.root,
    "health": Admin.health,
    "ready": Admin.readiness,
    "models": Admin.models,
    "model": Admin.models,
    "metrics": Admin.show_metrics,
    "usage": Admin.usage,
    "accounts": Admin.show_accounts,
    "credentials-check": Admin.check_credentials,
    "usage-limits": Admin.limits,
}
ADMIN_ACTIONS = frozenset(_ACTIONS)


def _number(query: dict[str, list[str]], name: str, default: float) -> float:
    try:
        return float(query[name][0]) if name in query else default
    except ValueError:
        raise Fault("bad_request", f"{name} must be seconds since the epoch", param=name) from None


def _json(call: AdminCall, value: dict[str, object]) -> Answer:
    return _answer(call, 200, b"application/json", orjson.dumps(value))


def _text(call: AdminCall, status: int, body: bytes) -> Answer:
    return _answer(call, status, b"text/plain; charset=utf-8", body)


def _answer(call: AdminCall, status: int, content_type: bytes, body: bytes) -> Answer:
    headers: list[Header] = [
        (b"content-type", content_type),
        (b"cache-control", b"no-store"),
        (b"x-request-id", call.request_id.encode()),
        (b"server-timing", b"relay;dur=0"),
    ]
    return Answer(status, headers, body)
