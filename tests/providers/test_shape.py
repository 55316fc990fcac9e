"""From a client's head to the upstream's: what passes, what never does, and how the credential is carried."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.errors import Header
from fastproxy.formats import BY_NAME
from fastproxy.framing.http1 import ResponseHead, fields_of, request_head
from fastproxy.providers.base import Auth, Provider
from fastproxy.providers.shape import (
    Call,
    base_url_of,
    compose,
    credential_for,
    downstream_lines,
    login_headers,
    path_of,
    place,
    query_of,
    sent_names,
    shape,
    with_configured,
)
from fastproxy.secret import Secret
from fastproxy.snapshot import Account
from support.drafts import draft

BASE = "https://api.lab.test/v1"
LAB = Provider(name="lab", title="Lab", formats={"openai-chat": BASE})
SECRET: list[Header] = [(b"authorization", b"Bearer sk-lab")]


def shaped(
    *headers: Header, target: bytes = b"/v1/chat/completions", provider: Provider = LAB, body: bytes = b"{}"
) -> Call:
    head = request_head(b"POST", target, fields_of(headers))
    return shape(head, draft(body, query=query_of(head.query)), provider, BASE, SECRET)


def account(**fields: Any) -> Account:
    return Account("lab", "lab:1", Secret("sk-lab"), **fields)


def lines_of(call: Call) -> list[Header]:
    assert call.lines.endswith(b"\r\n")
    pairs = (line.partition(b": ") for line in call.lines[:-2].split(b"\r\n"))
    return [(name, value) for name, _, value in pairs]


def passed(*headers: Header) -> list[Header]:
    """The client's headers that went up: all lines but our own."""
    lines = lines_of(shaped(*headers))
    assert lines[0] == (b"host", b"api.lab.test")
    assert lines[-3:] == [*SECRET, (b"accept-encoding", b"identity"), (b"content-length", b"2")]
    return lines[1:-3]


# What passes.

CLIENT_HEADERS = [
    ("Claude Code", b"anthropic-version", b"2023-06-01"),
    ("Claude Code", b"anthropic-beta", b"claude-code-20250219,interleaved-thinking-2025-05-14,effort-2025-11-24"),
    ("Claude Code", b"anthropic-dangerous-direct-browser-access", b"true"),
    ("Claude Code", b"x-claude-code-session-id", b"0d2f"),
    ("Claude Code", b"x-app", b"cli"),
    ("Claude Code", b"x-stainless-retry-count", b"0"),
    ("Claude Code", b"user-agent", b"claude-cli/2.1.329 (external, cli)"),
    ("Claude Code", b"accept", b"application/json"),
    ("Codex", b"session-id", b"abc"),
    ("Codex", b"thread-id", b"def"),
    ("Codex", b"x-client-request-id", b"ghi"),
    ("Codex", b"x-codex-window-id", b"1"),
    ("Codex", b"x-codex-turn-metadata", b'{"a":"' + b"x" * 3000 + b'"}'),
    ("Codex", b"x-codex-beta-features", b"unified_exec"),
    ("Codex", b"originator", b"codex_exec"),
    ("Codex", b"openai-beta", b"responses=experimental"),
    ("opencode", b"x-session-id", b"s"),
    ("opencode", b"x-session-affinity", b"s"),
    ("openai", b"openai-organization", b"org"),
    ("openai", b"idempotency-key", b"k"),
    ("google-genai", b"x-goog-api-client", b"google-genai-sdk/3.4.0 gl-python/3.11"),
    ("any", b"content-type", b"application/json"),
    ("any", b"content-encoding", b"zstd"),
    ("any", b"x-request-id", b"req_1"),
    ("any", b"traceparent", b"00-1-2-00"),
]


@pytest.mark.parametrize(
    ("name", "value"), [row[1:] for row in CLIENT_HEADERS], ids=[row[1].decode() for row in CLIENT_HEADERS]
)
def test_what_clients_send_arrives(name: bytes, value: bytes):
    assert passed((name, value)) == [(name, value)]


