"""The gate: which request heads pass, as whom, and what each of the others is told."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from fastproxy import clock, endpoints
from fastproxy.access.check import ADMIN_ACTIONS, ANONYMOUS, OPEN_ACTIONS, Client, Gate, carried
from fastproxy.access.store import TokenStore
from fastproxy.access.tokens import Grant, digest
from fastproxy.endpoints import Endpoint
from fastproxy.errors import Fault, Header
from fastproxy.framing.http1 import RequestHead, fields_of, request_head
from fastproxy.providers.base import Provider
from fastproxy.snapshot import Access, Server, Snapshot

HOST = (b"host", b"127.0.0.1:8484")
CHAT = endpoints.find(b"POST", b"/v1/chat/completions").endpoint
USAGE = endpoints.find(b"GET", b"/v1/usage").endpoint
FORWARDING = {"own": Provider(name="own", title="Own", formats={"anthropic": "https://example.com"}, auth="client")}


def head(*headers: Header, target: bytes = b"/v1/chat/completions") -> RequestHead:
    return request_head(b"POST", target, fields_of(headers))


def bearer(credential: str) -> Header:
    return b"authorization", b"Bearer " + credential.encode()


def refused(call: Callable[[], object]) -> Fault:
    with pytest.raises(Fault) as caught:
        call()
    return caught.value


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    return TokenStore(tmp_path)


@pytest.fixture
def gate(store: TokenStore) -> Gate:
    return Gate(Snapshot(), store)


# Host, Origin, Sec-Fetch-Site


@pytest.mark.parametrize(
    "host",
    [
        b"127.0.0.1",
        b"127.0.0.1:1",
        b"127.0.0.1:65535",
        b"127.0.0.1:",
        b"localhost",
        b"LocalHost:8484",
        b"[::1]",
        b"[::1]:8484",
    ],
)
def test_this_machine_is_ours_under_every_name_and_port(gate: Gate, host: bytes) -> None:
    gate.check_host(head((b"host", host)))


@pytest.mark.parametrize(
    "host",
    [
        b"evil.example",
        b"evil.example:8484",
        b"127.0.0.1.evil.example",
        b"localhost.evil.example:80",
        b"127.0.0.2",
        b"0.0.0.0:8484",
        b"[::2]",
        b"xlocalhost",
        b"localhost.",
        b"127.1",
        b"2130706433",
        b"[::ffff:127.0.0.1]",
    ],
)
def test_a_foreign_host_is_forbidden(gate: Gate, host: bytes) -> None:
    assert refused(lambda: gate.check_host(head((b"host", host)))).status == 403


@pytest.mark.parametrize(
    "host",
    [
        b"",
        b" ",
        b"a b",
        b"user@127.0.0.1",
        b"127.0.0.1:port",
        b"127.0.0.1:99999",
        b"127.0.0.1:8484:1",
        b"127.0.0.1/x",
        b"[::1",
        b"::1",
        b"127.0.0.1,localhost",
        b"localh\xc3\xb6st",
        b"127.0.0.1:\xb2",
        b"localhost:+80",
    ],
)
def test_a_malformed_host_is_a_bad_request(gate: Gate, host: bytes) -> None:
    assert refused(lambda: gate.check_host(head((b"host", host)))).status == 400


def test_a_request_without_a_host_or_with_two_is_a_bad_request(gate: Gate) -> None:
    assert refused(lambda: gate.check_host(head())).status == 400
    assert refused(lambda: gate.check_host(head(HOST, HOST))).status == 400


def test_configured_hosts_are_ours_with_their_port_or_with_any(store: TokenStore) -> None:
    gate = Gate(Snapshot(server=Server(allowed_hosts=("Relay.Lan", "box.lan:8484"))), store)
    gate.check_host(head((b"host", b"relay.lan:1234")))
    gate.check_host(head((b"host", b"BOX.lan:8484")))
    assert refused(lambda: gate.check_host(head((b"host", b"box.lan:8485")))).status == 403


@pytest.mark.parametrize(
    "sent",
    [
        [(b"origin", b"https://evil.example")],
        [(b"origin", b"null")],
        [(b"origin", b"http://127.0.0.1:8484")],
        [(b"origin", b"")],
        [(b"sec-fetch-site", b"cross-site")],
        [(b"sec-fetch-site", b"Cross-Site")],
        [(b"sec-fetch-site", b"none"), (b"sec-fetch-site", b"cross-site")],
    ],
)
def test_what_a_foreign_page_asks_for_is_forbidden(gate: Gate, sent: list[Header]) -> None:
    assert refused(lambda: gate.check_host(head(HOST, *sent))).status == 403


def test_a_person_who_types_the_address_is_served(gate: Gate) -> None:
    gate.check_host(head(HOST, (b"sec-fetch-site", b"none")))
    gate.check_host(head(HOST, (b"sec-fetch-site", b"same-origin")))


def test_a_listed_origin_may_ask_across_sites_and_no_other(store: TokenStore) -> None:
    gate = Gate(Snapshot(server=Server(allowed_origins=("https://app.example",))), store)
    gate.check_host(head(HOST, (b"origin", b"https://APP.example"), (b"sec-fetch-site", b"cross-site")))
    assert refused(lambda: gate.check_host(head(HOST, (b"origin", b"https://app.example:8443")))).status == 403
    both = head(HOST, (b"origin", b"https://app.example"), (b"origin", b"https://evil.example"))
    assert refused(lambda: gate.check_host(both)).status == 403


# Client tokens


@pytest.mark.parametrize(
    "carry",
    [
        lambda token: head(HOST, (b"authorization", b"Bearer " + token)),
        lambda token: head(HOST, (b"authorization", b"bearer  " + token)),
        lambda token: head(HOST, (b"x-api-key", token)),
        lambda token: head(HOST, (b"x-goog-api-key", token)),
        lambda token: head(HOST, target=b"/v1beta/models/m:generateContent?alt=sse&key=" + token),
        lambda token: head(HOST, target=b"/v1/chat/completions?%6bey=" + token.replace(b"-", b"%2D", 1)),
        lambda token: head(HOST, (b"authorization", b"Bearer dummy"), (b"x-api-key", token)),
        lambda token: head(HOST, (b"authorization", b"Basic dXNlcg=="), (b"x-goog-api-key", token)),
        lambda token: head(HOST, (b"authorization", b"Bearer a"), (b"authorization", b"Bearer " + token)),
        lambda token: head(HOST, (b"x-api-key", b""), target=b"/?key=&key=" + token),
    ],
)
def test_every_carrier_is_read_and_the_first_that_matches_wins(
    gate: Gate, store: TokenStore, carry: Callable[[bytes], RequestHead]
) -> None:
    made = store.issue("laptop", grant=Grant(("gpt-*",)))
    request = carry(made.secret.reveal().encode())
    for _ in range(2):  # found in the store, then known
        assert gate.check(request, CHAT) == Client(made.token.id, "laptop", ("gpt-*",))


@pytest.mark.parametrize(
    "sent",
    [
        (),
        ((b"authorization", b"Bearer"),),
        ((b"authorization", b"Bearer "),),
        ((b"authorization", b"Bearer fp-wrong"),),
        ((b"authorization", b"Bearer \xff\xfe\x80"),),
        ((b"authorization", b"Bearer ' OR 1=1 --"),),
        ((b"authorization", b"Basic Zm86YmFy"),),
        ((b"authorization", b"fp-without-scheme"),),
        ((b"x-api-key", b""),),
        ((b"x-api-key", b"null"),),
        ((b"x-goog-api-key", b"*"),),
        ((b"cookie", b"token=fp-x"),),
    ],
)
def test_everything_else_is_unauthorized_and_challenged(
    gate: Gate, store: TokenStore, sent: tuple[Header, ...]
) -> None:
    store.issue("laptop")
    fault = refused(lambda: gate.check(head(HOST, *sent), CHAT))
    assert (fault.kind, fault.status) == ("unauthorized", 401)
    assert fault.headers == ((b"www-authenticate", b"Bearer"),)


def test_a_token_under_basic_is_refused(gate: Gate, store: TokenStore) -> None:
    token = store.issue("laptop").secret.reveal().encode()
    assert refused(lambda: gate.check(head(HOST, (b"authorization", b"Basic " + token)), CHAT)).status == 401


def test_the_stored_digest_itself_opens_nothing(gate: Gate, store: TokenStore) -> None:
    made = store.issue("laptop")
    assert refused(lambda: gate.check(head(HOST, bearer(made.token.digest)), CHAT)).status == 401


def test_a_refusal_never_repeats_the_credential(gate: Gate) -> None:
    fault = refused(lambda: gate.check(head(HOST, bearer("sk-secret-of-somebody")), CHAT))
    assert "secret-of-somebody" not in fault.message


def test_a_revoked_token_is_refused_at_once_also_when_it_was_known(gate: Gate, store: TokenStore) -> None:
    made = store.issue("laptop")
    request = head(HOST, bearer(made.secret.reveal()))
    gate.check(request, CHAT)
    store.revoke(made.token.id)
    fault = refused(lambda: gate.check(request, CHAT))
    assert fault.status == 401
    assert "revoked" in fault.message


def test_a_token_revoked_by_another_process_is_refused_after_the_sweep(
    gate: Gate, store: TokenStore, tmp_path: Path
) -> None:
    made = store.issue("laptop")
    request = head(HOST, bearer(made.secret.reveal()))
    gate.check(request, CHAT)
    TokenStore(tmp_path).revoke("laptop")
    store.reload_if_changed()
    assert refused(lambda: gate.check(request, CHAT)).status == 401


def test_a_known_token_expires_on_time(gate: Gate, store: TokenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.wall()
    made = store.issue("laptop", expires_at=now + 60)
    request = head(HOST, bearer(made.secret.reveal()))
    gate.check(request, CHAT)
    monkeypatch.setattr(clock, "wall", lambda: now + 61)
    fault = refused(lambda: gate.check(request, CHAT))
    assert fault.status == 401
    assert "expired" in fault.message


def test_a_configured_token_is_a_client_without_limits(store: TokenStore) -> None:
    gate = Gate(Snapshot(access=Access(tokens=frozenset({digest(b"static")}))), store)
    client = gate.check(head(HOST, bearer("static")), CHAT)
    assert client.id == "static-" + digest(b"static").hex()[:8]
    assert client.allows("anything")
    assert refused(lambda: gate.check(head(HOST, bearer("stati")), CHAT)).status == 401


def test_more_tokens_than_are_remembered_all_pass(
    gate: Gate, store: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastproxy.access.check.MAX_KNOWN_CREDENTIALS", 2)
    made = [store.issue(str(number)) for number in range(5)]
    for each in made * 2:
        assert gate.check(head(HOST, bearer(each.secret.reveal())), CHAT).id == each.token.id


def test_wrong_credentials_are_not_remembered(gate: Gate) -> None:
    for number in range(100):
        refused(lambda guess=number: gate.check(head(HOST, bearer(f"guess-{guess}")), CHAT))
    assert gate._known == {}


def test_where_no_token_is_required_a_token_still_says_who_is_calling(store: TokenStore) -> None:
    gate = Gate(Snapshot(access=Access(require_token=False)), store)
    made = store.issue("laptop", grant=Grant(("gpt-*",)))
    assert gate.check(head(HOST), CHAT) is ANONYMOUS
    assert gate.check(head(HOST, bearer("dummy")), CHAT) is ANONYMOUS
    assert gate.check(head(HOST, bearer(made.secret.reveal())), CHAT).id == made.token.id


def test_where_no_token_is_required_a_revoked_one_is_refused(store: TokenStore) -> None:
    gate = Gate(Snapshot(access=Access(require_token=False)), store)
    made = store.issue("laptop")
    store.revoke("laptop")
    assert refused(lambda: gate.check(head(HOST, bearer(made.secret.reveal())), CHAT)).status == 401


@pytest.mark.parametrize(
    ("globs", "model", "allowed"),
    [
        ((), "anything", True),
        (("gpt-*",), "gpt-5.1", True),
        (("gpt-*",), "openai/gpt-5.1", False),
        (("gpt-*", "openai/*"), "openai/gpt-5.1", True),
        (("gpt-*",), "GPT-5.1", False),
        (("fastproxy/echo",), "fastproxy/echo", True),
        (("gpt-5",), "gpt-5.1", False),
    ],
)
def test_models_are_matched_as_the_client_writes_them(globs: tuple[str, ...], model: str, allowed: bool) -> None:
    assert Client(models=globs).allows(model) is allowed


# The caller's own credential, for providers that forward it


def test_a_foreign_credential_passes_only_where_a_provider_forwards_it(store: TokenStore) -> None:
    request = head(HOST, bearer("sk-ant-own"))
    assert Gate(Snapshot(providers=FORWARDING), store).check(request, CHAT).foreign
    assert refused(lambda: Gate(Snapshot(), store).check(request, CHAT)).status == 401


def test_no_credential_is_not_a_foreign_credential(store: TokenStore) -> None:
    gate = Gate(Snapshot(providers=FORWARDING), store)
    assert refused(lambda: gate.check(head(HOST), CHAT)).status == 401
    assert refused(lambda: gate.check(head(HOST, (b"authorization", b"Basic Zm8=")), CHAT)).status == 401


def test_tokens_of_ours_are_never_foreign(store: TokenStore) -> None:
    access = Access(admin_token=digest(b"admin"), tokens=frozenset({digest(b"static")}))
    gate = Gate(Snapshot(access=access, providers=FORWARDING), store)
    revoked = store.issue("laptop").secret.reveal()
    store.revoke("laptop")
    for credential in (revoked, "fp-unknown", "admin"):
        assert refused(lambda credential=credential: gate.check(head(HOST, bearer(credential)), CHAT)).status == 401
        assert gate.foreign_credentials(head(HOST, bearer(credential))) == []
    assert gate.foreign_credentials(head(HOST, (b"x-api-key", b"static"))) == []


def test_only_what_is_not_ours_is_forwarded_and_as_it_came(store: TokenStore) -> None:
    gate = Gate(Snapshot(providers=FORWARDING), store)
    made = store.issue("laptop")
    request = head(
        HOST,
        (b"x-api-key", made.secret.reveal().encode()),
        (b"authorization", b"Bearer sk-ant-own"),
        (b"cookie", b"a=b"),
        target=b"/v1/messages?beta=true&key=AIza%2Bx",
    )
    assert gate.check(request, CHAT).id == made.token.id
    assert gate.foreign_credentials(request) == [
        (b"authorization", b"Bearer sk-ant-own"),
        (b"x-goog-api-key", b"AIza+x"),
    ]


@pytest.mark.parametrize("key", [b"AIza%0d%0ax-evil:%201", b"AIza%0a", b"a%20b", b"%00"])
def test_a_query_credential_that_would_end_a_header_line_is_none(store: TokenStore, key: bytes) -> None:
    gate = Gate(Snapshot(providers=FORWARDING), store)
    request = head(HOST, target=b"/v1/messages?key=" + key)
    assert refused(lambda: gate.check(request, CHAT)).status == 401
    assert gate.foreign_credentials(request) == []


# Our own endpoints


def all_endpoints() -> list[Endpoint]:
    rows = [row[2] for row in endpoints.PATHS] + [row[2] for row in endpoints.PATTERNS]
    return list({endpoint.name: endpoint for endpoint in rows}.values())


@pytest.mark.parametrize("endpoint", all_endpoints(), ids=lambda endpoint: endpoint.name)
def test_without_a_credential_only_the_signs_of_life_answer(gate: Gate, endpoint: Endpoint) -> None:
    if endpoint.action in {"root", "hello", "health", "ready"}:
        assert gate.check(head(HOST), endpoint) is ANONYMOUS
    else:
        assert refused(lambda: gate.check(head(HOST), endpoint)).status in {401, 403}


def test_every_special_action_exists() -> None:
    actions = {endpoint.action for endpoint in all_endpoints()}
    assert actions >= OPEN_ACTIONS | ADMIN_ACTIONS


def test_admin_is_closed_without_an_admin_token_and_says_how_to_open_it(gate: Gate, store: TokenStore) -> None:
    made = store.issue("laptop")
    for request in (head(HOST), head(HOST, bearer(made.secret.reveal())), head(HOST, bearer(""))):
        fault = refused(lambda request=request: gate.check(request, USAGE))
        assert fault.status == 403
        assert "access.admin_token" in fault.message


def test_admin_opens_for_its_token_alone(store: TokenStore) -> None:
    gate = Gate(Snapshot(access=Access(admin_token=digest(b"admin"))), store)
    made = store.issue("laptop")
    assert gate.check(head(HOST, bearer("admin")), USAGE).id == "admin"
    assert gate.check(head(HOST, (b"x-api-key", b"admin")), USAGE).id == "admin"
    assert refused(lambda: gate.check(head(HOST, bearer(made.secret.reveal())), USAGE)).status == 403
    assert refused(lambda: gate.check(head(HOST, bearer("wrong")), USAGE)).status == 401
    assert refused(lambda: gate.check(head(HOST), USAGE)).status == 401


def test_an_open_relay_does_not_open_admin(store: TokenStore) -> None:
    closed = Gate(Snapshot(access=Access(require_token=False)), store)
    assert refused(lambda: closed.check(head(HOST), USAGE)).status == 403
    guarded = Gate(Snapshot(access=Access(require_token=False, admin_token=digest(b"admin"))), store)
    assert refused(lambda: guarded.check(head(HOST), USAGE)).status == 401


def test_the_admin_token_is_no_client_token(store: TokenStore) -> None:
    gate = Gate(Snapshot(access=Access(admin_token=digest(b"admin"))), store)
    assert refused(lambda: gate.check(head(HOST, bearer("admin")), CHAT)).status == 401


def test_credentials_are_read_as_they_come_and_the_query_last() -> None:
    request = head(HOST, (b"x-api-key", b"b"), bearer("a"), target=b"/?key=c")
    assert carried(request) == [b"b", b"a", b"c"]


def test_a_new_snapshot_needs_a_new_gate_and_shares_the_store(store: TokenStore) -> None:
    made = store.issue("laptop")
    snapshot = Snapshot()
    Gate(snapshot, store)
    later = Gate(msgspec.structs.replace(snapshot, access=Access(admin_token=digest(b"admin"))), store)
    assert later.check(head(HOST, bearer(made.secret.reveal())), CHAT).id == made.token.id


def test_what_a_token_was_issued_for_is_known_of_its_client(gate: Gate, store: TokenStore) -> None:
    made = store.issue("laptop", grant=Grant(client="claude-code", account="anthropic:work"))
    client = gate.check(head(bearer(made.secret.reveal())), CHAT)
    assert (client.program, client.account) == ("claude-code", "anthropic:work")
