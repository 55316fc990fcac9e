"""What a reader makes of a segment: whole lines, once, whatever a crash or a disk left behind."""

import os
from pathlib import Path

import pytest

from fastproxy.usage import segments
from fastproxy.usage.segments import READ_BYTES, Segment

EVERYTHING = 1 << 40


def read(path: Path, start: int = 0) -> tuple[list[str], int, int]:
    """The request ids, where the reader ended, and how many lines were unreadable."""
    ids: list[str] = []
    end, unreadable = start, 0
    with Segment(path) as segment:
        for batch in segment.batches(start, EVERYTHING):
            ids += [record.request_id for record in batch.records]
            end, unreadable = batch.end, unreadable + batch.unreadable
    return ids, end, unreadable


def line(name: str) -> bytes:
    return b'{"at":1.5,"request_id":"%s"}\n' % name.encode()


def test_a_torn_last_line_is_left_alone_and_read_once_it_is_whole(tmp_path):
    path = tmp_path / "segment"
    path.write_bytes(line("a") + line("b")[:-1])
    assert read(path) == (["a"], len(line("a")), 0)
    path.write_bytes(line("a") + line("b"))
    assert read(path, len(line("a"))) == (["b"], 2 * len(line("a")), 0)


@pytest.mark.parametrize(
    "garbage",
    [b"not json\n", b'{"at":1}\n', b'{"at":1,"request_id":"\xff"}\n', b"[" * 5000 + b"\n", b"\0" * 99 + b"\n"],
)
def test_a_line_that_is_no_record_costs_only_itself(tmp_path, garbage):
    path = tmp_path / "segment"
    path.write_bytes(line("a") + garbage + line("b"))
    assert read(path) == (["a", "b"], path.stat().st_size, 1)


def test_a_hole_longer_than_a_read_does_not_stop_the_reader(tmp_path):
    path = tmp_path / "segment"
    path.write_bytes(b"\0" * (2 * READ_BYTES) + b"\n" + line("a"))
    ids, end, unreadable = read(path)
    assert (ids, end) == (["a"], path.stat().st_size)
    assert unreadable == 2


def test_many_reads_give_every_record_in_order(tmp_path):
    path = tmp_path / "segment"
    names = [f"{number:06}" for number in range(3000)]
    path.write_bytes(b"".join(map(line, names)))
    assert path.stat().st_size > 3 * READ_BYTES
    assert read(path)[0] == names


def test_reading_stops_after_the_limit_and_goes_on_from_there(tmp_path):
    path = tmp_path / "segment"
    path.write_bytes(b"".join(line(f"{number:06}") for number in range(3000)))
    with Segment(path) as segment:
        first = list(segment.batches(0, 1))
        assert len(first) == 1
        rest = list(segment.batches(first[0].end, EVERYTHING))
    assert sum(len(batch.records) for batch in first + rest) == 3000


def test_a_segment_is_finished_only_when_its_writer_is_gone(tmp_path):
    path = segments.new_path(tmp_path)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    assert segments.claim(fd)
    with Segment(path) as segment:
        assert not segment.is_finished()
        os.close(fd)
        assert segment.is_finished()


def test_a_writer_does_not_take_a_segment_that_a_reader_is_removing(tmp_path):
    path = segments.new_path(tmp_path)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    with Segment(path) as reader:
        assert reader.is_finished()  # between the writer's open and its claim
        assert not segments.claim(fd)
        path.unlink()
    assert not segments.claim(fd)  # nobody holds it now, but nobody will ever find it either
    os.close(fd)


def test_names_differ_although_the_process_is_the_same(tmp_path):
    names = {segments.new_path(tmp_path) for _ in range(100)}
    assert len(names) == 100


def test_only_segments_are_listed(tmp_path):
    path = segments.new_path(tmp_path)
    for other in (path, tmp_path / "usage.sqlite", tmp_path / "usage-1-2.jsonl.bak", tmp_path / "usage-x.jsonl"):
        other.touch()
    assert segments.listing(tmp_path) == [path]


def test_no_directory_means_no_segments(tmp_path):
    assert segments.listing(tmp_path / "none") == []


def test_a_segment_that_is_gone_is_none(tmp_path):
    with segments.opened(tmp_path / "none") as segment:
        assert segment is None
