"""Time handed in, and the sweep over what may wait too long."""

from fastproxy.clock import Sweep, monotonic, wall


class Waiting:
    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self.seen: list[float] = []

    def expire(self, now: float) -> None:
        self.seen.append(now)
        self.sweep.discard(self)


def test_a_sweep_shows_the_time_to_everything_that_waits() -> None:
    sweep = Sweep()
    first, second = Waiting(sweep), Waiting(sweep)
    sweep.add(first)
    sweep.add(second)
    sweep.run(7.5)
    assert (first.seen, second.seen) == ([7.5], [7.5])


def test_what_leaves_during_a_sweep_is_not_asked_again_and_breaks_nothing() -> None:
    sweep = Sweep()
    waiting = Waiting(sweep)
    sweep.add(waiting)
    assert len(sweep) == 1
    sweep.run(1.0)
    sweep.run(2.0)
    assert waiting.seen == [1.0]
    assert len(sweep) == 0


def test_discarding_what_is_not_there_is_no_error() -> None:
    sweep = Sweep()
    sweep.discard(Waiting(sweep))
    assert len(sweep) == 0


def test_wall_time_is_since_the_epoch_and_monotonic_time_never_goes_back() -> None:
    assert wall() > 1_700_000_000
    assert monotonic() <= monotonic()
