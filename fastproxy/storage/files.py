"""Small files that are never half: private creation, replacing in one step, a lock that processes honour.

It knows no content. A file that it could not replace is as it was before. Must never follow a link to write somewhere
else, and never leave a file open to others. May block on a disk or a lock: not for the event loop's thread.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fastproxy import clock

Stamp = tuple[int, int, int]

_FIRST_PAUSE_SECONDS = 0.002
_LONGEST_PAUSE_SECONDS = 0.05


def stamp(path: Path) -> Stamp | None:
    """Equal as long as the file is the same: (mtime_ns, size, inode); None for no file. Cost: one stat, 2 us."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def create_private(path: Path, flags: int = 0) -> int:
    """A descriptor to write to a file that only its owner may read, made if it is not there; what is in it stays.

    Made by root, it belongs to the directory's owner, who must read it. flags: os.O_* beside the usual ones.
    Raises: OSError, also where the path is a symbolic link.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW | flags, 0o600)
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


def replace(
    path: Path, content: bytes, *, like: os.stat_result | None = None, only_if: Callable[[], bool] | None = None
) -> bool:
    """Puts `content` in the place of the file at once and for good: after it returns, a power cut can't take it back.

    like: whose mode and owner the new file takes (the old file's, where somebody else's tool reads it); None for a
    private one. only_if: asked at the last moment, where others write without our locks; False comes back, and nothing
    is done, when it says no. Call it under a lock: the new content stands in a file of one name beside it until it is
    whole. What a killed writer left there is thrown away.
    Raises: OSError; the old file is then as it was, but for a failure of the very last sync of the directory.
    """
    with _written(path, content, like) as fresh:
        if only_if is not None and not only_if():
            return False
        fresh.replace(path)
    sync_directory(path.parent)
    return True


def publish(path: Path, content: bytes) -> bool:
    """Makes a private file unless there is one: whole or not at all. False when somebody was first. Raises: OSError."""
    with _written(path, content, None) as fresh:
        try:
            os.link(fresh, path)
        except FileExistsError:
            return False
    sync_directory(path.parent)
    return True


@contextmanager
def lock(path: Path, deadline_seconds: float) -> Iterator[None]:
    """Alone among all processes and threads that lock this path, for as long as the block runs, or the process lives.

    path: a file of its own, since what is replaced whole can't carry a lock; it is made and stays.
    Raises: TimeoutError when somebody else holds it for that long; OSError when the file can't be made.
    """
    give_up_at = clock.monotonic() + deadline_seconds
    pause_seconds = _FIRST_PAUSE_SECONDS
    while (descriptor := locked(path)) is None:
        if clock.monotonic() >= give_up_at:
            raise TimeoutError(f"{path} has been locked by another process for {deadline_seconds:g} s")
        clock.pause(pause_seconds)
        pause_seconds = min(pause_seconds * 2, _LONGEST_PAUSE_SECONDS)
    try:
        yield
    finally:
        os.close(descriptor)


def sync_directory(directory: Path) -> None:
    """Makes the names in a directory outlive a power cut. Raises: OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def locked(path: Path) -> int | None:
    """A descriptor that holds the lock until it is closed, at once; None when another has it. Raises: OSError."""
    descriptor = create_private(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def _written(path: Path, content: bytes, like: os.stat_result | None) -> Iterator[Path]:
    """A file beside `path` with all of the content, on the disk; gone after the block unless it got another name."""
    fresh = path.with_name(f".{path.name}.new")
    with suppress(FileNotFoundError):
        fresh.unlink()
    descriptor = create_private(fresh, os.O_EXCL)
    try:
        try:
            if like is not None:
                _dress(descriptor, like)
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        yield fresh
    finally:
        with suppress(OSError):
            fresh.unlink()


def _dress(descriptor: int, like: os.stat_result) -> None:
    """Mode and owner of another file. Raises: PermissionError when they can't be had."""
    own = os.fstat(descriptor)
    if (own.st_uid, own.st_gid) != (like.st_uid, like.st_gid):
        os.fchown(descriptor, like.st_uid, like.st_gid)
    os.fchmod(descriptor, like.st_mode & 0o777)
