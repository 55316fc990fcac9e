"""Counts at the end of an exchange, bounded labels, and one sum over several workers."""

import signal
import subprocess
import sys

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fastproxy.errors import KINDS
from fastproxy.usage import metrics as module
from fastproxy.usage import tally
from fastproxy.usage.journal import Journal
from fastproxy.usage.metrics import Metrics, Names, Shared

NAMES = Names(providers=frozenset({"anthropic", "lab"}), endpoints=frozenset({"generate"}))


@pytest.fixture
def journal(tmp_path):
    made = Journal(tmp_path / "usage")
    yield made
    made.close()


@pytest.fixture
def metrics(journal):
    return Metrics("1", NAMES, journal)


def sums(metrics: Metrics) -> dict[str, float]:
    """Sample name -> its sum over all labels."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(metrics.render()[0].decode()):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0) + sample.value
    return found


def labels(metrics: Metrics, name: str) -> list[dict[str, str]]:
    families = text_string_to_metric_families(metrics.render()[0].decode())
    return [sample.labels for family in families for sample in family.samples if sample.name == name]


def test_an_exchange_is_counted_in_every_figure(metrics, make_record):
    metrics.observe(make_record(error="timeout", outcome="failed"))
    found = sums(metrics)
    assert found["fastproxy_requests_total"] == 1
    assert found["fastproxy_errors_total"] == 1
    assert found["fastproxy_tokens_total"] == 10 + 20 + 30 + 40 + 5
    assert found["fastproxy_first_byte_seconds_sum"] == 0.5
    assert found["fastproxy_added_latency_seconds_sum"] == 0.0001


def test_what_was_not_measured_is_not_counted(metrics, make_record):
    metrics.observe(make_record(first_byte_seconds=None, added_seconds=0.0, input_tokens=None))
    found = sums(metrics)
    assert found["fastproxy_first_byte_seconds_count"] == 0
    assert found["fastproxy_added_latency_seconds_count"] == 0
    assert found["fastproxy_tokens_total"] == 20 + 30 + 40 + 5


def test_names_that_nobody_configured_are_other(metrics, make_record):
    for number in range(50):
        odd = f"x{number}"
        metrics.observe(make_record(provider=odd, endpoint=odd, format=odd, model=odd, requested_model=odd, error=odd))
    (only,) = labels(metrics, "fastproxy_requests_total")
    assert only == {
        "format": "other",
        "endpoint": "other",
        "provider": "other",
        "outcome": "ok",
        "status_class": "2xx",
    }
    assert {each["kind"] for each in labels(metrics, "fastproxy_errors_total")} == {"other"}
    assert sums(metrics)["fastproxy_requests_total"] == 50


def test_no_model_client_session_or_account_is_in_the_text(metrics, make_record):
    metrics.observe(make_record(model="m-secret", client="c-secret", session="s-secret", account="a-secret"))
    assert b"secret" not in metrics.render()[0]


def test_the_number_of_known_labels_is_bounded(metrics, make_record, monkeypatch):
    monkeypatch.setattr(module, "KNOWN_LABELS", 10)
    for number in range(100):
        metrics.observe(make_record(provider=f"x{number}"))
    assert len(metrics._known) == 10
    assert sums(metrics)["fastproxy_requests_total"] == 100


@pytest.mark.parametrize(("status", "status_class"), [(200, "2xx"), (404, "4xx"), (529, "5xx"), (0, "none")])
def test_a_status_is_counted_by_its_class(metrics, make_record, status, status_class):
    metrics.observe(make_record(status=status))
    (only,) = labels(metrics, "fastproxy_requests_total")
    assert only["status_class"] == status_class


def test_every_kind_of_fault_has_its_own_label(metrics, make_record):
    for kind in KINDS:
        metrics.observe(make_record(error=kind, outcome="failed"))
    assert {each["kind"] for each in labels(metrics, "fastproxy_errors_total")} == set(KINDS)


def test_a_new_configuration_brings_its_names(metrics, make_record):
    metrics.observe(make_record(provider="new"))
    metrics.rename(Names(providers=frozenset({"new"}), endpoints=NAMES.endpoints))
    metrics.observe(make_record(provider="new"))
    assert {each["provider"] for each in labels(metrics, "fastproxy_requests_total")} == {"other", "new"}


def test_gauges_and_lag_are_shown(tmp_path, make_record):
    blocked = tmp_path / "file"
    blocked.touch()
    journal = Journal(blocked / "usage")
    metrics = Metrics("1", NAMES, journal)
    metrics.in_flight += 2
    metrics.observe_lag(0.003)
    journal.append(make_record())
    journal.append(make_record(session=object()))
    found = sums(metrics)
    assert found["fastproxy_in_flight"] == 2
    assert found["fastproxy_event_loop_lag_seconds_sum"] == 0.003
    assert (found["fastproxy_usage_backlog"], found["fastproxy_usage_lost_total"]) == (1, 1)


def test_counting_loads_no_prometheus_client():
    code = "import sys, fastproxy.usage.metrics; print('prometheus_client' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "False\n"


WORKER = """
import sys
from pathlib import Path
from prometheus_client.parser import text_string_to_metric_families
from fastproxy.usage.journal import Journal
from fastproxy.usage.metrics import Metrics, Names, Shared
from fastproxy.usage.record import UsageRecord

directory, worker = Path(sys.argv[1]), int(sys.argv[2])
names = Names(providers=frozenset({"lab"}), endpoints=frozenset({"generate"}))
metrics = Metrics(sys.argv[3], names, Journal(directory / "usage"), Shared(directory / "metrics", worker, 2))
record = UsageRecord(at=1.0, request_id="a", format="gemini", endpoint="generate", provider="lab", status=200,
                     output_tokens=7, first_byte_seconds=0.1)
