"""What a vendor is asked of a login besides its token: once for all who wait, and not again at once if it failed."""

import asyncio
from collections.abc import Mapping

import pytest

from fastproxy.accounts.facts import Facts, nobody_tells
from fastproxy.errors import Fault
from fastproxy.snapshot import Account
from support.loops import in_loop

ACCOUNT = Account("lab", "lab:a", kind="login")


class Asked:
    """A vendor that tells `facts`, or is in trouble."""

    def __init__(self, facts: Mapping[str, str] | None) -> None:
        self.times = 0
        self._facts = facts

    async def ask(self, _account: Account) -> Mapping[str, str]:
        self.times += 1
        await asyncio.sleep(0.01)
        if self._facts is None:
            raise Fault("upstream_garbage", "the vendor names none")
        return self._facts


@in_loop
async def test_one_question_answers_all_who_wait_also_when_the_first_goes_away():
    vendor = Asked({"project": "p-1"})
    facts = Facts(vendor.ask)
    leaving, *staying = [asyncio.create_task(facts.of(ACCOUNT)) for _ in range(5)]
    await asyncio.sleep(0)
    leaving.cancel()
    assert await asyncio.gather(*staying) == [{"project": "p-1"}] * 4
    assert vendor.times == 1


@in_loop
async def test_a_vendor_in_trouble_is_left_alone_and_nobody_waits_for_it(caplog: pytest.LogCaptureFixture):
    vendor = Asked(None)
    facts = Facts(vendor.ask)
    for _ in range(3):
        assert await facts.of(ACCOUNT) == {}
    assert vendor.times == 1
    assert "lab:a: the vendor names none; asked again after 30 s" in caplog.text


@in_loop
async def test_a_question_ends_with_the_worker():
    vendor = Asked({"project": "p-1"})
    facts = Facts(vendor.ask)
    waiting = asyncio.create_task(facts.of(ACCOUNT))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    facts.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@in_loop
async def test_where_nobody_may_be_asked_nobody_tells():
    assert await nobody_tells(ACCOUNT) == {}


@in_loop
async def test_who_does_not_wait_so_long_has_none_yet_and_the_question_goes_on():
    vendor = Asked({"project": "p-1"})
    facts = Facts(vendor.ask)
    waiting = asyncio.create_task(facts.of(ACCOUNT))
    assert await facts.of(ACCOUNT, 0.001) is None
    assert facts.is_asking(ACCOUNT.id)
    assert await waiting == {"project": "p-1"}
    assert not facts.is_asking(ACCOUNT.id)
    assert vendor.times == 1