def test_repeated_lines_stay_repeated_and_in_order():
    lines = [(b"anthropic-beta", b"b"), (b"x", b"1"), (b"anthropic-beta", b"a"), (b"anthropic-beta", b"b")]
    assert passed(*lines) == lines


# What never does.

DENIED = [
    b"host", b"content-length", b"transfer-encoding", b"connection", b"keep-alive", b"te", b"trailer", b"upgrade",
    b"proxy-authorization", b"proxy-authenticate", b"proxy-connection", b"proxy-anything", b"expect",
    b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key", b"cookie", b"cookie2", b"accept-encoding",
    b"forwarded", b"via", b"x-real-ip", b"x-forwarded-for", b"x-forwarded-host", b"origin", b"referer",
    b"sec-fetch-site", b"sec-ch-ua", b"x-fastproxy-route", b"x-amp-thread-id", b"x-amp-device-fingerprint",
]  # fmt: skip


@pytest.mark.parametrize("name", DENIED, ids=[name.decode() for name in DENIED])
def test_what_is_denied_does_not_pass(name: bytes):
    assert passed((name, b"v"), (b"x", b"1")) == [(b"x", b"1")]


def test_what_the_connection_header_names_does_not_pass():
    assert passed((b"connection", b"x-a, X-B"), (b"x-a", b"1"), (b"x-b", b"2"), (b"x-c", b"3")) == [(b"x-c", b"3")]


def test_every_connection_line_counts():
    lines = [(b"connection", b"keep-alive"), (b"connection", b"x-a"), (b"x-a", b"1")]
    assert passed(*lines) == []


# Our own lines.


@pytest.mark.parametrize(
    ("auth", "line"),
    [
        ("bearer", (b"authorization", b"Bearer sk-lab")),
        ("x-api-key", (b"x-api-key", b"sk-lab")),
        ("x-goog-api-key", (b"x-goog-api-key", b"sk-lab")),
        ("api-key", (b"api-key", b"sk-lab")),
        ("none", None),
        ("client", None),
    ],
)
def test_each_scheme_carries_the_credential_its_own_way(auth: Auth, line: Header | None):
    provider = Provider(name="lab", title="Lab", formats={}, auth=auth)
    assert credential_for(provider, account()) == ([line] if line is not None else [])


@pytest.mark.parametrize("auth", ["bearer", "x-api-key", "x-goog-api-key"])
def test_the_token_of_a_login_goes_as_bearer_whatever_carries_keys(auth: Auth):
    provider = Provider(name="lab", title="Lab", formats={}, auth=auth)
    assert credential_for(provider, account(kind="login")) == [(b"authorization", b"Bearer sk-lab")]


def test_no_secret_is_no_line():
    assert credential_for(LAB, Account("lab", "lab:1")) == []


def test_headers_that_a_host_demands_are_set_unless_the_client_sent_them():
    provider = Provider(
        name="lab", title="Lab", formats={}, headers=(("anthropic-version", "2023-06-01"), ("x-two", "2"))
    )
    assert (b"anthropic-version", b"2023-06-01") in lines_of(shaped(provider=provider))
    lines = lines_of(shaped((b"anthropic-version", b"2026-10-21"), provider=provider))
    assert [value for name, value in lines if name == b"anthropic-version"] == [b"2026-10-21"]
    assert (b"x-two", b"2") in lines


def test_the_framing_is_ours():
    lines = lines_of(shaped((b"transfer-encoding", b"chunked"), (b"content-length", b"7"), body=b"x" * 12))
    assert [header for header in lines if header[0] in (b"content-length", b"transfer-encoding")] == [
        (b"content-length", b"12")
    ]


def test_nothing_is_invented():
    assert [name for name, _ in lines_of(shaped())] == [
        b"host",
        b"authorization",
        b"accept-encoding",
        b"content-length",
    ]


