"""What a client asks, as values."""

from typing import Any, get_args

import msgspec
import pytest

from fastproxy.ir import request


@pytest.mark.parametrize(
    "record", [*get_args(request.Part), request.Message, request.Tool, request.Request], ids=lambda one: one.__name__
)
def test_a_request_is_made_of_values_that_nobody_can_change(record: type) -> None:
    assert issubclass(record, msgspec.Struct)
    assert record.__struct_config__.frozen


def test_a_bare_request_asks_for_nothing_special() -> None:
    bare = request.Request("anthropic", "m", ())
    assert (bare.stream, bare.tools, bare.extras, bare.wants_thoughts) == (False, (), {}, False)
    assert (bare.tool_choice.mode, bare.thinking.mode, bare.sampling.candidates) == ("auto", "default", 1)


def test_two_requests_never_share_their_extras() -> None:
    first, second = request.Request("gemini", "m", ()), request.Request("gemini", "m", ())
    first.extras["seed"] = 1
    assert second.extras == {}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [(None, None), ({"a": 1}, {"a": 1, "description": "d"}), ({"description": "e"}, {"description": "d\n\ne"})],
)
def test_a_schema_says_what_the_answer_is_for_before_what_it_says_itself(schema: Any, expected: Any) -> None:
    assert request.Output("schema", description="d", schema=schema).described == expected
    assert request.Output("schema", schema=schema).described == schema
