"""A relay with several accounts at a scripted vendor, and requests that say who served them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from fastproxy.accounts.login import Login
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount, account_id
from fastproxy.clock import wall
from fastproxy.secret import Secret
from support.relay import ADMIN_TOKEN, TOKEN, Relay
from support.vendor import Vendor
from support.wire import Answer

PROVIDER = "lab"


def config(vendor: Vendor, keys: Sequence[str] = (), *, extra: str = "", head: str = "") -> str:
    """One provider with these accounts, whose keys are "key-NAME"."""
    rows = "".join(
        f'[[providers.{PROVIDER}.accounts]]\nlabel = "{name}"\napi_key = "env:KEY_{name.upper()}"\n' for name in keys
    )
    return f"""
{head}
[server]
listen = ["127.0.0.1:0"]
[access]
tokens = ["env:TEST_CLIENT_TOKEN"]
admin_token = "env:TEST_ADMIN_TOKEN"
[providers.{PROVIDER}]
formats = ["anthropic", "openai-chat", "openai-responses"]
base_url = "{vendor.origin}/v1"
auth = "bearer"
models = ["*"]
discover = false
{extra}
{rows}
"""


def environ(keys: Sequence[str]) -> Mapping[str, str]:
    return {f"KEY_{name.upper()}": f"key-{name}" for name in keys}


def open_accounts(vendor: Vendor, keys: Sequence[str]) -> None:
    """Let the vendor know these keys, with nothing else ordered."""
    for name in keys:
        vendor.key(name, f"key-{name}")


def ask(
    relay: Relay, session: str = "", *, stream: bool = False, headers: Mapping[str, str] = {}, model: str = "m"
) -> Answer:
    """One small Messages request."""
    body = {"model": model, "max_tokens": 16, "stream": stream, "messages": [{"role": "user", "content": "hi"}]}
    named = {"x-session-id": session} if session else {}
    return relay.ask("/v1/messages", orjson.dumps(body), tuple({**named, **headers}.items()))


def who(answer: Answer) -> str:
    """The account that served: it says its name."""
    assert answer.status == 200, (answer.status, answer.body)
    name: str = orjson.loads(answer.body)["content"][0]["text"]
    return name


def store_login(state: Path, vendor: Vendor, label: str, *, lasts_seconds: float = 3600.0, provider: str) -> str:
    """A login of the vendor's in the relay's store; its id."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    tokens = vendor.login(label)
    now = wall()
    login = Login(
        Secret(tokens["access_token"]),
        Secret(tokens["refresh_token"]),
        expires_at=now + lasts_seconds,
        minted_at=now - 600,
    )
    store = AccountStore(state)
    try:
        id_ = account_id(provider, label)
        store.add(StoredAccount(id=id_, provider=provider, label=label, kind="login"), login)
    finally:
        store.close()
    return id_


__all__ = ["ADMIN_TOKEN", "PROVIDER", "TOKEN", "ask", "config", "environ", "open_accounts", "store_login", "who"]
