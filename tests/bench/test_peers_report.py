"""The report says what was measured and why the rest was not, and nothing about whose machine it was."""

import re

from bench.peers.client import Figures
from bench.peers.compare import Compared, Pair, Row
from bench.peers.report import Result, lines, markdown, told

PAIRS = [Pair(Figures(10.0, 200.0), Figures(peer, 900.0)) for peer in (400.0, 500.0, 600.0)]


def result(*more: Compared) -> Result:
    rows = {"json": Row(PAIRS), "stream": Row([], "500 in /home/someone/peers/file.js")}
    peer = Compared("Other", "1.2.3", "as it comes", rows, 100 * 2**20)
    return Result("2026-11-21", {"Python": "3.11"}, "0.1.0", 50 * 2**20, [peer, *more], "alone")


def section(text: str, title: str) -> list[list[str]]:
    found = re.search(rf"^## {re.escape(title)}\n\n(.*?)\n(?:\n|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in found[1].splitlines()[2:]]


def test_ratios_say_how_often_the_peer_takes_what_fastproxy_takes():
    text = markdown(result())
    assert section(text, "CPU time, fastproxy : peer")[0][1:] == ["request", "1 : 50.0 (40.0 to 60.0)"]
    assert section(text, "Median delay, fastproxy : peer")[0][1:] == ["whole answer", "1 : 4.5 (4.5 to 4.5)"]
    assert section(text, "Memory at rest")[1] == ["Other", "100 MiB", "1 : 2.0"]
    assert section(text, "The figures behind them, median us")[0][2:] == ["10", "500", "200", "900"]


def test_versions_day_and_command_are_told():
    text = markdown(result())
    assert ["Other", "1.2.3", "as it comes"] in section(text, "Versions")
    assert "2026-11-21" in text
    assert "make bench-peers" in text


def test_what_could_not_be_measured_is_told_without_paths():
    text = markdown(result(Compared("Absent", "9.9.9", "", problem="npm said:\n  ENOENT | /root/x/y.json")))
    assert section(text, "What could not be measured") == [
        ["Absent", "all", "npm said: ENOENT / y.json"],
        ["Other", "20-event stream, 4 connections", "500 in file.js"],
    ]
    assert section(text, "CPU time, fastproxy : peer")[0][1:] == ["request", "1 : 50.0 (40.0 to 60.0)"]
    assert "/root" not in text
    assert "/home" not in text


def test_a_run_without_problems_has_no_table_of_them():
    rows = {"json": Row(PAIRS)}
    whole = Result("2026-11-21", {}, "0", 1, [Compared("Other", "1", "", rows, 2)], "alone")
    assert "could not" not in markdown(whole)


def test_addresses_are_no_paths():
    assert told("http://127.0.0.1:1/v1/messages failed in /a/b/c.py") == "http://127.0.0.1:1/v1/messages failed in c.py"


def test_a_terminal_has_a_line_for_each_figure_and_each_peer_that_is_missing():
    found = lines(result(Compared("Absent", "9.9.9", "", problem="not installed")))
    assert "Other, 1 KB JSON, 1 connection: CPU per request 1 : 50.0" in found[0]
    assert found[-1] == "Absent: not installed"
    assert len(found) == 2
