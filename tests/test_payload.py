"""Payload rules: which apply, in which order, what they leave alone, and what can't be a rule."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.payload import OWN_KEYS, Rule, apply, compiled, path_problem, value_problem

BODY = b'{ "model" : "gpt-5", "n":123456789012345678901234567890, "reasoning" : {"effort" : "high"}, "t":1.0e5 }'


def default(**edits: Any) -> Rule:
    return compiled("default", ["*"], {path.replace("__", "."): value for path, value in edits.items()})


def override(**edits: Any) -> Rule:
    return compiled("override", ["*"], {path.replace("__", "."): value for path, value in edits.items()})


def without(*paths: str) -> Rule:
    return compiled("filter", ["*"], dict.fromkeys(paths))


def test_a_default_is_set_where_the_request_has_none():
    assert apply(BODY, "m", [default(top_p=0.5)]) == b'{"top_p":0.5,' + BODY[1:]
    added = BODY.replace(b'"reasoning" : {', b'"reasoning" : {"summary":"auto",')
    assert apply(BODY, "m", [default(reasoning__summary="auto")]) == added


@pytest.mark.parametrize("body", [BODY, b'{"reasoning":{"effort":null}}', b'{"reasoning":null}', b'{"reasoning":"x"}'])
def test_a_default_leaves_alone_what_the_client_has_said(body: bytes):
    assert apply(body, "m", [default(reasoning__effort="low")]) == body


def test_an_override_is_set_always():
    assert apply(BODY, "m", [override(reasoning__effort="low")]) == BODY.replace(b'"high"', b'"low"')
    assert apply(b"{}", "m", [override(reasoning__effort="low")]) == b'{"reasoning":{"effort":"low"}}'


def test_a_filter_removes_what_is_there_and_makes_nothing():
    assert apply(BODY, "m", [without("n", "reasoning.effort", "metadata", "x.y")]) == (
        b'{ "model" : "gpt-5",  "reasoning" : {}, "t":1.0e5 }'
    )


@pytest.mark.parametrize("rule", [default(reasoning__x=1), override(reasoning__x=1), without("reasoning.x")])
@pytest.mark.parametrize("value", [b"null", b"true", b'"high"', b"[{}]"])
def test_an_edit_below_what_is_no_object_is_skipped(rule: Rule, value: bytes):
    body = b'{ "reasoning":%b}' % value
    assert apply(body, "m", [rule]) is body


def test_of_two_defaults_the_first_wins_and_of_two_overrides_the_last():
    rules = [default(a=1), default(a=2), override(b=1), override(b=2)]
    assert orjson.loads(apply(b"{}", "m", rules)) == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("model", "applies"),
    [("gpt-5", True), ("gpt-", True), ("o3", True), ("o3-mini", False), ("GPT-5", False), ("x/gpt-5", False)],
)
def test_a_rule_is_for_the_models_that_one_of_its_globs_matches_whole(model: str, applies: bool):
    rule = compiled("override", ["gpt-*", "o[0-9]"], {"a": 1})
    assert (apply(b"{}", model, [rule]) != b"{}") is applies


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(), st.text(alphabet="abc"))
def test_bytes_of_a_model_without_a_rule_are_not_even_looked_at(body: bytes, model: str):
    rules = [compiled("override", ["gpt-*"], {"a": 1}), compiled("filter", ["o?"], {"b": None})]
    assert apply(body, model, rules) is body


@given(st.dictionaries(st.sampled_from(["a", "b", "é", "effort"]), JSON, max_size=3), JSON)
def test_the_edited_body_means_what_the_rules_say(values: dict[str, Any], value: object):
    body = orjson.dumps(values, option=orjson.OPT_INDENT_2)
    expected = {key: item for key, item in {"a": value, **values, "b": 1}.items() if key != "effort"}
    edited = apply(body, "m", [default(a=value), override(b=1), without("effort")])
    assert orjson.loads(edited) == orjson.loads(orjson.dumps(expected))


@pytest.mark.parametrize("body", [b"", b"[]", b'{"a":', b'{"a":"\xff"}', b'{"a":1,"a":2}'])
def test_a_body_that_can_not_be_edited_is_a_bad_request(body: bytes):
    with pytest.raises(Fault) as raised:
        apply(body, "m", [override(a=1)])
    assert raised.value.kind == "bad_request"


@pytest.mark.parametrize("path", ["a", "reasoning.effort", "a.b.c", "x-y_Z.0", "$schema", "a/b.c"])
def test_a_path_is_keys_with_dots_between_them(path: str):
    assert path_problem(path) is None


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a b", "a\n", "é", "\x7f", "a" + ".a" * 16])
def test_anything_else_is_no_path(path: str):
    assert "is not a path" in (path_problem(path) or "")


@pytest.mark.parametrize("key", OWN_KEYS)
def test_what_the_relay_goes_by_is_no_path_for_a_rule(key: str):
    for path in (key, f"{key}.x"):
        assert (path_problem(path) or "").startswith(f"{key} can't be set or removed")
    assert path_problem(f"metadata.{key}") is None
    assert path_problem(f"{key}s") is None


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        ([1, float("-inf")], "inf"),
        ({"a": [{"b": 1 << 64}]}, "64-bit"),
        (-(1 << 63) - 1, "64-bit"),
        (orjson.loads(b"[" * 300 + b"]" * 300), "Recursion"),
    ],
)
def test_a_value_that_json_can_not_hold_is_told(value: object, word: str):
    assert word in (value_problem(value) or "")


@given(JSON)
def test_every_other_value_can_be_set(value: object):
    if value_problem(value) is None:
        assert orjson.loads(apply(b"{}", "m", [override(a=value)])) == orjson.loads(orjson.dumps({"a": value}))
