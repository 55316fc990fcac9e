"""Who may come in: tokens, hosts, origins, paths. What is refused is refused before its body, and never forwarded."""

from pathlib import Path

import orjson
import pytest

from support import script
from support.callers import CALLERS, CHAT, Caller
from support.envelopes import assert_refusal
from support.relay import ADMIN_TOKEN, TOKEN, UPSTREAM_KEY, Relay, StartRelay, config
from support.upstream import Upstream
from support.wire import Answer, request

HEX = "0" * 32


def send(relay: Relay, data: bytes, method: str = "POST") -> Answer:
    with relay.wire() as wire:
        wire.send(data)
        return wire.answer(method)


@pytest.fixture
def whole(upstream: Upstream) -> str:
    return upstream.teach(script.whole(CHAT.answer))


CARRIERS = {
    "Authorization: Bearer": (("authorization", f"Bearer {TOKEN}"), ""),
    "authorization: bearer": (("authorization", f"bearer {TOKEN}"), ""),
    "x-api-key": (("x-api-key", TOKEN), ""),
    "x-goog-api-key": (("x-goog-api-key", TOKEN), ""),
    "?key=": (("x-none", "1"), f"key={TOKEN}"),
}


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
@pytest.mark.parametrize(("header", "query"), CARRIERS.values(), ids=CARRIERS)
def test_each_carrier_opens_each_format_and_stays_here(
    relay: Relay, upstream: Upstream, whole: str, caller: Caller, header: tuple[str, str], query: str
):
    target = f"{caller.whole_target}?a=1&{query}&b=2" if query else f"{caller.whole_target}?a=1&b=2"
    answer = send(relay, request(target, caller.whole_body, [header, ("x-lab", whole)]))
    assert answer.status == 200
    seen = upstream.only(whole)
    assert TOKEN.encode() not in seen.head
    assert seen.request_line.split()[1] == f"{caller.whole_target}?a=1&b=2".encode()
    assert seen.get(b"authorization") == [f"Bearer {UPSTREAM_KEY}".encode()]
    assert seen.get(b"x-api-key") == seen.get(b"x-goog-api-key") == []


BAD_CREDENTIALS = {
    "none": [],
    "empty": [("authorization", "")],
    "scheme only": [("authorization", "Bearer")],
    "scheme and space": [("authorization", "Bearer ")],
    "wrong": [("authorization", f"Bearer fp-test-{HEX}")],
    "cut short": [("authorization", f"Bearer {TOKEN[:-1]}")],
    "one too many": [("authorization", f"Bearer {TOKEN}a")],
    "upper case": [("authorization", f"Bearer {TOKEN.upper()}")],
    "Basic": [("authorization", f"Basic {TOKEN}")],
    "no scheme": [("authorization", TOKEN)],
    "not ASCII": [("authorization", "Bearer t\u00f6k\u00e9n")],
    "SQL": [("authorization", "Bearer ' OR 1=1 --")],
    "very long": [("authorization", "Bearer " + "a" * 20_000)],
    "two wrong ones": [("authorization", "Bearer a"), ("x-api-key", "b")],
    "in another header": [("x-token", TOKEN)],
    "in a cookie": [("cookie", f"token={TOKEN}")],
}


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
@pytest.mark.parametrize("headers", BAD_CREDENTIALS.values(), ids=BAD_CREDENTIALS)
def test_a_bad_credential_is_a_401_in_the_callers_envelope(
    relay: Relay, upstream: Upstream, whole: str, caller: Caller, headers: list[tuple[str, str]]
):
    answer = send(relay, request(caller.whole_target, caller.whole_body, [*headers, ("x-lab", whole)]))
    assert_refusal(caller.format, answer, 401)
    assert (answer.get("www-authenticate") or "").startswith("Bearer")
    assert upstream.seen(whole) == []


@pytest.mark.parametrize("target", ["/v1/usage", "/metrics"])
def test_admin_endpoints_take_the_admin_token_only(relay: Relay, target: str):
    assert send(relay, request(target, method="GET"), "GET").status in {401, 403}
    client = request(target, headers=[("authorization", f"Bearer {TOKEN}")], method="GET")
    assert send(relay, client, "GET").status in {401, 403}
    assert relay.admin(target).status == 200


def test_the_admin_token_is_no_client_token(relay: Relay, upstream: Upstream, whole: str):
    headers = [("authorization", f"Bearer {ADMIN_TOKEN}"), ("x-lab", whole)]
    assert send(relay, request(CHAT.whole_target, CHAT.whole_body, headers)).status in {401, 403}
    assert upstream.seen(whole) == []


