"""Arguments in pieces."""

from collections.abc import Iterable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.formats.gemini.partial_args import MAX_CONTAINERS, MAX_STEPS, MAX_UNTOLD, PartialArgs

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


@pytest.mark.parametrize("path", [None, "", "$", "$[0]", "$.a[99999999]", f"$.a[{'9' * 5000}]"])
def test_a_path_that_leads_nowhere_is_garbage(path: Any) -> None:
    with pytest.raises(Fault) as raised:
        partial = PartialArgs()
        partial.add({"jsonPath": path, "numberValue": 1})
    assert raised.value.kind == "upstream_garbage"


def test_a_path_that_leads_deeper_than_json_can_be_written_is_garbage() -> None:
    with pytest.raises(Fault) as caught:
        PartialArgs().add({"jsonPath": "$" + ".a" * 300, "stringValue": "x"})
    assert caught.value.kind == "upstream_garbage"


def refused_after(paths: Iterable[str]) -> int:
    """How many pieces one call took before one of them was garbage."""
    partial, taken = PartialArgs(), -1
    with pytest.raises(Fault) as caught:
        for path in paths:
            taken += 1
            partial.add({"jsonPath": path, "numberValue": 1})
    assert caught.value.kind == "upstream_garbage"
    return taken


def test_places_that_nobody_tells_are_few_in_all_of_a_call() -> None:
    partial = PartialArgs()
    partial.add({"jsonPath": f"$.a[{MAX_UNTOLD}]", "numberValue": 1})
    assert orjson.loads(partial.text()) == {"a": [None] * MAX_UNTOLD + [1]}
    assert refused_after(["$.a" + "[1000]" * 60]) == 0
    assert refused_after(["$.a" + "[9]" * 20] * 2 + [f"$.b{n}[9]" for n in range(9999)]) < MAX_UNTOLD
    assert refused_after(f"$.a[{2 * n + 1}]" for n in range(9999)) == MAX_UNTOLD


def test_a_list_that_is_told_from_its_first_place_on_may_be_long() -> None:
    partial = PartialArgs()
    for n in range(3 * MAX_UNTOLD):
        partial.add({"jsonPath": f"$.a[{n}].b", "numberValue": n})
    assert orjson.loads(partial.text()) == {"a": [{"b": n} for n in range(3 * MAX_UNTOLD)]}


def test_short_paths_cannot_ask_for_objects_without_end() -> None:
    deep = ".a" * (MAX_STEPS - 1)
    assert refused_after(f"$.{n}{deep}" for n in range(MAX_CONTAINERS)) == MAX_CONTAINERS // (MAX_STEPS - 1)
