"""Credential files, token endpoints and clocks as nobody would wish them: the relay goes on and keeps its secrets."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import orjson
import pytest

from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from support import logins
from support.account_clients import ask_as, at_once, served_by
from support.credentials import claude_body
from support.logins import MODEL, await_true
from support.relay import Relay
from support.vendor import Vendor

MARK = "acc-mallory-secret"
CLOCK = """
import time
_real, _file = time.time, {path!r}
def _time():
    try:
        with open(_file) as file:
            return _real() + float(file.read() or 0)
    except OSError:
        return _real()
time.time = _time
"""


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        yield running


@pytest.fixture
def calm(vendor: Vendor) -> Iterator[Vendor]:
    vendor.set(token_answers=[], delay_seconds=0, lifetime_seconds=3600)
    vendor.forget()
    yield vendor
    vendor.set(token_answers=[], delay_seconds=0, lifetime_seconds=3600)


def ask(relay: Relay, account: str = "", session: str = "") -> str:
    return served_by(ask_as(relay, "anthropic", session, model=MODEL, account=account))


def clean(relay: Relay) -> None:
    assert relay.process.poll() is None
    assert relay.complaints() == []
    for secret in (MARK, "at-acc", "rt-acc"):
        assert secret not in relay.log
        assert secret not in relay.output


BAD_FILES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "half": lambda path: path.write_bytes(claude_body(MARK, MARK)[:-20]),
    "not-json": lambda path: path.write_text(f"{MARK}\0\xff"),
    "array": lambda path: path.write_text(f'["{MARK}"]'),
    "deep": lambda path: path.write_bytes(b'{"claudeAiOauth":' * 100_000),
    "huge": lambda path: path.write_bytes(b'{"a":"' + MARK.encode() * 100_000 + b'"}'),
    "crlf": lambda path: path.write_bytes(claude_body(f"{MARK}\\r\\nx-evil: 1", MARK)),
    "numbers": lambda path: path.write_text('{"claudeAiOauth":{"accessToken":1e400,"refreshToken":[],"expiresAt":{}}}'),
    "no-utf8": lambda path: path.write_bytes(b'{"claudeAiOauth":{"accessToken":"\xff\xfe' + MARK.encode() + b'"}}'),
    "directory": lambda path: path.mkdir(),
    "pipe": os.mkfifo,
    "loop": lambda path: path.symlink_to(path.name),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "dangling": lambda path: path.symlink_to("/nonexistent/file"),
}


def test_no_credential_file_harms_the_other_accounts(calm: Vendor, tmp_path: Path):
    """All the bad files at once; then each is mended, and serves."""
    state, files = tmp_path / "relay" / "state", {}
    logins.keep(state, calm, "acc-good")
    for name, make in BAD_FILES.items():
        files[name] = tmp_path / name / ".credentials.json"
        files[name].parent.mkdir()
        make(files[name])
        logins.link(state, files[name], f"acc-{name}")
    with Relay(tmp_path / "relay", logins.config(calm), {"HOME": str(tmp_path)}) as relay:
        assert set(at_once(lambda number: ask(relay, session=str(number)), range(20))) == {"acc-good"}
        for name in BAD_FILES:
            assert ask_as(relay, "anthropic", model=MODEL, account=f"acc-{name}").status == 503
        for name, file in files.items():
            if file.is_dir() and not file.is_symlink():
                file.rmdir()
            else:
                file.unlink()
            logins.write_tool_file(file, calm.login(f"acc-{name}"))
        for name in BAD_FILES:
            await_true(lambda name=name: _serves(relay, f"acc-{name}"), 4.0)
        clean(relay)


def _serves(relay: Relay, label: str) -> bool:
    answer = ask_as(relay, "anthropic", model=MODEL, account=label)
    return answer.status == 200 and served_by(answer) == label


def test_a_file_that_is_damaged_while_it_serves_goes_on_to_serve(calm: Vendor, tmp_path: Path):
    file = logins.tool_file(tmp_path, calm, "acc-a")
    good = file.read_bytes()
    logins.link(tmp_path / "relay" / "state", file, "acc-a")
    with Relay(tmp_path / "relay", logins.config(calm), {"HOME": str(tmp_path)}) as relay:
        for damage in (b"", good[:40], b"[]"):
            file.write_bytes(damage)
            until = monotonic() + 1.1
            while monotonic() < until:
                assert ask(relay) == "acc-a"
                sleep(0.1)
        file.write_bytes(good)
        assert ask(relay) == "acc-a"
        clean(relay)


def test_a_linked_file_behind_a_symbolic_link_stays_one(calm: Vendor, tmp_path: Path):
    real = logins.tool_file(tmp_path / "real", calm, "acc-a", lasts_seconds=-5)
    name = tmp_path / "home" / ".claude" / ".credentials.json"
    name.parent.mkdir(parents=True)
    name.symlink_to(real)
    logins.link(tmp_path / "relay" / "state", name, "acc-a")
    with Relay(tmp_path / "relay", logins.config(calm), {"HOME": str(tmp_path / "home")}) as relay:
        assert ask(relay) == "acc-a"
        clean(relay)
    assert name.is_symlink()
    assert not real.is_symlink()
    assert orjson.loads(real.read_bytes())["claudeAiOauth"]["refreshToken"] != calm.grants()[0]["refresh_token"]


def good(**fields: object) -> dict:
    tokens = {"access_token": MARK, "refresh_token": MARK, "token_type": "Bearer"}
    return {"status": 200, "body": orjson.dumps(tokens | fields).decode()}


NO_LOGIN = {
    "10-mb": {"status": 200, "body": "x" * 10_000_000},
    "redirect": {"status": 302, "headers": {"location": "http://127.0.0.1:1/steal"}, "body": ""},
    "html": {"status": 200, "headers": {"content-type": "text/html"}, "body": f"<html>{MARK}</html>"},
    "array": {"status": 200, "body": f'["{MARK}"]'},
    "no-token": {"status": 200, "body": "{}"},
    "token-of-lines": good(access_token=f"{MARK}\r\nx-evil: 1"),
    "token-of-numbers": good(access_token=7),
    "deep": {"status": 200, "body": "[" * 100_000},
    "cut": {"cut": True},
    "invalid-grant-with-500": {"status": 500, "body": '{"error":"invalid_grant"}'},
    "invalid-grant-in-html": {"status": 400, "body": f"<html>invalid_grant {MARK}</html>"},
}


def test_whatever_a_token_endpoint_answers_no_login_is_lost(calm: Vendor, tmp_path: Path):
    """As many ended logins as there are bad answers."""
    state, labels = tmp_path / "relay" / "state", [f"acc-{number}" for number in range(len(NO_LOGIN))]
    kept = {logins.keep(state, calm, label, lasts_seconds=-5) for label in labels}
    logins.keep(state, calm, "acc-good")
    calm.set(token_answers=list(NO_LOGIN.values()))
    with Relay(tmp_path / "relay", logins.config(calm)) as relay:
        assert set(at_once(lambda number: ask(relay, session=str(number)), range(20))) == {"acc-good"}
        await_true(lambda: len(calm.grants()) >= len(labels), 20.0)
        for label in labels:
            assert ask_as(relay, "anthropic", model=MODEL, account=label).status == 503
        clean(relay)
    assert logins.disabled(state) == {}
    assert len(calm.grants()) == len(labels)
    store = AccountStore(state)
    refresh = {store.login(id_).refresh for id_ in kept}
    store.close()
    assert {token.reveal() for token in refresh if token} == {grant["refresh_token"] for grant in calm.grants()}
    assert len(refresh) == len(labels)


LIVES: dict[str, object] = {
    "string": "3600",
    "words": "soon",
    "negative": -1,
    "zero": 0,
    "null": None,
    "list": [1],
    "true": True,
}


def test_odd_lives_of_tokens_neither_end_a_login_nor_renew_it_for_ever(calm: Vendor, tmp_path: Path):
    state = tmp_path / "relay" / "state"
    bodies = [
        good(access_token=f"at-{name}", refresh_token=f"rt-{name}", expires_in=life) for name, life in LIVES.items()
    ]
    for life in ("1e400", "9" * 400, "1e-400"):
        body = f'{{"access_token":"at-{life}","refresh_token":"rt-{life}","expires_in":{life}}}'
        bodies.append({"status": 200, "body": body})
    for number in range(len(bodies)):
        logins.keep(state, calm, f"acc-{number}", lasts_seconds=-5)
    calm.set(token_answers=bodies)
    with Relay(tmp_path / "relay", logins.config(calm)) as relay:
        await_true(lambda: len(calm.grants()) >= len(bodies), 20.0)
        sleep(1.5)
        assert len(calm.grants()) == len(bodies), "a token that is a moment old is renewed again"
        clean(relay)
    assert logins.disabled(state) == {}


ODD_LABELS = ("a", "A.b_c-d+e@f", "0" * 64)


def test_accounts_with_odd_names_are_named_and_renewed(calm: Vendor, tmp_path: Path):
    state = tmp_path / "relay" / "state"
    state.mkdir(parents=True, mode=0o700)
    for label in ODD_LABELS:
        calm.login(label)
        logins.keep(state, calm, label, lasts_seconds=-5)
    with Relay(tmp_path / "relay", logins.config(calm)) as relay:
        for label in ODD_LABELS:
            assert ask_as(relay, "anthropic", model=MODEL, account=label).status == 200
            assert ask_as(relay, "anthropic", model=MODEL, account=f"anthropic:{label}").status == 200
        for name in ("--help", "../../etc/passwd", "a" * 5000, "%00", "a;b", "\u00e9", "'; DROP TABLE account; --"):
            answer = ask_as(relay, "anthropic", model=MODEL, account=name)
            assert answer.status in (400, 431, 503), name
        clean(relay)
    assert len(calm.grants()) == len(ODD_LABELS)


def test_clocks_that_jump_neither_end_a_login_nor_a_rest_for_ever(calm: Vendor, tmp_path: Path):
    """A day ahead: the login is renewed once. Back again: it serves, and what rested does not rest for a day."""
    state, offset = tmp_path / "relay" / "state", tmp_path / "offset"
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(CLOCK.format(path=str(offset)))
    logins.keep(state, calm, "acc-a")
    logins.keep(state, calm, "acc-b")
    limit = {"status": 429, "headers": {"retry-after": "2"}, "body": "usage limit reached"}
    with Relay(tmp_path / "relay", logins.config(calm), {"PYTHONPATH": str(tmp_path / "site")}) as relay:
        assert ask(relay, "acc-a") == "acc-a"
        offset.write_text("86400")
        assert {ask(relay, label) for label in ("acc-a", "acc-b")} == {"acc-a", "acc-b"}
        assert len(calm.grants()) == 2
        calm.answers("acc-a", limit)
        assert ask_as(relay, "anthropic", model=MODEL, account="acc-a").status == 429
        offset.write_text("0")
        assert ask(relay, "acc-b") == "acc-b"
        await_true(lambda: ask_as(relay, "anthropic", model=MODEL, account="acc-a").status == 200, 8.0)
        offset.write_text("-1000000")
        assert {ask(relay, label) for label in ("acc-a", "acc-b")} == {"acc-a", "acc-b"}
        sleep(1.2)
        assert {ask(relay, label) for label in ("acc-a", "acc-b")} == {"acc-a", "acc-b"}
        assert len(calm.grants()) == 2
        clean(relay)


def test_no_secret_is_in_a_process_list_or_in_what_the_renewal_inherits(calm: Vendor, tmp_path: Path):
    state = tmp_path / "relay" / "state"
    logins.keep(state, calm, "acc-a", lasts_seconds=-5)
    file = logins.tool_file(tmp_path, calm, "acc-b", lasts_seconds=-5)
    logins.link(state, file, "acc-b")
    calm.set(delay_seconds=1.5)
    with Relay(tmp_path / "relay", logins.config(calm), {"HOME": str(tmp_path)}) as relay:
        await_true(lambda: len(calm.grants()) == 2)
        running = logins.children(relay.pid)
        assert len(running) == 2
        own = set(Path(f"/proc/{relay.pid}/environ").read_bytes().split(b"\0"))
        for pid in running:
            told = Path(f"/proc/{pid}/cmdline").read_bytes()
            environ = set(Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
            assert b"account\0refresh" in told
            assert {one for one in environ - own if not one.startswith(b"LC_CTYPE=")} == set()
            for hidden in (told, b"\0".join(environ)):
                assert b"at-acc" not in hidden
                assert b"rt-acc" not in hidden
            os.kill(pid, signal.SIGTERM)  # which it does not hear: the token is under way
        assert {ask(relay, label) for label in ("acc-a", "acc-b")} == {"acc-a", "acc-b"}
        for path in (tmp_path / "relay").rglob("*"):
            if path.is_file():
                assert b"at-acc" not in path.read_bytes(), path
                assert b"rt-acc" not in path.read_bytes(), path
                assert path.stat().st_mode & 0o077 == 0 or path.parent == tmp_path / "relay", path
        assert b"at-acc" not in relay.admin("/metrics").body
        clean(relay)


def test_a_store_that_goes_away_or_is_damaged_does_not_stop_the_relay(calm: Vendor, tmp_path: Path):
    state = tmp_path / "relay" / "state"
    logins.keep(state, calm, "acc-a")
    with Relay(tmp_path / "relay", logins.config(calm)) as relay:
        assert ask(relay) == "acc-a"
        database = state / "accounts.db"
        kept = {path: path.read_bytes() for path in state.glob("accounts.db*")}
        database.write_bytes(b"\0" * 8192)
        for _ in range(12):
            assert ask(relay) == "acc-a"
            sleep(0.2)
        for path in state.glob("accounts.db*"):
            path.unlink()
        for path, body in kept.items():
            path.write_bytes(body)
        await_true(lambda: ask_as(relay, "anthropic", model=MODEL).status == 200, 3.0)
        clean(relay)


def test_an_account_whose_row_is_odd_hides_no_other(calm: Vendor, tmp_path: Path):
    state = tmp_path / "relay" / "state"
    logins.keep(state, calm, "acc-a")
    logins.with_store(
        state, StoredAccount("anthropic:acc-z", "anthropic", "acc-z", "login", source="no-such-tool:/x"), None
    )
    logins.with_store(
        state, StoredAccount("ghost:acc-y", "ghost", "acc-y", "login"), logins.login_of(calm.login("acc-y"))
    )
    with Relay(tmp_path / "relay", logins.config(calm)) as relay:
        assert ask(relay) == "acc-a"
        assert ask_as(relay, "anthropic", model=MODEL, account="acc-z").status == 503
        clean(relay)
