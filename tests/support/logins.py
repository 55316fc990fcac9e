"""Logins at the scripted vendor: a relay that renews them there, and what is to be seen of it from outside."""

from collections.abc import Mapping
from pathlib import Path
from time import monotonic, sleep

from fastproxy.accounts.login import Login
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount, account_id
from fastproxy.clock import wall
from fastproxy.secret import Secret
from support.account_clients import HEAD
from support.credentials import claude_body
from support.vendor import Vendor

PROVIDER = "anthropic"
MODEL = "claude-x"


def config(vendor: Vendor, *, server: str = "", extra: str = "") -> str:
    """One provider whose accounts are logins, made and renewed at the vendor's."""
    return f"""
{HEAD.replace("[access]", f"{server}{chr(10)}[access]")}
[providers.{PROVIDER}]
base_url = "{vendor.origin}"
{extra}
[providers.{PROVIDER}.oauth]
token_url = "{vendor.token_url}"
"""


def login_of(tokens: Mapping[str, object], lasts_seconds: float = 3600.0, age_seconds: float = 600.0) -> Login:
    """What a vendor gave, as if it had been some time ago."""
    now = wall()
    access, refresh = Secret(str(tokens["access_token"])), Secret(str(tokens["refresh_token"]))
    return Login(access, refresh, expires_at=now + lasts_seconds, minted_at=now - age_seconds)


def keep(state: Path, vendor: Vendor, label: str, *, lasts_seconds: float = 3600.0) -> str:
    """A login in the store of this state directory; its id."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    id_ = account_id(PROVIDER, label)
    with_store(state, StoredAccount(id_, PROVIDER, label, "login"), login_of(vendor.login(label), lasts_seconds))
    return id_


def link(state: Path, file: Path, label: str, source: str = "claude-code") -> str:
    """A login that a tool's file owns; its id."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    id_ = account_id(PROVIDER, label)
    with_store(state, StoredAccount(id_, PROVIDER, label, "login", source=f"{source}:{file}"), None)
    return id_


def with_store(state: Path, account: StoredAccount, login: Login | None) -> None:
    store = AccountStore(state)
    try:
        store.add(account, login)
    finally:
        store.close()


def tool_file(home: Path, vendor: Vendor, label: str, *, lasts_seconds: float = 3600.0) -> Path:
    """Claude Code's file with a login of the vendor's."""
    file = home / ".claude" / ".credentials.json"
    file.parent.mkdir(mode=0o700, parents=True)
    write_tool_file(file, vendor.login(label), lasts_seconds)
    return file


def write_tool_file(file: Path, tokens: Mapping[str, object], lasts_seconds: float = 3600.0) -> None:
    """As the tool does: beside it, then renamed."""
    expires_at_ms = int((wall() + lasts_seconds) * 1000)
    beside = file.with_suffix(".tmp")
    beside.touch(mode=0o600)
    beside.write_bytes(claude_body(str(tokens["access_token"]), str(tokens["refresh_token"]), expires_at_ms))
    beside.replace(file)


def disabled(state: Path) -> dict[str, str]:
    """Account -> why it can't be used."""
    store = AccountStore(state)
    try:
        return {account.id: account.disabled for account in store.accounts() if account.disabled}
    finally:
        store.close()


def children(pid: int) -> list[int]:
    """The processes that a relay has started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text().rpartition(")")[2].split()[1]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == pid:
            found.append(int(stat.parent.name))
    return found


def await_true(true: object, seconds: float = 10.0) -> None:
    """Until `true()`, or an assertion fails."""
    assert callable(true)
    until = monotonic() + seconds
    while not true():
        assert monotonic() < until, "it did not come true"
        sleep(0.01)
