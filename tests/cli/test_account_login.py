"""`fastproxy account login`, as people and scripts use it: a real browser's part is played by a program."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from fastproxy.accounts.holders import account_named
from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.cli.account_login import account_for, as_they_are
from fastproxy.clock import wall
from fastproxy.secret import Secret
from support.renewable import lab_config
from support.vendor import Vendor

_BROWSER = """\
#!{python}
import sys
from urllib.parse import parse_qs, urlsplit
from urllib.request import ProxyHandler, build_opener
query = {{name: values[0] for name, values in parse_qs(urlsplit(sys.argv[1]).query).items()}}
address = query["redirect_uri"] + "?code=code-ann&state=" + query["state"]
build_opener(ProxyHandler({{}})).open(address, timeout=10).read()
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


@pytest.fixture
def vendor(running: Vendor) -> Vendor:
    running.set(token_answers=[], device_answer={})
    running.order(account="ann")
    running.order(forget=True)
    return running


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "state"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def browser(tmp_path: Path) -> str:
    path = tmp_path / "browser"
    path.write_text(_BROWSER.format(python=sys.executable))
    path.chmod(0o700)
    return f"{path} %s"


class LoggingIn:
    """A running `fastproxy account login`."""

    def __init__(self, state: Path, config: Path, *arguments: str, browser: str = "", provider: str = "lab") -> None:
        environ = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "SSH_CONNECTION")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fastproxy", "account", "login", provider, f"--config={config}", *arguments],
            env={**environ, "FASTPROXY_STATE_DIR": str(state), "BROWSER": browser},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def address(self) -> str:
        """What it asks the person to open."""
        assert self._process.stderr is not None
        return next(line.strip() for line in self._process.stderr if line.startswith("  http"))

    def ended(self, pasted: str = "") -> tuple[int, str, str]:
        out, err = self._process.communicate(pasted or None, timeout=60)
        assert "Traceback" not in err
        assert not any(secret in out + err for secret in ("at-ann", "rt-ann", "tid=", "device-ann"))
        return self._process.returncode, out, err


def test_a_login_in_the_browser_is_kept_and_its_id_printed(vendor: Vendor, state, tmp_path, browser) -> None:
    code, out, err = LoggingIn(state, lab_config(tmp_path, vendor), browser=browser).ended()
    assert (code, out) == (0, "lab:login\n"), err
    with closing(AccountStore(state)) as store:
        assert store.login("lab:login").access.reveal().startswith("at-ann-")
        assert account_named(store, "lab:login").serves == "any"
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in state.iterdir())
    assert not any(b"rt-ann" in path.read_bytes() for path in state.iterdir() if path.is_file())


def test_without_a_browser_the_address_is_pasted(vendor: Vendor, state, tmp_path) -> None:
    running = LoggingIn(state, lab_config(tmp_path, vendor), "--no-browser", "--label", "work", "--serves", "any")
    query = parse_qs(urlsplit(running.address()).query)
    code, out, _ = running.ended(f"{query['redirect_uri'][0]}?state={query['state'][0]}&code=code-ann\n")
    assert (code, out) == (0, "lab:work\n")


def test_with_a_code_for_another_device(vendor: Vendor, state, tmp_path) -> None:
    vendor.set(token_answers=[{"status": 400, "body": '{"error": "authorization_pending"}'}])
    code, out, err = LoggingIn(state, lab_config(tmp_path, vendor), "--device").ended()
    assert (code, out) == (0, "lab:login\n"), err
    assert "WDJB-MJHT" in err
    assert "https://example.com/device" in err


@pytest.mark.parametrize(("body", "kept"), [('{"cloudaicompanionProject": "p-1"}', {"project_id": "p-1"}), ("{}", {})])
def test_a_login_that_needs_a_project_is_kept_with_it_or_without(
    vendor: Vendor, state, tmp_path, body: str, kept: dict[str, str]
) -> None:
    vendor.answers("ann", {"body": body})
    config = lab_config(tmp_path, vendor)
    text = config.read_text().replace("providers.lab", "providers.gemini-cli").replace('/v1"', '"')
    config.write_text(text.replace('format = "openai-chat"\n', "").replace('auth = "bearer"\n', ""))
    running = LoggingIn(state, config, "--device", "--serves", "any", provider="gemini-cli")
    code, out, err = running.ended()
    assert (code, out) == (0, "gemini-cli:login\n"), err
    assert ("[providers.gemini-cli] project" in err) is not bool(kept)
    with closing(AccountStore(state)) as store:
        assert kept.items() <= store.login("gemini-cli:login").kept.items()


