"""A record to start from, and a database to look into."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from fastproxy.usage.record import UsageRecord
from fastproxy.usage.store import DATABASE


@pytest.fixture
def make_record() -> Callable[..., UsageRecord]:
    """A plausible record, with the fields that a test is about changed."""
    usual = UsageRecord(
        at=1_790_000_000.25,
        request_id="req_1",
        client="laptop",
        format="anthropic",
        endpoint="generate",
        provider="anthropic",
        account="anthropic:1",
        requested_model="claude-x",
        model="claude-x-20260901",
        session="s1",
        stream=True,
        status=200,
        first_byte_seconds=0.5,
        duration_seconds=2.0,
        added_seconds=0.0001,
        request_bytes=1000,
        response_bytes=2000,
        input_tokens=10,
        cached_tokens=20,
        cache_written_tokens=30,
        output_tokens=40,
        reasoning_tokens=5,
    )

    def make(**changes: object) -> UsageRecord:
        return msgspec.structs.replace(usual, **changes)

    return make


@pytest.fixture
def stored_ids() -> Callable[[Path], list[str]]:
    """The request ids in a directory's database, sorted, each as often as it is there."""

    def read(directory: Path) -> list[str]:
        with closing(sqlite3.connect(directory / DATABASE)) as connection:
            return [row[0] for row in connection.execute("SELECT request_id FROM usage ORDER BY request_id")]

    return read
