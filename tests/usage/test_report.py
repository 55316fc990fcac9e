"""Sums over the database and over what the journal still holds."""

import sqlite3
import time
from contextlib import closing

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.usage import report
from fastproxy.usage.journal import Journal
from fastproxy.usage.record import UsageRecord
from fastproxy.usage.report import GROUPS, summary
from fastproxy.usage.store import DATABASE, Ledger

ALL = (0.0, 1e12)


@pytest.fixture
def journal(tmp_path):
    made = Journal(tmp_path)
    yield made
    made.close()


@pytest.fixture
def ledger(tmp_path):
    made = Ledger(tmp_path, retention_days=100_000)
    yield made
    made.release()


@pytest.fixture
def database(tmp_path):
    return tmp_path / DATABASE


def test_nothing_yet_is_no_rows(database):
    assert summary(database, *ALL) == []


def test_a_directory_that_is_not_there_is_no_rows(tmp_path):
    assert summary(tmp_path / "none" / DATABASE, *ALL) == []


def test_tokens_are_summed(database, journal, make_record):
    journal.append(make_record())
    journal.append(make_record(input_tokens=1, cached_tokens=None, cache_written_tokens=0, reasoning_tokens=None))
    (row,) = summary(database, *ALL)
    assert (row.key, row.requests) == ("claude-x-20260901", 2)
    assert (row.input_tokens, row.cached_tokens, row.cache_written_tokens) == (11, 20, 30)
    assert (row.output_tokens, row.reasoning_tokens) == (80, 5)


def test_absurd_counts_do_not_break_the_sum(database, journal, make_record):
    for _ in range(3):
        journal.append(make_record(input_tokens=2**62))
    (row,) = summary(database, *ALL)
    assert row.input_tokens == 2**63 - 1
    assert row.output_tokens == 120


def test_numbers_are_the_same_before_while_and_after_folding(database, journal, ledger, make_record):
    seen = []
    for number in range(3):
        journal.append(make_record(input_tokens=number))
    seen.append(summary(database, *ALL))
    ledger.fold()
    seen.append(summary(database, *ALL))
    journal.append(make_record(input_tokens=100))
    (row,) = summary(database, *ALL)
    assert (row.requests, row.input_tokens) == (4, 103)
    journal.close()
    ledger.fold()
    assert summary(database, *ALL) == [row]
    assert seen[0] == seen[1]


def test_numbers_never_waver_while_a_ledger_folds_and_removes(tmp_path, database, make_record):
    journal = Journal(tmp_path, segment_bytes=2000)
    ledger = Ledger(tmp_path, interval_seconds=0.001, retention_days=100_000)
    ledger.start()
    for number in range(1, 301):
        journal.append(make_record(request_id=str(number)))
        if number % 3 == 0:
            (row,) = summary(database, *ALL)
            assert row.requests == number
    journal.close()
    ledger.close()


def test_outcomes_are_told_apart(database, journal, make_record):
    for outcome in ("ok", "ok", "refused", "failed", "incomplete", "cancelled", "cancelled"):
        journal.append(make_record(outcome=outcome))
    (row,) = summary(database, *ALL)
    assert (row.requests, row.errors, row.cancelled) == (7, 3, 2)


UNTOLD = {"input_tokens": None, "output_tokens": None}


@pytest.mark.parametrize(
    ("changes", "unknown"),
    [
        (UNTOLD, 1),
        (UNTOLD | {"outcome": "cancelled"}, 1),
        (UNTOLD | {"outcome": "incomplete"}, 1),
        ({"input_tokens": 0, "output_tokens": 0}, 0),
        ({"output_tokens": None}, 0),
        (UNTOLD | {"outcome": "failed", "status": 429}, 0),
        (UNTOLD | {"outcome": "refused", "status": 401}, 0),
        (UNTOLD | {"endpoint": "count_tokens"}, 0),
    ],
)
def test_unknown_counts_what_may_have_cost_tokens_that_nobody_told(database, journal, make_record, changes, unknown):
    journal.append(make_record(**changes))
    (row,) = summary(database, *ALL)
    assert row.unknown == unknown


