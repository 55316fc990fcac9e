"""Each dialect is what the product's own codec of that format takes, whole: otherwise a cell measures refusals."""

import orjson
import pytest

from bench.dialects import CELLS, DIALECTS, of_path
from fastproxy.formats import BY_NAME
from fastproxy.framing.sse import payloads
from fastproxy.ir.events import Stop, Text, Usage
from fastproxy.ir.fold import fold, unfold

every_dialect = pytest.mark.parametrize("name", DIALECTS)


@every_dialect
def test_a_stream_is_one_text_with_usage_and_a_good_end(name: str) -> None:
    dialect, decoder = DIALECTS[name], BY_NAME[name].decoder()
    stream = dialect.opening + dialect.event % 7 * 3 + dialect.closing
    told = [event for data in payloads(stream) for event in decoder.decode(data)] + decoder.close()
    assert [event.text for event in told if isinstance(event, Text) and event.text] == [f"@{7:019}"] * 3
    assert isinstance(told[-1], Stop)
    assert told[-1].reason == "end"
    assert any(isinstance(event, Usage) and event.output_tokens == 20 for event in told)


@every_dialect
def test_only_the_events_of_a_stream_are_stamped(name: str) -> None:
    dialect = DIALECTS[name]
    assert (dialect.event % 7).count(dialect.stamp + b"%019d" % 7) == 1
    assert dialect.stamp not in dialect.opening + dialect.closing


@every_dialect
def test_a_whole_answer_is_about_1_kb_and_the_same_response(name: str) -> None:
    whole = DIALECTS[name].whole
    assert 700 <= len(whole) <= 1600
    response = BY_NAME[name].decode_whole(whole)
    assert fold(unfold(response)) == response
    assert response.usage.output_tokens == 20


@every_dialect
def test_a_request_says_every_turn(name: str) -> None:
    turns = [("user", "one"), ("assistant", "two"), ("user", "three")]
    body = orjson.dumps(DIALECTS[name].body(turns, "m", True))
    request = BY_NAME[name].decode_request(body, {"model": "m", "verb": "streamGenerateContent"})
    assert [message.role for message in request.messages] == ["user", "assistant", "user"]
    assert request.stream


def test_every_format_meets_every_other() -> None:
    assert len(set(CELLS)) == 12
    assert set(DIALECTS) == set(BY_NAME)


def test_a_path_of_no_format_is_refused() -> None:
    with pytest.raises(ValueError, match="no such path"):
        of_path("/v1/elsewhere")