# The query.


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        (b"beta=true", b"beta=true"),
        (b"alt=sse", b"alt=sse"),
        (b"alt=sse&key=tok", b"alt=sse"),
        (b"key=tok&alt=sse", b"alt=sse"),
        (b"key=tok", b""),
        (b"key", b""),
        (b"%6Bey=tok&a=1", b"a=1"),
        (b"%6b%65%79=tok", b""),
        (b"a=%2F&a=b+c&a=%20&b", b"a=%2F&a=b+c&a=%20&b"),
        (b"monkey=1&keys=2&KEY=3", b"monkey=1&keys=2&KEY=3"),
        (b"&&a=1&", b"&&a=1&"),
        (b"", b""),
    ],
)
def test_the_query_goes_up_byte_for_byte_less_the_key(query: bytes, sent: bytes):
    target = shaped(target=b"/v1/x?" + query).target
    assert target == b"/v1/chat/completions" + (b"?" + sent if sent else b"")


@given(st.lists(st.from_regex(rb"[a-jl-z0-9%=+.\[\]]{0,8}", fullmatch=True), max_size=6))
def test_a_query_without_a_key_stays_as_it_is(parts: list[bytes]):
    query = b"&".join(parts)
    if b"%" not in query and query:
        assert shaped(target=b"/x?" + query).target.partition(b"?")[2] == query


# What a provider sets.


def edited(*headers: Header, brought: tuple[Header, ...] = (), provider: Provider = LAB) -> list[Header]:
    head = request_head(b"POST", b"/x", fields_of(brought))
    return lines_of(shape(head, draft(headers=headers), provider, BASE, []))


def test_what_a_provider_sets_stands_in_place_of_what_was_brought():
    provider = Provider(name="lab", title="Lab", formats={}, headers=(("x-two", "record"),))
    lines = edited(
        (b"x-one", b"set"), (b"x-two", b"set"), brought=((b"X-One", b"own"), (b"x", b"1")), provider=provider
    )
    assert lines[1:-2] == [(b"x", b"1"), (b"x-one", b"set"), (b"x-two", b"set")]


OWN_WORKSPACE = ((b"X-Workspace", b"client"), (b"x", b"1"))


@pytest.mark.parametrize(
    ("auth", "record", "sent"),
    [
        ("bearer", (), [(b"x", b"1")]),
        ("bearer", (("x-workspace", "record"),), [(b"x", b"1"), (b"x-workspace", b"record")]),
        ("client", (("x-workspace", "record"),), list(OWN_WORKSPACE)),
    ],
)
def test_a_header_that_means_the_clients_own_credential_goes_up_with_no_other(
    auth: Auth, record: tuple[tuple[str, str], ...], sent: list[Header]
):
    provider = Provider(name="lab", title="Lab", formats={}, auth=auth, headers=record)
    one = draft(b"{}", without=frozenset({b"x-workspace"}))
    head = request_head(b"POST", b"/v1/chat/completions", fields_of(OWN_WORKSPACE))
    assert lines_of(shape(head, one, provider, BASE, SECRET))[1:-3] == sent


@pytest.mark.parametrize(
    ("configured", "ours", "sent"),
    [
        ((("anthropic-beta", "a, b"),), ((b"anthropic-beta", b"b,c"),), ((b"anthropic-beta", b"a,b,c"),)),
        ((("anthropic-version", "1"),), ((b"anthropic-version", b"2"),), ((b"anthropic-version", b"2"),)),
        ((("anthropic-beta", "a"),), ((b"anthropic-version", b"2"),), ((b"anthropic-version", b"2"),)),
        ((), ((b"anthropic-beta", b"c"),), ((b"anthropic-beta", b"c"),)),
    ],
)
def test_a_list_of_ours_keeps_what_is_configured_beside_it(configured, ours, sent):
    provider = Provider(name="lab", title="Lab", formats={"anthropic": "http://h"}, headers=configured)
    assert with_configured(provider, ours) == sent


