"""Which calls a host has run itself."""

import orjson
import pytest

from fastproxy.formats.openai_responses.decode_request import decode_request
from fastproxy.formats.openai_responses.hosted import is_hosted
from fastproxy.ir.request import OpaquePart

SEARCH = {"type": "custom_tool_call", "call_id": "xs_call_1", "name": "x_keyword_search", "input": "{}"}


@pytest.mark.parametrize(
    ("item", "hosted"),
    [
        (SEARCH, True),
        (SEARCH | {"call_id": "call_1"}, True),
        (SEARCH | {"name": "x_search_of_tomorrow"}, True),
        (SEARCH | {"call_id": "call_1", "name": "apply_patch"}, False),
        ({"type": "custom_tool_call"}, False),
    ],
)
def test_the_ids_and_names_of_xais_own_searches(item: dict[str, str], hosted: bool) -> None:
    assert is_hosted(item) is hosted


def test_sent_back_it_is_no_call_that_waits_for_a_result() -> None:
    request = decode_request(orjson.dumps({"model": "m", "input": [SEARCH]}), {})
    (part,) = request.messages[0].parts
    assert isinstance(part, OpaquePart)
