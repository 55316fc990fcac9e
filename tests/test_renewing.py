"""Renewals as a relay starts them: processes of their own, of which exactly one asks, and which nothing stops."""

import asyncio
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from fastproxy import clock, renewing
from fastproxy.accounts.claim import Claim
from fastproxy.accounts.holders import account_named, claim_path, holder_of
from fastproxy.accounts.login import Login
from fastproxy.accounts.renewal import Renewed, digest
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.renewing import Renew, spawn_renewal
from fastproxy.snapshot import Snapshot
from support.credentials import codex_body, jwt
from support.renewable import ID, Refresh, lab_config, login_from, snapshot_of, stored_login
from support.vendor import Vendor

FILE_ID = "lab:file"


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
def own_vendor() -> Iterator[Vendor]:
    """One that no other test sees: renewals that outlive a test go on to ask it."""
    with Vendor() as vendor:
        yield vendor


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "state"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def config(tmp_path: Path, vendor: Vendor) -> Path:
    return lab_config(tmp_path, vendor)


def renewals(config: Path, state: Path) -> Renew:
    """What a relay renews with that has read its configuration."""
    snapshot = snapshot_of(config)
    return spawn_renewal(lambda: snapshot, state)


def ends_well(state: Path, before: str) -> None:
    """The store has another, working login than `before`."""
    with closing(AccountStore(state)) as store:
        assert store.login(ID).access.reveal() != before
        assert account_named(store, ID).disabled == ""


