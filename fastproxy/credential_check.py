"""Whether a credential works: asked of its vendor, one account after the other, the cheapest question first.

    a usage report, where the provider has one for the login; else its model list        costs no tokens
    strict: a tiny completion besides, made and sent as a client's request would be      costs a few

Three answers: it works, the vendor refuses it, or nobody can tell. Trouble on the way is never a refusal. Never: a
secret or a body of the vendor's in a reason; a check that changes which account serves whom.
"""

import asyncio
import re
from collections.abc import Collection
from typing import NamedTuple

import orjson

from fastproxy import endpoints, routing
from fastproxy.access.check import Client
from fastproxy.accounts.keeper import Keeper
from fastproxy.accounts.reports import Report
from fastproxy.accounts.verdict import Verdict, judge
from fastproxy.asked import Asked, View
from fastproxy.attempts import Attempts
from fastproxy.clock import monotonic, wall
from fastproxy.errors import STATUS, Fault
from fastproxy.formats import BY_NAME
from fastproxy.framing.http1 import fields_of, request_head
from fastproxy.outgoing import outgoing
from fastproxy.prelude import REFUSAL_BYTES, Prelude, enough_of, failure_in, nothing_is_enough
from fastproxy.providers.base import Provider
from fastproxy.providers.shape import Call, base_url_of
from fastproxy.routing import Route
from fastproxy.snapshot import Account
from fastproxy.translate.memory import Memories
from fastproxy.upstream.once import OwnAnswer, OwnRequest, ask
from fastproxy.upstream.reach import LIST_PATHS, own_headers
from fastproxy.upstream.reports import ReportError, Reports

COMPLETION_SECONDS = 30.0
COMPLETION_TOKENS = 16  # the least that OpenAI's Responses take
LISTED_MODELS = 5000

_SMALL = re.compile(r"haiku|flash|mini|nano|lite|small")
_NO_CHAT = re.compile(
    r"embed|tts|audio|image|realtime|live|transcri|whisper|moderation|search|rerank|vision|veo|ocr|computer|robotics"
)
_PATH = b"/v1/messages"


class Completion(NamedTuple):
    """A tiny request for an answer. ok: None where none could be made."""

    ok: bool | None
    reason: str = ""
    model: str = ""
    latency_seconds: float | None = None


class Health(NamedTuple):
    """How a credential is. ok: None = nobody can tell. latency_seconds: until the vendor had answered."""

    account: Account
    ok: bool | None
    reason: str = ""
    latency_seconds: float | None = None
    report: Report | None = None
    completion: Completion | None = None


class _Probed(NamedTuple):
    """What the cheap question brought. models: ids that the account may ask for, where the answer has some."""

    ok: bool | None
    reason: str = ""
    report: Report | None = None
    models: tuple[str, ...] = ()


class _Replied(NamedTuple):
    """What came for a completion. refusal: None = it was answered."""

    status: int
    refusal: Verdict | None


