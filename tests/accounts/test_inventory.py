"""Accounts from everywhere, as one: the configuration's, the stored, the linked; and what can't be read among them."""

import os
from pathlib import Path

import msgspec
import orjson
import pytest

from fastproxy.accounts.cooldown import Cooldown, Ended
from fastproxy.accounts.inventory import ENDED_CAUSE, Inventory
from fastproxy.accounts.login import Login
from fastproxy.accounts.sources.tokens import fingerprint
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.clock import wall
from fastproxy.providers import BY_NAME, echo
from fastproxy.secret import Secret
from fastproxy.snapshot import Account, Snapshot
from support.credentials import claude_body

SOON = wall() + 3600.0
KEY = Account("anthropic", "anthropic:ANTHROPIC_API_KEY", Secret("sk-1"))
SNAPSHOT = Snapshot(accounts={"anthropic": (KEY,)})


@pytest.fixture
def store(tmp_path: Path) -> AccountStore:
    return AccountStore(tmp_path)


@pytest.fixture
def inventory(tmp_path: Path, store: AccountStore) -> Inventory:
    return Inventory(tmp_path, store)


def stored(label: str, **fields: object) -> StoredAccount:
    known = {"id": f"anthropic:{label}", "provider": "anthropic", "label": label, "kind": "login"}
    return StoredAccount(**{**known, **fields})  # type: ignore[arg-type]


def test_what_is_stored_stands_beside_what_is_configured(inventory: Inventory, store: AccountStore):
    store.add(stored("work"), Login(Secret("at"), Secret("rt"), expires_at=5e9, minted_at=4e9))
    stock = inventory.exchange((), SNAPSHOT)
    key, login = stock.accounts["anthropic"]
    assert key == KEY
    assert (login.id, login.kind, login.secret, login.expires_at) == ("anthropic:work", "login", Secret("at"), 5e9)
    assert [account.id for account in stock.renewable] == ["anthropic:work"]
    assert stock.minted_at == {"anthropic:work": 4e9}
    assert stock.within(SNAPSHOT).accounts == stock.accounts


def test_of_two_with_one_name_the_configured_one_counts(inventory: Inventory, store: AccountStore):
    store.add(stored("ANTHROPIC_API_KEY"), Login(Secret("at"), Secret("rt")))
    assert inventory.exchange((), SNAPSHOT).accounts == {"anthropic": (KEY,)}


def test_another_configuration_leaves_the_store_as_it_is(inventory: Inventory, store: AccountStore):
    store.add(stored("work"), Login(Secret("at"), Secret("rt")))
    stock = inventory.exchange((), SNAPSHOT).under(Snapshot())
    assert [account.id for account in stock.accounts["anthropic"]] == ["anthropic:work"]


def test_a_disabled_login_is_told_and_not_renewed_nor_offered(inventory: Inventory, store: AccountStore):
    added = store.add(stored("work"), Login(Secret("at"), Secret("rt")))
    store.disable(added.id, "invalid_grant", added.version)
    stock = inventory.exchange((), SNAPSHOT)
    assert stock.disabled == {"anthropic:work": "invalid_grant"}
    assert stock.renewable == ()
    assert stock.within(SNAPSHOT).accounts == {"anthropic": (KEY,)}


def test_a_login_without_a_refresh_token_is_not_to_be_renewed(inventory: Inventory, store: AccountStore):
    store.add(stored("work"), Login(Secret("at"), expires_at=5e9))
    assert inventory.exchange((), SNAPSHOT).renewable == ()


def test_a_linked_file_is_read_where_it_lies_and_its_news_are_noticed(
    inventory: Inventory, store: AccountStore, tmp_path: Path
):
    file = tmp_path / "home" / ".credentials.json"
    file.parent.mkdir()

    def write(token: str) -> None:
        beside = file.with_suffix(".new")
        tokens = {"accessToken": token, "refreshToken": "rt", "expiresAt": 5_000_000_000_000, "scopes": []}
        beside.write_bytes(orjson.dumps({"claudeAiOauth": tokens}))
        beside.replace(file)

    write("at-1")
    store.add(stored("claude", source=f"claude-code:{file}"), None)
    [_, account] = inventory.exchange((), SNAPSHOT).accounts["anthropic"]
    assert account.secret == Secret("at-1")
    write("at-2")
    assert inventory.changed()
    [_, account] = inventory.exchange((), SNAPSHOT).accounts["anthropic"]
    assert account.secret == Secret("at-2")


def disabled_link(store: AccountStore, directory: Path, refused: str | None = None) -> Path:
    """The file of a tool whose login the vendor has ended."""
    file = directory / "credentials.json"
    file.write_bytes(claude_body())
    added = store.add(stored("claude", source=f"claude-code:{file}"), None)
    known = fingerprint(Login(Secret("at-1"), Secret("rt-1"))) if refused is None else refused
    store.disable(added.id, "invalid_grant", added.version, known)
    return file


