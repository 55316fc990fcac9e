"""An account as it is shown."""

import msgspec

from fastproxy.accounts.cooldown import Cooldown, Window
from fastproxy.accounts.described import described, source_of
from fastproxy.accounts.pool import Standing
from fastproxy.secret import Secret
from fastproxy.snapshot import Account

ID = "lab:work"
ACCOUNT = Account("lab", ID, Secret("sk-secret"), "login", "work", 2, -1, "own-client", 2000.0, {"project": "p"})


def test_an_account_is_shown_with_all_but_its_secret():
    cooldown, window = Cooldown(ID, "", 1500.0, timed=True, cause="spent"), Window(ID, "5h", 0.5)
    shown = described(Standing(ACCOUNT, "", (cooldown,), (window,), 1, 2, 3), {ID: "codex:/home/u/auth.json"})
    assert shown["source"] == "codex:/home/u/auth.json"
    assert (shown["state"], shown["cause"], shown["serves"]) == ("cooling", "spent", "own-client")
    assert (shown["weight"], shown["position"], shown["expires_at"]) == (2, -1, 2000.0)
    assert shown["cooldowns"] == [{"scope": "", "until_at": 1500.0, "timed": True, "cause": "spent"}]
    assert b"sk-secret" not in msgspec.json.encode(shown)


def test_where_a_secret_is_kept_is_told():
    assert source_of(ID, {}) == "configuration"
    assert source_of(ID, {ID: ""}) == "store"
    assert source_of(ID, {ID: "codex:/x"}) == "codex:/x"


def test_a_rest_for_one_model_leaves_the_account_ready():
    rest = Cooldown(ID, "model:m", 1500.0, cause="spent")
    shown = described(Standing(ACCOUNT, "", (rest,), (), 0, 0, 0), {})
    assert (shown["state"], shown["cause"]) == ("ready", "")
    disabled = described(Standing(ACCOUNT, "ended", (rest,), (), 0, 0, 0), {})
    assert (disabled["state"], disabled["cause"]) == ("disabled", "ended")
