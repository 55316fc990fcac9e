"""Accounts on disk: sealed, compare-and-set, whole after kill -9, and said in one sentence when something is wrong."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing

import msgspec
import pytest

from fastproxy import clock
from fastproxy.accounts import tables
from fastproxy.accounts.cooldown import Cooldown, Window
from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.sidecar import sidecar_path
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.secret import Secret

SOON = clock.wall() + 3600.0
WORK = StoredAccount("anthropic:work", "anthropic", "work", "login", serves="own-client", weight=2, position=1)
HOME = StoredAccount("anthropic:home", "anthropic", "home", "login")
LINKED = StoredAccount("codex:laptop", "codex", "laptop", "login", source="codex:/home/u/.codex/auth.json")
LOGIN = Login(Secret("access-hush"), Secret("refresh-hush"), 2000.5, 1000.0, {"id_token": "kept-hush", "n": [1, None]})

SAVE_ONCE = """
import sys
from pathlib import Path
from fastproxy.accounts.login import Login
from fastproxy.accounts.store import AccountStore
from fastproxy.secret import Secret
store = AccountStore(Path(sys.argv[1]))
store.accounts()
print("ready", flush=True)
for line in sys.stdin:
    version = int(line)
    login = Login(Secret(f"access-{sys.argv[2]}-{version}"), Secret(f"refresh-{sys.argv[2]}-{version}"))
    print(store.save_login("anthropic:work", login, version), flush=True)
"""
SAVE_FOR_EVER = """
import sys
from pathlib import Path
from fastproxy.accounts.login import Login
from fastproxy.accounts.store import AccountStore
from fastproxy.secret import Secret
store = AccountStore(Path(sys.argv[1]))
version = store.accounts()[0].version
while True:
    login = Login(Secret(f"access-{version + 1}"), Secret(f"refresh-{version + 1}"), kept={"x": "y" * 5000})
    assert store.save_login("anthropic:work", login, version)
    version += 1
    print(version, flush=True)
"""
ADD_MANY = """
import sys
from pathlib import Path
from fastproxy.accounts.login import Login
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.secret import Secret
store = AccountStore(Path(sys.argv[1]))
for number in range(5):
    label = f"{sys.argv[2]}-{number}"
    store.add(StoredAccount(f"openai:{label}", "openai", label, "key"), Login(Secret(label)))
