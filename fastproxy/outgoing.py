"""What goes upstream for an exchange: the client's own bytes where both sides speak one format, else a request of ours.

Never: a header or a parameter of the client in a translated request (it is ours, DESIGN 7), a signature to anybody but
the account that made it, a field dropped in silence.
"""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from fastproxy import payload
from fastproxy.asked import Asked
from fastproxy.errors import Fault, Header
from fastproxy.formats import BY_NAME
from fastproxy.formats.base import Action, Format
from fastproxy.formats.bounds import MAX_DEPTH, MAX_VALUES, is_walkable
from fastproxy.ir.request import Request
from fastproxy.jsonedit import prepend
from fastproxy.providers.base import Provider
from fastproxy.providers.draft import Draft
from fastproxy.providers.shape import (
    Call,
    base_url_of,
    compose,
    credential_for,
    login_headers,
    path_of,
    query_of,
    sent_names,
    shape,
    with_configured,
)
from fastproxy.routing import Route
from fastproxy.snapshot import Account
from fastproxy.translate.adapt import needs_responses
from fastproxy.translate.families import family
from fastproxy.translate.hosts import at_host
from fastproxy.translate.memory import Memories, Memory
from fastproxy.translate.request import Target, Translated, translate_request
from fastproxy.translate.seal import Mint, has_seal
from fastproxy.translate.traits import Family
from fastproxy.translate.unwrap import unwrap

_INCLUDE_USAGE = b'"stream_options":{"include_usage":true}'
_NOTHING: frozenset[bytes] = frozenset()


class Outgoing(NamedTuple):
    """One upstream request. translated: what was done to it, which the answer's way back needs; None on the diagonal.

    dropped: what the client said and the upstream is not told.
    """

    call: Call
    translated: Translated | None
    dropped: tuple[str, ...]


def outgoing(asked: Asked, route: Route, account: Account, memories: Memories) -> Outgoing:
    """The upstream request. Raises: Fault(bad_request) for what has no equal in the upstream's format."""
    if route.provider.auth == "client":
        credential = asked.view.gate.foreign_credentials(asked.head)
    else:
        credential = credential_for(route.provider, account)
    if route.format == asked.format.name:
        return _passed(asked, route, account, credential)
    return _translated(asked, route, account, credential, memories.of(asked.caller()))


def _passed(asked: Asked, route: Route, account: Account, credential: list[Header]) -> Outgoing:
    """The client's bytes, unless the model has another name there, a rule says otherwise, or an envelope is in them."""
    provider, format_, body = route.provider, asked.format, asked.body
    dropped: tuple[str, ...] = ()
    if (asked.moved or has_seal(body)) and is_walkable(body):
        body, dropped = unwrap(body, mint_of(route, account), moved=asked.moved)
    if route.model != asked.peek.model:
        body = format_.rename(body, route.model)
    body = _by_rules(body, asked, route)
    if provider.quirks.include_usage and not asked.peek.wants_usage and b'"stream_options"' not in body:
        body = prepend(body, _INCLUDE_USAGE)  # a client's own stream_options stay
    head, stream = asked.head, asked.peek.stream
    draft = Draft(
        format=route.format,
        action=asked.action,
        model=route.model,
        stream=stream and asked.action == "generate",
        path=path_of(format_, asked.action, route.model, asked.params),
        body=body,
        query=query_of(head.query) if head.query else b"",
        sent=sent_names(head) if provider.shape is not None else _NOTHING,
        dropped=dropped,
    )
    draft = _shaped(draft, provider, account, head.every)
    base_url = base_url_of(provider, route.format, account.facts)
    return Outgoing(shape(head, draft, provider, base_url, credential), None, draft.dropped)