@pytest.mark.parametrize("target", ["/v1/usage", "/metrics"])
def test_without_an_admin_token_admin_is_closed(start_relay: StartRelay, upstream: Upstream, target: str):
    text = config(upstream.origin).replace('admin_token = "env:TEST_ADMIN_TOKEN"', "")
    relay = start_relay(text)
    assert relay.admin(target).status in {401, 403}
    assert relay.ask(target, method="GET").status in {401, 403}
    assert send(relay, request(target, method="GET"), "GET").status in {401, 403}


GOOD_HOSTS = ["127.0.0.1", "localhost", "LocalHost", "[::1]", "127.0.0.1:{port}", "localhost:{port}", "[::1]:{port}"]
FOREIGN_HOSTS = [
    "evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "localhost.evil.example", "127.0.0.1.",
    "0.0.0.0",  # noqa: S104 - a name in a request, nothing is bound
    "[::]", "169.254.169.254", "127.0.0.2", "2130706433", "xn--localhost", "lo\u00e7alhost",
]  # fmt: skip


@pytest.mark.parametrize("host", GOOD_HOSTS)
def test_our_own_hosts_are_served(relay: Relay, host: str):
    assert send(relay, request("/healthz", host=host.format(port=relay.port), method="GET"), "GET").status == 200


@pytest.mark.parametrize("target", ["/healthz", "/", "/v1/models", "/nothing/here"])
@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_foreign_host_is_refused_on_every_path(relay: Relay, host: str, target: str):
    headers = [("authorization", f"Bearer {TOKEN}")]
    data = request(target, headers=headers, host=host.format(port=relay.port), method="GET")
    assert send(relay, data, "GET").status in {400, 403, 421}


def test_a_host_that_the_configuration_allows_is_served(start_relay: StartRelay, upstream: Upstream):
    relay = start_relay(config(upstream.origin, server='allowed_hosts = ["relay.example"]'))
    assert send(relay, request("/healthz", host="Relay.Example:80", method="GET"), "GET").status == 200


WEB_PAGES = {
    "foreign origin": [("origin", "https://evil.example")],
    "null origin": [("origin", "null")],
    "loopback origin": [("origin", "http://127.0.0.1:3000")],
    "extension origin": [("origin", "chrome-extension://abc")],
    "cross-site fetch": [("sec-fetch-site", "cross-site")],
    "text/plain post": [("origin", "https://evil.example"), ("content-type", "text/plain")],
}


@pytest.mark.parametrize("headers", WEB_PAGES.values(), ids=WEB_PAGES)
def test_a_web_page_is_refused(relay: Relay, upstream: Upstream, whole: str, headers: list[tuple[str, str]]):
    own = [("authorization", f"Bearer {TOKEN}"), ("x-lab", whole)]
    answer = send(relay, request(CHAT.whole_target, CHAT.whole_body, [*own, *headers]))
    assert answer.status == 403
    assert answer.get("access-control-allow-origin") is None
    assert upstream.seen(whole) == []


def test_a_preflight_is_refused(relay: Relay):
    headers = [("origin", "https://evil.example"), ("access-control-request-method", "POST")]
    answer = send(relay, request(CHAT.whole_target, headers=headers, method="OPTIONS"), "OPTIONS")
    assert answer.status in {403, 404, 405}
    assert not [name for name, _ in answer.headers if name.startswith(b"access-control-")]


def test_an_upstreams_permissions_for_web_pages_stay_there(relay: Relay, upstream: Upstream):
    headers = [script.JSON, ("access-control-allow-origin", "*"), ("set-cookie", "a=b"), ("alt-svc", 'h3=":443"')]
    name = upstream.teach(script.whole(CHAT.answer, headers=headers))
    answer = relay.ask(CHAT.whole_target, CHAT.whole_body, (("x-lab", name),))
    assert answer.status == 200
    for header in ("access-control-allow-origin", "set-cookie", "alt-svc"):
        assert answer.get(header) is None


def test_hop_by_hop_headers_of_the_upstream_stay_there(relay: Relay, upstream: Upstream):
    headers = [
        script.JSON,
        ("connection", "keep-alive, x-hop"),
        ("x-hop", "1"),
        ("keep-alive", "timeout=5"),
        ("x-end", "1"),
    ]
    name = upstream.teach(script.whole(CHAT.answer, headers=headers))
    answer = relay.ask(CHAT.whole_target, CHAT.whole_body, (("x-lab", name),))
    assert answer.get("x-end") == "1"
    assert answer.get("x-hop") is answer.get("keep-alive") is None


UNMATCHED = [
    "/v1/completions", "/v1/chat/completions/", "/v1/chat", "//v1/chat/completions", "/v1//chat/completions",
    "/v1/./chat/completions", "/v1/../v1/chat/completions", "/V1/chat/completions", "/v1/files", "/v1/messages/batches",
    "/api/latest/anthropicX/v1/messages", "/api/latest/anthropic@evil.example/v1/messages", "/v1/responses/r/cancel",
    "/v1/chat%2Fcompletions", "/v1/chat/completions;a=b", "/internal", "*", "@evil.example", "evil.example:80",
]  # fmt: skip


