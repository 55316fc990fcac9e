"""What the relay would do with a request, told instead of done. Sends nothing, and never shows a credential."""

from collections.abc import Collection, Mapping

import msgspec

from fastproxy import endpoints, routing
from fastproxy.access.check import Client
from fastproxy.accounts import pool as accounts
from fastproxy.asked import Asked, View
from fastproxy.errors import Fault
from fastproxy.framing.http1 import RequestHead
from fastproxy.outgoing import outgoing, upgraded
from fastproxy.providers import echo
from fastproxy.providers.shape import CREDENTIALS
from fastproxy.routing import Route
from fastproxy.snapshot import Account
from fastproxy.translate.families import family
from fastproxy.translate.memory import Memory

_REDACTED = "[redacted]"


class Explanation(msgspec.Struct, frozen=True):
    """Where a request would go, and as what.

    format, upstream_format: the client's and the provider's; the same where bytes are passed on. why: how the route was
    found. family: of the model, which decides how thinking and sampling are told. url, headers, body: of the upstream
    request, without credentials; empty for the built-in model. dropped: what the upstream would not be told.
    notes: what would stand in the way.
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
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    dropped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def explain(view: View, head: RequestHead, body: bytes, catalog: Mapping[str, Collection[str]]) -> Explanation:
    """The whole way of one request, from its path to the upstream's bytes. Raises: Fault, as the relay would answer."""
    match = endpoints.find(head.method, head.path)
    if match.endpoint.format is None or match.endpoint.action not in _MODEL_ACTIONS:
        raise Fault("bad_request", f"{head.path.decode()} asks no model, so that there is nothing to explain")
    asked = Asked(view, head, match.endpoint, match.params, Client(), "req_explain")
    asked.begin(body)
    asked.look()
    route = upgraded(asked, routing.route(asked.endpoint, asked.peek.model, view.snapshot, catalog))
    told = Explanation(
        endpoint=asked.endpoint.name,
        format=asked.format.name,
        model=asked.peek.model,
        stream=asked.peek.stream,
        provider=route.provider.name,
        upstream_format=asked.format.name if route.provider is echo.PROVIDER else route.format,
        upstream_model=route.model,
        why=route.why,
        family=family(route.model).name,
    )
    return told if route.provider is echo.PROVIDER else _with_call(told, asked, route)


_MODEL_ACTIONS = frozenset(("generate", "count_tokens", "input_tokens", "compact"))


def _with_call(told: Explanation, asked: Asked, route: Route) -> Explanation:
    account, notes = _account(asked, route)
    sent = outgoing(asked, route, account, Memory())
    lines = (line.partition(b": ") for line in sent.call.lines.split(b"\r\n") if line)
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, _, value in lines)
    return msgspec.structs.replace(
        told,
        url=sent.call.origin + sent.call.target.decode("latin-1"),
        headers=tuple((name, _REDACTED if name.encode() in CREDENTIALS else value) for name, value in headers),
        body=sent.call.body,
        dropped=sent.dropped,
        notes=notes,
    )


def _account(asked: Asked, route: Route) -> tuple[Account, tuple[str, ...]]:
    """The account that would serve it; without one the rest can still be told."""
    try:
        return accounts.lease(route.provider, asked.view.snapshot), ()
    except Fault as fault:
        return Account(route.provider.name, route.provider.name), (fault.message,)