"""


@pytest.fixture
def store(tmp_path):
    found = AccountStore(tmp_path)
    yield found
    found.close()


def python(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def written(directory):
    """Every byte of the database and of what stands beside it."""
    return b"".join(path.read_bytes() for path in directory.iterdir() if path.name.startswith("accounts.db"))


def the_only(store):
    (account,) = store.accounts()
    return account


def test_nothing_is_made_before_the_first_write(store, tmp_path):
    assert store.accounts() == store.cooldowns() == store.windows() == store.problems() == ()
    assert store.resets() == {}
    assert not store.changed()
    with pytest.raises(AccountError, match="there is no account 'anthropic:work'"):
        store.login("anthropic:work")
    assert list(tmp_path.iterdir()) == []


def test_an_account_is_kept_with_its_login_and_every_field_of_it(store, tmp_path):
    before = clock.wall()
    added = store.add(WORK, LOGIN)
    assert (added.version, added.expires_at, added.minted_at) == (1, 2000.5, 1000.0)
    assert before <= added.created_at <= added.changed_at <= clock.wall()
    with closing(AccountStore(tmp_path)) as other:
        assert other.accounts() == (added,)
        assert other.login(WORK.id) == LOGIN
        assert other.problems() == ()


def test_files_are_private_and_no_secret_is_in_them(store, tmp_path):
    before = os.umask(0)
    try:
        store.add(WORK, LOGIN)
        store.save_login(WORK.id, LOGIN, 1)
    finally:
        os.umask(before)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"accounts.db", "accounts.db-wal", "accounts.db-shm", "accounts.key", "accounts.lock"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert b"anthropic:work" in written(tmp_path)
    assert b"hush" not in written(tmp_path)
    store.close()
    assert b"hush" not in written(tmp_path)


def test_a_login_that_a_file_owns_is_not_kept(store):
    added = store.add(LINKED, None)
    assert (added.source, added.expires_at) == (LINKED.source, None)
    with pytest.raises(AccountError, match=r"is kept in codex:/home/u/\.codex/auth\.json"):
        store.login(LINKED.id)
    assert not store.save_login(LINKED.id, LOGIN, 1)
    assert store.problems() == ()
    for account, login in ((LINKED, LOGIN), (HOME, None)):
        with pytest.raises(ValueError, match="either"):
            store.add(account, login)


def test_an_id_and_a_label_are_given_once(store):
    store.add(WORK, LOGIN)
    with pytest.raises(AccountError, match="there is an account anthropic:work"):
        store.add(WORK, LOGIN)
    with pytest.raises(AccountError, match="anthropic:work has the label 'work'"):
        store.add(msgspec.structs.replace(HOME, label="work"), LOGIN)
    with pytest.raises(AccountError, match="'a b' can't be a label"):
        store.add(msgspec.structs.replace(HOME, label="a b"), LOGIN)
    assert [account.id for account in store.accounts()] == [WORK.id]


def test_another_login_over_an_account_enables_it_and_counts(store):
    added = store.add(WORK, LOGIN)
    store.disable(WORK.id, "refused", 1)
    other = Login(Secret("new"), expires_at=9.0)
    replaced = store.replace(msgspec.structs.replace(WORK, serves="any"), other)
    assert (replaced.version, replaced.disabled, replaced.serves, replaced.expires_at) == (2, "", "any", 9.0)
    assert replaced.created_at == added.created_at
    assert store.login(WORK.id) == other
    with pytest.raises(AccountError, match="no account 'anthropic:home'"):
        store.replace(HOME, LOGIN)


def test_a_linked_account_may_become_a_login_of_our_own_and_back(store):
    store.add(LINKED, None)
    store.replace(msgspec.structs.replace(LINKED, source=""), LOGIN)
    assert store.login(LINKED.id) == LOGIN
    store.replace(LINKED, None)
    with closing(sqlite3.connect(store._database._path)) as connection:
        assert connection.execute("SELECT sealed FROM account").fetchone() == (None,)


def test_what_is_kept_beside_a_file_goes_with_the_last_account_that_is_linked_to_it(store, tmp_path):
    store.add(LINKED, None)
    beside = sidecar_path(tmp_path, LINKED.source)
    beside.parent.mkdir()
    beside.write_bytes(store.cipher().seal(b"tokens", LINKED.source))
    store.replace(LINKED, None)
    assert beside.exists()
    store.replace(msgspec.structs.replace(LINKED, source=""), LOGIN)
    assert not beside.exists()


def test_a_renewed_login_counts_only_over_the_one_it_came_from(store):
    store.add(WORK, LOGIN)
    renewed = Login(Secret("a2"), Secret("r2"), 3000.0, 2000.0, LOGIN.kept)
    assert store.save_login(WORK.id, renewed, 1)
    assert not store.save_login(WORK.id, LOGIN, 1)
    assert store.login(WORK.id) == renewed
    account = the_only(store)
    assert (account.version, account.expires_at, account.minted_at, account.weight) == (2, 3000.0, 2000.0, 2)
    assert not store.save_login("anthropic:gone", LOGIN, 1)


def test_settings_do_not_overtake_a_refresh(store):
    store.add(WORK, LOGIN)
    store.change(WORK.id, weight=5)
    store.put_first(WORK.id)
    store.disable(WORK.id, "refused", 1)
    assert store.save_login(WORK.id, Login(Secret("a2")), 1)
    account = the_only(store)
    assert (account.weight, account.disabled, account.version) == (5, "", 2)


def test_disabling_is_for_the_login_that_was_refused(store):
    store.add(WORK, LOGIN)
    store.save_login(WORK.id, LOGIN, 1)
    assert not store.disable(WORK.id, "refused", 1)
    assert the_only(store).disabled == ""
    assert store.disable(WORK.id, "refused", 2)
    assert the_only(store).disabled == "refused"
    assert store.login(WORK.id) == LOGIN
    store.enable(WORK.id)
    assert the_only(store).disabled == ""
    with pytest.raises(AccountError, match="no account"):
        store.enable("anthropic:gone")


def test_a_label_changes_and_the_id_stays(store):
    store.add(WORK, LOGIN)
    store.add(HOME, LOGIN)
    changed = store.change(WORK.id, label="office", weight=7, serves="any")
    assert (changed.id, changed.label, changed.weight, changed.serves) == (WORK.id, "office", 7, "any")
    assert changed in store.accounts()
    assert store.login(WORK.id) == LOGIN
    for label, word in (("home", "anthropic:home has the label"), ("a b", "can't be a label")):
        with pytest.raises(AccountError, match=word):
            store.change(WORK.id, label=label)
    with pytest.raises(AccountError, match="weight must be at least 1"):
        store.change(WORK.id, weight=0)
    assert changed in store.accounts()


def test_the_first_is_before_all_others_of_its_provider(store):
    store.add(WORK, LOGIN)
    store.add(HOME, LOGIN)
    store.add(LINKED, None)
    assert [account.id for account in store.accounts()] == [HOME.id, WORK.id, LINKED.id]
    store.put_first(WORK.id)
    store.put_first(HOME.id)
    store.put_first(WORK.id)
    assert [(account.id, account.position) for account in store.accounts()] == [
        (WORK.id, -3),
        (HOME.id, -2),
        (LINKED.id, 0),
    ]


def test_what_is_removed_takes_its_limits_along_and_leaves_no_trace(store, tmp_path):
    store.add(WORK, LOGIN)
    store.cool([Cooldown(WORK.id, "", SOON + 4), Cooldown(HOME.id, "", SOON + 4)])
    store.see([Window(WORK.id, "5h", seen_at=clock.wall())])
    store.reset(WORK.id)
    store.remove(WORK.id)
    assert store.accounts() == store.windows() == ()
    assert [cooldown.account for cooldown in store.cooldowns()] == [HOME.id]
    assert store.resets() == {}
    store.close()
    assert b"anthropic:work" not in written(tmp_path)
    with pytest.raises(AccountError, match="no account"):
        store.remove(WORK.id)


# Limits


def test_the_longest_cooldown_stays_whoever_wrote_it(store, tmp_path):
    until = clock.wall() + 1000.25
    first = Cooldown(WORK.id, "model:opus", until, timed=True, cause="usage")
    store.cool([first])
    with closing(AccountStore(tmp_path)) as other:
        other.cool([Cooldown(WORK.id, "model:opus", until - 1), Cooldown(WORK.id, "", until)])
        assert set(other.cooldowns()) == {first, Cooldown(WORK.id, "", until)}
    longer = Cooldown(WORK.id, "model:opus", until + 1, cause="longer")
    store.cool([longer])
    assert longer in store.cooldowns()
    assert len(store.cooldowns()) == 2


def test_cooldowns_that_are_over_go_with_the_next_write(store):
    store.cool([Cooldown(WORK.id, "", clock.wall() - 1)])
    assert store.cooldowns() == ()


def test_a_cooldown_of_a_clock_that_was_wrong_is_in_nobodys_way(store):
    wrong, right = (Cooldown(WORK.id, "", clock.wall() + seconds) for seconds in (10 * 365 * 86400.0, 60.0))
    store.cool([wrong])
    assert store.cooldowns() == ()
    store.cool([right])
    assert store.cooldowns() == (right,)


def test_the_window_seen_last_stays_unless_its_clock_was_wrong(store):
    now = clock.wall()
    window = Window(WORK.id, "7d", 0.25, now + 100, 604800.0, "ok", "", now)
    store.see([window])
    store.see([msgspec.structs.replace(window, used_fraction=0.1, seen_at=now - 5)])
    assert store.windows() == (window,)
    later = msgspec.structs.replace(window, used_fraction=0.5, status="warning", seen_at=now + 5)
    opus = msgspec.structs.replace(window, scope="family:opus")
    store.see([later, opus])
    assert set(store.windows()) == {later, opus}
    ahead = msgspec.structs.replace(window, seen_at=now + 86400)
    store.see([ahead])
    store.see([window])
    assert set(store.windows()) == {window, opus}


def test_windows_nobody_has_seen_for_long_are_forgotten(store):
    now = clock.wall()
    store.see([Window(WORK.id, "old", seen_at=now - 50 * 86400), Window(WORK.id, "new", seen_at=now)])
    assert [window.name for window in store.windows()] == ["new"]


def test_names_that_callers_choose_do_not_fill_the_disk(store, monkeypatch):
    monkeypatch.setattr(tables, "MAX_LIMIT_ROWS", 10)
    until, now = clock.wall() + 1000, clock.wall()
    for start in range(0, 100, 25):
        numbers = range(start, start + 25)
        store.cool([Cooldown(WORK.id, f"model:{number}", until + number) for number in numbers])
        store.see([Window(WORK.id, f"w{number}", seen_at=now + number / 100) for number in numbers])
    assert {cooldown.scope for cooldown in store.cooldowns()} == {f"model:{number}" for number in range(90, 100)}
    assert {window.name for window in store.windows()} == {f"w{number}" for number in range(90, 100)}


def test_nothing_new_is_no_write(store, tmp_path):
    store.cool([])
    store.see(iter(()))
    assert list(tmp_path.iterdir()) == []


def test_a_reset_clears_and_tells_the_other_processes(store, tmp_path):
    store.cool(
        [Cooldown(WORK.id, "", SOON + 4), Cooldown(WORK.id, "model:x", SOON + 4), Cooldown(HOME.id, "", SOON + 4)]
    )
    assert store.reset(WORK.id) == 2
    assert [cooldown.account for cooldown in store.cooldowns()] == [HOME.id]
    assert store.reset(None) == 1
    assert store.reset(None) == 0
    with closing(AccountStore(tmp_path)) as other:
        assert other.cooldowns() == ()
        assert other.resets() == {WORK.id: 1, "": 2}


# Keys


def test_a_lost_key_changes_nothing_and_comes_back(store, tmp_path):
    store.add(WORK, LOGIN)
    key = (tmp_path / "accounts.key").rename(tmp_path / "elsewhere")
    with closing(AccountStore(tmp_path)) as other:
        for use in (
            lambda: other.login(WORK.id),
            lambda: other.add(HOME, LOGIN),
            lambda: other.replace(WORK, LOGIN),
            lambda: other.save_login(WORK.id, LOGIN, 1),
            other.cipher,
        ):
            with pytest.raises(AccountError, match=r"accounts\.key\) is missing; restore it, or remove the accounts"):
                use()
        assert not (tmp_path / "accounts.key").exists()
        assert other.problems()
        assert [account.id for account in other.accounts()] == [WORK.id]
        key.rename(tmp_path / "accounts.key")
        assert other.login(WORK.id) == LOGIN
        assert other.problems() == ()


def test_another_key_seals_nothing_over_what_is_there(store, tmp_path):
    store.add(WORK, LOGIN)
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "logins").write_bytes(os.urandom(32))
    with closing(AccountStore(tmp_path, "cred:logins", {"CREDENTIALS_DIRECTORY": str(credentials)})) as other:
        for use in (lambda: other.login(WORK.id), lambda: other.save_login(WORK.id, LOGIN, 1)):
            with pytest.raises(AccountError, match=r'not the one .* sealed with \[accounts\] key = "file"'):
                use()
    assert store.login(WORK.id) == LOGIN


def test_a_key_that_was_made_anew_is_not_mixed_with_the_one_before(store, tmp_path):
    store.add(WORK, LOGIN)
    with closing(AccountStore(tmp_path)) as other:
        other.remove(WORK.id)
        (tmp_path / "accounts.key").unlink()
    with closing(AccountStore(tmp_path)) as other:
        other.add(WORK, LOGIN)
        renewed = Login(Secret("renewed"))
        with pytest.raises(AccountError, match="is not the one that sealed your logins"):
            store.save_login(WORK.id, renewed, 1)
        assert other.login(WORK.id) == LOGIN
        assert store.save_login(WORK.id, renewed, 1)
        assert other.login(WORK.id) == renewed


def test_one_damaged_login_is_reported_and_the_rest_work(store, tmp_path):
    for account in (WORK, HOME):
        store.add(account, LOGIN)
    store.close()
    with closing(sqlite3.connect(tmp_path / "accounts.db")) as connection, connection:
        connection.execute("UPDATE account SET sealed = x'0102' WHERE id = ?", (WORK.id,))
        connection.execute("UPDATE account SET serves = CAST(x'ff' AS TEXT) WHERE id = ?", (HOME.id,))
    with pytest.raises(AccountError, match="the login of anthropic:work is damaged: log in again, or remove it"):
        store.login(WORK.id)
    assert store.login(HOME.id) == LOGIN
    assert len(store.problems()) == 2
    assert {account.id: account.disabled[:18] for account in store.accounts()} == {
        WORK.id: "",
        HOME.id: "its row is damaged",
    }
    assert store.add(LINKED, None)
    store.replace(WORK, LOGIN)
    store.remove(HOME.id)
    assert store.problems() == ()
    assert store.login(WORK.id) == LOGIN


def test_a_login_does_not_open_in_the_row_of_another_account(store, tmp_path):
    store.add(WORK, LOGIN)
    store.add(HOME, Login(Secret("other")))
    store.close()
    with closing(sqlite3.connect(tmp_path / "accounts.db")) as connection, connection:
        connection.execute("UPDATE account SET sealed = (SELECT sealed FROM account WHERE id = ?)", (WORK.id,))
    assert store.login(WORK.id) == LOGIN
    with pytest.raises(AccountError, match="the login of anthropic:home is damaged"):
        store.login(HOME.id)


def test_the_cipher_for_copies_is_the_one_of_the_logins(store, tmp_path):
    sealed = store.cipher().seal(b"copy", "sidecar")
    store.add(WORK, LOGIN)
    with closing(AccountStore(tmp_path)) as other:
        assert other.cipher().open(sealed, "sidecar") == b"copy"


# Processes


def test_of_several_processes_that_save_at_once_one_wins(store, tmp_path):
    store.add(WORK, LOGIN)
    savers = [python(SAVE_ONCE, tmp_path, name) for name in "abc"]
    for saver in savers:
        saver.stdout.readline()
    for version in range(1, 11):
        for saver in savers:
            saver.stdin.write(f"{version}\n")
            saver.stdin.flush()
        told = [saver.stdout.readline().strip() for saver in savers]
        winner = "abc"[told.index("True")]
        assert sorted(told) == ["False", "False", "True"]
        assert store.login(WORK.id) == Login(
            Secret(f"access-{winner}-{version}"), Secret(f"refresh-{winner}-{version}")
        )
        assert the_only(store).version == version + 1
    for saver in savers:
        saver.communicate()


def test_of_several_threads_that_save_at_once_one_wins(store):
    store.add(WORK, LOGIN)
    won = []

    def save(name):
        if store.save_login(WORK.id, Login(Secret(name)), 1):
            won.append(name)

    threads = [threading.Thread(target=save, args=(f"t{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    (winner,) = won
    assert store.login(WORK.id) == Login(Secret(winner))


def test_processes_that_start_on_nothing_agree_on_one_key(store, tmp_path):
    adders = [python(ADD_MANY, tmp_path, name) for name in "abc"]
    assert [adder.wait(60) for adder in adders] == [0, 0, 0]
    for adder in adders:
        adder.communicate()
    assert store.problems() == ()
    assert {account.label for account in store.accounts()} == {f"{name}-{n}" for name in "abc" for n in range(5)}


def test_a_writer_that_is_killed_loses_nothing_that_it_said_it_saved(store, tmp_path):
    store.add(WORK, LOGIN)
    for count in range(20):
        writer = python(SAVE_FOR_EVER, tmp_path)
        said = [int(writer.stdout.readline()) for _ in range(1 + count % 5)][-1]
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()
        writer.communicate()
        said = int(rest[-1]) if rest else said
        version = the_only(store).version
        assert said <= version <= said + 1
        assert store.login(WORK.id).access == Secret(f"access-{version}")
        assert store.login(WORK.id).refresh == Secret(f"refresh-{version}")
    assert store.problems() == ()


def test_a_first_start_that_is_killed_does_not_stop_the_next(store, tmp_path):
    for count in range(10):
        adder = python(ADD_MANY.replace("store =", "print(flush=True)\nstore ="), tmp_path, f"k{count}")
        adder.stdout.readline()
        clock.pause(count * 0.004)
        adder.kill()
        adder.communicate()
        assert store.problems() == ()
    last = python(ADD_MANY, tmp_path, "z")
    last.communicate()
    assert last.returncode == 0
    assert store.login("openai:z-4") == Login(Secret("z-4"))
    assert store.problems() == ()


def test_another_process_shows_within_a_stat(store, tmp_path):
    store.add(WORK, LOGIN)
    saver = python(SAVE_ONCE, tmp_path, "a")
    saver.stdout.readline()
    for version in range(1, 6):
        while store.changed():  # our own write, and that of the last round
            clock.pause(0.06)
        saver.stdin.write(f"{version}\n")
        saver.stdin.flush()
        assert saver.stdout.readline() == "True\n"
        assert store.changed()
    saver.communicate()


# The file


def test_a_newer_release_s_file_is_said_and_left(store, tmp_path):
    store.add(WORK, LOGIN)
    store.close()
    with closing(sqlite3.connect(tmp_path / "accounts.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = written(tmp_path)
    for use in (store.accounts, lambda: store.add(HOME, LOGIN), lambda: store.save_login(WORK.id, LOGIN, 1)):
        with pytest.raises(AccountError, match="install the newer release again"):
            use()
    assert written(tmp_path) == before


def test_the_file_of_the_first_release_opens_and_takes_what_it_had_no_place_for(store, tmp_path):
    store.add(LINKED, None)
    store.close()
    with closing(sqlite3.connect(tmp_path / "accounts.db")) as connection:
        connection.execute("ALTER TABLE account DROP COLUMN refused")
        connection.execute("UPDATE account SET disabled = 'refused'")
        connection.commit()
        connection.execute("PRAGMA user_version = 1")
    [account] = store.accounts()
    assert (account.id, account.disabled, account.refused) == (LINKED.id, "refused", "")
    assert store.disable(LINKED.id, "refused again", 1, "f1")
    assert the_only(store).refused == "f1"
    store.enable(LINKED.id)
    assert (the_only(store).disabled, the_only(store).refused) == ("", "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes for another user")
def test_what_root_writes_belongs_to_the_user_of_the_directory(store, tmp_path):
    os.chown(tmp_path, 12345, 12345)
    store.add(WORK, LOGIN)
    assert {path.stat().st_uid for path in tmp_path.iterdir()} == {12345}
    assert len(list(tmp_path.iterdir())) == 5


def test_no_secret_is_in_any_error(store, tmp_path):
    store.add(WORK, LOGIN)
    (tmp_path / "accounts.key").write_bytes(b"hush" * 8)
    with closing(AccountStore(tmp_path)) as other:
        told = [*other.problems()]
        for use in (lambda: other.add(HOME, LOGIN), lambda: other.add(WORK, LOGIN)):
            with pytest.raises(AccountError) as caught:
                use()
            told.append(str(caught.value))
    assert told
    assert "hush" not in "".join(told) + repr(store) + repr(store.accounts())
