"""Starting, reloading and stopping a real process: running streams are never cut by what an administrator does."""

import signal
import socket
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import orjson
import pytest

from support import script
from support.callers import CALLERS, CHAT
from support.envelopes import assert_refusal
from support.relay import TOKEN, Relay, StartRelay, config
from support.upstream import Upstream
from support.wire import Wire, request

GAP_SECONDS = 0.05
EVENTS = [CHAT.events[1]] * 30
STREAM = b"".join([*EVENTS, *CHAT.events])
ALIAS = '[aliases]\nlighthouse = "lab/lab-1"\n'


@pytest.fixture
def running(start_relay: StartRelay, upstream: Upstream) -> Relay:
    return start_relay(config(upstream.origin, extra="[limits]\ndrain_seconds = 4\n"))


def begin_stream(relay: Relay, upstream: Upstream) -> Wire:
    """A client in the middle of a stream that goes on for 1.5 seconds."""
    name = upstream.teach(script.paced([*EVENTS, b"".join(CHAT.events)], GAP_SECONDS))
    wire = relay.wire()
    wire.send(request(CHAT.stream_target, CHAT.stream_body, [("authorization", f"Bearer {TOKEN}"), ("x-lab", name)]))
    upstream.arrived(name)
    sleep(3 * GAP_SECONDS)
    return wire


def has_alias(relay: Relay) -> bool:
    models = orjson.loads(relay.ask("/v1/models", method="GET").body)["data"]
    return "lighthouse" in [model["id"] for model in models]


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        if condition():
            return True
        sleep(0.05)
    return False


def refuses_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return True
    return False


def test_sigterm_lets_a_running_stream_end_and_takes_no_new_work(running: Relay, upstream: Upstream):
    with begin_stream(running, upstream) as wire, running.wire() as idle:
        running.signal(signal.SIGTERM)
        assert idle.is_closed_within(1)
        assert running.ask("/readyz", method="GET").status == 503
        refused = running.ask(CHAT.whole_target, CHAT.whole_body)
        assert_refusal(CHAT.format, refused, 503)
        assert refused.get("retry-after") == "1"
        answer = wire.answer()
    assert answer.complete
    assert answer.body == STREAM
    assert running.process.wait(5) == 0
    assert refuses_connections(running.port)


def test_an_idle_relay_ends_within_two_and_a_half_seconds(running: Relay):
    began = monotonic()
    with running.wire() as idle:
        idle.send(request("/healthz", method="GET"))
        assert idle.answer("GET").status == 200
        running.signal(signal.SIGTERM)
        assert running.process.wait(5) == 0
    assert monotonic() - began < 2.5


def test_a_second_sigterm_ends_at_once(running: Relay, upstream: Upstream):
    name = upstream.teach([script.begun(), script.Send(script.chunk(CHAT.events[0])), script.AwaitLeave(20)])
    with running.wire() as wire:
        wire.send(
            request(CHAT.stream_target, CHAT.stream_body, [("authorization", f"Bearer {TOKEN}"), ("x-lab", name)])
        )
        upstream.arrived(name)
        running.signal(signal.SIGTERM)
        sleep(0.3)
        assert running.process.poll() is None
        running.signal(signal.SIGTERM)
        running.process.wait(2)


def test_the_drain_has_a_deadline(running: Relay, upstream: Upstream):
    name = upstream.teach([script.begun(), script.Send(script.chunk(CHAT.events[0])), script.AwaitLeave(20)])
    with running.wire() as wire:
        wire.send(
            request(CHAT.stream_target, CHAT.stream_body, [("authorization", f"Bearer {TOKEN}"), ("x-lab", name)])
        )
        upstream.arrived(name)
        began = monotonic()
        running.signal(signal.SIGTERM)
        running.process.wait(9)
    assert 3 < monotonic() - began < 7


def test_sighup_takes_a_new_configuration_and_cuts_nothing(running: Relay, upstream: Upstream):
    with begin_stream(running, upstream) as wire:
        assert not has_alias(running)
        running.write_config(config(upstream.origin, extra=ALIAS))
        running.signal(signal.SIGHUP)
        assert wait_for(lambda: has_alias(running), 2)
        answer = wire.answer()
    assert answer.complete
    assert answer.body == STREAM


