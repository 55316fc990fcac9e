"""Which renewals are under way, and when the next may begin."""

import asyncio

import pytest

from fastproxy.accounts.backoff import BACKOFF_SECONDS
from fastproxy.accounts.renewal import Renewed
from fastproxy.accounts.under_way import UnderWay
from support.loops import in_loop

ID = "lab:a"


class Runs:
    """Renewals that end when they are told to."""

    def __init__(self) -> None:
        self.begun = 0
        self.gate = asyncio.Event()

    async def run(self) -> Renewed:
        self.begun += 1
        await self.gate.wait()
        return Renewed("renewed")


@in_loop
async def test_a_login_has_one_at_a_time_and_another_when_that_has_ended():
    runs, under_way = Runs(), UnderWay()
    first = under_way.begin(ID, runs.run)
    assert under_way.begin(ID, runs.run) is first
    other = under_way.begin("lab:b", runs.run)
    assert (len(under_way), under_way.has(ID), under_way.has("lab:c")) == (2, True, False)
    runs.gate.set()
    await asyncio.gather(first, other)
    assert (len(under_way), under_way.has(ID), runs.begun) == (0, False, 2)
    await under_way.begin(ID, runs.run)
    assert runs.begun == 3


def test_one_that_failed_is_left_alone_for_a_while_and_one_that_went_well_is_not(caplog: pytest.LogCaptureFixture):
    under_way = UnderWay()
    under_way.note(ID, Renewed("failed", "no answer", 120.0))
    assert not under_way.may_begin(ID)
    assert under_way.left_seconds(ID) == pytest.approx(120.0, abs=2.0)
    assert "lab:a: not renewed, next try in 120 s: no answer" in caplog.text
    under_way.note(ID, Renewed("renewed"))
    assert (under_way.may_begin(ID), under_way.left_seconds(ID)) == (True, None)


def test_one_of_which_nothing_came_does_not_begin_again_at_once():
    under_way = UnderWay()
    under_way.pause(ID)
    assert not under_way.may_begin(ID)
    assert under_way.left_seconds(ID) == pytest.approx(BACKOFF_SECONDS[0], abs=2.0)


def test_a_login_that_has_ended_for_good_is_said(caplog: pytest.LogCaptureFixture):
    UnderWay().note(ID, Renewed("refused", "invalid_grant"))
    assert "lab:a: its login has ended: invalid_grant" in caplog.text


@in_loop
async def test_none_is_waited_for_in_the_end():
    runs, under_way = Runs(), UnderWay()
    waiting = under_way.begin(ID, runs.run)
    under_way.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@in_loop
async def test_of_several_the_first_that_is_over_is_told():
    slow, quick, under_way = Runs(), Runs(), UnderWay()
    under_way.begin(ID, slow.run)
    assert await under_way.first_over([ID, "lab:c"]) == "lab:c"
    under_way.begin("lab:b", quick.run)
    waiting = asyncio.create_task(under_way.first_over([ID, "lab:b"]))
    await asyncio.sleep(0)
    assert not waiting.done()
    quick.gate.set()
    assert await waiting == "lab:b"
    slow.gate.set()
