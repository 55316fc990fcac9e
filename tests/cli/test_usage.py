"""`fastproxy usage`, over records that a relay has written."""

import pytest

from fastproxy import clock
from fastproxy.usage.journal import Journal
from fastproxy.usage.record import UsageRecord


@pytest.fixture
def records(home):
    """Three exchanges: two of one model an hour ago, one of another model ten days ago."""
    state = home / ".local/state/fastproxy"
    state.mkdir(parents=True, mode=0o700)
    journal = Journal(state)
    now = clock.wall()
    for request, model, age_seconds, status, reasoning in (
        ("a", "small", 3600, 200, None),
        ("b", "small", 3500, 200, 5),
        ("c", "large", 864000, 502, None),
    ):
        record = UsageRecord(
            at=now - age_seconds,
            request_id=request,
            client="laptop",
            provider="lab",
            endpoint="generate",
            requested_model=model,
            model=model,
            status=status,
            outcome="ok" if status == 200 else "failed",
            first_byte_seconds=0.25,
            input_tokens=1000,
            output_tokens=20,
            reasoning_tokens=reasoning,
        )
        journal.append(record)
    journal.close()


def test_a_machine_without_records_says_so(run) -> None:
    ended = run("usage")
    assert (ended.code, ended.out) == (0, "")
    assert "nothing" in ended.err


@pytest.mark.usefixtures("records")
def test_the_last_week_is_summed_up_by_model(run) -> None:
    ended = run("usage")
    head, row = (line.split() for line in ended.out.splitlines())
    assert row == ["small", "2", "2,000", "0", "40", "5", "250.0", "ms", "250.0", "ms"]
    assert head[:3] == ["model", "requests", "input"]
    assert "reasoning" in head
    assert "errors" not in head


@pytest.mark.usefixtures("records")
def test_a_longer_look_back_shows_what_went_wrong_too(run) -> None:
    ended = run("usage", "--since", "30d")
    assert "errors" in ended.out
    assert "large" in ended.out


@pytest.mark.usefixtures("records")
def test_for_programs_there_are_all_numbers(run) -> None:
    (row,) = run("usage", "--since", "30d", "--by", "client", "--json").json()["rows"]
    assert (row["key"], row["requests"], row["input_tokens"], row["errors"]) == ("laptop", 3, 3000, 1)


@pytest.mark.parametrize("arguments", [("--since", "yesterday"), ("--by", "colour")])
def test_wrong_usage_ends_with_two(run, arguments) -> None:
    assert run("usage", *arguments).code == 2


def test_a_database_that_can_not_be_read_is_one_line(run, home) -> None:
    state = home / ".local/state/fastproxy"
    state.mkdir(parents=True)
    (state / "usage.sqlite").write_bytes(b"this is no database, and long enough to be looked at" * 100)
    ended = run("usage")
    assert ended.code == 1
    assert ended.err.count("\n") == 1


def test_every_group_of_the_report_can_be_asked_for() -> None:
    from fastproxy.cli.usage import By
    from fastproxy.usage.report import GROUPS

    assert {by.value for by in By} == set(GROUPS)
