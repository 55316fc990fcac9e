"""The lock that a vendor's tool takes while it renews: held by us too, so that tool and relay never renew at once.

It is a directory that whoever made it keeps young, as the npm package proper-lockfile does. One that nobody has touched
for STALE_SECONDS is left over from a process that was killed. Where it can't be made, the tool can't make it either.
Source: cnighswonger/claude-code-cache-fix#372 and anthropics/claude-code#95739 (a lock from the future), 2026-11-21.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from fastproxy import clock

STALE_SECONDS = 60.0
TOUCH_SECONDS = 3.0  # the tool takes one for abandoned after 60 s, its older releases after 10 s
_PAUSE_SECONDS = 0.1


@contextmanager
def tool_lock(paths: Sequence[Path], deadline_seconds: float) -> Iterator[None]:
    """All of these directories made by us for as long as the block runs.

    Raises: TimeoutError when one is held by somebody else for that long.
    """
    give_up_at = clock.monotonic() + deadline_seconds
    with ExitStack() as held:
        made = [path for path in paths if _made(path, give_up_at, held)]
        if made:
            held.enter_context(_kept_young(made))
        yield


def _made(path: Path, give_up_at: float, held: ExitStack) -> bool:
    """Whether it is ours now. False where it can't be made at all."""
    while True:
        try:
            path.mkdir(mode=0o700)
            ours = path.stat().st_ino
        except FileExistsError:
            if _is_stale(path) and _removed(path):
                continue
            if clock.monotonic() >= give_up_at:
                raise TimeoutError(f"{path} is held by another process") from None
            clock.pause(_PAUSE_SECONDS)
        except OSError:
            return False
        else:
            held.callback(_give_back, path, ours)
            return True


def _is_stale(path: Path) -> bool:
    try:
        return abs(clock.wall() - path.stat().st_mtime) > STALE_SECONDS
    except OSError:
        return False


def _removed(path: Path) -> bool:
    try:
        path.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _give_back(path: Path, ours: int) -> None:
    """Not when it is another's by now: we may have been asleep for longer than it lasts."""
    with suppress(OSError):
        if path.stat().st_ino == ours:
            path.rmdir()


@contextmanager
def _kept_young(paths: Sequence[Path]) -> Iterator[None]:
    ended = threading.Event()

    def touch() -> None:
        while not ended.wait(TOUCH_SECONDS):
            for path in paths:
                with suppress(OSError):
                    os.utime(path)

    toucher = threading.Thread(target=touch, daemon=True)
    toucher.start()
    try:
        yield
    finally:
        ended.set()
        toucher.join()
