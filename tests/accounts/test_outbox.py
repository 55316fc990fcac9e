"""News for the disk: soon, few writes for many of them, bounded."""

import asyncio

import pytest

from fastproxy.accounts import outbox as module
from fastproxy.accounts.cooldown import Cooldown
from fastproxy.accounts.outbox import Outbox
from support.loops import in_loop


def rest(number: int) -> Cooldown:
    return Cooldown("lab:a", f"model:{number}", 5e9)


class Disk:
    """What was written when; busy: whether it can't begin to write."""

    def __init__(self) -> None:
        self.written: list[list[object]] = []
        self.busy = False
        self.outbox = Outbox(self.write)

    def write(self) -> bool:
        if not self.busy:
            self.written.append(list(self.outbox.take()))
        return not self.busy


@in_loop
async def test_a_storm_is_written_at_once_and_then_as_often_as_is_allowed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "SAVE_SECONDS", 0.05)
    disk = Disk()
    disk.outbox.send([rest(0), rest(1)])
    await asyncio.sleep(0.01)
    assert disk.written == [[rest(0), rest(1)]]
    for number in range(2, 200):
        disk.outbox.send([rest(number)])
    await asyncio.sleep(0.01)
    assert len(disk.written) == 1
    await asyncio.sleep(0.1)
    assert [len(news) for news in disk.written] == [2, 198]


@in_loop
async def test_what_is_only_kept_waits_for_whoever_writes_next():
    disk = Disk()
    disk.outbox.send(())
    disk.outbox.add([rest(0)])
    await asyncio.sleep(0.01)
    assert (disk.written, len(disk.outbox)) == ([], 1)
    disk.outbox.send([rest(1)])
    await asyncio.sleep(0.01)
    assert disk.written == [[rest(0), rest(1)]]
    assert not disk.outbox


@in_loop
async def test_a_write_that_is_under_way_is_followed_by_another(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "SAVE_SECONDS", 0.02)
    disk = Disk()
    disk.busy = True
    disk.outbox.send([rest(0)])
    await asyncio.sleep(0.05)
    disk.busy = False
    await asyncio.sleep(0.05)
    assert disk.written == [[rest(0)]]


@in_loop
async def test_one_that_is_closed_writes_no_more():
    disk = Disk()
    disk.outbox.send([rest(0)])
    disk.outbox.close()
    await asyncio.sleep(0.01)
    assert (disk.written, disk.outbox.take()) == ([], [rest(0)])


def test_what_could_not_be_written_comes_first_and_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MAX_UNSAVED", 3)
    disk = Disk()
    disk.outbox.add([rest(0), rest(1)])
    taken = disk.outbox.take()
    disk.outbox.add([rest(2), rest(3)])
    disk.outbox.put_back(taken)
    assert disk.outbox.take() == [rest(1), rest(2), rest(3)]