@pytest.mark.parametrize("value", [b"a\r\nhost: evil.test", b"a\nb", b"a\0", b"\x7f"])
def test_a_value_that_would_not_be_one_line_is_left_out(value: bytes):
    assert b"evil" not in b"".join(b"".join(line) for line in edited((b"x-one", value)))
    call = compose(LAB, BASE, draft(headers=((b"x-one", value),)), ())
    assert b"x-one" not in call.lines


def test_a_request_of_our_own_is_made_of_the_format_the_record_and_what_the_provider_sets():
    provider = Provider(name="lab", title="Lab", formats={}, headers=(("x-two", "record"), ("x-three", "record")))
    one = draft(b"{}", query=b"a=1", headers=((b"x-one", b"set"), (b"accept", b"text/event-stream")))
    call = compose(provider, BASE, one, ((b"x-one", b"format"), (b"x-two", b"format"), *SECRET))
    lines = lines_of(call)
    assert call.target == b"/v1/chat/completions?a=1"
    assert len(lines) == len({name for name, _ in lines})
    assert {(b"x-one", b"set"), (b"x-two", b"format"), (b"x-three", b"record"), *SECRET} <= set(lines)
    assert (b"accept", b"text/event-stream") in lines


def test_the_names_that_a_client_brings_along_are_those_that_go_up():
    headers = ((b"X-App", b"1"), (b"cookie", b"c"), (b"connection", b"x-hop"), (b"x-hop", b"1"))
    assert sent_names(request_head(b"POST", b"/x", fields_of(headers))) == {b"x-app"}


# Logins.

LISTS = Provider(
    name="lab", title="Lab", formats={}, headers=(("x-list", "record"),), login_lists=(("x-list", "ours"),)
)


@pytest.mark.parametrize(
    ("brought", "sent"),
    [
        ([], b"record,ours"),
        ([b"a,b"], b"a,b,ours"),
        ([b"b , a", b"c"], b"b,a,c,ours"),
        ([b"a,ours,b"], b"a,ours,b"),
        ([b"a,a,ours"], b"a,ours"),
        ([b" ,,"], b"ours"),
    ],
)
def test_a_list_keeps_its_order_and_gets_what_a_login_needs_once(brought: list[bytes], sent: bytes):
    assert login_headers(LISTS, lambda _name: brought) == ((b"x-list", sent),)


# Where an account is served.

MOVING = Provider(
    name="lab",
    title="Lab",
    formats={"openai-chat": BASE, "anthropic": "https://other.lab.test"},
    hosts=("one.lab.test", "*.wide.test"),
)


@pytest.mark.parametrize(
    "told", ["https://one.lab.test", "https://one.lab.test/a/v1", "https://a.wide.test", "https://a.b.wide.test/x"]
)
def test_an_account_is_believed_for_the_hosts_of_its_record(told: str):
    assert base_url_of(MOVING, "openai-chat", {"base_url": told}) == told
    assert base_url_of(MOVING, "anthropic", {"base_url": told}) == "https://other.lab.test"
    assert base_url_of(LAB, "openai-chat", {"base_url": told}) == BASE


@pytest.mark.parametrize(
    "told",
    [
        "http://one.lab.test",
        "https://one.lab.test:8443",
        "https://one.lab.test@evil.test",
        "https://evil.test/one.lab.test",
        "https://wide.test",
        "https://.wide.test",
        "https://evilwide.test",
        "https://a.wide.test.evil.test",
        "https://evil.test#.wide.test",
        "https://evil.test?.wide.test",
        "https://evil.test\\.wide.test",
        "https://one.lab.test/../x",
        "https://one.lab.test/a?b",
        "https://one.lab.test/\r\n",
        "one.lab.test",
        "",
    ],
)
def test_no_other_address_is_believed(told: str):
    assert base_url_of(MOVING, "openai-chat", {"base_url": told}) == BASE


