"""What a Responses client asks of nobody but its own host."""

from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_responses.decode_request import decode_request
from fastproxy.formats.openai_responses.kept import require_portable
from fastproxy.ir.request import Request


def request(**told: Any) -> Request:
    return decode_request(orjson.dumps({"model": "m", "input": "Go on."} | told), {})


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"previous_response_id": None, "conversation": None, "prompt": None, "background": False},
        {"store": True, "include": [], "client_metadata": {"session": "s"}},
        {"input": [{"type": "web_search_call", "id": "ws_1"}, {"type": "reasoning", "encrypted_content": "x"}]},
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": "item_reference, compaction"}]}]},
    ],
)
def test_what_says_all_that_it_asks_may_go_anywhere(told: dict[str, Any]) -> None:
    require_portable(request(**told))


@pytest.mark.parametrize(
    "told",
    [
        {"previous_response_id": "resp_1"},
        {"conversation": "conv_1"},
        {"conversation": {"id": "conv_1"}},
        {"prompt": {"id": "pmpt_1"}},
        {"background": True},
        {"input": [{"type": "item_reference", "id": "msg_1"}]},
        {"input": [{"id": "msg_1"}]},
        {"input": [{"role": "user", "content": "a"}, {"type": "compaction", "encrypted_content": "c2Vj"}]},
    ],
)
def test_what_lies_with_its_host_or_needs_it_afterwards_may_not(told: dict[str, Any]) -> None:
    with pytest.raises(Fault) as caught:
        require_portable(request(**told))
    assert (caught.value.kind, [caught.value.param]) == ("bad_request", list(told))
