"""Logins that end while requests come: exactly one renewal, whoever waits for it, and nothing lost if it goes wrong."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Timer
from time import sleep

import orjson
import pytest

from fastproxy.accounts.login import Login
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.clock import wall
from fastproxy.secret import Secret
from support import logins
from support.account_clients import HEAD, ask_as, at_once, served_by
from support.logins import MODEL, PROVIDER, await_true, login_of
from support.relay import TOKEN, Relay
from support.vendor import Vendor
from support.wire import request

Start = Callable[..., Relay]
HTML = {"status": 503, "headers": {"content-type": "text/html"}, "body": "<html>invalid_grant</html>"}


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        yield running


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """(name, config, another relay's state directory if it is shared) -> a relay that has not been stopped."""
    started: list[Relay] = []

    def run(name: str, text: str, state: Path | None = None) -> Relay:
        relay = Relay(tmp_path / name, text, {"FASTPROXY_STATE_DIR": str(state)} if state else {})
        started.append(relay)
        relay.await_ready()
        return relay

    yield run
    for relay in started:
        relay.stop()
        assert relay.complaints() == []
        assert "at-acc" not in relay.log
        assert "rt-acc" not in relay.log


def ask(relay: Relay, session: str = "", account: str = "") -> str:
    return served_by(ask_as(relay, "anthropic", session, model=MODEL, account=account))


@pytest.mark.parametrize("server", ["", "workers = 2"], ids=["one-worker", "two-workers"])
def test_twenty_requests_at_once_renew_an_ended_login_once(vendor: Vendor, start: Start, tmp_path: Path, server: str):
    logins.keep(tmp_path / "one" / "state", vendor, "acc-a", lasts_seconds=-5)
    vendor.set(delay_seconds=0.5)
    relay = start("one", logins.config(vendor, server=server))
    assert set(at_once(lambda number: ask(relay, str(number)), range(20))) == {"acc-a"}
    assert len(vendor.grants()) == 1


def test_two_relays_of_one_state_directory_renew_once(vendor: Vendor, start: Start, tmp_path: Path):
    state = tmp_path / "shared"
    logins.keep(state, vendor, "acc-a", lasts_seconds=-5)
    vendor.set(delay_seconds=0.5)
    relays = [start(name, logins.config(vendor), state) for name in ("one", "two")]
    assert set(at_once(lambda number: ask(relays[number % 2], str(number)), range(20))) == {"acc-a"}
    assert len(vendor.grants()) == 1


def test_a_token_that_is_refused_is_renewed_once_for_all_who_had_it(vendor: Vendor, start: Start, tmp_path: Path):
    logins.keep(tmp_path / "one" / "state", vendor, "acc-a")
    relay = start("one", logins.config(vendor))
    vendor.order(account="acc-a", revoke=True)
    assert set(at_once(lambda number: ask(relay, str(number)), range(20))) == {"acc-a"}
    assert len(vendor.grants()) == 1


def test_a_slow_renewal_is_waited_for_by_whoever_stays(vendor: Vendor, start: Start, tmp_path: Path):
    logins.keep(tmp_path / "one" / "state", vendor, "acc-a", lasts_seconds=-5)
    vendor.set(delay_seconds=5.0)
    relay = start("one", logins.config(vendor))
    body = orjson.dumps({"model": MODEL, "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]})
    leaving = [relay.wire() for _ in range(10)]
    for wire in leaving:
        wire.send(request("/v1/messages", body, [("authorization", f"Bearer {TOKEN}")]))
    await_true(vendor.grants)
    for wire in leaving:
        wire.close()
    assert set(at_once(lambda number: ask(relay, str(number)), range(10))) == {"acc-a"}
    assert len(vendor.grants()) == 1
    assert {one["account"] for one in vendor.seen()} == {"acc-a"}
    assert len(vendor.seen()) == 10


@pytest.mark.parametrize("refused", [False, True], ids=["ended", "refused"])
def test_a_slow_renewal_is_not_waited_for_while_another_account_serves(
    vendor: Vendor, start: Start, tmp_path: Path, refused: bool
):
    """It goes on; whoever is bound to its account waits to the end, and so does who finds all others resting.

    refused: the token should have lasted, and its vendor says otherwise.
    """
    state = tmp_path / "one" / "state"
    logins.keep(state, vendor, "acc-slow", **({} if refused else {"lasts_seconds": -5}))
    logins.keep(state, vendor, "acc-good")
    vendor.set(token_answers=[{"held": True}])
    relay = start("one", logins.config(vendor))
    if refused:
        vendor.order(account="acc-slow", revoke=True)
    assert set(at_once(lambda number: ask(relay, str(number)), range(20))) == {"acc-good"}
    assert vendor.waiting() == 1
    spent = {"status": 429, "headers": {"retry-after": "60"}, "body": "usage limit reached"}
    vendor.answers("acc-good", spent, stuck=True)
    release = Timer(1.0, vendor.set, kwargs={"held": False})
    release.start()
    assert {ask(relay, "late"), ask(relay, account="acc-slow")} == {"acc-slow"}
    release.join()
    assert len(vendor.grants()) == 1


def test_whoever_comes_while_all_renew_waits_and_nobody_rests(vendor: Vendor, start: Start, tmp_path: Path):
    state = tmp_path / "one" / "state"
    for account in ("acc-a", "acc-b"):
        logins.keep(state, vendor, account)
        vendor.order(account=account, revoke=True)
    vendor.set(delay_seconds=5.5)
    relay = start("one", logins.config(vendor))

    def ask_later(number: int) -> str:
        sleep(0 if number < 20 else 4.0)
        return ask(relay, str(number))

    assert set(at_once(ask_later, range(24))) <= {"acc-a", "acc-b"}
    assert len(vendor.grants()) == 2


def test_of_two_that_renew_the_one_that_is_ready_serves(vendor: Vendor, start: Start, tmp_path: Path):
    state = tmp_path / "one" / "state"
    for account in ("acc-a", "acc-b"):
        logins.keep(state, vendor, account)
        vendor.order(account=account, revoke=True)
    vendor.set(token_answers=[{"status": 500, "body": "{}", "held": True}])
    relay = start("one", logins.config(vendor))
    assert ask(relay) in ("acc-a", "acc-b")
    assert vendor.waiting() == 1


TROUBLE = [{"status": 500, "body": "{}"}, HTML, {"cut": True}, {"status": 429, "body": '{"error":"invalid_grant"}'}]


def test_while_the_token_endpoint_is_in_trouble_others_serve(vendor: Vendor, start: Start, tmp_path: Path):
    state, ended = tmp_path / "one" / "state", [f"acc-{number}" for number in range(len(TROUBLE))]
    for label in ended:
        logins.keep(state, vendor, label, lasts_seconds=-5)
    logins.keep(state, vendor, "acc-good")
    vendor.set(token_answers=TROUBLE * 9)
    relay = start("one", logins.config(vendor))
    assert {ask(relay, str(number)) for number in range(10)} == {"acc-good"}
    await_true(lambda: len(vendor.grants()) == len(ended))
    sleep(1.5)
    assert len(vendor.grants()) == len(ended), "it does not back off"
    assert logins.disabled(state) == {}
    relay.stop()
    vendor.set(token_answers=[])
    again = start("one", logins.config(vendor))
    for label in ended:
        assert ask(again, account=label) == label


def test_an_ended_login_is_kept_with_its_cause_until_there_is_another(vendor: Vendor, start: Start, tmp_path: Path):
    state = tmp_path / "one" / "state"
    ended = logins.keep(state, vendor, "acc-a", lasts_seconds=-5)
    logins.keep(state, vendor, "acc-b")
    vendor.set(token_answers=[{"status": 400, "body": '{"error":"invalid_grant","error_description":"gone"}'}])
    relay = start("one", logins.config(vendor))
    assert {ask(relay, str(number)) for number in range(10)} == {"acc-b"}
    assert "invalid_grant" in logins.disabled(state)[ended]
    bound = ask_as(relay, "anthropic", model=MODEL, account="acc-a")
    assert bound.status == 503
    assert b"invalid_grant" in bound.body
    assert b"account login anthropic" in bound.body
    sleep(1.1)  # a tick, which may not begin anew
    assert len(vendor.grants()) == 1
    store = AccountStore(state)
    store.replace(StoredAccount(ended, PROVIDER, "acc-a", "login"), login_of(vendor.login("acc-a")))
    store.close()
    await_true(lambda: ask_as(relay, "anthropic", model=MODEL, account="acc-a").status == 200, 4.0)


def test_a_login_that_ends_soon_is_renewed_although_nobody_asks(vendor: Vendor, start: Start, tmp_path: Path):
    logins.keep(tmp_path / "one" / "state", vendor, "acc-a", lasts_seconds=200)
    relay = start("one", logins.config(vendor))
    await_true(vendor.grants)
    await_true(lambda: ask(relay) == "acc-a", 4.0)
    sleep(1.5)
    assert len(vendor.grants()) == 1


def test_a_login_alone_says_what_is_wrong_while_it_cannot_be_renewed(vendor: Vendor, start: Start, tmp_path: Path):
    logins.keep(tmp_path / "one" / "state", vendor, "acc-a", lasts_seconds=-5)
    vendor.set(token_answers=[{"status": 500, "body": "{}"}] * 9)
    relay = start("one", logins.config(vendor))
    for _ in range(3):
        answer = ask_as(relay, "anthropic", model=MODEL)
        assert answer.status in (429, 503), answer.status
        assert b"renew" in answer.body, answer.body
    assert len(vendor.grants()) == 1
    assert vendor.seen() == []


def test_a_client_does_not_hear_of_a_wrong_token_that_only_cannot_be_renewed_now(
    vendor: Vendor, start: Start, tmp_path: Path
):
    logins.keep(tmp_path / "one" / "state", vendor, "acc-a")
    relay = start("one", logins.config(vendor))
    vendor.order(account="acc-a", revoke=True)
    vendor.set(token_answers=[{"status": 500, "body": "{}"}] * 9)
    answer = ask_as(relay, "anthropic", model=MODEL)
    assert answer.status == 429  # with a 401 it would log out
    assert b"retry-after" in dict(answer.headers)


def test_a_login_that_has_ended_and_cannot_be_renewed_is_never_asked_with(vendor: Vendor, start: Start, tmp_path: Path):
    state, tokens = tmp_path / "one" / "state", vendor.login("acc-a")
    good = logins.keep(state, vendor, "acc-b")
    ended = Login(Secret(tokens["access_token"]), expires_at=wall() + 3.0)
    logins.with_store(state, StoredAccount(f"{PROVIDER}:acc-a", PROVIDER, "acc-a", "login"), ended)
    relay = start("one", logins.config(vendor))
    assert ask(relay, account="acc-a") == "acc-a"
    sleep(max(0.0, (ended.expires_at or 0.0) - wall()))
    vendor.forget()
    for _ in range(2):
        assert {ask(relay, str(number)) for number in range(5)} == {"acc-b"}
        bound = ask_as(relay, "anthropic", model=MODEL, account="acc-a")
        assert (bound.status, b"fastproxy account login anthropic" in bound.body) == (503, True), bound.body
        sleep(1.2)  # a tick
    assert {one["account"] for one in vendor.seen()} == {"acc-b"}
    told = {row["id"]: row for row in orjson.loads(relay.admin("/v1/accounts").body)["accounts"]}
    assert (told[good]["state"], told[f"{PROVIDER}:acc-a"]["state"]) == ("ready", "disabled")
    assert "it has no refresh token" in told[f"{PROVIDER}:acc-a"]["cause"]


def test_the_project_of_a_linked_login_is_asked_for_once_when_it_is_first_used(
    vendor: Vendor, start: Start, tmp_path: Path
):
    tokens = vendor.login("acc-g")
    file = tmp_path / "oauth_creds.json"
    ends_ms = round((wall() + 3600) * 1000)
    file.write_bytes(orjson.dumps({**tokens, "expiry_date": ends_ms}))
    state = tmp_path / "one" / "state"
    state.mkdir(mode=0o700, parents=True)
    linked = StoredAccount("gemini-cli:acc-g", "gemini-cli", "acc-g", "login", source=f"gemini-cli:{file}")
    logins.with_store(state, linked, None)
    before = file.read_bytes()
    relay = start("one", HEAD + f'[providers.gemini-cli]\nbase_url = "{vendor.origin}"\n')
    vendor.answers("acc-g", {"status": 200, "body": '{"cloudaicompanionProject":"p-1"}'})
    body = orjson.dumps({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]})
    for _ in range(2):
        assert relay.ask("/v1beta/models/gemini-cli/gemini-x:generateContent", body).status == 200
    asked = [(one["path"], orjson.loads(one["body"]).get("project")) for one in vendor.seen()]
    generate = ("/v1internal:generateContent", "p-1")
    assert asked == [("/v1internal:loadCodeAssist", None), generate, generate]
    assert file.read_bytes() == before
