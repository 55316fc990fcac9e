"""What every slow suite shares: how long it may run, its seed, and a line at a time on standard output."""

import argparse
import os
import random
import sys
from time import monotonic


def arguments(title: str, minutes: float) -> argparse.ArgumentParser:
    """A parser with `--minutes` and `--seed`; a suite may add its own."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--minutes", type=float, default=minutes, help="how long, about (default %(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="repeat a run (default: a new one, printed)")
    return parser


def chosen_seed(given: int | None) -> int:
    """The seed of this run: the given one, else one that nobody has used."""
    return random.SystemRandom().randrange(2**32) if given is None else given


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def environment(**extra: str) -> dict[str, str]:
    """For children: the path and the home, nobody's keys, nobody's proxies."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, **extra}


class Deadline:
    """A moment that work may be measured against."""

    def __init__(self, seconds: float) -> None:
        self.started = monotonic()
        self.at = self.started + seconds

    @property
    def left_seconds(self) -> float:
        return self.at - monotonic()

    @property
    def spent_seconds(self) -> float:
        return monotonic() - self.started

    @property
    def over(self) -> bool:
        return self.left_seconds <= 0