@pytest.mark.parametrize("changed", [False, True])
@pytest.mark.parametrize("written_at", [1e9, 5e9])  # whatever the clocks say
def test_a_login_that_ended_is_used_again_once_its_tool_has_logged_in_anew(
    inventory: Inventory, store: AccountStore, tmp_path: Path, written_at: float, *, changed: bool
):
    file = disabled_link(store, tmp_path)
    assert inventory.exchange((), SNAPSHOT).disabled == {"anthropic:claude": "invalid_grant"}
    file.write_bytes(claude_body("at-2", "rt-2"))
    os.utime(file, (written_at, written_at))
    if changed:  # by a person, while no relay runs
        store.put_first("anthropic:claude")
        store.change("anthropic:claude", serves="own-client")
    assert Inventory(tmp_path, store).exchange((), SNAPSHOT).disabled == {}
    assert inventory.exchange((), SNAPSHOT).disabled == {}
    assert [(account.disabled, account.refused) for account in store.accounts()] == [("", "")]


def test_a_login_that_was_refused_stays_disabled_however_often_its_tool_writes_it(
    inventory: Inventory, store: AccountStore, tmp_path: Path
):
    file = disabled_link(store, tmp_path)
    file.write_bytes(claude_body() + b"\n")
    os.utime(file, (5e9, 5e9))
    assert inventory.exchange((), SNAPSHOT).disabled == {"anthropic:claude": "invalid_grant"}


def test_a_linked_login_of_which_is_not_known_what_was_refused_is_tried_once_more(
    inventory: Inventory, store: AccountStore, tmp_path: Path
):
    disabled_link(store, tmp_path, refused="")
    assert inventory.exchange((), SNAPSHOT).disabled == {}


def test_an_access_token_that_is_yet_to_be_got_has_ended_already(inventory: Inventory, store: AccountStore):
    store.add(stored("fresh"), Login(Secret(""), Secret("gho-1")))
    [_, account] = inventory.exchange((), SNAPSHOT).accounts["anthropic"]
    assert account.expires_at == 0.0


def test_one_that_can_not_be_read_is_named_with_its_reason_and_hides_no_other(
    inventory: Inventory, store: AccountStore, tmp_path: Path
):
    store.add(stored("gone", source=f"claude-code:{tmp_path / 'nowhere.json'}"), None)
    store.add(stored("work"), Login(Secret("at"), Secret("rt")))
    stock = inventory.exchange((), SNAPSHOT)
    assert set(stock.disabled) == {"anthropic:gone"}
    assert stock.disabled["anthropic:gone"]
    assert [account.id for account in stock.within(SNAPSHOT).accounts["anthropic"]] == [KEY.id, "anthropic:work"]


def test_what_was_learned_is_written_before_anything_is_read(inventory: Inventory):
    rest = Cooldown(KEY.id, "", SOON + 5, timed=True, cause="a usage limit is reached")
    assert inventory.exchange((rest,), SNAPSHOT).cooldowns == (rest,)


def test_an_empty_machine_has_nothing_and_nothing_is_made_on_its_disk(inventory: Inventory, tmp_path: Path):
    stock = inventory.exchange((), Snapshot())
    assert (stock.accounts, stock.cooldowns, stock.windows) == ({}, (), ())
    assert not inventory.changed()
    assert list(tmp_path.iterdir()) == []


def test_what_was_learned_before_a_reset_is_not_written_after_it(
    inventory: Inventory, store: AccountStore, tmp_path: Path
):
    inventory.exchange((), SNAPSHOT)
    other = AccountStore(tmp_path)
    other.reset(KEY.id)
    old, kept = Cooldown(KEY.id, "", SOON + 5), Cooldown("anthropic:work", "", SOON + 5)
    assert inventory.exchange((old, kept), SNAPSHOT).cooldowns == (kept,)
    assert inventory.exchange((old,), SNAPSHOT).cooldowns == (kept, old)  # learned since
    other.reset(None)
    assert inventory.exchange((old, kept), SNAPSHOT).cooldowns == ()


def test_a_rest_that_is_over_is_taken_out_unless_somebody_has_made_it_longer(inventory: Inventory, store: AccountStore):
    store.cool([Cooldown(KEY.id, "", SOON + 5), Cooldown(KEY.id, "model:m", SOON + 6)])
    ended = (Ended(Cooldown(KEY.id, "", SOON + 5)), Ended(Cooldown(KEY.id, "model:m", SOON + 5)))
    assert inventory.exchange(ended, SNAPSHOT).cooldowns == (Cooldown(KEY.id, "model:m", SOON + 6),)