@pytest.mark.parametrize("target", UNMATCHED)
def test_what_matches_no_endpoint_is_not_forwarded(relay: Relay, upstream: Upstream, whole: str, target: str):
    before = upstream.totals().requests
    answer = relay.ask(target, CHAT.whole_body, (("x-lab", whole),))
    assert answer.status in {400, 404, 405}
    assert upstream.totals().requests == before


@pytest.mark.parametrize(
    "target", ["http://evil.example/v1/chat/completions", "https://evil.example/", "ftp://127.0.0.1/"]
)
def test_an_absolute_target_never_reaches_the_host_it_names(relay: Relay, upstream: Upstream, whole: str, target: str):
    answer = relay.ask(target, CHAT.whole_body, (("x-lab", whole),))
    assert answer.status in {400, 403, 404, 405, 421}
    assert upstream.seen(whole) == []


def test_an_absolute_target_of_our_own_is_served(relay: Relay, upstream: Upstream, whole: str):
    answer = relay.ask(f"{relay.url}{CHAT.whole_target}", CHAT.whole_body, (("x-lab", whole),))
    assert answer.status == 200
    assert upstream.only(whole).request_line == f"POST {CHAT.whole_target} HTTP/1.1".encode()


def test_connect_is_refused(relay: Relay):
    assert send(relay, b"CONNECT evil.example:443 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n", "GET").status in {400, 404, 405}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "TRACE"])
def test_another_method_is_a_405_that_says_which(relay: Relay, method: str):
    answer = relay.ask(CHAT.whole_target, method=method)
    assert answer.status == 405
    assert answer.get("allow") == "POST"


@pytest.mark.parametrize("target", ["/v1/responses", "/v1/chat/completions", "/v1/nothing"])
def test_a_websocket_upgrade_is_a_426_at_once(relay: Relay, target: str):
    headers = (
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    )
    assert relay.ask(target, headers=headers, method="GET").status == 426


def test_an_upgrade_to_http_2_is_ignored(relay: Relay, upstream: Upstream, whole: str):
    headers = (
        ("connection", "Upgrade, HTTP2-Settings"),
        ("upgrade", "h2c"),
        ("http2-settings", "AAMAAABk"),
        ("x-lab", whole),
    )
    answer = relay.ask(CHAT.whole_target, CHAT.whole_body, headers)
    assert answer.status == 200
    seen = upstream.only(whole)
    assert seen.get(b"upgrade") == seen.get(b"http2-settings") == []


@pytest.mark.parametrize(("target", "status"), [("/healthz", 200), ("/readyz", 200), ("/", 200), ("/api/hello", 404)])
def test_open_endpoints_say_nothing_about_us(relay: Relay, target: str, status: int):
    answer = send(relay, request(target, method="GET"), "GET")
    assert answer.status in {status, 200}
    assert b"0.1" not in answer.body
    assert str(relay.directory).encode() not in answer.body


def test_model_lists_in_three_shapes(relay: Relay):
    openai = orjson.loads(relay.ask("/v1/models", method="GET").body)
    assert openai["object"] == "list"
    claude = orjson.loads(
        relay.ask("/v1/models?limit=1000", headers=(("anthropic-version", "2023-06-01"),), method="GET").body
    )
    assert claude["has_more"] is False
    gemini = orjson.loads(relay.ask("/v1beta/models", method="GET").body)
    assert gemini["models"][0]["name"].startswith("models/")


def test_model_lists_need_a_token(relay: Relay):
    assert send(relay, request("/v1/models", method="GET"), "GET").status == 401


def test_the_legacy_prefix_is_the_same_endpoint(relay: Relay, upstream: Upstream):
    caller = CALLERS[2]
    name = upstream.teach(script.whole(caller.answer))
    answer = relay.ask("/api/latest/anthropic/v1/messages", caller.whole_body, (("x-lab", name),))
    assert answer.body == caller.answer
    assert upstream.only(name).request_line == b"POST /v1/messages HTTP/1.1"


def test_no_secret_is_in_the_command_line_of_the_relay(relay: Relay):
    line = Path(f"/proc/{relay.pid}/cmdline").read_bytes()
    assert not any(secret.encode() in line for secret in (TOKEN, ADMIN_TOKEN, UPSTREAM_KEY))


def test_state_is_for_its_owner_only(relay: Relay):
    assert relay.state.stat().st_mode & 0o077 == 0
    loose = [path for path in relay.state.rglob("*") if path.stat().st_mode & 0o077]
    assert loose == []


def test_an_endpoint_without_a_use_for_a_body_takes_none(relay: Relay):
    with relay.wire() as wire:
        wire.send(b"GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 20000000\r\n\r\n")
        answer = wire.answer()
    assert answer.status == 413, "anybody may call it, so a large body is refused from its length alone"
