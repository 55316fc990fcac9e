"""Refusals and broken streams of a host, told in the client's own format: status, envelope, phrases, time to wait.

A broken stream ends in the client format's error event and never in a sign of success: its SDK raises.
"""

from collections.abc import Callable, Mapping
from typing import Any

import anthropic
import openai
import orjson
import pytest
from google.genai import errors as genai_errors

from fastproxy.clock import wall
from support import cells, refusals, script, steps
from support.agents import agent
from support.envelopes import assert_refusal
from support.exchange import FORMATS, Format
from support.four_hosts import CELLS, model, question
from support.identity import usage_since
from support.refusals import REQUEST_ID, TOO_LONG, WAIT_SECONDS, Refusal
from support.relay import UPSTREAM_KEY, Relay
from support.script import AnyAct, Close, Reset, Send, chunk
from support.steps import Step
from support.upstream import Upstream
from support.wire import Answer

every_cell = pytest.mark.parametrize(("client", "host"), CELLS)
both_ways = pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])

SAID = Step("I think it is north.", "c2lnbmVk", "It is on the north cliff.")
STATUSES = (400, 401, 403, 404, 413, 429, 500, 503, 529)


def ask(relay: Relay, client: Format, host: Format, script_name: str, *, stream: bool) -> Answer:
    target, body = question(client, model(host, script_name), stream=stream)
    return relay.ask(target, body)


def refused(
    relay: Relay, upstream: Upstream, client: Format, host: Format, acts: list[AnyAct], *, stream: bool = False
) -> Answer:
    name = upstream.teach(acts)
    answer = ask(relay, client, host, name, stream=stream)
    assert UPSTREAM_KEY.encode() not in answer.body
    assert len(upstream.seen(name)) == 1, "a refusal is not tried again"
    return answer


@both_ways
@pytest.mark.parametrize("status", STATUSES)
@every_cell
def test_a_refusal_keeps_its_status_in_the_clients_envelope(
    crossing: Relay, upstream: Upstream, client: Format, host: Format, status: int, stream: bool
):
    told = Refusal(status, f"The lighthouse says no to {UPSTREAM_KEY}.", waits=status == 429)
    answer = refused(crossing, upstream, client, host, refusals.acts(host, told), stream=stream)
    assert_refusal(client, answer, status)
    assert "The lighthouse says no to" in message(answer)
    assert_kept(client, host, answer)
    if status == 429:
        assert answer.get("retry-after") == str(WAIT_SECONDS)
        assert client != "gemini" or f'"retryDelay":"{WAIT_SECONDS}s"'.encode() in answer.body


def assert_kept(client: Format, host: Format, answer: Answer) -> None:
    """What the host says of the exchange itself: its id of the request, and where its limits stand."""
    if host != "gemini":
        assert answer.get("x-request-id") == REQUEST_ID or answer.get("request-id") == REQUEST_ID
        assert client != "anthropic" or orjson.loads(answer.body)["request_id"] == REQUEST_ID
    limits = [header for header in refusals.LIMITS[host] if "ratelimit" in header[0]]
    assert [(name, answer.get(name)) for name, _ in limits] == limits
    assert answer.get("x-request-id")


def message(answer: Answer) -> str:
    return str(orjson.loads(answer.body)["error"]["message"])


def is_too_long(client: Format, error: dict[str, Any]) -> bool:
    """Whether the client's agents will see that the conversation must be shortened."""
    if client == "anthropic":
        return error["message"].startswith("prompt is too long") and error["type"] == "invalid_request_error"
    if client == "gemini":
        known = "exceeds the maximum number of tokens allowed" in error["message"]
        return known and error["status"] == "INVALID_ARGUMENT"
    return error["code"] == "context_length_exceeded"


@every_cell
def test_a_prompt_that_is_too_long_is_told_in_the_words_that_agents_know(
    crossing: Relay, upstream: Upstream, client: Format, host: Format
):
    told = Refusal(400, TOO_LONG[host], code="context_length_exceeded")
    answer = refused(crossing, upstream, client, host, refusals.acts(host, told))
    assert_refusal(client, answer, 400)
    assert is_too_long(client, orjson.loads(answer.body)["error"])


HTML: tuple[script.Header, ...] = (("content-type", "text/html; charset=utf-8"),)
# What no API writes -> the status that the client is told.
ODD_ANSWERS: Mapping[str, tuple[int, list[AnyAct]]] = {
    "a web page with 502": (502, script.whole(b"<html>Bad gateway</html>", status=502, headers=HTML)),
    "a web page with 200": (502, script.whole(b"<html>Please log in</html>", headers=HTML)),
    "an empty 500": (500, script.whole(b"", status=500)),
    "an empty 529": (529, script.whole(b"", status=529, headers=[])),
    "garbage with 503": (503, script.whole(b'{"error":', status=503)),
    "another vendor's refusal": (403, script.whole(b'{"detail":"Not here"}', status=403)),
    "a text": (404, script.whole(b"404 page not found", status=404, headers=[("content-type", "text/plain")])),
    "a list": (400, script.whole(b'[{"error":{"code":400,"message":"No","status":"INVALID_ARGUMENT"}}]', status=400)),
    "garbage with 200": (502, script.whole(b"\x00\xff{")),
    "an empty 200": (502, script.whole(b"")),
    "a JSON of another kind": (502, script.whole(b"[1]")),
    "a cut body": (502, [Send(script.head(200, [script.JSON, ("content-length", "900")]) + b'{"id":'), Close()]),
    "a redirect": (502, script.whole(b"", status=307, headers=[("location", "http://127.0.0.1:9/")])),
    "no answer at all": (502, [Close()]),
    "a stream of nothing": (502, script.streamed([])),
    "a stream that breaks at once": (502, [script.begun(), Reset()]),
}