def _translated(asked: Asked, route: Route, account: Account, credential: list[Header], memory: Memory) -> Outgoing:
    source, provider = BY_NAME[route.format], route.provider
    target = target_of(route, account, asked.record.session)
    request = decoded(asked)
    action: Action = "generate"
    encode = source.encode_request
    if asked.action != "generate":
        assert source.counting is not None  # noqa: S101 - `countable` has been asked: nothing is sent to be estimated
        action, encode = source.counting.action, source.counting.encode
    translated = translate_request(request, target, memory, encode)
    stream = request.stream and action == "generate"
    path, query = _asking(source, action, route.model, stream=stream)
    draft = Draft(
        format=route.format,
        action=action,
        model=route.model,
        stream=stream,
        path=path,
        body=_by_rules(translated.body, asked, route),
        query=query,
        sent=frozenset(name for name, _ in translated.headers) if provider.shape is not None else _NOTHING,
        dropped=translated.dropped,
    )
    headers = with_configured(provider, translated.headers)
    own = dict(headers)
    draft = _shaped(draft, provider, account, lambda name: [own[name]] if name in own else [])
    base_url = base_url_of(provider, route.format, account.facts)
    call = compose(provider, base_url, draft, (*headers, *credential))
    return Outgoing(call, translated, draft.dropped)


def _shaped(draft: Draft, provider: Provider, account: Account, sent: Callable[[bytes], list[bytes]]) -> Draft:
    """The draft as the provider takes it from this account. sent: values of the headers that it brings along."""
    if provider.login_lists and account.kind == "login":
        draft = msgspec.structs.replace(draft, headers=login_headers(provider, sent))
    return draft if provider.shape is None else provider.shape(draft, account.facts)


def _asking(format_: Format, action: Action, model: str, *, stream: bool) -> tuple[str, bytes]:
    """Path and query of a request of ours; a stream is always asked for as events."""
    verbs = format_.verbs
    if verbs is None:
        return path_of(format_, action, model, {}), b""
    path = path_of(format_, action, model, {"verb": verbs.stream if stream else verbs.whole})
    return path, verbs.events if stream else b""


def decoded(asked: Asked) -> Request:
    """What the client asks, in the hub's words. Raises: Fault(bad_request), Fault(too_large)."""
    format_ = asked.format
    if not is_walkable(asked.body):
        limits = f"{MAX_DEPTH} levels and {MAX_VALUES} values"
        raise Fault("too_large", f"a request for a model of another format may have {limits} at most")
    if asked.action == "generate" or format_.counting is None:
        return format_.decode_request(asked.body, asked.params)
    return format_.counting.decode(asked.body, asked.params)


def target_of(route: Route, account: Account, session: str = "") -> Target:
    """Who is to answer a translated request. session: what the client calls the conversation."""
    quirks = route.provider.quirks
    return Target(
        BY_NAME[route.format],
        route.model,
        mint_of(route, account),
        family_at(route),
        refuses=quirks.refuses,
        short_call_ids=quirks.short_call_ids,
        demands_thoughts=quirks.demands_thoughts,
        drops_unfit_thoughts=quirks.drops_unfit_thoughts,
        session=session if route.format in quirks.cache_key else "",
    )


def family_at(route: Route) -> Family:
    """The row of the model that answers, as it holds at its host."""
    quirks, row = route.provider.quirks, family(route.model)
    if not (quirks.answers or quirks.refuses_schema_with_tools or quirks.refuses_forced_calls):
        return row
    return at_host(
        row,
        answers=quirks.answers or row.answers,
        schema_with_tools=not quirks.refuses_schema_with_tools,
        forced_calls=not quirks.refuses_forced_calls,
    )


def mint_of(route: Route, account: Account) -> Mint:
    """Who makes the signatures of an answer, and alone can read them."""
    return Mint(route.format, route.provider.name, account.id)


def _by_rules(body: bytes, asked: Asked, route: Route) -> bytes:
    """The body with the configuration's [[payload]] rules applied, in the words of the upstream's format."""
    rules = asked.view.snapshot.payload
    if rules and asked.action == "generate":  # what counts or compacts refuses the keys that a rule would add
        return payload.apply(body, route.model, rules)
    return body


def upgraded(asked: Asked, route: Route) -> Route:
    """The route in the format that the model takes function tools in, where it takes them beside thinking in one only.

    A body that can't be understood stays on its way: the upstream says itself what is wrong with it.
    """
    if route.format_with_tools is None or b'"tools"' not in asked.body:
        return route
    try:
        request = decoded(asked)
    except Fault:
        return route
    if not needs_responses(request, family(route.model)):
        return route
    return route._replace(
        format=route.format_with_tools, why=f"{route.why}, with tools only in {route.format_with_tools}"
    )
