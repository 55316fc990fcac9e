"""Arguments in pieces."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.formats.gemini.partial_args import PartialArgs

_keys = st.text("abcXYZ_09", min_size=1, max_size=4)
_leaves = st.text(max_size=6) | st.booleans() | st.integers(-99, 99) | st.none()
_values = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(_keys, inner, min_size=1, max_size=3),
    max_leaves=6,
)


def pieces(path: str, value: Any) -> list[dict[str, Any]]:
    """How Vertex tells a value: one piece for a scalar, two for a text."""
    match value:
        case str():
            half = len(value) // 2
            return [
                {"jsonPath": path, "stringValue": value[:half], "willContinue": True},
                {"jsonPath": path, "stringValue": value[half:]},
            ]
        case dict():
            return [piece for key, item in value.items() for piece in pieces(f"{path}.{key}", item)]
        case list():
            return [piece for n, item in enumerate(value) for piece in pieces(f"{path}[{n}]", item)]
        case bool():
            return [{"jsonPath": path, "boolValue": value}]
        case int():
            return [{"jsonPath": path, "numberValue": value}]
        case _:
            return [{"jsonPath": path, "nullValue": "NULL_VALUE"}]


@given(st.dictionaries(_keys, _values, max_size=3))
def test_the_pieces_of_any_object_make_that_object_again(arguments: dict[str, Any]) -> None:
    partial = PartialArgs()
    for piece in pieces("$", arguments):
        partial.add(piece)
    assert orjson.loads(partial.text()) == arguments


def test_quoted_steps_may_hold_anything() -> None:
    partial = PartialArgs()
    partial.add({"jsonPath": r"$['a.b'][0]['it\'s']", "stringValue": "x"})
    partial.add({"jsonPath": '$["c d"]', "boolValue": True})
    assert partial.text() == '{"a.b":[{"it\'s":"x"}],"c d":true}'


def test_no_pieces_are_no_arguments() -> None:
    assert PartialArgs().text() == "{}"


@pytest.mark.parametrize("path", [None, "", "$", "$[0]", "$.a[99999999]"])
def test_a_path_that_leads_nowhere_is_garbage(path: Any) -> None:
    with pytest.raises(Fault) as raised:
        partial = PartialArgs()
        partial.add({"jsonPath": path, "numberValue": 1})
    assert raised.value.kind == "upstream_garbage"


def test_a_path_that_leads_deeper_than_json_can_be_written_is_garbage() -> None:
    with pytest.raises(Fault) as caught:
        PartialArgs().add({"jsonPath": "$" + ".a" * 300, "stringValue": "x"})
    assert caught.value.kind == "upstream_garbage"