def test_copilots_way_ends_with_a_token_for_copilot(vendor: Vendor, state, tmp_path) -> None:
    config = lab_config(tmp_path, vendor, 'exchange = "copilot"')
    code, _, err = LoggingIn(state, config, "--device").ended()
    assert code == 0, err
    with closing(AccountStore(state)) as store:
        login = store.login("lab:login")
    assert login.access.reveal().startswith("tid=ann-")
    assert login.refresh is not None
    assert login.refresh.reveal().startswith("at-ann-")


def test_a_login_that_is_refused_leaves_nothing_behind(vendor: Vendor, state, tmp_path) -> None:
    vendor.set(token_answers=[{"status": 400, "body": '{"error": "access_denied"}'}])
    code, out, err = LoggingIn(state, lab_config(tmp_path, vendor), "--device").ended()
    assert (code, out) == (1, "")
    assert "refused in the browser" in err
    with closing(AccountStore(state)) as store:
        assert store.accounts() == ()


def test_an_ended_login_is_replaced_by_the_next_one(vendor: Vendor, state, tmp_path) -> None:
    config = lab_config(tmp_path, vendor)
    LoggingIn(state, config, "--device").ended()
    with closing(AccountStore(state)) as store:
        store.disable("lab:login", "refused", account_named(store, "lab:login").version)
    code, out, err = LoggingIn(state, config, "--device").ended()
    assert (code, out, "again" in err) == (0, "lab:login\n", True)
    with closing(AccountStore(state)) as store:
        assert [account.disabled for account in store.accounts()] == [""]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nowhere",), "there is no provider 'nowhere'"),
        (("openai",), "only keys"),
        (("anthropic", "--device", "--serves", "any"), "no codes for devices"),
        (("anthropic",), "--serves own-client or --serves any"),
    ],
)
def test_what_can_not_be_done_is_said_at_once(run, monkeypatch, arguments, told) -> None:
    with open(os.devnull) as nothing:  # noqa: PTH123 - a device
        monkeypatch.setattr(sys, "stdin", nothing)
        ended = run("account", "login", *arguments)
    assert ended.code == 2
    assert told in ended.err


# Which account a login is for.

MINE = StoredAccount("lab:login", "lab", "login", "login", serves="own-client", weight=3)


def test_a_new_login_gets_a_free_label() -> None:
    account, known = account_for((MINE, msgspec.structs.replace(MINE, id="lab:login-2", label="renamed")), "lab", "")
    assert (account.id, known) == ("lab:login-3", False)


def test_a_label_that_is_there_logs_in_again_and_keeps_the_rest() -> None:
    account, known = account_for((MINE,), "lab", "login")
    assert (account.id, account.weight, account.serves, known) == ("lab:login", 3, "own-client", True)


def test_without_a_label_the_login_that_has_ended_is_meant() -> None:
    ended = msgspec.structs.replace(MINE, id="lab:old", label="old", disabled="refused")
    foreign = msgspec.structs.replace(MINE, id="den:x", provider="den", disabled="refused")
    linked = msgspec.structs.replace(MINE, id="lab:cli", label="cli", disabled="refused", source="codex:/x")
    assert account_for((foreign, linked, MINE, ended), "lab", "")[0].id == "lab:old"


@pytest.mark.parametrize(
    ("taken", "told"), [({"source": "codex:/home/u/.codex/auth.json"}, "its own tool"), ({"kind": "key"}, "is a key")]
)
def test_an_account_that_can_not_take_a_login_says_why(taken, told) -> None:
    with pytest.raises(AccountError, match=told):
        account_for((msgspec.structs.replace(MINE, **taken),), "lab", "login")


def test_a_label_that_is_none_is_refused_before_anybody_logs_in() -> None:
    with pytest.raises(AccountError, match="label"):
        account_for((), "lab", "two words")


def test_a_login_that_has_ended_and_cannot_be_renewed_is_the_one_that_is_made_again(state: Path):
    with closing(AccountStore(state)) as store:
        for label, expires_at in (("lasting", wall() + 3600), ("ended", wall() - 1)):
            account = StoredAccount(f"lab:{label}", "lab", label, "login")
            store.add(account, Login(Secret("at"), expires_at=expires_at))
        assert account_for(as_they_are(store), "lab", "")[0].id == "lab:ended"
