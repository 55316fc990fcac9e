"""One renewal: with a store and files on disk, a vendor that is a process, and a clock that is handed in."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import orjson
import pytest

from fastproxy import clock
from fastproxy.accounts import holders, renewal
from fastproxy.accounts.grants import Post, TokenAnswer, TokenRequest
from fastproxy.accounts.holders import account_named, holder_of
from fastproxy.accounts.inventory import Inventory
from fastproxy.accounts.login import Login
from fastproxy.accounts.renewal import Renewed, Wanted, digest, renew
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.providers.base import OAuth
from fastproxy.secret import Secret
from fastproxy.snapshot import Snapshot
from fastproxy.upstream.token_endpoint import poster
from support.credentials import codex_body, jwt
from support.renewable import ID, login_from, stored_login
from support.vendor import Vendor

FILE_ID = "codex:ann"


@pytest.fixture(scope="module")
def running() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


@pytest.fixture
def vendor(running: Vendor) -> Vendor:
    running.set(delay_seconds=0, token_answers=[], lifetime_seconds=3600)
    running.order(forget=True)
    return running


@pytest.fixture
def store(vendor: Vendor, state: Path) -> Iterator[AccountStore]:
    with closing(stored_login(vendor, state)) as store:
        yield store


@pytest.fixture
def file(vendor: Vendor, tmp_path: Path) -> Path:
    """Codex's file with a login of the vendor's that has ended."""
    path = tmp_path / "auth.json"
    write_codex(path, vendor, ends_in_seconds=-5)
    return path


@pytest.fixture
def linked(file: Path, state: Path) -> Iterator[AccountStore]:
    """The store with an account whose login is in `file`."""
    with closing(AccountStore(state)) as store:
        store.add(StoredAccount(FILE_ID, "codex", "ann", "login", source=f"codex:{file}"), None)
        yield store


def write_codex(path: Path, vendor: Vendor, *, ends_in_seconds: float) -> None:
    answer = vendor.login("ann")
    ends_at = int(clock.wall() + ends_in_seconds)
    document = orjson.loads(codex_body("at"))
    document["tokens"] |= {
        "access_token": jwt(exp=ends_at, jti=answer["access_token"]),
        "refresh_token": answer["refresh_token"],
    }
    document["last_refresh"] = "2026-01-01T00:00:00Z"
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))


def run(
    store: AccountStore,
    state: Path,
    vendor: Vendor,
    *,
    account: str = ID,
    wanted: Wanted = Wanted(),  # noqa: B008 - a frozen value
    post: Post | None = None,
    now: Callable[[], float] = clock.wall,
) -> Renewed:
    holder = holder_of(account_named(store, account), store, state)
    return asyncio.run(renew(holder, vendor.oauth, post or poster("direct"), wanted, now))


def after(post: Post, do: Callable[[], object]) -> Post:
    """The same, with something done between the vendor's answer and our hearing of it."""

    async def doing(request: TokenRequest) -> TokenAnswer:
        answer = await post(request)
        do()
        return answer

    return doing


# What it is for.


def test_a_token_that_ends_soon_is_renewed_and_on_the_disk(vendor: Vendor, store: AccountStore, state: Path) -> None:
    before = store.login(ID)
    assert run(store, state, vendor) == Renewed("renewed")
    with closing(AccountStore(state)) as another:
        login = another.login(ID)
    assert login.access != before.access
    assert login.refresh not in (None, before.refresh)
    assert login.expires_at == pytest.approx(clock.wall() + 3600, abs=10)
    assert login.minted_at == pytest.approx(clock.wall(), abs=10)
    assert [grant["refresh_token"] for grant in vendor.grants()] == [before.refresh.reveal() if before.refresh else ""]


def test_what_the_vendor_does_not_say_again_stays(vendor: Vendor, store: AccountStore, state: Path) -> None:
    account = account_named(store, ID)
    old = msgspec.structs.replace(store.login(ID), kept={"plan": "max", "scope": "old"})
    assert store.save_login(ID, old, account.version)
    vendor.set(token_answers=[{"body": '{"access_token": "at-new", "expires_in": 60, "scope": "new"}'}])
    assert run(store, state, vendor).outcome == "renewed"
    assert store.login(ID).kept == {"plan": "max", "scope": "new"}
    assert store.login(ID).refresh == old.refresh


