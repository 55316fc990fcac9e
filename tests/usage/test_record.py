"""The record survives its way through the journal, and is small where little is to be said."""

import msgspec
import pytest

from fastproxy.usage.record import UsageRecord


def test_every_field_survives_json(make_record):
    record = make_record(outcome="incomplete", error="upstream_garbage")
    assert msgspec.json.decode(msgspec.json.encode(record), type=UsageRecord) == record


def test_unknown_tokens_stay_unknown_and_are_not_zero():
    line = msgspec.json.encode(UsageRecord(at=1.0, request_id="a", output_tokens=0))
    record = msgspec.json.decode(line, type=UsageRecord)
    assert (record.input_tokens, record.output_tokens) == (None, 0)


def test_a_line_of_a_later_release_is_read_without_what_we_dont_know():
    assert msgspec.json.decode(b'{"at":1,"request_id":"a","mood":"good"}', type=UsageRecord).request_id == "a"


def test_a_count_that_no_database_column_holds_is_no_record():
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"at":1,"request_id":"a","input_tokens":9223372036854775808}', type=UsageRecord)
