"""Gate A's arithmetic and its voice; the counting itself is `make check`'s run of it."""

from bench.dialects import DIALECTS
from bench.gate_a import KINDS, Counts, Kind, job, per_unit

KIND = Kind("an event", "bench-{count}x1-4ms", calls=10, writes=1.1)


def test_what_is_the_same_in_a_short_and_a_long_job_cancels_out():
    counted = per_unit(KIND, Counts({"a": 1020, "b": 7}, 300, 300), Counts({"a": 1220, "b": 7, "c": 1800}, 500, 500))
    assert (counted.calls, counted.reads, counted.writes) == (10.0, 1.0, 1.0)
    assert list(counted.by_function.items()) == [("c", 9.0), ("a", 1.0), ("b", 0.0)]
    assert not counted.over


def test_one_call_or_one_write_too_many_is_over():
    none = Counts({}, 0, 0)
    assert per_unit(KIND, none, Counts({"a": 11 * 200}, 0, 200)).over
    assert per_unit(KIND, none, Counts({"a": 10 * 200}, 0, 240)).over


def test_units_are_events_of_one_stream_or_requests_of_one_connection():
    assert job(KIND, 20, 1).model == "bench-20x1-4ms"
    plain = job(Kind("a request", "bench-json1k", calls=1, writes=1), 20, 1)
    assert (plain.model, plain.requests, plain.connections) == ("bench-json1k", 20, 1)


def test_a_translated_kind_asks_for_a_host_of_another_format_and_every_cell_has_one():
    asked = [job(kind, 20, 1) for kind in KINDS if kind.client != kind.host]
    assert len({(each.client, each.provider) for each in asked}) == 12
    for whole in ("JSON request", "20-event stream"):
        cells = [(kind.client, kind.host) for kind in KINDS if whole in kind.name and kind.client != kind.host]
        assert all(sorted(side) == sorted(DIALECTS) for side in zip(*cells, strict=True))
    assert all(each.provider for each in asked)
