"""What the relay would do with a request, told instead of done. Sends nothing, and never shows a credential."""

from collections.abc import Collection, Mapping

import msgspec

from fastproxy import endpoints, routing
from fastproxy.access.check import Client
from fastproxy.accounts.pool import Pool, Want
from fastproxy.asked import Asked, View
from fastproxy.clock import wall
from fastproxy.errors import Fault
from fastproxy.framing.http1 import RequestHead
from fastproxy.outgoing import Outgoing, decoded, outgoing, target_of, upgraded
from fastproxy.providers import BY_NAME, echo
from fastproxy.providers.base import Provider
from fastproxy.providers.shape import CREDENTIALS
from fastproxy.routing import Route
from fastproxy.snapshot import Account
from fastproxy.translate import seal, turns
from fastproxy.translate.families import family
from fastproxy.translate.memory import Memories, Memory
from fastproxy.translate.request import prepare
from fastproxy.translating import countable

_REDACTED = b"[redacted]"
_MODEL_ACTIONS = frozenset(("generate", "count_tokens", "input_tokens", "compact"))
_WHY: Mapping[str, str] = {
    seal.DROPPED: "only the account that made a signature can read it, and this request goes to another one",
    turns.EMPTY: "a turn in which nothing is said",
    turns.MISSING: "a call has no result: it gets one that says so",
    turns.MOVED: "results go right behind the turn that called",
    turns.ORPHAN: "a result has no call: it is told as text",
    "tool_choice": "the model can't be made to call: it is asked to in words",
    "output.kind": "nothing holds the model to JSON: it is asked to in words",
    "output.schema": "nothing holds the model to a schema: it is asked to in words",
    "tools.schema": "the schema of a tool is looser there: what it loses is said in its description, if that is short",
    turns.PREFILL: "the model does not go on from words of the assistant: a turn of the user's asks for the rest",
}


class Explanation(msgspec.Struct, frozen=True):
    """Where a request would go, and as what.

    format, upstream_format: the client's and the provider's; the same where bytes are passed on. why: how the route was
    found. fallback: who would be asked next, as provider/model. family: of the model, which decides how thinking and
    sampling are told. sent: whether anything is, or the answer is made in this process. url, headers, body: of the
    upstream request, without credentials. dropped: what the upstream would not be told, and why. notes: what would
    stand in the way, or be else than it looks.
    """

    endpoint: str
    format: str
    model: str
    stream: bool
    provider: str
    upstream_format: str
    upstream_model: str
    why: str
    family: str
    fallback: tuple[str, ...] = ()
    sent: bool = False
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    dropped: Mapping[str, str] = {}
    notes: tuple[str, ...] = ()


def explain(view: View, head: RequestHead, body: bytes, catalog: Mapping[str, Collection[str]]) -> Explanation:
    """The whole way of one request, from its path to the upstream's bytes. Raises: Fault, as the relay would answer.

    What the relay remembers of earlier answers (signatures for clients that send none back) is not known here.
    """
    match = endpoints.find(head.method, head.path)
    if match.endpoint.format is None or match.endpoint.action not in _MODEL_ACTIONS:
        path = head.path.decode("latin-1")
        raise Fault("bad_request", f"{path} asks no model, so that there is nothing to explain")
    asked = Asked(view, head, match.endpoint, match.params, Client(), "req_explain")
    asked.begin(body)
    asked.look()
    route = upgraded(asked, routing.route(asked.endpoint, asked.peek.model, view.snapshot, catalog))
    built_in = route.provider is echo.PROVIDER
    told = Explanation(
        endpoint=asked.endpoint.name,
        format=asked.format.name,
        model=asked.peek.model,
        stream=asked.peek.stream,
        provider=route.provider.name,
        upstream_format=asked.format.name if built_in else route.format,
        upstream_model=route.model,
        why=route.why,
        family=family(route.model).name,
        fallback=tuple(
            f"{other.provider.name}/{other.model}" for other in routing.fallbacks(asked.endpoint, route, view.snapshot)
        ),
    )
    if built_in:
        return msgspec.structs.replace(told, notes=("the built-in model answers in this process",))
    if not countable(asked, route):
        decoded(asked)  # whatever can't be read is refused here, too
        note = f"{route.format} has no way to count tokens: the relay answers with an estimate"
        return msgspec.structs.replace(told, notes=(note,))
    return _with_call(told, asked, route)


def _with_call(told: Explanation, asked: Asked, route: Route) -> Explanation:
    account, notes = _account(asked, route)
    sent = outgoing(asked, route, account, Memories())
    lines = (line.partition(b": ") for line in sent.call.lines.split(b"\r\n") if line)
    hidden = CREDENTIALS | _configured_headers(route.provider)
    headers = ((name, _REDACTED if name.lower() in hidden else value) for name, _, value in lines)
    return msgspec.structs.replace(
        told,
        sent=True,
        url=sent.call.origin + sent.call.target.decode("latin-1"),
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers),
        body=sent.call.body,
        dropped=_reasons(sent, asked, route, account) if sent.dropped else {},
        notes=(*notes, *_how_answered(sent)),
    )


def _how_answered(sent: Outgoing) -> tuple[str, ...]:
    """What can't be seen in the request: that a function of ours is not for the client."""
    answer = sent.translated.answer if sent.translated is not None else ""
    return (f"the answer's text will be what the model hands to the function {answer!r}",) if answer else ()


def _configured_headers(provider: Provider) -> frozenset[bytes]:
    """The names of headers that the user has set, whose values may be secrets, too."""
    known = BY_NAME[provider.name].headers if provider.name in BY_NAME else ()
    return frozenset(header[0].lower().encode() for header in provider.headers if header not in known)


def _reasons(sent: Outgoing, asked: Asked, route: Route, account: Account) -> Mapping[str, str]:
    """Each name with the reason why the upstream is not told."""
    target = target_of(route, account)
    unfit: tuple[str, ...] = ()
    why = dict.fromkeys(sent.dropped, f"{route.provider.title} does not take it")
    if sent.translated is not None:
        unfit = prepare(decoded(asked), target, Memory())[1].dropped
        why |= dict.fromkeys(sent.translated.dropped, f"it can't be said in {route.format}")
    why |= dict.fromkeys(unfit, f"models of the family {target.family.name!r} don't take it so in {route.format}")
    why |= dict.fromkeys(target.refuses, f"{route.provider.title} refuses it")
    return {name: _WHY.get(name, why[name]) for name in sent.dropped}


def _account(asked: Asked, route: Route) -> tuple[Account, tuple[str, ...]]:
    """The account that would serve it if none rested; without one the rest can still be told.

    The relay's own choice, for a new session of a client that is bound to no account.
    """
    provider, snapshot = route.provider, asked.view.snapshot
    pool = Pool(pin_seconds=snapshot.keeping.pin_seconds, pins=snapshot.keeping.pins)
    pool.replace({provider.name: snapshot.accounts.get(provider.name, ())}, {})
    try:
        return pool.lease(Want(provider, route.model), wall()), ()
    except Fault as fault:
        return Account(provider.name, provider.name), (fault.message,)