@both_ways
@pytest.mark.parametrize("odd", ODD_ANSWERS)
@every_cell
def test_what_no_api_answers_is_told_as_an_error(
    crossing: Relay, upstream: Upstream, client: Format, host: Format, odd: str, stream: bool
):
    status, acts = ODD_ANSWERS[odd]
    name = upstream.teach(acts)
    assert_refusal(client, ask(crossing, client, host, name, stream=stream), status)


READ_SECONDS = 0.02
Break = Callable[[Format], list[AnyAct]]
END = Send(b"0\r\n\r\n")
BREAKS: Mapping[str, Break] = {
    "an error event": lambda host: [Send(chunk(refusals.event(host))), END],
    "a reset": lambda _: [Reset()],
    "a close": lambda _: [Close()],
    "a clean end": lambda _: [END],
    "half an event": lambda _: [Send(chunk(b'data: {"half')), END],
    "garbage": lambda _: [Send(chunk(b"data: garbage\n\n")), END],
}
RAISED: Mapping[Format, tuple[type[Exception], ...]] = {
    "openai-chat": (openai.APIError,),
    "openai-responses": (openai.APIError, RuntimeError),
    "anthropic": (anthropic.APIError,),
    "gemini": (genai_errors.APIError,),
}


def broken_off(host: Format, ending: list[AnyAct]) -> list[AnyAct]:
    """A good stream up to the event before its last text, and then this."""
    events = steps.events(host, SAID)
    said = [event for event in events if b"cliff" not in event]
    begun = events[: max(1, events.index(said[-1]) if len(said) < 3 else _last_text(events))]
    read = script.Pause(READ_SECONDS)  # what breaks before the client has seen a byte is told with a status instead
    return [script.begun(), *(Send(chunk(event)) for event in begun), read, *ending]


def _last_text(events: list[bytes]) -> int:
    return max(number for number, event in enumerate(events) if b"north" in event)


@pytest.mark.parametrize("ending", BREAKS.values(), ids=BREAKS)
@every_cell
def test_a_broken_stream_ends_in_the_clients_own_error_event(
    crossing: Relay, upstream: Upstream, client: Format, host: Format, ending: Break
):
    asked_at = wall()
    name = upstream.teach(broken_off(host, ending(host)))
    answer = ask(crossing, client, host, name, stream=True)
    assert (answer.status, answer.complete) == (200, True)
    assert cells.ending(client, answer.body) == "error"
    row = usage_since(crossing, asked_at)
    assert (row["requests"], row["errors"]) == (1, 1)


@pytest.mark.parametrize("ending", BREAKS.values(), ids=BREAKS)
@every_cell
def test_a_clients_sdk_raises_on_a_broken_stream(
    crossing: Relay, upstream: Upstream, client: Format, host: Format, ending: Break
):
    name = upstream.teach(broken_off(host, ending(host)))
    with agent(client, crossing.url) as loop, pytest.raises(RAISED[client]):
        loop.say("Where is the lighthouse?")
        loop.ask(model(host, name), stream=True)


@pytest.mark.parametrize("ending", BREAKS.values(), ids=BREAKS)
@every_cell
def test_a_stream_that_breaks_while_a_whole_answer_is_gathered_is_an_error_with_a_status(
    crossing: Relay, upstream: Upstream, client: Format, host: Format, ending: Break
):
    name = upstream.teach(broken_off(host, ending(host)))
    answer = ask(crossing, client, host, name, stream=False)
    assert answer.status >= 500
    assert_refusal(client, answer, answer.status)


@every_cell
def test_an_error_event_before_anything_else_is_an_error_with_a_status(
    crossing: Relay, upstream: Upstream, client: Format, host: Format
):
    name = upstream.teach(script.streamed([refusals.event(host)]))
    answer = ask(crossing, client, host, name, stream=True)
    assert_refusal(client, answer, 503)
    assert "overloaded" in message(answer)


@pytest.mark.parametrize("host", FORMATS)
@pytest.mark.parametrize("client", FORMATS)
def test_a_refusal_is_recorded_as_one(crossing: Relay, upstream: Upstream, client: Format, host: Format):
    asked_at = wall()
    refused(crossing, upstream, client, host, refusals.acts(host, Refusal(429, "Slow down.", waits=True)))
    row = usage_since(crossing, asked_at)
    assert (row["requests"], row["errors"]) == (1, 1)
