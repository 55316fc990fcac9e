"""The load generator believes nothing: it counts every event however it is cut, and refuses what is wrong."""

import pytest

from bench import wire
from bench.answer import Answer, BadAnswerError
from bench.dialects import CHAT, DIALECTS

STAMP = DIALECTS[CHAT].stamp
STREAM = wire.stream_head() + b"".join(wire.stream_write(2, 1000, last=number == 2) for number in range(3))


@pytest.mark.parametrize("step", [1, 7, 100, 1000, len(STREAM)])
def test_every_event_is_counted_once_however_the_stream_is_cut(step):
    answer = Answer([])
    pieces = [STREAM[at : at + step] for at in range(0, len(STREAM), step)]
    whole = [answer.feed(piece, 1500) for piece in pieces]
    assert whole == [False] * (len(pieces) - 1) + [True]
    assert answer.delays == [500] * 6


def test_a_stamp_cut_by_chunk_framing_is_counted():
    payload = STAMP + b"%019d" % 1000 + b'"'
    for cut in range(1, len(payload)):
        answer = Answer([])
        answer.feed(wire.stream_head(), 1500)
        for part in (payload[:cut], payload[cut:]):
            answer.feed(b"%x\r\n%b\r\n" % (len(part), part), 1500)
        assert answer.delays == [500], cut


def test_events_that_come_in_one_read_are_joined():
    apart, together = Answer([]), Answer([])
    for data in (wire.stream_head(), wire.stream_write(1, 1, last=False), wire.stream_write(1, 1, last=True)):
        apart.feed(data, 2)
    together.feed(STREAM, 2)
    assert (apart.joined, together.joined) == (0, 5)


def test_a_json_answer_is_whole_with_its_last_byte():
    received = wire.json_answer()
    answer = Answer([])
    assert not answer.feed(received[:-1], 0)
    assert answer.feed(received[-1:], 0)


@pytest.mark.parametrize(
    "received",
    [
        b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab",
        wire.stream_head() + b"1\r\nabcd\r\n",
    ],
    ids=["not 200", "no framing", "too long", "a chunk that lies"],
)
def test_a_wrong_answer_is_an_error(received):
    with pytest.raises(BadAnswerError):
        Answer([]).feed(received, 0)
