"""What the configuration and the accounts say holds for translated exchanges too: fallbacks, limits, rules, usage.

Tokens are counted by the host where it can, guessed with a mark where it can't, and never made up.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from time import monotonic, sleep
from typing import Any

import orjson
import pytest

from fastproxy.clock import wall
from support import refusals, script, steps
from support.envelopes import assert_refusal
from support.exchange import FORMATS, Exchange, Format
from support.four_hosts import CELLS, config, model, question
from support.identity import usage_since
from support.refusals import Refusal
from support.relay import Relay
from support.steps import Step
from support.tokens import Tokens, told
from support.upstream import Upstream
from support.wire import Answer, request

every_cell = pytest.mark.parametrize(("client", "host"), CELLS)
both_ways = pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])

SAID = Step("I think it is north.", "c2lnbmVk", "It is on the north cliff.")


def cost(host: Format) -> Tokens:
    """What `steps` tells of every answer; Gemini has no word for what is written to a cache."""
    written = 0 if host == "gemini" else steps.WRITTEN
    return Tokens(steps.INPUT, steps.CACHED, written, steps.OUTPUT, steps.THOUGHT)


@both_ways
@every_cell
def test_usage_is_recorded_as_the_host_told_it_and_told_to_the_client_alike(
    crossing: Relay, upstream: Upstream, client: Format, host: Format, stream: bool
):
    name = upstream.teach(steps.acts(host, SAID, stream=stream))
    before = metrics(crossing, host)
    asked_at = wall()
    target, body = question(client, model(host, name), stream=stream)
    answer = crossing.ask(target, body)
    row = usage_since(crossing, asked_at)
    expected = cost(host)
    assert {field: row[field] for field in Tokens.__struct_fields__} == as_dict(expected)
    assert (row["requests"], row["errors"], row["unknown"]) == (1, 0, 0)
    grown = {kind: count - before.get(kind, 0) for kind, count in metrics(crossing, host).items()}
    assert sorted(grown.values()) == sorted(as_dict(expected).values())
    heard = told(Exchange(client, "", client, target, [], body, answer.status, [], answer.body, stream))
    assert heard is not None
    if client == "gemini":  # what was written to a cache is a part of the prompt there
        expected = Tokens(expected.input_tokens + expected.cache_written_tokens, expected.cached_tokens, 0,
                          expected.output_tokens, expected.reasoning_tokens)  # fmt: skip
    assert heard == expected


def as_dict(tokens: Tokens) -> dict[str, int]:
    return {field: getattr(tokens, field) for field in Tokens.__struct_fields__}


def metrics(relay: Relay, host: Format) -> dict[str, float]:
    """Tokens of one host's provider by kind, as /metrics tells them."""
    text = relay.admin("/metrics").body.decode()
    found = re.findall(rf'fastproxy_tokens_total{{kind="(\w+)",provider="lab-{host}"}} ([0-9.e+]+)', text)
    return {kind: float(count) for kind, count in found}


# Counting.

COUNTS: Mapping[Format, Callable[[str], str]] = {
    "openai-responses": lambda _: "/v1/responses/input_tokens",
    "anthropic": lambda _: "/v1/messages/count_tokens",
    "gemini": lambda asked: f"/v1beta/models/{asked}:countTokens",
}
ANSWERED: Mapping[Format, bytes] = {
    "openai-responses": b'{"object":"response.input_tokens","input_tokens":123}',
    "anthropic": b'{"input_tokens":123}',
    "gemini": b'{"totalTokens":123,"promptTokensDetails":[{"modality":"TEXT","tokenCount":123}]}',
}
COUNTED: Mapping[Format, Callable[[dict[str, Any]], int]] = {
    "openai-responses": lambda body: body["input_tokens"],
    "anthropic": lambda body: body["input_tokens"],
    "gemini": lambda body: body["totalTokens"],
}
COUNTING = [(client, host) for client in COUNTS for host in FORMATS if client != host]


def count(relay: Relay, client: Format, asked: str) -> tuple[int, str | None]:
    """The number of tokens that the client is told, and the mark of a guess."""
    _, body = question(client, asked)
    answer = relay.ask(COUNTS[client](asked), body)
    assert answer.status == 200, answer.body
    return COUNTED[client](orjson.loads(answer.body)), answer.get("x-fastproxy-estimated")


@pytest.mark.parametrize(("client", "host"), [cell for cell in COUNTING if cell[1] in COUNTS])
def test_the_hosts_own_count_is_told(crossing: Relay, upstream: Upstream, client: Format, host: Format):
    name = upstream.teach(script.whole(ANSWERED[host]))
    assert count(crossing, client, model(host, name)) == (123, None)
    line = upstream.only(name).request_line.split(b" ")[1].decode()
    assert line.rpartition("/")[2].rpartition(":")[2] in {"input_tokens", "count_tokens", "countTokens"}


