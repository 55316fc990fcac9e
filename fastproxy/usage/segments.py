"""The journal's files: their names, who owns one, and the records in it.

A segment is a file of lines, one UsageRecord as JSON each. Its writer holds a lock on it for as long as it writes, so
a segment that can be locked has no writer any more. Names are never used twice, whatever happens to process ids.
A last line without its newline is a write that a crash or a full disk cut short: it is never read as a record.
This module must never write into a segment.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import msgspec

from fastproxy.usage.record import UsageRecord

READ_BYTES = 16384  # about 40 records: 0.1 ms between two chances for the event loop to take the interpreter back
_NAME = re.compile(r"usage-[0-9]+-[0-9a-f]{16}\.jsonl")


class Batch(msgspec.Struct, frozen=True):
    """Records of consecutive lines. end: where the next read starts. unreadable: lines that are no record."""

    records: list[UsageRecord]
    end: int
    unreadable: int = 0


class Segment:
    """One file, open for reading. It stays readable when somebody removes its name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._decoder = msgspec.json.Decoder(UsageRecord)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        os.close(self._fd)

    def size_bytes(self) -> int:
        return os.fstat(self._fd).st_size

    def sync(self) -> None:
        """Put on the disk what its writer has written so far."""
        os.fsync(self._fd)

    def is_finished(self) -> bool:
        """Whether nobody writes it any more. From a True on, no writer can take it up until this object is closed."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # its writer lives, or this file system has no locks: then it is kept
            return False
        return True

    def batches(self, start: int, limit_bytes: int) -> Iterator[Batch]:
        """The whole lines from `start` on, in reads of READ_BYTES, until `limit_bytes` are passed or none is left."""
        end = start
        while end - start < limit_bytes:
            batch = self._read(end)
            if batch.end == end:
                return
            end = batch.end
            yield batch

    def _read(self, start: int) -> Batch:
        data = os.pread(self._fd, READ_BYTES, start)
        whole = data.rfind(b"\n") + 1
        if whole == 0:  # no line of ours is that long: what fills a read without an end is a hole left by a power cut
            return Batch([], start + len(data), 1) if len(data) == READ_BYTES else Batch([], start)
        return self._decode(data[:whole], start + whole)

    def _decode(self, lines: bytes, end: int) -> Batch:
        try:
            return Batch(self._decoder.decode_lines(lines), end)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return self._decode_each(lines, end)

    def _decode_each(self, lines: bytes, end: int) -> Batch:
        records: list[UsageRecord] = []
        unreadable = 0
        for line in lines.splitlines():
            try:
                records.append(self._decoder.decode(line))
            except (msgspec.MsgspecError, ValueError, RecursionError):
                unreadable += 1
        return Batch(records, end, unreadable)


def new_path(directory: Path) -> Path:
    """A name that no segment has had before: process ids come back (in a container at every start), this doesn't."""
    return directory / f"usage-{os.getpid()}-{os.urandom(8).hex()}.jsonl"


def claim(fd: int) -> bool:
    """Whether the new segment behind `fd` is ours now; False when a reader found it unowned and is removing it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # no locks on this file system: readers see that too, and remove nothing
        return True
    return os.fstat(fd).st_nlink > 0


def listing(directory: Path) -> list[Path]:
    """Every segment in `directory`, finished or not; [] when there is no such directory."""
    try:
        return sorted(path for path in directory.iterdir() if _NAME.fullmatch(path.name))
    except FileNotFoundError:
        return []


@contextmanager
def opened(path: Path) -> Iterator[Segment | None]:
    """The segment at `path`, or None when it is gone: folded and removed by somebody else."""
    try:
        segment = Segment(path)
    except FileNotFoundError:
        yield None
        return
    with segment:
        yield segment
