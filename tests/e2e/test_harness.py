"""The harness itself, with no relay in between: what the other end-to-end tests take for granted."""

import socket
from time import sleep

from support import fixtures, script
from support.script import AwaitLeave, Close, Reset, Send
from support.upstream import Upstream
from support.wire import Answer, Wire, request


def ask(upstream: Upstream, acts: list[script.AnyAct], *headers: tuple[str, str]) -> tuple[Answer, str]:
    name = upstream.teach(acts)
    with Wire(upstream.port) as wire:
        wire.send(request("/any", b"body", [("x-lab", name), *headers]))
        return wire.answer(), name


def test_an_exchange_is_replayed_and_remembered_byte_for_byte(upstream: Upstream):
    exchange = fixtures.load("chat-crlf-stream")
    answer, name = ask(upstream, exchange.acts(), ("X-Twice", "a"), ("x-twice", "b"))
    assert (answer.status, answer.body, answer.complete) == (200, exchange.answer, True)
    seen = upstream.only(name)
    assert (seen.request_line, seen.body) == (b"POST /any HTTP/1.1", b"body")
    assert seen.get(b"x-twice") == [b"a", b"b"]


def test_a_cut_or_reset_answer_is_not_complete(upstream: Upstream):
    for ending in (Close(), Reset()):
        answer, _ = ask(upstream, [script.begun(), Send(b"5\r\nhel"), ending])
        assert (answer.status, answer.body, answer.complete) == (200, b"hel", False)


def test_a_visitor_that_leaves_is_noticed(upstream: Upstream):
    name = upstream.teach([AwaitLeave(5)])
    with Wire(upstream.port) as wire:
        wire.send(request("/any", headers=[("x-lab", name)]))
        arrived = upstream.arrived(name)
        assert arrived.left_at is None
        sleep(0.05)
    left_at = upstream.left(name).left_at
    assert left_at is not None
    assert 0.04 < left_at - arrived.arrived_at < 2


def test_turns_are_played_one_for_each_request(upstream: Upstream):
    name = upstream.teach(script.whole(b"1"), script.whole(b"2"))
    with Wire(upstream.port) as wire:
        bodies = []
        for _ in range(3):
            wire.send(request("/any", headers=[("x-lab", name)]))
            bodies.append(wire.answer().body)
    assert bodies == [b"1", b"2", b"2"]


def test_a_cut_answer_comes_in_two_reads(upstream: Upstream):
    name = upstream.teach([script.begun(), script.SendCut(b"abcdef", 0.05), Send(b"0\r\n\r\n")])
    with socket.create_connection(("127.0.0.1", upstream.port)) as raw:
        raw.settimeout(5)
        raw.sendall(request("/any", headers=[("x-lab", name), ("x-lab-cut", "4")]))
        reads = [raw.recv(65536)]
        while not reads[-1].endswith(b"0\r\n\r\n"):
            reads.append(raw.recv(65536))
    ends = [read[-7:] for read in reads]
    assert b"\nabcd\r\n" in ends
    assert b"2\r\nef\r\n" in reads
