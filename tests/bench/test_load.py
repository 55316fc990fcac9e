"""The bench's own processes, for real: the generator, the upstream and the reference relay agree on every byte."""

import os

import pytest

from bench import meter
from bench.job import Job
from bench.processes import BenchError, listening, load, python

MODELS = {"bench-json1k": 0, "bench-20x1-0ms": 20, "bench-3x4-2ms": 12}


@pytest.fixture(scope="module")
def upstream():
    with listening("upstream", python("upstream"), core=None) as started:
        yield started


@pytest.fixture(scope="module")
def reference(upstream):
    with listening("reference", python("reference", str(upstream.port)), core=None) as started:
        yield started


@pytest.fixture(scope="module")
def generator():
    with load(None) as running:
        yield running


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("through", ["upstream", "reference"])
def test_a_job_gets_every_event_of_every_request(through, model, generator, request):
    port = request.getfixturevalue(through).port
    outcome = generator.run(Job(port=port, model=model, connections=4, requests=20, body_bytes=50_000))
    assert (outcome.requests, outcome.events) == (20, 20 * MODELS[model])
    assert outcome.answer_time is not None


def test_a_watched_process_is_seen_to_work(generator, reference):
    outcome = generator.run(Job(port=reference.port, model="bench-json1k", requests=50, watched=(reference.pid,)))
    assert 0 < outcome.cpu_seconds <= outcome.seconds * 1.5
    assert min(outcome.memory_bytes) > 2**20


def test_idle_streams_are_held_until_their_first_event(generator, reference):
    job = Job(port=reference.port, model="bench-1x1-0ms-idle", connections=8, requests=8, until_first_event=True)
    assert generator.run(job).events == 8


def test_figures_can_be_of_flowing_streams_only(generator, upstream):
    flowing = {"connections": 4, "requests": 4, "spread_seconds": 0.02, "while_all_flow": True}
    outcome = generator.run(Job(port=upstream.port, model="bench-20x1-5ms", **flowing))
    assert 20 < outcome.events < 80
    with pytest.raises(BenchError, match="ended before"):
        generator.run(Job(port=upstream.port, model="bench-2x1-2ms", **flowing))


def test_a_failing_request_fails_the_job_and_the_generator_goes_on(generator, upstream):
    with pytest.raises(BenchError, match="no such bench model"):
        generator.run(Job(port=upstream.port, model="gpt-5"))
    with pytest.raises(BenchError, match="ConnectionRefusedError"):
        generator.run(Job(port=1, model="bench-json1k"))
    assert generator.run(Job(port=upstream.port, model="bench-json1k")).requests == 1


def test_children_end_with_their_block():
    with listening("upstream", python("upstream"), core=None) as started:
        assert meter.cpu_seconds([started.pid]) > 0
    with pytest.raises(ProcessLookupError):
        os.kill(started.pid, 0)


def test_a_child_that_does_not_start_is_told_with_its_own_words():
    with pytest.raises(BenchError, match="IndexError"), listening("reference", python("reference"), core=None):
        pass