def test_what_is_configured_of_all_logins_counts_where_they_do_not_say_it_themselves(
    inventory: Inventory, store: AccountStore
):
    record = msgspec.structs.replace(BY_NAME["gemini-cli"], facts={"project": "p-all"})
    configured = Snapshot(providers={"gemini-cli": record})
    for label, kept in (("silent", {}), ("telling", {"project_id": "p-own"})):
        account = StoredAccount(f"gemini-cli:{label}", "gemini-cli", label, "login")
        store.add(account, Login(Secret(label), Secret("rt"), kept=kept))
    stock = inventory.exchange((), configured)
    facts = [account.facts for account in stock.accounts["gemini-cli"]]
    assert facts == [{"project": "p-all"}, {"project": "p-own"}]
    bare = stock.under(Snapshot(providers={"gemini-cli": BY_NAME["gemini-cli"]})).accounts["gemini-cli"]
    assert [account.facts for account in bare] == [{}, {"project": "p-own"}]


def test_a_stored_key_makes_a_provider_usable_that_lacked_one(inventory: Inventory, store: AccountStore):
    groq, openai = BY_NAME["groq"], BY_NAME["openai"]
    lacking = Snapshot(
        providers={"fastproxy": echo.PROVIDER, "anthropic": BY_NAME["anthropic"]},
        keyless={"groq": groq, "openai": openai},
        unusable={"groq": "it has no key", "openai": "it has no key", "ollama": "nothing answers"},
    )
    store.add(StoredAccount("groq:key", "groq", "key", "key"), Login(Secret("gsk")))
    whole = inventory.exchange((), lacking).within(lacking)
    assert list(whole.providers) == ["anthropic", "groq", "fastproxy"]
    assert list(whole.keyless) == ["openai"]
    assert list(whole.unusable) == ["openai", "ollama"]
    store.disable("groq:key", "closed", 1)
    assert inventory.exchange((), lacking).within(lacking).providers == lacking.providers


def test_a_secret_that_nobody_can_renew_is_told_from_a_login(inventory: Inventory, store: AccountStore):
    store.add(stored("work"), Login(Secret("at"), Secret("rt")))
    store.add(stored("final"), Login(Secret("at-2")))
    gone = store.add(stored("gone"), Login(Secret("at-3")))
    store.disable(gone.id, "refused", gone.version)
    assert inventory.exchange((), SNAPSHOT).final_ids == {"anthropic:final"}


def test_a_login_that_has_ended_and_that_nobody_can_renew_is_not_used_until_there_is_another(
    inventory: Inventory, store: AccountStore
):
    now = wall()
    store.add(stored("ended"), Login(Secret("at"), expires_at=now - 1))
    store.add(stored("lasting"), Login(Secret("at-2"), expires_at=now + 50))
    store.add(stored("renewable"), Login(Secret("at-3"), Secret("rt"), expires_at=now - 1))
    stock = inventory.exchange((), SNAPSHOT)
    assert stock.disabled == {"anthropic:ended": ENDED_CAUSE}
    assert [account.disabled for account in store.accounts()] == [""] * 3, "a clock that was wrong would stay there"
    for at, is_outdated in ((now, False), (now + 51, True), (now - 2, True)):
        assert stock.is_outdated(at) is is_outdated
    store.replace(stored("ended"), Login(Secret("at-4"), expires_at=now + 50))
    assert inventory.exchange((), SNAPSHOT).disabled == {}


def test_what_a_vendor_told_of_a_login_is_known_of_that_login_only(inventory: Inventory, store: AccountStore):
    configured = Snapshot(providers={"gemini-cli": BY_NAME["gemini-cli"]})
    account = StoredAccount("gemini-cli:a", "gemini-cli", "a", "login")
    login = Login(Secret("at"), Secret("rt"))
    store.add(account, login)
    assert inventory.exchange((), configured).lacking == {"gemini-cli:a"}
    inventory.tell(login, {"project": "p-1"})
    told = inventory.exchange((), configured)
    for stock in (told, told.under(configured)):
        assert [one.facts for one in stock.accounts["gemini-cli"]] == [{"project": "p-1"}]
        assert stock.lacking == frozenset()
    store.replace(account, Login(Secret("at-2"), Secret("rt-2")))
    assert inventory.exchange((), configured).lacking == {"gemini-cli:a"}
    record = msgspec.structs.replace(BY_NAME["gemini-cli"], facts={"project": "p-all"})
    assert inventory.exchange((), Snapshot(providers={"gemini-cli": record})).lacking == frozenset()


def test_an_account_that_was_imported_anew_from_elsewhere_is_read_there(
    inventory: Inventory, store: AccountStore, tmp_path: Path
):
    for token in ("at-1", "at-2"):
        file = tmp_path / f"{token}.json"
        file.write_bytes(b'{"accessToken":"%b","refreshToken":"rt"}' % token.encode())
        account = store.add(stored("claude", source=f"claude-code:{file}"), None)
        assert inventory.exchange((), SNAPSHOT).logins[account.id].access == Secret(token)
        store.remove(account.id)