# Addresses.


@pytest.mark.parametrize(
    ("base_url", "origin", "host", "path"),
    [
        ("https://api.lab.test/v1", "https://api.lab.test:443", b"api.lab.test", "/v1"),
        ("https://api.lab.test/v1/", "https://api.lab.test:443", b"api.lab.test", "/v1"),
        ("http://api.lab.test", "http://api.lab.test:80", b"api.lab.test", ""),
        ("http://127.0.0.1:8000/a/b", "http://127.0.0.1:8000", b"127.0.0.1:8000", "/a/b"),
        ("http://[::1]:11434/v1", "http://[::1]:11434", b"[::1]:11434", "/v1"),
    ],
)
def test_a_base_url_in_parts(base_url: str, origin: str, host: bytes, path: str):
    assert place(base_url) == (found := place(base_url))
    assert (found.origin, found.host_line, found.path) == (origin, b"host: " + host, path)


@pytest.mark.parametrize(
    ("model", "quoted"),
    [
        ("gemini-2.5-flash", "gemini-2.5-flash"),
        ("a/b", "a%2Fb"),
        ("../../x", "..%2F..%2Fx"),
        ("x?y#z", "x%3Fy%23z"),
        ("x@evil.test", "x%40evil.test"),
        ("x\r\nhost: evil", "x%0D%0Ahost%3A%20evil"),
        ("%2e", "%252e"),
        ("m\u00e9", "m%C3%A9"),
    ],
)
def test_a_model_in_a_path_stays_one_segment(model: str, quoted: str):
    params = {"version": "v1", "verb": "streamGenerateContent"}
    path = path_of(BY_NAME["gemini"], "generate", model, params)
    assert path == f"/v1/models/{quoted}:streamGenerateContent"


def test_a_format_without_its_model_in_the_path_does_not_care():
    assert path_of(BY_NAME["anthropic"], "count_tokens", "../x", {}) == "/v1/messages/count_tokens"


# The way back.


def downstream(headers: list[Header]) -> list[Header]:
    pairs = (line.partition(b": ") for line in downstream_lines(ResponseHead(*fields_of(headers), 200)))
    return [(name, value) for name, _, value in pairs]


def test_lines_pass_as_they_were_spelled():
    head = ResponseHead(*fields_of([(b"Retry-After", b"7"), (b"Set-Cookie", b"a=b")]), 200)
    assert list(downstream_lines(head)) == [b"Retry-After: 7"]
    assert passed((b"X-App", b"cli"), (b"COOKIE", b"a=b")) == [(b"X-App", b"cli")]


def test_what_the_client_gets_of_the_upstreams_headers():
    kept = [(b"content-type", b"application/json"), (b"retry-after", b"7"), (b"x-ratelimit-remaining", b"1"),
            (b"anthropic-ratelimit-tokens-reset", b"t"), (b"request-id", b"r"), (b"content-encoding", b"br"),
            (b"x-request-id", b"x"), (b"warning", b"a"), (b"warning", b"b")]  # fmt: skip
    dropped = [
        b"connection", b"keep-alive", b"transfer-encoding", b"content-length", b"te", b"trailer", b"upgrade",
        b"proxy-authenticate", b"set-cookie", b"set-cookie2", b"alt-svc", b"strict-transport-security",
        b"server-timing", b"access-control-allow-origin", b"x-fastproxy-route",
    ]  # fmt: skip
    headers = [*kept, *((name, b"v") for name in dropped)]
    assert downstream(headers) == kept


def test_what_the_upstreams_connection_header_names_stays_behind():
    headers = [
        (b"connection", b"X-Hop, close"),
        (b"connection", b"x-two"),
        (b"x-hop", b"1"),
        (b"x-two", b"2"),
        (b"x", b"3"),
    ]
    assert downstream(headers) == [(b"x", b"3")]
