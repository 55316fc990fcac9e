"""Accounts over time: who is renewed when, by whom, once; what is written down; what others have written."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from fastproxy.accounts import keeper as module
from fastproxy.accounts import outbox
from fastproxy.accounts.backoff import BACKOFF_SECONDS
from fastproxy.accounts.cooldown import Cooldown, Window
from fastproxy.accounts.inventory import ENDED_CAUSE, Inventory
from fastproxy.accounts.keeper import Keeper
from fastproxy.accounts.login import Login
from fastproxy.accounts.pool import Want
from fastproxy.accounts.renewal import Outcome, Renewed
from fastproxy.accounts.reports import Reading, Report, Told
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.accounts.verdict import Verdict, refused
from fastproxy.clock import monotonic, pause, wall
from fastproxy.errors import Fault
from fastproxy.framing.http1 import parse_response_head
from fastproxy.providers import BY_NAME
from fastproxy.providers.base import Provider
from fastproxy.secret import Secret
from fastproxy.snapshot import Account, Accounts, Snapshot
from support.credentials import claude_body
from support.loops import in_loop

LAB = Provider(name="lab", title="Lab", formats={"anthropic": "http://127.0.0.1:1"}, models=("*",))
ID = "lab:work"


class Kept:
    """A keeper over a real store, and the renewals that it has asked for."""

    def __init__(self, directory: Path, lag_seconds: float = 0.0) -> None:
        self.store = AccountStore(directory)
        self.asked: list[tuple[str, str]] = []
        self.questions: list[str] = []
        self.facts: Mapping[str, str] | None = None
        self.outcome: Outcome = "renewed"
        self.lasts_seconds = 3600.0
        self.gate = asyncio.Event()
        self.gate.set()
        self.keeper = Keeper(
            Inventory(directory, AccountStore(directory)),
            Snapshot(providers={"lab": LAB}),
            self.renew,
            self.ask_facts,
            lag_seconds,
        )

    async def renew(self, account_id: str, used: str) -> Renewed:
        """As the process does it: the store has new tokens before anybody hears of them."""
        self.asked.append((account_id, used))
        await self.gate.wait()
        if self.outcome == "renewed":
            number, now = len(self.asked), wall()
            login = Login(Secret(f"at-{number}"), Secret(f"rt-{number}"), now + self.lasts_seconds, now)
            [version] = [one.version for one in self.store.accounts() if one.id == account_id]
            assert self.store.save_login(account_id, login, version)
        if self.outcome == "refused":
            [version] = [one.version for one in self.store.accounts() if one.id == account_id]
            self.store.disable(account_id, "invalid_grant", version)
        return Renewed(self.outcome, "a cause")

    async def ask_facts(self, account: Account) -> Mapping[str, str]:
        self.questions.append(account.id)
        await asyncio.sleep(0)
        await self.gate.wait()
        if self.facts is None:
            raise Fault("upstream_garbage", "the vendor names none")
        return self.facts

    def add(self, lasts_seconds: float, *, minted_ago_seconds: float = 3000.0, id_: str = ID) -> None:
        now = wall()
        login = Login(Secret("at-0"), Secret("rt-0"), now + lasts_seconds, now - minted_ago_seconds)
        self.store.add(StoredAccount(id=id_, provider="lab", label=id_.partition(":")[2], kind="login"), login)

    def lease(self) -> Account:
        return self.keeper.lease(Want(LAB, "m"), wall())

    async def settled(self) -> None:
        """Until all that the keeper has begun is done."""
        for _ in range(500):
            running = len(self.keeper.renewals)
            errand = self.keeper._errand
            if not running and (errand is None or errand.done()):
                return
            await asyncio.sleep(0.005)
        raise AssertionError("the keeper does not come to rest")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path


def bearer(account: Account | None) -> str:
    assert account is not None
    assert account.secret is not None
    return account.secret.reveal()


@in_loop
async def test_a_fresh_token_costs_nothing_and_an_old_one_is_renewed_once_for_all_who_wait(directory: Path):
    kept = Kept(directory)
    kept.add(3600)
    kept.keeper.start()
    account = kept.lease()
    assert await kept.keeper.fresh(account) is account
    assert kept.asked == []

    spent = Kept(directory / "other") if (directory / "other").mkdir() is None else kept
    spent.add(30)
    spent.keeper.start()
    account = spent.lease()
    tokens = await asyncio.gather(*(spent.keeper.fresh(account) for _ in range(20)))
    assert [bearer(token) for token in tokens] == ["at-1"] * 20
    assert spent.asked == [(ID, "")]


@in_loop
async def test_every_login_is_renewed_ahead_of_its_end_also_idle_and_cooling_ones(directory: Path):
    kept = Kept(directory)
    kept.add(299)
    kept.add(299, id_="lab:cooling")
    kept.add(3600, id_="lab:later")
    kept.store.cool([Cooldown("lab:cooling", "", wall() + 9000, timed=True)])
    kept.keeper.start()
    kept.keeper.tick()
    await kept.settled()
    assert sorted(id_ for id_, _ in kept.asked) == ["lab:cooling", ID]
    kept.keeper.tick()
    await kept.settled()
    assert len(kept.asked) == 2


@in_loop
async def test_a_young_token_is_not_renewed_again_for_a_401(directory: Path):
    kept = Kept(directory)
    kept.add(3600, minted_ago_seconds=10)
    kept.keeper.start()
    assert await kept.keeper.renewed(kept.lease()) is None
    assert kept.asked == []


@in_loop
async def test_a_token_that_somebody_else_has_just_made_is_taken_at_once_however_young_the_refused_one_is(
    directory: Path,
):
    kept = Kept(directory)
    kept.add(3600, minted_ago_seconds=10)
    kept.keeper.start()
    refused = kept.lease()
    assert kept.store.save_login(ID, Login(Secret("at-other"), Secret("rt-other"), wall() + 3600, wall()), 1)
    for mint in (True, False):
        assert bearer(await kept.keeper.renewed(refused, mint=mint)) == "at-other"
    assert await kept.keeper.renewed(kept.lease(), mint=False) is None
    assert kept.asked == []


@in_loop
async def test_a_tool_that_is_about_to_write_its_file_is_waited_for(directory: Path):
    kept, file = Kept(directory), directory / ".credentials.json"
    file.write_bytes(claude_body("at-1", "rt-1"))
    kept.store.add(StoredAccount(ID, "lab", "work", "login", source=f"claude-code:{file}"), None)
    kept.keeper.start()
    file.write_bytes(claude_body("at-2", "rt-2"))
    refused = await kept.keeper.renewed(kept.lease(), mint=False)
    assert bearer(refused) == "at-2"
    assert refused is not None
    waiting = asyncio.create_task(kept.keeper.renewed(refused))  # it is young
    await asyncio.sleep(0.3)
    file.write_bytes(claude_body("at-3", "rt-3"))
    assert bearer(await waiting) == "at-3"
    assert kept.asked == []


@in_loop
async def test_a_renewal_that_takes_long_need_not_be_waited_for_and_goes_on(directory: Path):
    kept = Kept(directory)
    kept.add(-5)
    kept.gate.clear()
    kept.keeper.start()
    account = kept.lease()
    assert await kept.keeper.fresh(account, 0.05) is None
    assert kept.keeper.is_renewing(ID)
    kept.gate.set()
    assert bearer(await kept.keeper.fresh(account)) == "at-1"
    assert not kept.keeper.is_renewing(ID)
    assert len(kept.asked) == 1


@in_loop
async def test_a_login_that_is_not_to_be_had_says_when_it_may_be(directory: Path):
    kept = Kept(directory)
    kept.add(-5)
    kept.outcome = "failed"
    kept.keeper.start()
    account = kept.lease()
    assert await kept.keeper.fresh(account) is None
    fault = kept.keeper.unready(account)
    assert (fault.kind, fault.status) == ("no_credential", 503)
    assert ID in fault.message
    assert fault.retry_after_seconds == pytest.approx(BACKOFF_SECONDS[0], abs=2.0)


@in_loop
async def test_a_question_of_our_own_is_asked_with_an_account_that_can_serve_anybody_now(directory: Path):
    kept = Kept(directory)
    kept.add(-5, id_="lab:ended")
    kept.add(3600, id_="lab:resting")
    kept.add(3600, id_="lab:own")
    kept.store.change("lab:own", serves="own-client")
    kept.keeper.start()
    [resting] = [one for one in kept.keeper.stock.accounts["lab"] if one.id == "lab:resting"]
    rests = (Cooldown("lab:resting", "", wall() + 100, timed=True),)
    kept.keeper.learned(resting, "", Verdict("rotate", rests))
    account = await kept.keeper.any_fresh(LAB)
    assert (account.id, bearer(account)) == ("lab:ended", "at-1")
    kept.keeper.learned(account, "", Verdict("rotate", (Cooldown("lab:ended", "", wall() + 50, timed=True),)))
    with pytest.raises(Fault) as caught:
        await kept.keeper.any_fresh(LAB)
    assert caught.value.kind == "rate_limited"


@in_loop
async def test_a_question_of_our_own_is_not_asked_with_a_token_that_has_ended(directory: Path):
    kept = Kept(directory)
    kept.add(-5)
    kept.outcome = "failed"
    kept.keeper.start()
    with pytest.raises(Fault, match="can't be renewed just now"):
        await kept.keeper.any_fresh(LAB)


@in_loop
async def test_a_401_renews_the_token_that_was_refused_and_only_that_one(directory: Path):
    kept = Kept(directory)
    kept.add(3600)
    kept.keeper.start()
    refused = kept.lease()
    both = await asyncio.gather(kept.keeper.renewed(refused), kept.keeper.renewed(refused))
    assert [bearer(one) for one in both] == ["at-1", "at-1"]
    assert len(kept.asked) == 1
    assert kept.asked[0][1]  # which token it was
    assert bearer(await kept.keeper.renewed(refused)) == "at-1"  # late to hear of it: no second one
    assert len(kept.asked) == 1


@in_loop
async def test_a_renewal_that_fails_backs_off_and_the_token_serves_while_it_lasts(directory: Path):
    kept = Kept(directory)
    kept.add(59)
    kept.outcome = "failed"
    kept.keeper.start()
    account = kept.lease()
    assert bearer(await kept.keeper.fresh(account)) == "at-0"
    assert bearer(await kept.keeper.fresh(account)) == "at-0"
    kept.keeper.tick()
    await kept.settled()
    assert len(kept.asked) == 1
    assert kept.keeper.renewals.left_seconds(ID) == pytest.approx(BACKOFF_SECONDS[0], abs=2.0)
    assert kept.keeper.counts.renewals == {("lab", "failed"): 1}


@in_loop
async def test_an_ended_token_that_can_not_be_renewed_serves_nobody(directory: Path):
    kept = Kept(directory)
    kept.add(-5)
    kept.outcome = "failed"
    kept.keeper.start()
    assert await kept.keeper.fresh(kept.lease()) is None


@in_loop
async def test_a_login_that_has_ended_is_disabled_with_its_cause_and_stays(directory: Path):
    kept = Kept(directory)
    kept.add(10)
    kept.outcome = "refused"
    kept.keeper.start()
    await kept.keeper.fresh(kept.lease())
    assert kept.keeper.stock.disabled == {ID: "invalid_grant"}
    assert [one.id for one in kept.store.accounts()] == [ID]
    kept.keeper.tick()
    await kept.settled()
    assert len(kept.asked) == 1


@in_loop
async def test_tokens_that_never_last_do_not_make_a_renewal_each_second(directory: Path):
    kept = Kept(directory)
    kept.add(10)
    kept.lasts_seconds = 20
    kept.keeper.start()
    for _ in range(5):
        kept.keeper.tick()
        await kept.settled()
    assert len(kept.asked) == 1


@in_loop
async def test_a_waiter_that_goes_away_does_not_end_the_renewal_for_the_others(directory: Path):
    kept = Kept(directory)
    kept.add(10)
    kept.gate.clear()
    kept.keeper.start()
    account = kept.lease()
    leaving, staying = (asyncio.create_task(kept.keeper.fresh(account)) for _ in range(2))
    await asyncio.sleep(0.01)
    leaving.cancel()
    kept.gate.set()
    assert bearer(await staying) == "at-1"


@in_loop
async def test_what_was_learned_is_on_disk_at_once_and_known_to_the_next_process(directory: Path):
    kept = Kept(directory)
    kept.add(3600)
    kept.keeper.start()
    account = kept.lease()
    rest = Cooldown(ID, "model:m", wall() + 500, timed=True, cause="a usage limit is reached")
    kept.keeper.learned(account, "s", Verdict("rotate", (rest,)))
    await asyncio.sleep(0.01)
    await kept.settled()
    assert kept.store.cooldowns() == (rest,)
    later = Kept(directory)
    later.keeper.start()
    [standing] = later.keeper.pool.standing(wall())
    assert standing.cooldowns == (rest,)


@in_loop
async def test_what_another_process_writes_is_picked_up(directory: Path):
    kept = Kept(directory)
    kept.keeper.start()
    assert kept.keeper.stock.accounts == {}
    kept.add(3600)
    kept.keeper.tick()
    await kept.settled()
    assert bearer(kept.lease()) == "at-0"
    kept.store.remove(ID)
    kept.keeper.tick()
    await kept.settled()
    assert kept.keeper.stock.accounts == {}


@in_loop
async def test_headers_of_answers_are_remembered_as_windows(directory: Path):
    kept = Kept(directory)
    kept.add(3600)
    kept.keeper.start()
    resets_at = int(wall()) + 600
    head = parse_response_head(
        b"HTTP/1.1 200 OK\r\nanthropic-ratelimit-unified-status: allowed\r\n"
        b"anthropic-ratelimit-unified-5h-status: allowed\r\nanthropic-ratelimit-unified-5h-utilization: 0.25\r\n"
        b"anthropic-ratelimit-unified-5h-reset: %d\r\n" % resets_at
    )
    kept.keeper.saw(kept.lease(), head)
    await kept.keeper.close()
    [window] = AccountStore(directory).windows()
    assert (window.account, window.name, window.used_fraction, window.resets_at) == (ID, "5h", 0.25, resets_at)


@in_loop
async def test_a_disk_that_fails_loses_nothing(directory: Path, monkeypatch: pytest.MonkeyPatch):
    kept = Kept(directory)
    kept.add(3600)
    kept.keeper.start()
    broken: Callable[..., object] = lambda *_: (_ for _ in ()).throw(OSError("the disk is full"))  # noqa: E731
    monkeypatch.setattr(kept.keeper._inventory, "exchange", broken)
    rest = Cooldown(ID, "", wall() + 500, timed=True)
    kept.keeper.learned(kept.lease(), "", Verdict("rotate", (rest,)))
    kept.keeper.tick()
    await kept.settled()
    assert kept.store.cooldowns() == ()
    monkeypatch.undo()
    kept.keeper.tick()
    await kept.settled()
    assert kept.store.cooldowns() == (rest,)


@in_loop
async def test_news_for_the_disk_are_bounded(directory: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(outbox, "MAX_UNSAVED", 3)
    kept = Kept(directory)
    kept.add(3600)
    kept.keeper.start()
    for number in range(9):
        rest = Cooldown(ID, f"model:{number}", wall() + 500)
        kept.keeper.learned(kept.lease(), "", Verdict("rotate", (rest,)))
    assert len(kept.keeper._outbox) == 3


def report(kept: Kept, used: float, at: float) -> Report:
    window = Window(ID, "5h", used, at + 500, 18000.0, "ok", "", at)
    return Report(ID, "lab", at, Told((Reading(window, "5h"),)))


@in_loop
async def test_a_report_that_shows_an_account_open_ends_its_rest_here_and_for_all(directory: Path):
    kept = Kept(directory)
    kept.add(3600)
    kept.keeper.start()
    rest = Cooldown(ID, "", wall() + 500, timed=True, cause="a usage limit is reached")
    kept.keeper.learned(kept.lease(), "", Verdict("rotate", (rest,)))
    kept.keeper.tick()
    await kept.settled()
    kept.keeper.reported(report(kept, 0.25, wall()))  # too young to answer the refusal
    assert kept.keeper.pool.cooldowns(ID, wall()) == (rest,)
    kept.keeper.reported(report(kept, 0.25, wall() + module.REPORT_LAG_SECONDS + 1))
    assert kept.keeper.pool.cooldowns(ID, wall()) == ()
    kept.keeper.tick()
    await kept.settled()
    assert kept.store.cooldowns() == ()
    [window] = kept.store.windows()
    assert window.used_fraction == 0.25
    assert kept.lease().id == ID


@in_loop
async def test_numbers_are_told_by_provider(directory: Path):
    kept = Kept(directory)
    kept.add(3600)
    kept.add(3600, id_="lab:other")
    kept.keeper.start()
    rest = Cooldown(ID, "", wall() + 500)
    account = next(one for one in kept.keeper.stock.accounts["lab"] if one.id == ID)
    kept.keeper.learned(account, "", Verdict("rotate", (rest,)))
    numbers = kept.keeper.numbers()
    assert numbers.states == {"lab": {"ready": 1, "cooling": 1, "disabled": 0}}
    assert (numbers.cooldowns, numbers.steps) == ({"lab": 1}, {"lab": {"rotate": 1}})


def test_a_reset_ends_rests_in_memory_and_on_disk(directory: Path):
    kept = Kept(directory)
    kept.add(3600)
    kept.store.cool([Cooldown(ID, "", wall() + 500)])
    kept.keeper.start()
    assert kept.keeper.reset(ID) == 1
    assert kept.keeper.pool.cooldowns(ID, wall()) == ()
    assert kept.store.cooldowns() == ()


@in_loop
async def test_another_configuration_limits_sessions_at_once(directory: Path):
    kept = Kept(directory)
    for id_ in (ID, "lab:other"):
        kept.add(3600.0, id_=id_)
    kept.keeper.start()
    for session in ("s1", "s2"):
        kept.keeper.lease(Want(LAB, "m", session), wall())
    kept.keeper.use(Snapshot(providers={"lab": LAB}, keeping=Accounts(pins=1)))
    assert sum(standing.pins for standing in kept.keeper.pool.standing(wall())) == 1


@in_loop
async def test_a_guess_that_a_good_answer_ends_is_over_for_every_process(directory: Path):
    kept = Kept(directory)
    kept.add(3600.0)
    kept.keeper.start()
    account, until_at = kept.lease(), wall() + 1800.0
    for written_between in (True, False):
        kept.keeper.learned(account, "", Verdict("rotate", (Cooldown(ID, "", until_at, cause="a guess"),)))
        if written_between:
            await kept.keeper._sync()
            assert [one.until_at for one in kept.store.cooldowns()] == [until_at]
        kept.keeper.served(Want(LAB, "m"), account)
        await kept.keeper._sync()
        assert kept.store.cooldowns() == ()
    kept.keeper.learned(account, "", Verdict("rotate", (Cooldown(ID, "", until_at, timed=True),)))
    kept.keeper.served(Want(LAB, "m"), account)
    await kept.keeper._sync()
    assert [one.until_at for one in kept.store.cooldowns()] == [until_at], "what the vendor told is no guess"


@in_loop
async def test_a_refused_login_that_nobody_can_renew_is_disabled_until_there_is_another(directory: Path):
    kept = Kept(directory)
    account = StoredAccount(id=ID, provider="lab", label="work", kind="login")
    kept.store.add(account, Login(Secret("at-0")))
    kept.keeper.start()
    refused = kept.lease()
    assert await kept.keeper.renewed(refused) is None
    assert kept.asked == []
    assert [one.disabled for one in kept.store.accounts()] == [module.FINAL_CAUSE]
    assert kept.keeper.stock.disabled == {ID: module.FINAL_CAUSE}
    kept.store.replace(account, Login(Secret("at-1")))
    kept.keeper.tick()
    await kept.settled()
    assert bearer(kept.lease()) == "at-1"


@in_loop
async def test_a_login_that_came_since_is_not_blamed_for_the_one_that_was_refused(directory: Path):
    kept = Kept(directory)
    account = StoredAccount(id=ID, provider="lab", label="work", kind="login")
    kept.store.add(account, Login(Secret("at-0")))
    kept.keeper.start()
    refused = kept.lease()
    kept.store.replace(account, Login(Secret("at-1")))
    assert bearer(await kept.keeper.renewed(refused)) == "at-1"
    assert [one.disabled for one in kept.store.accounts()] == [""]


@in_loop
async def test_a_storm_of_refusals_is_told_once(directory: Path, caplog: pytest.LogCaptureFixture):
    caplog.set_level("DEBUG", module.__name__)
    kept = Kept(directory)
    kept.add(3600)
    kept.keeper.start()
    account, now = kept.lease(), wall()
    for number in range(5):
        rest = Cooldown(ID, "", now + 30 + number, cause="a rate limit")
        kept.keeper.learned(account, "", Verdict("escape", (rest,), cause=rest.cause))
    worse = Cooldown(ID, "", now + 900, timed=True, cause="the quota is used up")
    kept.keeper.learned(account, "", Verdict("rotate", (worse,), cause=worse.cause))
    for model in ("m", "n"):
        of_model = Cooldown(ID, f"model:{model}", now + 30, cause="a rate limit")
        kept.keeper.learned(account, "", Verdict("escape", (of_model,), cause=of_model.cause))
    kept.keeper.learned(account, "", Verdict("escape", cause="the host is in trouble"))
    told = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert told == [
        ("WARNING", f"{ID}: a rate limit"),
        ("WARNING", f"{ID}: the quota is used up"),
        ("WARNING", f"{ID}: a rate limit"),
        ("WARNING", f"{ID}: a rate limit"),
        ("DEBUG", f"{ID}: the host is in trouble"),
    ]


@in_loop
async def test_a_worker_that_lags_leaves_a_renewal_to_those_before_it(directory: Path):
    for lag_seconds, lasts_seconds, renewals in (
        (5.0, 297.0, 0),
        (5.0, 290.0, 1),
        (500.0, 160.0, 0),
        (500.0, 140.0, 1),
    ):
        place = directory / f"{lag_seconds}-{lasts_seconds}"
        place.mkdir()
        kept = Kept(place, lag_seconds)
        kept.add(lasts_seconds)
        kept.keeper.start()
        kept.keeper.tick()
        await kept.settled()
        assert len(kept.asked) == renewals


@in_loop
async def test_what_somebody_else_has_renewed_by_now_needs_no_renewal(directory: Path):
    kept = Kept(directory)
    kept.add(30)
    kept.keeper.start()
    stale = kept.lease()
    assert kept.store.save_login(ID, Login(Secret("at-other"), Secret("rt-other"), wall() + 3600, wall() - 400), 1)
    assert bearer(await kept.keeper.fresh(stale)) == "at-other"
    assert bearer(await kept.keeper.renewed(stale)) == "at-other"
    assert kept.asked == []
    assert kept.keeper.counts.renewals == {("lab", "adopted"): 1}


@in_loop
async def test_another_login_ends_the_rest_of_the_one_that_was_refused_for_all(directory: Path):
    kept = Kept(directory)
    kept.add(3600)
    kept.keeper.start()
    account = kept.lease()
    kept.keeper.learned(account, "", refused(account, wall()))
    await asyncio.sleep(0.01)
    await kept.settled()
    assert len(kept.store.cooldowns()) == 1
    [stored] = kept.store.accounts()
    kept.store.replace(stored, Login(Secret("at-new"), Secret("rt-new"), wall() + 3600, wall()))
    kept.keeper.tick()
    await kept.settled()
    assert bearer(kept.lease()) == "at-new"
    assert kept.keeper.pool.cooldowns(ID, wall()) == ()
    kept.keeper.tick()
    await kept.settled()
    assert kept.store.cooldowns() == ()


@in_loop
async def test_a_login_that_ends_while_it_serves_and_cannot_be_renewed_is_disabled_at_the_next_tick(directory: Path):
    kept = Kept(directory)
    kept.store.add(StoredAccount(ID, "lab", "work", "login"), Login(Secret("at-0"), expires_at=wall() + 0.2))
    kept.keeper.start()
    account = kept.lease()
    assert bearer(await kept.keeper.fresh(account)) == "at-0"
    await asyncio.sleep(0.25)
    assert await kept.keeper.fresh(account) is None
    fault = kept.keeper.unready(account)
    assert (fault.kind, fault.retry_after_seconds) == ("no_credential", None)
    assert "`fastproxy account login lab`" in fault.message
    kept.keeper.tick()
    await kept.settled()
    assert kept.keeper.stock.disabled == {ID: ENDED_CAUSE}
    with pytest.raises(Fault, match="it has no refresh token"):
        kept.lease()
    assert kept.asked == []


@in_loop
async def test_a_refused_login_that_was_removed_meanwhile_is_no_trouble(directory: Path):
    kept = Kept(directory)
    kept.store.add(StoredAccount(id=ID, provider="lab", label="work", kind="login"), Login(Secret("at-0")))
    kept.keeper.start()
    account = kept.lease()
    kept.store.remove(ID)
    assert await kept.keeper.renewed(account) is None


@in_loop
async def test_a_client_that_goes_away_while_the_disk_is_read_takes_no_news_along(
    directory: Path, monkeypatch: pytest.MonkeyPatch
):
    kept = Kept(directory)
    kept.store.add(StoredAccount(id=ID, provider="lab", label="work", kind="login"), Login(Secret("at-0")))
    kept.keeper.start()
    read, reading = kept.keeper._inventory.exchange, asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(*arguments: Any) -> object:
        loop.call_soon_threadsafe(reading.set)
        pause(0.05)
        return read(*arguments)

    monkeypatch.setattr(kept.keeper._inventory, "exchange", slow)
    monkeypatch.setattr(kept.keeper._inventory, "changed", lambda: False)
    leaving = asyncio.create_task(kept.keeper.renewed(kept.lease()))
    await reading.wait()
    leaving.cancel()
    await asyncio.sleep(0)
    await kept.settled()
    assert kept.keeper.stock.disabled == {ID: module.FINAL_CAUSE}


GEMINI = BY_NAME["gemini-cli"]


@in_loop
async def test_what_a_backend_wants_to_know_is_asked_once_when_the_login_is_first_used(directory: Path):
    kept = Kept(directory)
    kept.keeper.use(Snapshot(providers={"gemini-cli": GEMINI}))
    login = Login(Secret("at-0"), Secret("rt-0"), wall() + 3600, wall())
    kept.store.add(StoredAccount("gemini-cli:a", "gemini-cli", "a", "login"), login)
    kept.keeper.start()
    account = kept.keeper.lease(Want(GEMINI, "m"), wall())
    assert (await kept.keeper.fresh(account), kept.questions) == (account, ["gemini-cli:a"])
    kept.keeper._facts._backoffs.ended("gemini-cli:a")
    kept.facts = {"project": "p-1"}
    told = await asyncio.gather(*(kept.keeper.fresh(account) for _ in range(5)))
    assert [one.facts for one in told if one] == [{"project": "p-1"}] * 5
    assert kept.keeper.lease(Want(GEMINI, "m"), wall()).facts == {"project": "p-1"}
    assert await kept.keeper.fresh(kept.keeper.lease(Want(GEMINI, "m"), wall())) == told[0]
    assert len(kept.questions) == 2


@in_loop
async def test_a_backend_that_answers_late_holds_up_nobody_who_can_go_elsewhere_and_is_asked_once(directory: Path):
    kept = Kept(directory)
    kept.keeper.use(Snapshot(providers={"gemini-cli": GEMINI}))
    login = Login(Secret("at-0"), Secret("rt-0"), wall() + 3600, wall())
    kept.store.add(StoredAccount("gemini-cli:a", "gemini-cli", "a", "login"), login)
    kept.facts = {"project": "p-1"}
    kept.gate.clear()
    kept.keeper.start()
    account = kept.keeper.lease(Want(GEMINI, "m"), wall())
    began = monotonic()
    assert await kept.keeper.fresh(account, 0.05) is None
    assert await kept.keeper.fresh(account, 0.0) is None
    assert monotonic() - began < 3
    assert kept.keeper.is_renewing(account.id)
    kept.gate.set()
    for _ in range(500):  # nobody waits for it any more
        if not kept.keeper.is_renewing(account.id):
            break
        await asyncio.sleep(0.005)
    assert kept.keeper.lease(Want(GEMINI, "m"), wall()).facts == {"project": "p-1"}
    assert kept.questions == ["gemini-cli:a"]


@in_loop
async def test_a_linked_login_that_nobody_can_renew_is_back_when_its_tool_has_another(directory: Path):
    kept, file = Kept(directory), directory / ".credentials.json"
    file.write_bytes(claude_body("at-1", ""))
    kept.store.add(StoredAccount(ID, "lab", "work", "login", source=f"claude-code:{file}"), None)
    kept.keeper.start()
    assert await kept.keeper.renewed(kept.lease()) is None
    kept.store.put_first(ID)
    file.write_bytes(claude_body("at-1", ""))
    kept.keeper.tick()
    await kept.settled()
    assert kept.keeper.stock.disabled == {ID: module.FINAL_CAUSE}
    file.write_bytes(claude_body("at-2", ""))
    kept.store.put_first(ID)
    kept.keeper.tick()
    await kept.settled()
    assert bearer(kept.lease()) == "at-2"
