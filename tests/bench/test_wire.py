"""The bytes of the bench are what they claim to be: otherwise every figure is about something else."""

import h11
import orjson
import pytest

from bench import wire
from bench.dialects import DIALECTS


def parsed(received: bytes) -> tuple[h11.Response, bytes]:
    """Head and body of one response, read by h11."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="POST", target="/", headers=[("host", "x"), ("content-length", "0")]))
    client.send(h11.EndOfMessage())
    client.receive_data(received)
    head = client.next_event()
    assert isinstance(head, h11.Response)
    body = b""
    while isinstance(event := client.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    return head, body


@pytest.mark.parametrize("size", [1000, 100_000, 2_000_000])
def test_a_request_is_one_well_formed_message_of_the_asked_size(size):
    request = wire.request(wire.JSON_MODEL, port=1, body_bytes=size)
    head, _, body = request.partition(b"\r\n\r\n")
    server = h11.Connection(h11.SERVER)
    server.receive_data(head + b"\r\n\r\n")
    event = server.next_event()
    assert isinstance(event, h11.Request)
    assert dict(event.headers)[b"content-length"] == b"%d" % len(body)
    assert size <= len(body) <= size + 300
    assert orjson.loads(body)["model"] == wire.JSON_MODEL


@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("model", [wire.JSON_MODEL, "bench-20x1-0ms", "bench-1x1-0ms-idle"])
def test_the_upstream_finds_the_format_and_the_model_that_a_request_asks_for(model, client):
    assert wire.asked(wire.request(model, port=1, body_bytes=5000, client=client)) == (client, model)


@pytest.mark.parametrize("received", [b"GET / HTTP/1.1", b"POST /elsewhere HTTP/1.1", b""])
def test_the_upstream_knows_what_it_was_not_made_for(received):
    with pytest.raises(ValueError, match="no such"):
        wire.asked(received)


@pytest.mark.parametrize("client", DIALECTS)
def test_a_request_names_the_host_where_a_relay_is_to_choose(client):
    request = wire.request("host/bench-20x1-0ms", port=1, body_bytes=1000, client=client)
    assert b"host/bench-20x1-0ms" in request


def test_a_model_name_is_a_plan():
    assert wire.plan(wire.JSON_MODEL) is None
    assert wire.plan("bench-10x20-5ms") == wire.Plan(10, 20, 0.005, idle=False)
    assert wire.plan("bench-1x1-0ms-idle") == wire.Plan(1, 1, 0.0, idle=True)
    with pytest.raises(ValueError, match="gpt-5"):
        wire.plan("gpt-5")


def test_the_json_answer_is_about_1_kb_of_valid_json():
    head, body = parsed(wire.json_answer())
    assert head.status_code == 200
    assert 900 <= len(body) <= 1200
    assert orjson.loads(body)["usage"]["total_tokens"] == 220


def test_a_stream_is_well_formed_and_ends_as_chat_demands():
    written = wire.stream_write(2, 7, last=False) + wire.stream_write(1, 8, last=True)
    _, body = parsed(wire.stream_head() + written)
    events = body.split(b"\n\n")
    assert [b"@%019d" % stamp in event for stamp, event in zip((7, 7, 8), events, strict=False)] == [True] * 3
    assert events[-2:] == [b"data: [DONE]", b""]
    assert all(orjson.loads(event.removeprefix(b"data: ")) for event in events[:-2])
