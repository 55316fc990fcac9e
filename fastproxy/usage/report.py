"""Usage summed up: by model, provider, client, day, session, endpoint or account.

What the journal still holds counts too, so the numbers are complete whether or not a relay runs. Reads only.
It must not run on the event loop's thread: a year of records takes seconds.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Literal, get_args

import msgspec

from fastproxy.errors import Fault
from fastproxy.storage import sqlite
from fastproxy.usage import segments, store

By = Literal["model", "provider", "client", "day", "session", "endpoint", "account"]
GROUPS: tuple[By, ...] = get_args(By)

_KEYS: dict[By, str] = {
    "model": "CASE model WHEN '' THEN requested_model ELSE model END",
    "day": "date(at, 'unixepoch', 'localtime')",
}
_BUSIEST = "count(*) DESC, key"
_ORDERS: dict[By, str] = {"day": "key"}
_SUMMED = ("input_tokens", "cached_tokens", "cache_written_tokens", "output_tokens", "reasoning_tokens")
_TOKENS = ", ".join(f"CAST(total({name}) AS INTEGER)" for name in _SUMMED)  # sum() gives up when it overflows
_EVERYTHING_BYTES = 2**62

# Nearest-rank percentiles: always a time that was measured. Tokens are unknown where an upstream generated something,
# or may have, and said nothing of it; a refusal or an error answer generates nothing, and counting tokens neither.
_SUMMARY = """
WITH chosen AS (
    SELECT {key} AS key, * FROM (SELECT * FROM main.usage UNION ALL SELECT * FROM temp.unfolded)
    WHERE at >= ?1 AND at < ?2
),
ranked AS (
    SELECT key, first_byte_seconds AS seconds, count(*) OVER (PARTITION BY key) AS n,
        row_number() OVER (PARTITION BY key ORDER BY first_byte_seconds) AS rank
    FROM chosen WHERE first_byte_seconds IS NOT NULL
),
percentiles AS (
    SELECT key, max(seconds) FILTER (WHERE rank = (n * 50 + 99) / 100) AS p50,
        max(seconds) FILTER (WHERE rank = (n * 95 + 99) / 100) AS p95
    FROM ranked GROUP BY key
)
SELECT key, count(*),
    count(*) FILTER (WHERE outcome IN ('refused', 'failed', 'incomplete')),
    count(*) FILTER (WHERE outcome = 'cancelled'),
    {tokens},
    count(*) FILTER (WHERE input_tokens IS NULL AND output_tokens IS NULL AND outcome <> 'refused' AND status < 400
        AND endpoint NOT IN ('count_tokens', 'input_tokens')),
    p50, p95
FROM chosen LEFT JOIN percentiles USING (key)
GROUP BY key ORDER BY {order}
"""


class Row(msgspec.Struct, frozen=True):
    """One group. errors: refused, failed and incomplete exchanges. input_tokens excludes cached and cache-written ones.

    unknown: requests that generated, or may have, and whose upstream told no usage: the token sums are short by them.
    first_byte: the median and the 95th percentile; None when no request of the group had a first byte.
    """

    key: str
    requests: int
    errors: int
    cancelled: int
    input_tokens: int
    cached_tokens: int
    cache_written_tokens: int
    output_tokens: int
    reasoning_tokens: int
    unknown: int
    first_byte_p50_seconds: float | None
    first_byte_p95_seconds: float | None


def summary(database: Path, since_at: float, until_at: float, by: By = "model") -> list[Row]:
    """One Row per group with since_at <= at < until_at: most requests first, days in order.

    database: the file that a Ledger fills (`store.DATABASE` in the journal's directory); it need not exist yet.
    Raises: Fault(bad_request) for an unknown `by`, Fault(overloaded) when the database can't be read now.
    """
    if by not in GROUPS:
        raise Fault("bad_request", f"usage can't be grouped by {by!r}; by one of: {', '.join(GROUPS)}", param="by")
    query = _SUMMARY.format(key=_KEYS.get(by, by), order=_ORDERS.get(by, _BUSIEST), tokens=_TOKENS)
    try:
        with ExitStack() as stack:
            # Opened before the database is looked at: what is folded and removed in between stays readable here.
            unfolded = [stack.enter_context(segments.opened(path)) for path in segments.listing(database.parent)]
            connection = stack.enter_context(closing(_connect(database)))
            _load(connection, [segment for segment in unfolded if segment is not None])
            return [_row(values) for values in connection.execute(query, (since_at, until_at))]
    except (sqlite3.Error, OSError) as error:
        raise Fault("overloaded", f"the usage database can't be read now: {error}") from error


def as_json(rows: Sequence[Row]) -> bytes:
    """`{"rows": [...]}`, each with the fields of Row."""
    return msgspec.json.encode({"rows": rows})


def _connect(database: Path) -> sqlite3.Connection:
    """The database as it is; an empty one with the same tables while there is none. Raises: sqlite3.Error."""
    if _has_tables(database):
        return sqlite.open_readonly(database)
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in (statement for migration in store.MIGRATIONS for statement in migration):
        connection.execute(statement)
    return connection


def _has_tables(database: Path) -> bool:
    if not database.exists():
        return False
    with closing(sqlite.open_readonly(database)) as connection:
        return sqlite.schema_version(connection) > 0


def _load(connection: sqlite3.Connection, unfolded: Sequence[segments.Segment]) -> None:
    """Put the lines that the database doesn't have into a table beside it, and keep what it has as it is now."""
    connection.execute("CREATE TEMP TABLE unfolded AS SELECT * FROM main.usage LIMIT 0")
    connection.execute("BEGIN")
    insert = store.insert_into("temp.unfolded")
    folded_bytes = dict(connection.execute("SELECT name, folded_bytes FROM main.segment"))
    for segment in unfolded:
        for batch in segment.batches(folded_bytes.get(segment.path.name, 0), _EVERYTHING_BYTES):
            connection.executemany(insert, map(msgspec.structs.astuple, batch.records))


def _row(values: tuple[object, ...]) -> Row:
    return msgspec.convert(dict(zip(Row.__struct_fields__, values, strict=True)), Row, strict=False)
