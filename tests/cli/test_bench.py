"""`fastproxy bench` finds its files where they are, and ends in one line where it can't work."""

import pytest

from bench import processes, run
from fastproxy.cli import bench
from fastproxy.cli.output import CommandError


def test_a_bench_that_can_not_run_is_one_line(monkeypatch):
    def fails(**_):
        raise processes.BenchError("nginx did not start: port taken")

    monkeypatch.setattr(run, "measure", fails)
    with pytest.raises(CommandError, match=r"^bench: nginx did not start: port taken$"):
        bench.command()


def test_an_installation_without_the_bench_says_so(monkeypatch):
    monkeypatch.setattr(bench, "_PLACES", ("fastproxy.no_such_bench", "no_such_bench"))
    with pytest.raises(CommandError, match="checkout"):
        bench.command()
