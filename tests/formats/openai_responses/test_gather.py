"""A stream's own end as a whole answer, in the host's bytes."""

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_responses.gather import ResponsesGatherer

ITEMS = (b'{"type":"reasoning", "n":1.0e5}', b'{"type":"message"}')


def whole(*events: bytes) -> bytes:
    gatherer = ResponsesGatherer()
    for event in events:
        gatherer.take(event)
    return gatherer.whole()


def done(item: bytes) -> bytes:
    return b'{"type":"response.output_item.done","output_index":0,"item":%b}' % item


def test_the_response_is_the_one_that_the_last_event_holds():
    assert whole(b'{"response": { "id":"r" },"type":"response.completed"}') == b'{ "id":"r" }'


def test_an_empty_list_is_filled_with_the_items_that_were_told():
    end = b'{"type":"response.completed","response":{"id":"r","output":[],"x":1}}'
    assert whole(*map(done, ITEMS), end) == b'{"id":"r","output":[%b],"x":1}' % b",".join(ITEMS)


def test_a_list_that_is_there_stays():
    end = b'{"type":"response.completed","response":{"output":[{"own":1}]}}'
    assert whole(*map(done, ITEMS), end) == b'{"output":[{"own":1}]}'


def test_what_a_model_writes_is_no_event():
    text = orjson.dumps({"type": "response.output_text.delta", "delta": '"response.completed"'})
    with pytest.raises(Fault, match="before it was complete"):
        whole(text)


@pytest.mark.parametrize("odd", [b'"response.completed"', b'{"type":"response.completed"}', b'{"response.completed":'])
def test_an_event_that_can_t_be_read_is_the_upstreams_fault(odd: bytes):
    with pytest.raises(Fault) as caught:
        whole(odd)
    assert caught.value.kind == "upstream_garbage"