@pytest.mark.parametrize(("client", "host"), COUNTING)
def test_a_host_that_cannot_count_is_guessed_for_with_a_mark(
    crossing: Relay, upstream: Upstream, client: Format, host: Format
):
    name = upstream.teach(refusals.acts(host, Refusal(404, "There is nothing here.")))
    tokens, mark = count(crossing, client, model(host, name))
    assert 3 <= tokens <= 30
    assert mark
    assert len(upstream.seen(name)) == (host in COUNTS)


@pytest.mark.parametrize(("client", "host"), [cell for cell in COUNTING if cell[1] in COUNTS])
def test_a_refusal_to_count_is_told_and_never_guessed_over(
    crossing: Relay, upstream: Upstream, client: Format, host: Format
):
    name = upstream.teach(refusals.acts(host, Refusal(429, "Slow down.", waits=True)))
    asked = model(host, name)
    _, body = question(client, asked)
    answer = crossing.ask(COUNTS[client](asked), body)
    assert_refusal(client, answer, 429)
    assert answer.get("retry-after")


# A relay with rules of its own.

RULES = """
[[payload.override]]
models = ["*ruled"]
set = { "top_p" = 0.25 }
[[payload.filter]]
models = ["*ruled"]
remove = ["temperature", "generationConfig.temperature"]
"""


@pytest.fixture(scope="module")
def ruled(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    """A relay with payload rules, and for each format a provider that falls back to the three others in turn."""
    falling = "".join(
        f'[providers.first-{name}]\nformats = ["{name}"]\nbase_url = "{upstream.origin}/v1"\n'
        f'api_key = "env:TEST_UPSTREAM_KEY"\nfallback = {[f"lab-{other}" for other in FORMATS if other != name]}\n'
        for name in FORMATS
    ).replace("'", '"')
    text = config(upstream.origin, extra=falling + RULES)
    with Relay(tmp_path_factory.mktemp("ruled"), text) as running:
        yield running
        assert running.complaints() == []


@pytest.mark.parametrize("first", FORMATS)
@pytest.mark.parametrize("client", FORMATS)
def test_a_fallback_may_speak_another_format(ruled: Relay, upstream: Upstream, client: Format, first: Format):
    second, third = [name for name in FORMATS if name != first][:2]
    name = upstream.teach(
        refusals.acts(first, Refusal(503, "No room.")),
        refusals.acts(second, Refusal(429, "Slow down.")),
        steps.acts(third, SAID, stream=True),
    )
    target, body = question(client, f"first-{first}/{name}/any", stream=True)
    answer = ruled.ask(target, body)
    assert answer.status == 200, answer.body
    assert b"cliff" in answer.body
    assert answer.get("x-fastproxy-route") == f"lab-{third}/{name}/any"
    assert len(upstream.seen(name)) == 3


@every_cell
def test_rules_hold_for_the_body_that_goes_upstream(ruled: Relay, upstream: Upstream, client: Format, host: Format):
    name = upstream.teach(steps.acts(host, SAID, stream=False))
    target, body = question(client, model(host, name, "ruled"))
    cold = {"generationConfig": {"temperature": 0.5}} if client == "gemini" else {"temperature": 0.5}
    assert ruled.ask(target, orjson.dumps(orjson.loads(body) | cold)).status == 200
    arrived = orjson.loads(upstream.only(name).body)
    assert arrived["top_p"] == 0.25
    assert "temperature" not in arrived
    assert "temperature" not in arrived.get("generationConfig", {})


@pytest.fixture(scope="module")
def limited(ruled: Relay) -> str:
    """A token of the running relay for the models of two hosts only."""
    models = [part for host in OPEN for part in ("--model", f"lab-{host}/*")]
    command = [sys.executable, "-m", "fastproxy", "token", "issue", "limited", *models]
    environ = {"FASTPROXY_STATE_DIR": str(ruled.state), "HOME": str(ruled.directory), "NO_COLOR": "1"}
    secret = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout.strip()
    target, body = question("openai-chat", "fastproxy/echo")
    deadline = monotonic() + NOTICED_SECONDS
    while ask_with(ruled, secret, target, body).status == 401 and monotonic() < deadline:
        sleep(0.05)
    return secret


OPEN: tuple[Format, ...] = ("anthropic", "openai-responses")
NOTICED_SECONDS = 5.0


@every_cell
def test_a_tokens_models_hold_by_the_names_that_clients_ask_for(
    ruled: Relay, upstream: Upstream, limited: str, client: Format, host: Format
):
    name = upstream.teach(steps.acts(host, SAID, stream=False))
    target, body = question(client, model(host, name))
    answer = ask_with(ruled, limited, target, body)
    if host in OPEN:
        assert answer.status == 200
    else:
        assert_refusal(client, answer, 403)
        assert upstream.seen(name) == []


def ask_with(relay: Relay, secret: str, target: str, body: bytes) -> Answer:
    with relay.wire() as wire:
        wire.send(request(target, body, [("authorization", f"Bearer {secret}")]))
        return wire.answer()