def test_a_changed_file_is_taken_without_a_signal(running: Relay, upstream: Upstream):
    running.write_config(config(upstream.origin, extra=ALIAS))
    assert wait_for(lambda: has_alias(running), 5)


def test_a_reload_is_safe_as_soon_as_the_address_is_printed(upstream: Upstream, tmp_path: Path):
    for attempt in range(4):
        relay = Relay(tmp_path / str(attempt), config(upstream.origin))
        try:
            relay.signal(signal.SIGHUP)
            relay.await_ready()
        finally:
            assert relay.stop() == 0


BAD = {
    "not TOML": "[server\n",
    "unknown key": '[server]\nlisten = ["127.0.0.1:0"]\nlissten = 1\n',
    "wrong type": '[limits]\nhead_bytes = "many"\n',
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_a_bad_configuration_keeps_the_old_one_and_says_where(running: Relay, upstream: Upstream, text: str):
    running.write_config(text)
    running.signal(signal.SIGHUP)
    assert wait_for(lambda: f"{running.config_path}:" in running.log, 3), running.log
    name = upstream.teach(script.whole(CHAT.answer))
    assert running.ask(CHAT.whole_target, CHAT.whole_body, (("x-lab", name),)).status == 200


def test_an_unknown_key_names_line_column_and_the_nearest(running: Relay):
    running.write_config(BAD["unknown key"])
    running.signal(signal.SIGHUP)
    assert wait_for(lambda: f"{running.config_path}:3:1" in running.log, 3), running.log
    assert "listen" in running.log


def test_a_bad_configuration_at_start_is_exit_code_2(start_relay: StartRelay):
    with pytest.raises(AssertionError, match="lissten"):
        start_relay(BAD["unknown key"])


def test_a_port_that_is_taken_is_an_error_that_names_its_owner(
    start_relay: StartRelay, upstream: Upstream, running: Relay
):
    text = config(upstream.origin).replace("127.0.0.1:0", f"127.0.0.1:{running.port}")
    with pytest.raises(AssertionError, match=f"pid {running.pid}"):
        start_relay(text)


def test_kill_9_loses_no_usage(start_relay: StartRelay, upstream: Upstream):
    caller = CALLERS[2]
    name = upstream.teach(script.whole(caller.answer))
    first = start_relay(config(upstream.origin))
    for _ in range(20):
        assert first.ask(caller.whole_target, caller.whole_body, (("x-lab", name),)).status == 200
    first.process.kill()
    first.process.wait(5)
    second = start_relay(config(upstream.origin), FASTPROXY_STATE_DIR=str(first.state))
    assert wait_for(lambda: usage(second) == (20, 20 * 12), 5), usage(second)


def usage(relay: Relay) -> tuple[int, int]:
    rows = orjson.loads(relay.admin("/v1/usage?by=provider").body)["rows"]
    return (rows[0]["requests"], rows[0]["output_tokens"]) if rows else (0, 0)


def test_several_workers_share_a_port_and_sum_their_usage(start_relay: StartRelay, upstream: Upstream):
    caller = CALLERS[2]
    name = upstream.teach(script.whole(caller.answer))
    relay = start_relay(
        config(upstream.origin, server="workers = 2").replace("127.0.0.1:0", f"127.0.0.1:{free_port()}")
    )
    for _ in range(40):
        assert relay.ask(caller.whole_target, caller.whole_body, (("x-lab", name),)).status == 200
    children = Path(f"/proc/{relay.pid}/task/{relay.pid}/children").read_text().split()
    assert len(children) >= 2
    assert wait_for(lambda: usage(relay) == (40, 40 * 12), 5), usage(relay)
    assert relay.stop() == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_unix_socket_is_served_and_private(
    start_relay: StartRelay, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
):
    path = tmp_path_factory.mktemp("s") / "relay.sock"
    relay = start_relay(config(upstream.origin).replace('"127.0.0.1:0"', f'"127.0.0.1:0", "unix:{path}"'))
    assert path.stat().st_mode & 0o777 == 0o600
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(str(path))
        client.sendall(request("/healthz", headers=[("connection", "close")], method="GET"))
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert relay.stop() == 0
    assert not path.exists()