for line in sys.stdin:
    command, _, count = line.strip().partition(" ")
    if command == "observe":
        for _ in range(int(count)):
            metrics.observe(record)
    elif command == "begin":
        metrics.in_flight += int(count)
    elif command == "publish":
        metrics.publish()
    elif command == "render":
        found = {}
        for family in text_string_to_metric_families(metrics.render()[0].decode()):
            for sample in family.samples:
                found[sample.name] = found.get(sample.name, 0) + sample.value
        names = ("fastproxy_requests_total", "fastproxy_tokens_total", "fastproxy_in_flight",
                 "fastproxy_first_byte_seconds_count")
        print(*(int(found.get(name, 0)) for name in names), flush=True)
        continue
    print("done", flush=True)
"""


class Worker:
    """A real process that counts."""

    def __init__(self, directory, worker: int, version: str = "1") -> None:
        command = [sys.executable, "-c", WORKER, str(directory), str(worker), version]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, command: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate(timeout=10)


@pytest.fixture
def start(tmp_path):
    started: list[Worker] = []

    def begin(worker: int, version: str = "1") -> Worker:
        started.append(Worker(tmp_path, worker, version))
        return started[-1]

    yield begin
    for each in started:
        each.kill()


def test_either_of_two_processes_shows_the_sum(start):
    first, second = start(0), start(1)
    first("observe 3")
    second("observe 4")
    first("begin 1")
    second("begin 2")
    first("publish")
    second("publish")
    assert first("render") == second("render") == "7 49 3 7"


def test_a_dead_worker_keeps_its_counts_and_loses_its_gauges(start):
    first, second = start(0), start(1)
    first("observe 3")
    second("observe 4")
    second("begin 2")
    second("publish")
    second.kill()
    assert first("render") == "7 49 0 7"


def test_a_worker_started_in_a_dead_ones_place_goes_on_from_its_counts(start):
    first, second = start(0), start(1)
    second("observe 4")
    second("begin 2")
    assert second("render") == "4 28 2 4"  # what was shown may never be taken back
    second.kill()
    second = start(1)
    second("observe 1")
    second("publish")
    assert first("render") == second("render") == "5 35 0 5"


def test_numbers_of_another_release_are_not_mixed_in(start):
    old, new = start(0, "1"), start(1, "2")
    old("observe 3")
    old("publish")
    new("observe 4")
    assert new("render") == "4 28 0 4"


@pytest.mark.parametrize("content", [b"", b"{", b'{"version":"1"}', b"\xff"])
def test_a_broken_file_of_another_worker_is_left_out(tmp_path, journal, make_record, content):
    shared = Shared(tmp_path, 0, 2)
    shared.path(1).write_bytes(content)
    metrics = Metrics("1", NAMES, journal, shared)
    metrics.observe(make_record())
    assert sums(metrics)["fastproxy_requests_total"] == 1


def test_a_directory_that_can_not_be_written_fails_nothing(tmp_path, journal, make_record):
    (tmp_path / "file").touch()
    metrics = Metrics("1", NAMES, journal, Shared(tmp_path / "file" / "metrics", 0, 2))
    metrics.observe(make_record())
    metrics.publish()
    assert sums(metrics)["fastproxy_requests_total"] == 1


def accounts(count: int, provider: str = "lab") -> tally.AccountCounts:
    return tally.AccountCounts({provider: {"ready": 1}}, {provider: count}, {provider: {"renewed": count}}, {})


def test_accounts_of_providers_that_are_not_known_are_other(metrics):
    metrics.accounts = accounts(2, "foreign\n")
    metrics.accounts.states["strange"] = {"ready": 2}
    assert labels(metrics, "fastproxy_account_cooldowns_total") == [{"provider": "other"}]
    assert sums(metrics)["fastproxy_accounts"] == 3
    assert labels(metrics, "fastproxy_accounts") == [{"provider": "other", "state": "ready"}]


def test_counts_of_accounts_do_not_grow_by_being_shown(metrics):
    metrics.accounts = accounts(2)
    assert [sums(metrics)["fastproxy_account_cooldowns_total"] for _ in range(3)] == [2, 2, 2]


def test_a_worker_in_a_dead_ones_place_goes_on_where_that_one_stopped_with_accounts_too(journal, tmp_path):
    shared = Shared(tmp_path / "shared", 0, 2)
    first = Metrics("1", NAMES, journal, shared)
    first.accounts = accounts(3)
    first.publish()
    second = Metrics("1", NAMES, journal, shared)
    second.accounts = accounts(1)
    found = sums(second)
    assert (found["fastproxy_account_cooldowns_total"], found["fastproxy_account_refreshes_total"]) == (4, 4)
    assert found["fastproxy_accounts"] == 1


def test_workers_know_how_the_others_that_live_use_their_accounts(journal, tmp_path):
    mine, other = (Metrics("1", NAMES, journal, Shared(tmp_path / "shared", worker, 2)) for worker in range(2))
    assert mine.peers_busy() == []
    other.busy = {"lab:a": tally.Busy(1, 2, 3)}
    other.publish()
    assert (mine.peers_busy(), other.peers_busy()) == ([other.busy], [])
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait(10)
    other._mine.pid = gone.pid
    other.publish()
    assert mine.peers_busy() == [{}]


def test_a_worker_alone_has_no_others(metrics):
    assert metrics.peers_busy() == []
