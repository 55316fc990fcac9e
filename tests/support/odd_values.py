"""A value of another type anywhere in a JSON value: what no writer means and every reader must stand."""

from typing import Any

from hypothesis import strategies as st

odd_values = st.sampled_from([None, [], {}, "", "x", 0, -1, 1, 2.5, True, [None], [{}], [[]], {"a": None}, "\u2028"])
paths = st.lists(st.integers(0, 9), max_size=8)


def replaced(value: Any, path: list[int], odd: Any) -> Any:
    """`value` with what stands at the end of a path of positions replaced; a path that is too long ends earlier."""
    if not path or not isinstance(value, dict | list) or not value:
        return odd
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key, rest = keys[path[0] % len(keys)], path[1:]
    inner = replaced(value[key], rest, odd)
    return {**value, key: inner} if isinstance(value, dict) else [*value[:key], inner, *value[key + 1 :]]