def test_a_file_of_a_tool_gets_the_tokens_and_keeps_every_other_byte(
    vendor: Vendor, linked: AccountStore, state: Path, file: Path
) -> None:
    before = orjson.loads(file.read_bytes())
    assert run(linked, state, vendor, account=FILE_ID) == Renewed("renewed")
    after_it = orjson.loads(file.read_bytes())
    assert after_it["tokens"]["access_token"].startswith("at-ann-")
    assert after_it["tokens"]["refresh_token"] != before["tokens"]["refresh_token"]
    for document in (before, after_it):
        for name in ("access_token", "refresh_token"):
            del document["tokens"][name]
        del document["last_refresh"]
    assert after_it == before
    assert not any(b"at-ann" in path.read_bytes() for path in state.rglob("*") if path.is_file())


def test_a_login_of_copilots_is_exchanged_again_and_again(vendor: Vendor, state: Path) -> None:
    github = Secret(vendor.login("git")["access_token"])
    with closing(AccountStore(state)) as store:
        store.add(StoredAccount("lab:git", "lab", "git", "login"), Login(Secret(""), github))
        holder = holder_of(account_named(store, "lab:git"), store, state)
        oauth = msgspec.structs.replace(vendor.oauth, exchange="copilot")
        for _ in range(2):
            assert asyncio.run(renew(holder, oauth, poster("direct"), Wanted(), clock.wall)).outcome == "renewed"
            login = store.login("lab:git")
            assert login.refresh == github
            late = msgspec.structs.replace(login, expires_at=clock.wall() + 10)
            assert store.save_login("lab:git", late, account_named(store, "lab:git").version)


# What asks nobody.


def test_a_token_that_lasts_is_not_renewed(vendor: Vendor, state: Path) -> None:
    with closing(stored_login(vendor, state, ends_in_seconds=3000)) as store:
        assert run(store, state, vendor).outcome == "current"
    assert vendor.grants() == []


def test_a_token_that_was_refused_is_renewed_though_it_lasts(vendor: Vendor, state: Path) -> None:
    with closing(stored_login(vendor, state, ends_in_seconds=3000)) as store:
        used = digest(store.login(ID).access.reveal())
        assert run(store, state, vendor, wanted=Wanted(used)).outcome == "renewed"
        assert run(store, state, vendor, wanted=Wanted(used)).outcome == "adopted"
    assert len(vendor.grants()) == 1


def test_a_young_token_is_not_renewed_because_it_was_refused(vendor: Vendor, state: Path) -> None:
    with closing(AccountStore(state)) as store:
        young = login_from(vendor.login("ann"), ends_in_seconds=3000, age_seconds=60)
        store.add(StoredAccount(ID, "lab", "ann", "login"), young)
        refused = Wanted(digest(young.access.reveal()))
        assert run(store, state, vendor, wanted=refused).outcome == "current"
        assert vendor.grants() == []
        assert run(store, state, vendor, wanted=refused, now=lambda: clock.wall() + 241).outcome == "renewed"


def test_a_vendor_whose_tokens_live_for_two_minutes_is_not_asked_all_the_time(vendor: Vendor, state: Path) -> None:
    with closing(AccountStore(state)) as store:
        short = login_from(vendor.login("ann"), ends_in_seconds=120, age_seconds=0)
        store.add(StoredAccount(ID, "lab", "ann", "login"), short)
        assert run(store, state, vendor).outcome == "current"
        assert run(store, state, vendor, now=lambda: clock.wall() + 61).outcome == "renewed"


# Clocks that jump.


@pytest.mark.parametrize("jump_seconds", [-30 * 86400.0, -7200.0, 3600.0, 30 * 86400.0])
def test_whatever_the_clock_says_a_refused_token_is_renewed_and_the_new_one_lasts(
    vendor: Vendor, state: Path, jump_seconds: float
) -> None:
    def jumped() -> float:
        return clock.wall() + jump_seconds

    with closing(stored_login(vendor, state, ends_in_seconds=3000)) as store:
        used = digest(store.login(ID).access.reveal())
        assert run(store, state, vendor, wanted=Wanted(used), now=jumped).outcome == "renewed"
        assert run(store, state, vendor, now=jumped).outcome == "current"
        assert len(vendor.grants()) == 1
        # back again: what was made by the wrong clock neither ends a login nor keeps it from being renewed
        used = digest(store.login(ID).access.reveal())
        assert run(store, state, vendor, wanted=Wanted(used)).outcome in ("renewed", "current")
        if jump_seconds > 0:
            assert len(vendor.grants()) == 2
        assert run(store, state, vendor, now=lambda: clock.wall() + 400, wanted=Wanted(used)).outcome != "refused"
        assert account_named(store, ID).disabled == ""