def wait_until(done: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = clock.monotonic() + seconds
    while not done():
        assert clock.monotonic() < deadline, "it took too long"
        clock.pause(0.02)


def test_a_relay_learns_how_its_renewal_ended(vendor: Vendor, state: Path, config: Path) -> None:
    with closing(stored_login(vendor, state)) as store:
        before = store.login(ID).access.reveal()
    renew = renewals(config, state)
    assert asyncio.run(renew(ID, "")) == Renewed("renewed")
    ends_well(state, before)
    assert asyncio.run(renew(ID, "")).outcome == "current"
    assert asyncio.run(renew(ID, digest(before))).outcome == "adopted"
    assert len(vendor.grants()) == 1


def test_nothing_is_imported_from_where_the_relay_was_started(
    vendor: Vendor, state: Path, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_login(vendor, state).close()
    (tmp_path / "typer.py").write_text("raise SystemExit(3)\n")
    monkeypatch.chdir(tmp_path)
    assert asyncio.run(renewals(config, state)(ID, "")) == Renewed("renewed")


def test_many_at_once_in_several_processes_make_exactly_one_request(vendor: Vendor, state: Path, config: Path) -> None:
    with closing(stored_login(vendor, state)) as store:
        used = digest(store.login(ID).access.reveal())
    vendor.set(delay_seconds=0.5)
    refreshes = [Refresh(config, state, f"--used={used}") for _ in range(4)]
    outcomes = sorted(refresh.told()["outcome"] for refresh in refreshes)
    assert outcomes == ["adopted", "adopted", "adopted", "renewed"]
    assert len(vendor.grants()) == 1


def test_of_several_workers_one_starts_a_process_and_the_others_wait_for_it(
    vendor: Vendor, state: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_login(vendor, state).close()
    started: list[object] = []
    start = renewing.subprocess.Popen
    monkeypatch.setattr(renewing.subprocess, "Popen", lambda *a, **k: started.append(a) or start(*a, **k))
    workers = [renewals(config, state) for _ in range(4)]

    async def all_at_once() -> list[Renewed]:
        return await asyncio.gather(*(renew(ID, "") for renew in workers))

    outcomes = sorted(renewed.outcome for renewed in asyncio.run(all_at_once()))
    assert outcomes == ["adopted", "adopted", "adopted", "renewed"]
    assert len(started) == 1
    vendor.set(token_answers=[{"status": 500, "body": "{}"}] * 9)
    with closing(AccountStore(state)) as store:
        [account] = store.accounts()
        store.replace(account, login_from(vendor.login("ann"), ends_in_seconds=60))
    failed = asyncio.run(all_at_once())
    assert [renewed.outcome for renewed in failed] == ["failed"] * 4
    assert len({renewed.cause for renewed in failed}) == 1
    assert len(started) == len(vendor.grants()) == 2


def test_a_worker_that_dies_leaves_its_renewal_to_the_others(vendor: Vendor, state: Path, config: Path) -> None:
    stored_login(vendor, state).close()
    vendor.set(delay_seconds=0.5)

    first, other = renewals(config, state), renewals(config, state)

    async def die_and_ask() -> Renewed:
        dying, staying = asyncio.create_task(first(ID, "")), asyncio.create_task(other(ID, ""))
        await asyncio.to_thread(wait_until, vendor.grants)
        dying.cancel()
        return await staying

    assert asyncio.run(die_and_ask()).outcome == "current"
    assert asyncio.run(first(ID, "")).outcome == "current"  # and what it had begun is reaped
    assert len(vendor.grants()) == 1


def test_two_relays_that_share_a_tools_file_make_exactly_one_request(
    vendor: Vendor, tmp_path: Path, config: Path
) -> None:
    file = tmp_path / "auth.json"
    document = codex_file(file, vendor, "ann")
    states = [tmp_path / "one", tmp_path / "two"]
    for each in states:
        each.mkdir(mode=0o700)
        with closing(AccountStore(each)) as store:
            store.add(StoredAccount(FILE_ID, "lab", "file", "login", source=f"codex:{file}"), None)
    vendor.set(delay_seconds=0.5)
    used = digest(document["tokens"]["access_token"])
    refreshes = [Refresh(config, each, f"--used={used}", account=FILE_ID) for each in states]
    assert sorted(refresh.told()["outcome"] for refresh in refreshes) == ["adopted", "renewed"]
    assert len(vendor.grants()) == 1
    assert orjson.loads(file.read_bytes())["tokens"]["access_token"].startswith("at-ann-")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_no_signal_ends_a_renewal_whose_token_may_be_spent(
    vendor: Vendor, state: Path, config: Path, number: signal.Signals
) -> None:
    with closing(stored_login(vendor, state)) as store:
        before = store.login(ID).access.reveal()
    vendor.set(delay_seconds=0.7)
    refresh = Refresh(config, state)
    wait_until(vendor.grants)
    refresh.process.send_signal(number)
    assert refresh.told()["outcome"] == "renewed"
    ends_well(state, before)


_RELAY = """\
import asyncio, sys
from pathlib import Path
from fastproxy.current import Source
from fastproxy.renewing import spawn_renewal

async def main():
    snapshot = Source(Path(sys.argv[1]), {}).load()
    renew = spawn_renewal(lambda: snapshot, Path(sys.argv[2]))
    await asyncio.gather(*(renew(account, "") for account in sys.argv[3:]))

asyncio.run(main())
"""


def codex_file(path: Path, vendor: Vendor, name: str) -> dict[str, Any]:
    """A tool's file with a login that has ended; what is in it."""
    document = orjson.loads(codex_body(jwt(exp=int(clock.wall()) - 5), vendor.login(name)["refresh_token"]))
    document["last_refresh"] = "2026-01-01T00:00:00Z"
    path.write_bytes(orjson.dumps(document))
    return dict(document)


@pytest.mark.parametrize("grants_before", [1, 10])  # `make chaos` kills at many other moments
def test_a_relay_that_is_killed_while_twenty_logins_are_renewed_loses_none(
    own_vendor: Vendor, state: Path, tmp_path: Path, grants_before: int
) -> None:
    vendor, config = own_vendor, lab_config(tmp_path, own_vendor)
    names = [f"n{number}" for number in range(20)]
    files = {f"lab:{name}": tmp_path / f"{name}.json" for name in names[::2]}
    with closing(AccountStore(state)) as store:
        for name in names:
            account = StoredAccount(f"lab:{name}", "lab", name, "login")
            if (file := files.get(account.id)) is not None:
                codex_file(file, vendor, name)
                store.add(msgspec.structs.replace(account, source=f"codex:{file}"), None)
            else:
                store.add(account, login_from(vendor.login(name), ends_in_seconds=-5))
        vendor.set(delay_seconds=0.3)
        ids = [f"lab:{name}" for name in names]
        relay = subprocess.Popen([sys.executable, "-c", _RELAY, str(config), str(state), *ids])
        wait_until(lambda: len(vendor.grants()) >= grants_before)
        relay.kill()
        relay.wait()
        begun = {grant["refresh_token"].split("-")[1] for grant in vendor.grants()}

        def login(account_id: str) -> Login:
            return holder_of(account_named(store, account_id), store, state).login()

        for name in begun:
            wait_until(lambda: login(f"lab:{name}").access.reveal().startswith("at-"))  # noqa: B023 - called at once
            wait_until(lambda: is_newest(vendor, login(f"lab:{name}")))  # noqa: B023 - as above
        for file in files.values():
            assert orjson.loads(file.read_bytes())["tokens"]["id_token"]
        assert [account.disabled for account in store.accounts()] == [""] * 20
    grants = [grant["refresh_token"] for grant in vendor.grants()]
    assert len(grants) == len(set(grants))


def is_newest(vendor: Vendor, login: Login) -> bool:
    """Whether the vendor takes this access token: it takes the last one that it gave."""
    connection = HTTPConnection("127.0.0.1", vendor.port, timeout=10)
    connection.request("GET", "/v1/models", headers={"authorization": f"Bearer {login.access.reveal()}"})
    status = connection.getresponse().status
    connection.close()
    return status == 200


def test_a_claim_whose_holder_stands_still_is_not_waited_for_for_ever(
    vendor: Vendor, state: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_login(vendor, state).close()
    monkeypatch.setattr(renewing, "CLAIM_SECONDS", 0.2)
    claim = Claim(claim_path(state, ID))
    assert claim.take()
    try:
        assert asyncio.run(renewals(config, state)(ID, "")) == Renewed("renewed")
    finally:
        claim.leave()


def test_a_relay_that_ends_does_not_end_its_renewals(vendor: Vendor, state: Path, config: Path) -> None:
    with closing(stored_login(vendor, state)) as store:
        before = store.login(ID).access.reveal()
        vendor.set(delay_seconds=0.5)

        async def relay() -> None:
            waiting = asyncio.ensure_future(renewals(config, state)(ID, ""))
            await asyncio.to_thread(wait_until, vendor.grants)
            waiting.cancel()
            await asyncio.wait({waiting})

        asyncio.run(relay())
        wait_until(lambda: store.login(ID).access.reveal() != before)


def test_one_that_is_late_is_left_to_its_work(
    vendor: Vendor, state: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(stored_login(vendor, state)) as store:
        before = store.login(ID).access.reveal()
    monkeypatch.setattr(renewing, "WAIT_SECONDS", 1.5)
    vendor.set(delay_seconds=2.5)

    async def relay() -> tuple[Renewed, Renewed]:
        renew = renewals(config, state)
        late = await renew(ID, "")
        monkeypatch.setattr(renewing, "WAIT_SECONDS", 30.0)
        return late, await renew(ID, "")

    late, again = asyncio.run(relay())
    assert (late.outcome, "still going on" in late.cause) == ("failed", True)
    assert again.outcome == "current"  # it has waited for the first one
    ends_well(state, before)


def test_a_configuration_that_is_broken_since_stops_no_renewal(
    vendor: Vendor, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = lab_config(tmp_path, vendor, 'client_secret = "env:LAB_SECRET"')
    monkeypatch.setenv("LAB_SECRET", "cs-1")
    with closing(stored_login(vendor, state)) as store:
        before = store.login(ID).access.reveal()
    renew = renewals(config, state)
    monkeypatch.delenv("LAB_SECRET")
    monkeypatch.setenv("FASTPROXY_CONFIG", str(config))
    config.write_text("nonsense = [")
    assert asyncio.run(renew(ID, "")) == Renewed("renewed")
    assert [grant["client_secret"] for grant in vendor.grants()] == ["cs-1"]
    ends_well(state, before)


def test_a_reload_counts_from_the_next_renewal_on(vendor: Vendor, state: Path, config: Path) -> None:
    stored_login(vendor, state, ends_in_seconds=200).close()
    snapshots = [snapshot_of(config)]
    renew = spawn_renewal(lambda: snapshots[-1], state)
    keeping = msgspec.structs.replace(snapshots[0].keeping, refresh_lead_seconds=100.0)
    snapshots.append(msgspec.structs.replace(snapshots[0], keeping=keeping))
    assert asyncio.run(renew(ID, "")).outcome == "current"
    snapshots.append(snapshots[0])
    assert asyncio.run(renew(ID, "")).outcome == "renewed"


def test_a_provider_that_has_no_logins_any_more_is_a_failure(state: Path) -> None:
    ended = asyncio.run(spawn_renewal(Snapshot, state)(ID, ""))
    assert (ended.outcome, "'lab'" in ended.cause) == ("failed", True)


@pytest.mark.parametrize("program", ["true", "false"])
def test_what_a_process_does_not_say_is_a_failure_that_says_where_to_look(
    state: Path, config: Path, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    renew = renewals(config, state)
    monkeypatch.setattr(sys, "executable", shutil.which(program))
    ended = asyncio.run(renew(ID, ""))
    assert (ended.outcome, "fastproxy account refresh lab:ann" in ended.cause) == ("failed", True)


def test_a_program_that_can_not_be_started_is_a_failure(
    state: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    renew = renewals(config, state)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert asyncio.run(renew(ID, "")).outcome == "failed"


def test_an_account_that_is_unknown_is_a_failure(state: Path, config: Path) -> None:
    ended = asyncio.run(renewals(config, state)("lab:nobody", ""))
    assert (ended.outcome, "lab:nobody" in ended.cause) == ("failed", True)


def test_no_secret_is_in_any_process_list(
    vendor: Vendor, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("cs-of-mine")
    (tmp_path / "secret").chmod(0o600)
    config = lab_config(tmp_path, vendor, f'client_secret = "file:{tmp_path}/secret"')
    stored_login(vendor, state).close()
    vendor.set(delay_seconds=0.5)
    started: list[subprocess.Popen[bytes]] = []

    class Started(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Started)

    async def seen() -> bytes:
        renewal = asyncio.ensure_future(renewals(config, state)(ID, ""))
        await asyncio.to_thread(wait_until, vendor.grants)
        proc = Path(f"/proc/{started[0].pid}")
        read = (proc / "cmdline").read_bytes() + (proc / "environ").read_bytes()
        assert await renewal == Renewed("renewed")
        return read

    read = asyncio.run(seen())
    assert b"--from-stdin" in read
    assert not any(word in read for word in (b"at-ann", b"rt-ann", b"cs-of-mine"))
    assert vendor.grants()[0]["client_secret"] == "cs-of-mine"