class CredentialCheck:
    """Checks accounts of one worker, or of the command line."""

    def __init__(self, attempts: Attempts, reports: Reports, model_option: str) -> None:
        """model_option: how whoever asks names the model for a completion."""
        self._attempts = attempts
        self._reports = reports
        self._model_option = model_option

    @property
    def _keeper(self) -> Keeper:
        return self._attempts.keeper

    async def check(self, account: Account, view: View, *, strict: bool, model: str = "") -> Health:
        """How one account is. model: for the completion; "" for a small one of those that its provider lists.

        Never raises.
        """
        provider = view.snapshot.providers.get(account.provider)
        if cause := self._keeper.stock.disabled.get(account.id):
            return Health(account, ok=False, reason=cause)
        if provider is None:
            reason = view.snapshot.unusable.get(account.provider, "there is no such provider")
            return Health(account, ok=None, reason=f"{account.provider} can't be asked: {reason}")
        began = monotonic()
        fresh = await self._keeper.fresh(account)
        if fresh is None:
            cause = self._keeper.stock.disabled.get(account.id)
            reason = cause or "its token has ended, and could not be renewed"
            return Health(account, ok=False if cause else None, reason=reason)
        probed = await self._probe(fresh, provider, view)
        health = Health(account, probed.ok, probed.reason, monotonic() - began, probed.report)
        if not strict:
            return health
        chosen = model or _small_model(probed, provider)
        if not chosen:
            reason = f"no model is known: name one with {self._model_option}"
            return health._replace(completion=Completion(None, reason))
        return await self._with_completion(health, self._current(fresh), chosen, view)

    async def _probe(self, account: Account, provider: Provider, view: View) -> _Probed:
        try:
            report = await self._reports.live(account, view.snapshot)
        except ReportError as error:
            return _Probed(False if error.is_refused else None, str(error))
        if report is not None:
            scopes = [window.scope for window in report.windows]
            models = tuple(scope.removeprefix("model:") for scope in scopes if scope.startswith("model:"))
            return _Probed(ok=True, report=report, models=models)
        try:
            answer = await self._list(account, provider, view)
            if answer.status == 401 and (renewed := await self._keeper.renewed(account)) is not None:
                answer = await self._list(renewed, provider, view)
        except Fault as fault:
            return _Probed(None, fault.message)
        return _of_list(answer)

    async def _list(self, account: Account, provider: Provider, view: View) -> OwnAnswer:
        """The provider's model list. Raises: Fault."""
        format_ = next(iter(provider.formats))
        url = base_url_of(provider, format_, account.facts).rstrip("/") + LIST_PATHS[format_]
        own = own_headers(provider, account)
        named = {name for name, _ in own}
        headers = [(name.encode(), value.encode()) for name, value in provider.headers if name.encode() not in named]
        return await ask(OwnRequest("GET", url, (*headers, *own)), view.snapshot.upstream.proxy)

    async def _with_completion(self, health: Health, account: Account, model: str, view: View) -> Health:
        began = monotonic()
        try:
            async with asyncio.timeout(COMPLETION_SECONDS):
                replied = await self._complete(account, model, view)
                if replied.status == 401 and (renewed := await self._keeper.renewed(account)) is not None:
                    replied = await self._complete(renewed, model, view)
        except TimeoutError:
            reason = f"no answer within {COMPLETION_SECONDS:g} s"
            return health._replace(completion=Completion(ok=False, reason=reason, model=model))
        except Fault as fault:
            return health._replace(completion=Completion(ok=None, reason=fault.message, model=model))
        spent_seconds = monotonic() - began
        if replied.refusal is None:
            completion = Completion(ok=True, model=model, latency_seconds=spent_seconds)
            return health._replace(ok=True, reason="", completion=completion)
        cause = replied.refusal.cause or "the request was refused"
        completion = Completion(False, f"{cause} ({replied.status})", model, spent_seconds)
        if replied.status == 401 or replied.refusal.hard:
            return health._replace(ok=False, reason=completion.reason, completion=completion)
        return health._replace(completion=completion)

    async def _complete(self, account: Account, model: str, view: View) -> _Replied:
        """Raises: Fault when nothing could be sent, or no answer came."""
        asked, route = _asked(account, model, view)
        call = outgoing(asked, route, account, Memories()).call
        return await self._send(call, route, account)

    async def _send(self, call: Call, route: Route, account: Account) -> _Replied:
        upstream = await self._attempts.pool.open(call.origin, fresh=True)
        try:
            upstream.send(b"POST", call.target, call.lines, call.body)
            head = await upstream.head()
            format_ = BY_NAME[route.format]
            is_stream = (head.get(b"content-type") or b"").startswith(b"text/event-stream")
            enough = enough_of(format_) if is_stream else nothing_is_enough
            held = await Prelude(upstream, enough, REFUSAL_BYTES).read()
        finally:
            upstream.close()
        status, body = head.status, held
        if status < 400:
            failure = failure_in(format_, held, REFUSAL_BYTES) if is_stream else None
            if failure is None:
                return _Replied(status, None)
            status, body = STATUS[failure.told.kind], failure.data
        return _Replied(status, judge(account, route.model, status, head.get, body, wall()))

    def _current(self, account: Account) -> Account:
        """The account as it is now: a probe may have renewed it."""
        known = self._keeper.stock.accounts.get(account.provider, ())
        return next((one for one in known if one.id == account.id), account)


def _asked(account: Account, model: str, view: View) -> tuple[Asked, Route]:
    """A client's request for a few tokens, and its way. Raises: Fault."""
    named = f"{account.provider}/{model.removeprefix(f'{account.provider}/')}"
    messages = [{"role": "user", "content": "Say ok."}]
    body = orjson.dumps({"model": named, "max_tokens": COMPLETION_TOKENS, "messages": messages})
    head = request_head(b"POST", _PATH, fields_of([(b"content-type", b"application/json")]))
    match = endpoints.find(head.method, head.path)
    asked = Asked(view, head, match.endpoint, match.params, Client(), "req_check")
    asked.begin(body)
    asked.look()
    route = routing.route(asked.endpoint, named, view.snapshot, {})
    if route.provider.name != account.provider:
        raise Fault("not_found", f"what is meant for {account.provider} goes to {route.provider.name}")
    return asked, route


def _of_list(answer: OwnAnswer) -> _Probed:
    if answer.status == 200:
        return _Probed(ok=True, models=_ids(answer.body))
    if answer.status == 429:
        return _Probed(None, "the vendor has reached a limit for it (429)")
    if answer.status == 401:
        return _Probed(ok=False, reason="the vendor refuses it (401)")
    if answer.status == 403:  # also to a good key that may not do this
        return _Probed(None, "the vendor lets it list no models (403)")
    return _Probed(None, f"the vendor's model list answers {answer.status}")


def _ids(body: bytes) -> tuple[str, ...]:
    """Model ids of `{"data": [{"id"}]}` or `{"models": [{"name"}]}`; () for anything else."""
    try:
        listed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ()
    rows = (listed.get("data") or listed.get("models")) if isinstance(listed, dict) else listed
    found = (
        [row.get("id") or row.get("name") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    )
    return tuple(name.removeprefix("models/") for name in found[:LISTED_MODELS] if isinstance(name, str))


def _small_model(probed: _Probed, provider: Provider) -> str:
    """A model that costs little, of those that are known; "" where none is."""
    own: Collection[str] = [name for name in provider.models if not set(name) & set("*?[")]
    for models in (probed.models, own):
        chats = [model for model in models if not _NO_CHAT.search(model)]
        if chats:
            return next((model for model in chats if _SMALL.search(model)), chats[0])
    return ""