# Refusals.


def test_a_definitive_refusal_disables_with_a_cause_and_deletes_nothing(
    vendor: Vendor, store: AccountStore, state: Path
) -> None:
    before = store.login(ID)
    vendor.login("ann")  # by somebody else: ours is spent
    ended = run(store, state, vendor)
    assert ended.outcome == "refused"
    assert "invalid_grant" in ended.cause
    assert account_named(store, ID).disabled == ended.cause
    assert store.login(ID) == before


def test_a_disabled_login_that_the_vendor_renews_is_usable_again(
    vendor: Vendor, store: AccountStore, state: Path
) -> None:
    store.disable(ID, "because", account_named(store, ID).version)
    vendor.set(token_answers=[{"status": 503, "body": "{}"}])
    assert run(store, state, vendor).outcome == "failed"
    assert account_named(store, ID).disabled == "because"
    assert run(store, state, vendor).outcome == "renewed"
    assert account_named(store, ID).disabled == ""


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ({"status": 500, "body": '{"error": "invalid_grant"}'}, "status 500"),
        ({"status": 400, "body": "<html>invalid_grant</html>"}, "no JSON"),
        ({"status": 302, "headers": {"location": "http://127.0.0.1:1/"}}, "status 302"),
        ({"status": 200, "body": "x" * 300_000}, "more than"),
        ({"cut": True}, "broke off"),
    ],
)
def test_trouble_on_the_way_changes_nothing(
    vendor: Vendor, store: AccountStore, state: Path, answer: dict[str, object], cause: str
) -> None:
    before = store.login(ID)
    vendor.set(token_answers=[answer])
    ended = run(store, state, vendor)
    assert (ended.outcome, cause in ended.cause) == ("failed", True), ended
    assert store.login(ID) == before
    assert account_named(store, ID).disabled == ""
    assert run(store, state, vendor).outcome == "renewed"


def test_a_wait_that_the_vendor_names_is_told(vendor: Vendor, store: AccountStore, state: Path) -> None:
    vendor.set(token_answers=[{"status": 429, "headers": {"retry-after": "90"}, "body": "{}"}])
    assert run(store, state, vendor).retry_after_seconds == 90


# Others who are at it too.


def test_a_peer_that_was_first_is_adopted_after_a_refusal(vendor: Vendor, store: AccountStore, state: Path) -> None:
    def peer() -> None:
        new = login_from(vendor.login("ann"), ends_in_seconds=3000)
        assert store.save_login(ID, new, account_named(store, ID).version)

    vendor.set(token_answers=[{"status": 400, "body": '{"error": "invalid_grant"}'}])
    assert run(store, state, vendor, post=after(poster("direct"), peer)).outcome == "adopted"
    assert account_named(store, ID).disabled == ""


def test_a_tool_that_was_first_and_writes_late_is_adopted_after_a_refusal(
    vendor: Vendor, linked: AccountStore, state: Path, file: Path
) -> None:
    async def post(request: TokenRequest) -> TokenAnswer:
        asyncio.get_running_loop().call_later(0.5, lambda: write_codex(file, vendor, ends_in_seconds=3000))
        return TokenAnswer(400, {}, b'{"error": "invalid_grant"}')

    assert run(linked, state, vendor, account=FILE_ID, post=post).outcome == "adopted"
    assert account_named(linked, FILE_ID).disabled == ""


def test_a_file_that_a_vendor_refuses_stays_as_it_is(
    vendor: Vendor, linked: AccountStore, state: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holders.FileHolder, "patience_seconds", 0.2)
    before = file.read_bytes()
    vendor.login("ann")
    assert run(linked, state, vendor, account=FILE_ID).outcome == "refused"
    assert file.read_bytes() == before
    assert "invalid_grant" in account_named(linked, FILE_ID).disabled
    assert Inventory(state, linked).exchange((), Snapshot()).disabled.keys() == {FILE_ID}
    write_codex(file, vendor, ends_in_seconds=3000)
    linked.put_first(FILE_ID)
    assert Inventory(state, linked).exchange((), Snapshot()).disabled == {}


