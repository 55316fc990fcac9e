"""Usage reports over time: how often a vendor is asked, and what is shown while it can't be."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from fastproxy.accounts.inventory import Inventory
from fastproxy.accounts.keeper import Keeper
from fastproxy.accounts.renewal import Renewed
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.providers import BY_NAME
from fastproxy.snapshot import Account, Snapshot, Upstream
from fastproxy.upstream import reports as module
from fastproxy.upstream.reports import ReportError, Reports
from support.logins import login_of
from support.loops import in_loop
from support.vendor import Vendor

GOOD = {"five_hour": {"utilization": 25.0, "resets_at": "2100-01-01T00:00:00Z"}}
LATER = {"five_hour": {"utilization": 50.0, "resets_at": "2100-01-01T00:00:00Z"}}


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        yield running


class Kept:
    """Accounts at a vendor, and their reports."""

    def __init__(self, directory: Path, vendor: Vendor, *labels: str) -> None:
        self.store, self.vendor = AccountStore(directory), vendor
        self.renewed: list[str] = []
        for label in labels:
            account = StoredAccount(f"anthropic:{label}", "anthropic", label, "login")
            self.store.add(account, login_of(vendor.login(label)))
            vendor.report(label, GOOD)
        provider = msgspec.structs.replace(BY_NAME["anthropic"], formats={"anthropic": vendor.origin})
        self.snapshot = Snapshot(providers={"anthropic": provider}, upstream=Upstream(proxy="direct"))
        self.keeper = Keeper(Inventory(directory, AccountStore(directory)), self.snapshot, self.renew)
        self.keeper.start()
        self.reports = Reports(self.keeper)

    async def renew(self, account_id: str, used: str) -> Renewed:
        self.renewed.append(account_id)
        label = account_id.partition(":")[2]
        [version] = [one.version for one in self.store.accounts() if one.id == account_id]
        assert self.store.save_login(account_id, login_of(self.vendor.login(label)), version)
        return Renewed("renewed")

    @property
    def account(self) -> Account:
        return self.keeper.stock.accounts["anthropic"][0]

    async def used(self) -> tuple[float | None, str]:
        """What is shown of the first account, and the trouble with it."""
        answered = (await self.reports.all(self.snapshot))[0]
        used = answered.report.windows[0].used_fraction if answered.report else None
        return used, answered.trouble

    def is_due(self) -> None:
        for known in self.reports._known.values():
            known.due_at = 0.0


@in_loop
async def test_a_report_is_fresh_for_five_minutes_more_or_less(tmp_path: Path, vendor: Vendor):
    kept = Kept(tmp_path, vendor, *(f"n{number}" for number in range(8)))
    assert await kept.used() == (0.25, "")
    assert await kept.used() == (0.25, "")
    assert len(vendor.seen()) == 8
    now = module.monotonic()
    waits = [known.due_at - now for known in kept.reports._known.values()]
    assert all(0.74 * module.FRESH_SECONDS < wait < 1.26 * module.FRESH_SECONDS for wait in waits)
    assert len({round(wait) for wait in waits}) > 1
    kept.is_due()
    vendor.report("n0", LATER)
    assert await kept.used() == (0.5, "")


@in_loop
async def test_many_who_ask_at_once_are_one_request(tmp_path: Path, vendor: Vendor):
    kept = Kept(tmp_path, vendor, "a")
    vendor.set(answer_delay_seconds=0.2)
    assert set(await asyncio.gather(*(kept.used() for _ in range(10)))) == {(0.25, "")}
    assert len(vendor.seen()) == 1


@in_loop
async def test_the_last_good_report_is_shown_for_a_day_and_the_vendor_left_alone_for_a_while(
    tmp_path: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
):
    kept = Kept(tmp_path, vendor, "a")
    await kept.used()
    vendor.report("a", {"status": 503})
    kept.is_due()
    assert await kept.used() == (0.25, "the vendor answered 503")
    assert await kept.used() == (0.25, "the vendor answered 503")
    assert len(vendor.seen()) == 2
    [known] = kept.reports._known.values()
    assert 0 < known.due_at - module.monotonic() <= module.RETRY_SECONDS
    with pytest.raises(ReportError, match="503"):
        await kept.reports.live(kept.account, kept.snapshot)
    assert len(vendor.seen()) == 2
    monkeypatch.setattr(module, "KEPT_SECONDS", -1.0)
    assert await kept.used() == (None, "the vendor answered 503")


@in_loop
async def test_a_wait_that_the_vendor_asks_for_is_kept_up_to_an_hour(tmp_path: Path, vendor: Vendor):
    kept = Kept(tmp_path, vendor, "a")
    for asked, waited in ((600, 600), (1, module.RETRY_SECONDS), (999999, module.LONGEST_RETRY_SECONDS)):
        vendor.report("a", {"status": 429, "headers": {"retry-after": str(asked)}})
        kept.is_due()
        await kept.used()
        [known] = kept.reports._known.values()
        assert waited - 5 < known.due_at - module.monotonic() <= waited


@in_loop
async def test_a_token_that_is_refused_is_renewed_once(tmp_path: Path, vendor: Vendor):
    kept = Kept(tmp_path, vendor, "a")
    vendor.order(account="a", revoke=True)
    assert await kept.used() == (0.25, "")
    assert kept.renewed == ["anthropic:a"]


@pytest.mark.parametrize("body", ["<html>", "[]", '"x"', "", "\ud800"])
@in_loop
async def test_what_is_no_report_is_said_so_without_its_words(tmp_path: Path, vendor: Vendor, body: str):
    kept = Kept(tmp_path, vendor, "a")
    vendor.report("a", {"status": 200, "body": body.encode("utf-8", "replace").decode()})
    used, trouble = await kept.used()
    assert used is None
    assert trouble in ("the vendor's report is no JSON", "the vendor's report is no object")


@in_loop
async def test_accounts_that_have_gone_are_forgotten_and_closing_ends_what_runs(tmp_path: Path, vendor: Vendor):
    kept = Kept(tmp_path, vendor, "a", "b")
    await kept.used()
    kept.store.remove("anthropic:b")
    kept.keeper.start()
    await kept.used()
    assert list(kept.reports._known) == ["anthropic:a"]
    kept.is_due()
    vendor.set(answer_delay_seconds=5)
    waiting = asyncio.create_task(kept.used())
    await asyncio.sleep(0.1)
    await kept.reports.close()
    assert (await waiting)[0] == 0.25


@in_loop
async def test_keys_and_other_providers_have_none(tmp_path: Path, vendor: Vendor):
    kept = Kept(tmp_path, vendor)
    kept.store.add(
        StoredAccount("anthropic:k", "anthropic", "k", "key"), login_of({"access_token": "a", "refresh_token": "r"})
    )
    kept.keeper.start()
    [answered] = await kept.reports.all(kept.snapshot)
    assert (answered.report, answered.asked, answered.trouble) == (None, False, "")
    assert await kept.reports.live(kept.account, kept.snapshot) is None
    assert vendor.seen() == []
