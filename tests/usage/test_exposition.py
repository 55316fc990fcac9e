"""What a scrape gets, read back by Prometheus's own parser."""

from prometheus_client.parser import text_string_to_metric_families

from fastproxy.usage import exposition, tally


def samples(text: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def reading() -> tally.Reading:
    made = tally.nothing("1.2.3", 1)
    for outcome, status in (("ok", "2xx"), ("failed", "5xx")):
        counts = made.tally(("anthropic", "generate", "lab", outcome, status))
        counts.requests = 2
        counts.input_tokens, counts.output_tokens = 10, 20
        counts.first_byte.observe(0.05)
    made.tallies[1].errors = {"timeout": 2}
    made.added.observe(60e-6)
    made.added.observe(99.0)
    made.in_flight, made.lost, made.backlog = 3, 4, 5
    return made


def test_requests_have_their_labels():
    text, _ = exposition.render(reading(), process=False)
    labels = {"format": "anthropic", "endpoint": "generate", "provider": "lab", "outcome": "ok", "status_class": "2xx"}
    assert samples(text)["fastproxy_requests_total", frozenset(labels.items())] == 2


def test_errors_tokens_and_first_bytes_are_summed_per_provider():
    found = samples(exposition.render(reading(), process=False)[0])
    lab = ("provider", "lab")
    assert found["fastproxy_errors_total", frozenset({lab, ("kind", "timeout")})] == 2
    assert found["fastproxy_tokens_total", frozenset({lab, ("kind", "input")})] == 20
    assert found["fastproxy_tokens_total", frozenset({lab, ("kind", "output")})] == 40
    assert found["fastproxy_tokens_total", frozenset({lab, ("kind", "reasoning")})] == 0
    assert found["fastproxy_first_byte_seconds_bucket", frozenset({lab, ("le", "0.05")})] == 2
    assert found["fastproxy_first_byte_seconds_bucket", frozenset({lab, ("le", "0.025")})] == 0


def test_buckets_are_cumulative_and_end_with_everything():
    found = samples(exposition.render(reading(), process=False)[0])
    added = "fastproxy_added_latency_seconds"
    assert found[f"{added}_bucket", frozenset({("le", "5e-05")})] == 0
    assert found[f"{added}_bucket", frozenset({("le", "0.0001")})] == 1
    assert found[f"{added}_bucket", frozenset({("le", "1.0")})] == 1
    assert found[f"{added}_bucket", frozenset({("le", "+Inf")})] == 2
    assert found[f"{added}_count", frozenset()] == 2


def test_plain_numbers_and_the_version():
    text, content_type = exposition.render(reading(), process=False)
    found = samples(text)
    assert found["fastproxy_in_flight", frozenset()] == 3
    assert found["fastproxy_usage_lost_total", frozenset()] == 4
    assert found["fastproxy_usage_backlog", frozenset()] == 5
    assert found["fastproxy_info", frozenset({("version", "1.2.3")})] == 1
    assert ("fastproxy_event_loop_lag_seconds_count", frozenset()) in found
    assert content_type.startswith("text/plain")


def test_process_figures_come_only_where_they_are_asked_for():
    assert b"process_resident_memory_bytes" in exposition.render(reading(), process=True)[0]
    assert b"process_resident_memory_bytes" not in exposition.render(reading(), process=False)[0]


def test_accounts_are_told_by_provider_and_state():
    made = reading()
    made.accounts = tally.AccountCounts(
        {"lab": {"ready": 2, "cooling": 1}}, {"lab": 3}, {"lab": {"renewed": 4}}, {"lab": {"escape": 5}}
    )
    found = samples(exposition.render(made, process=False)[0])
    lab = ("provider", "lab")
    assert found["fastproxy_accounts", frozenset({lab, ("state", "ready")})] == 2
    assert found["fastproxy_account_cooldowns_total", frozenset({lab})] == 3
    assert found["fastproxy_account_refreshes_total", frozenset({lab, ("outcome", "renewed")})] == 4
    assert found["fastproxy_account_rotations_total", frozenset({lab, ("step", "escape")})] == 5