def test_percentiles_are_measured_times(database, journal, make_record):
    for number in range(100, 0, -1):
        journal.append(make_record(first_byte_seconds=number / 100))
    journal.append(make_record(first_byte_seconds=None))
    (row,) = summary(database, *ALL)
    assert (row.requests, row.first_byte_p50_seconds, row.first_byte_p95_seconds) == (101, 0.5, 0.95)


def test_no_first_byte_is_no_percentile(database, journal, make_record):
    journal.append(make_record(first_byte_seconds=None))
    (row,) = summary(database, *ALL)
    assert (row.first_byte_p50_seconds, row.first_byte_p95_seconds) == (None, None)


def test_since_is_in_and_until_is_out(database, journal, ledger, make_record):
    for at in (10.0, 20.0):
        journal.append(make_record(at=at))
    ledger.fold()
    for at in (10.0, 20.0):
        journal.append(make_record(at=at))
    (row,) = summary(database, 10.0, 20.0)
    assert row.requests == 2
    assert summary(database, 20.5, 30.0) == []


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("model", ["claude-x-20260901", "asked"]),
        ("provider", ["anthropic", "lab"]),
        ("client", ["laptop", "phone"]),
        ("session", ["s1", "s2"]),
        ("endpoint", ["generate", "compact"]),
        ("account", ["anthropic:1", "lab:1"]),
    ],
)
def test_groups_come_with_most_requests_first(database, journal, make_record, by, keys):
    journal.append(
        make_record(
            model="",
            requested_model="asked",
            provider="lab",
            client="phone",
            session="s2",
            endpoint="compact",
            account="lab:1",
        )
    )
    for _ in range(2):
        journal.append(make_record())
    rows = summary(database, *ALL, by=by)
    assert [(row.key, row.requests) for row in rows] == [(keys[0], 2), (keys[1], 1)]


def test_days_come_in_order_and_are_the_machines_own(database, journal, make_record, monkeypatch):
    monkeypatch.setenv("TZ", "UTC-3")  # three hours ahead of UTC
    time.tzset()
    try:
        for at in (1_790_000_000.0 + 86400, 1_790_000_000.0, 1_790_000_000.0 + 86400):
            journal.append(make_record(at=at))
        rows = summary(database, *ALL, by="day")
        expected = [time.strftime("%Y-%m-%d", time.localtime(1_790_000_000 + step)) for step in (0, 86400)]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert [(row.key, row.requests) for row in rows] == [(expected[0], 1), (expected[1], 2)]


def test_an_unknown_group_is_the_callers_fault_and_names_the_known(database):
    with pytest.raises(Fault, match="account") as caught:
        summary(database, *ALL, by="mood'; DROP TABLE usage; --")
    assert (caught.value.kind, caught.value.param) == ("bad_request", "by")
    assert len(GROUPS) == 7


def test_a_broken_database_is_told_in_one_sentence(database):
    database.write_bytes(b"no database " * 1000)
    with pytest.raises(Fault, match="can't be read") as caught:
        summary(database, *ALL)
    assert caught.value.kind == "overloaded"


def test_an_empty_file_is_a_database_that_is_not_filled_yet(database, journal, make_record):
    database.touch()
    journal.append(make_record())
    (row,) = summary(database, *ALL)
    assert row.requests == 1


def test_a_writer_does_not_hold_readers_up(database, journal, ledger, make_record):
    journal.append(make_record())
    ledger.fold()
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM usage")
        (row,) = summary(database, *ALL)
        assert row.requests == 1
        other.execute("ROLLBACK")


def test_reading_changes_nothing(tmp_path, database, journal, make_record):
    journal.append(make_record())
    before = sorted((path.name, path.stat().st_size) for path in tmp_path.iterdir())
    summary(database, *ALL)
    assert sorted((path.name, path.stat().st_size) for path in tmp_path.iterdir()) == before


def test_as_json_has_every_field(database, journal):
    journal.append(UsageRecord(at=1.0, request_id="a", model="m"))
    (row,) = orjson.loads(report.as_json(summary(database, *ALL)))["rows"]
    assert set(row) == set(report.Row.__struct_fields__)
    assert (row["key"], row["first_byte_p50_seconds"]) == ("m", None)
