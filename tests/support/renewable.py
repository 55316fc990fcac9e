"""A state directory with a login of the vendor process, a configuration for it, and processes that renew it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson

from fastproxy import clock
from fastproxy.accounts.login import Login
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.current import Source
from fastproxy.secret import Secret
from fastproxy.snapshot import Snapshot
from support.vendor import Vendor

ID = "lab:ann"
_CONFIG = """\
[providers.lab]
format = "openai-chat"
base_url = "{origin}/v1"
auth = "bearer"
discover = false
[providers.lab.oauth]
client_id = "ours"
token_url = "{origin}/oauth/token"
exchange_url = "{origin}/copilot_internal/v2/token"
authorize_url = "{origin}/oauth/authorize"
device_url = "{origin}/oauth/device"
[upstream]
proxy = "direct"
"""


def lab_config(directory: Path, vendor: Vendor, more: str = "") -> Path:
    """A configuration whose provider `lab` has the vendor's logins. more: keys for its [oauth]."""
    path = directory / "config.toml"
    path.write_text(_CONFIG.format(origin=vendor.origin).replace("[upstream]", f"{more}\n[upstream]"))
    return path


def snapshot_of(config: Path) -> Snapshot:
    """The configuration as a relay has read it."""
    return Source(config, {}).load()


def login_from(answer: dict[str, Any], *, ends_in_seconds: float, age_seconds: float = 3600.0) -> Login:
    """A vendor's answer as a login of that age."""
    now = clock.wall()
    access, refresh = Secret(answer["access_token"]), Secret(answer["refresh_token"])
    return Login(access, refresh, now + ends_in_seconds, now - age_seconds)


def stored_login(vendor: Vendor, state: Path, *, ends_in_seconds: float = 60.0) -> AccountStore:
    """The store of `state`, with a login of account `ann`."""
    store = AccountStore(state)
    account = StoredAccount(ID, "lab", "ann", "login")
    store.add(account, login_from(vendor.login("ann"), ends_in_seconds=ends_in_seconds))
    return store


class Refresh:
    """A running `fastproxy account refresh --json`."""

    def __init__(
        self, config: Path, state: Path, *arguments: str, account: str = ID, stdin: int | None = None, **environ: str
    ) -> None:
        command = [sys.executable, "-m", "fastproxy", "account", "refresh", account, "--json", f"--config={config}"]
        self.process = subprocess.Popen(
            [*command, *arguments],
            env={**os.environ, "FASTPROXY_STATE_DIR": str(state), **environ},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def told(self, errand: bytes | None = None) -> dict[str, Any]:
        """What it said in the end, with its exit code as `code`."""
        out, err = self.process.communicate(errand, timeout=60)
        assert b"Traceback" not in err, err.decode()
        told: dict[str, Any] = orjson.loads(out)
        return told | {"code": self.process.returncode}