def test_a_login_made_anew_while_we_ask_counts_more_than_what_we_get(
    vendor: Vendor, store: AccountStore, state: Path
) -> None:
    fresh = login_from({"access_token": "at-fresh", "refresh_token": "rt-fresh"}, ends_in_seconds=3000)

    def person() -> None:
        store.replace(account_named(store, ID), fresh)

    assert run(store, state, vendor, post=after(poster("direct"), person)).outcome == "adopted"
    assert store.login(ID).access == fresh.access


def test_the_same_login_put_there_again_while_we_ask_does_not_burn_what_we_get(
    vendor: Vendor, store: AccountStore, state: Path
) -> None:
    def import_again() -> None:
        store.replace(account_named(store, ID), store.login(ID))

    assert run(store, state, vendor, post=after(poster("direct"), import_again)).outcome == "renewed"
    assert run(store, state, vendor, now=lambda: clock.wall() + 3500).outcome == "renewed"


# Disks that fail.


def test_where_nothing_can_be_written_no_token_is_spent(vendor: Vendor, store: AccountStore, state: Path) -> None:
    store._database._connected().execute("PRAGMA query_only = ON")
    assert run(store, state, vendor).outcome == "failed"
    assert vendor.grants() == []


def test_a_disk_that_fails_for_a_moment_loses_nothing(
    vendor: Vendor, store: AccountStore, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "_KEEP_PAUSE_SECONDS", 0.01)
    connection = store._database._connected()

    def break_it() -> None:
        connection.execute("PRAGMA query_only = ON")

    saves = []
    keep = holders.StoreHolder.keep

    def keeping(self: holders.StoreHolder, used: Login, new: Login) -> Login:
        saves.append(new)
        if len(saves) == 3:
            store._database._connected().execute("PRAGMA query_only = OFF")
        return keep(self, used, new)

    monkeypatch.setattr(holders.StoreHolder, "keep", keeping)
    assert run(store, state, vendor, post=after(poster("direct"), break_it)).outcome == "renewed"
    assert run(store, state, vendor, now=lambda: clock.wall() + 3500).outcome == "renewed"


def test_a_disk_that_stays_broken_is_said_loudly(
    vendor: Vendor, store: AccountStore, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "KEEP_SECONDS", 0.02)
    monkeypatch.setattr(renewal, "_KEEP_PAUSE_SECONDS", 0.01)

    def remove() -> None:
        store.remove(ID)

    ended = run(store, state, vendor, post=after(poster("direct"), remove))
    assert ended.outcome == "failed"
    assert "can't be kept" in ended.cause


def test_a_login_without_a_refresh_token_says_what_to_do(vendor: Vendor, state: Path) -> None:
    with closing(AccountStore(state)) as store:
        store.add(StoredAccount(ID, "lab", "ann", "login"), Login(Secret("at"), None, clock.wall()))
        assert "log in again" in run(store, state, vendor).cause


def test_nothing_secret_is_in_what_is_told(vendor: Vendor, store: AccountStore, state: Path) -> None:
    login = store.login(ID)
    vendor.set(token_answers=[{"status": 400, "body": f'{{"error": "{(login.refresh or login.access).reveal()}"}}'}])
    told = repr(run(store, state, vendor))
    assert "rt-ann" not in told
    assert "at-ann" not in told


def test_an_unreachable_vendor_is_trouble_on_the_way(store: AccountStore, state: Path, vendor: Vendor) -> None:
    oauth = OAuth(client_id="ours", token_url="http://127.0.0.1:1/token")
    holder = holder_of(account_named(store, ID), store, state)
    ended = asyncio.run(renew(holder, oauth, poster("direct"), Wanted(), clock.wall))
    assert (ended.outcome, "127.0.0.1" in ended.cause) == ("failed", True)


def test_an_error_that_nobody_foresaw_does_not_give_up_what_the_vendor_gave(
    vendor: Vendor, store: AccountStore, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "_KEEP_PAUSE_SECONDS", 0.01)
    keep, tries = holders.StoreHolder.keep, []

    def keeping(self: holders.StoreHolder, used: Login, new: Login) -> Login:
        tries.append(new)
        if len(tries) < 3:
            raise MemoryError
        return keep(self, used, new)

    monkeypatch.setattr(holders.StoreHolder, "keep", keeping)
    assert run(store, state, vendor).outcome == "renewed"
    assert run(store, state, vendor, now=lambda: clock.wall() + 3500).outcome == "renewed"
