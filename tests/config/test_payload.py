"""[[payload.*]] as rules: their order, what a value becomes, and where each mistake is told."""

import tomllib

import pytest

from fastproxy.config.document import Document
from fastproxy.config.payload import payload_rules
from fastproxy.config.problems import ConfigError
from fastproxy.payload import OWN_KEYS, apply

TEXT = """
[[payload.filter]]
models = ["*"]
remove = ["reasoning.effort", "metadata"]
[[payload.override]]
models = ["o?", "gpt-*"]
set = { "service_tier" = "flex", "text.format" = { type = "text", strict = true } }
[[payload.default]]
models = ["gpt-*"]
set = { "reasoning.effort" = "low", "stop" = ["a", 1.5], "day" = 2026-01-02 }
[[payload.default]]
models = ["claude-*"]
[payload.default.set]
"thinking.budget_tokens" = 1024
"""


def rules_of(text: str):
    document = Document("f", text)
    rules = payload_rules(document)
    document.require_sound()
    return rules


def problems_of(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        rules_of(text)
    return [str(problem) for problem in caught.value.problems]


def test_defaults_come_first_then_overrides_then_filters_whatever_their_order_in_the_file():
    rules = rules_of(TEXT)
    assert [rule.kind for rule in rules] == ["default", "default", "override", "filter"]
    assert [rule.models for rule in rules] == [("gpt-*",), ("claude-*",), ("o?", "gpt-*"), ("*",)]


def test_values_of_every_kind_become_json():
    by_kind = {rule.kind: rule.edits for rule in rules_of(TEXT)[::-1]}
    assert by_kind == {
        "default": (
            (("reasoning", "effort"), b'"low"'),
            (("stop",), b'["a",1.5]'),
            (("day",), b'"2026-01-02"'),
        ),
        "override": ((("service_tier",), b'"flex"'), (("text", "format"), b'{"type":"text","strict":true}')),
        "filter": ((("reasoning", "effort"), b""), (("metadata",), b"")),
    }


def test_the_rules_do_what_they_say():
    assert apply(b'{"metadata":{}}', "claude-x", rules_of(TEXT)) == b'{"thinking":{"budget_tokens":1024}}'


def test_no_table_is_no_rule():
    assert rules_of("") == ()
    assert rules_of("[payload]") == ()


DEFAULT = "[[payload.default]]\nmodels = ['*']\n"
FILTER = "[[payload.filter]]\nmodels = ['*']\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[payload.defaults]]", "f:1:11: unknown key 'defaults' in [payload]; did you mean default?"),
        ("[[payload.x]]", "f:1:11: unknown key 'x' in [payload]; there are default, override, filter"),
        ("payload = 1", "f:1:1: [payload] must be a table"),
        ("[payload.default]", "f:1:10: payload.default must be a list of tables: write [[payload.default]]"),
        ("[payload]\nfilter = [1]", "f:2:11: [payload.filter] must be a table"),
        (f"{DEFAULT}sets = {{}}", "f:3:1: unknown key 'sets' in [payload.default]; did you mean set?"),
        (f"{DEFAULT}format = 'gemini'", "f:3:1: unknown key 'format' in [payload.default]; there are models, set"),
        (f"{FILTER}set = {{}}", "f:3:1: unknown key 'set' in [payload.filter]; there are models, remove"),
        (f"{DEFAULT}set = 1", "f:3:1: set must be a table, not a whole number"),
        (f"{FILTER}remove = 'a'", "f:3:1: remove must be a list of texts, not text"),
        ("[[payload.default]]\nmodels = 'x'", "f:2:1: models must be a list of texts, not text"),
        (DEFAULT, "f:1:3: set must name at least one path"),
        (f"{DEFAULT}set = {{}}", "f:3:1: set must name at least one path"),
        (f"{FILTER}remove = []", "f:3:1: remove must name at least one path"),
        ("[[payload.default]]\nset = {a = 1}", 'f:1:3: models must name at least one glob; "*" is every model'),
        (f"{DEFAULT}set = {{a = 1, b = nan}}", "f:3:15: this has no form in JSON: nan or inf"),
    ],
)
def test_a_mistake_names_its_place_and_the_way_out(text: str, problem: str):
    tomllib.loads(text)
    assert problems_of(text) == [problem]


@pytest.mark.parametrize("key", OWN_KEYS)
def test_a_key_that_the_relay_goes_by_is_refused_where_it_stands(key: str):
    told = f"{key} can't be set or removed: the relay goes by what the client has written there"
    assert problems_of(f"{DEFAULT}set = {{ a = 1, {key} = 2 }}") == [f"f:3:16: {told}"]
    assert problems_of(f"{FILTER}remove = ['a', 'a', '{key}']") == [f"f:3:21: {told}"]


def test_a_mistake_in_the_second_rule_is_told_there_and_every_one_is_told():
    text = f"{DEFAULT}set = {{a = 1}}\n{DEFAULT}[payload.default.set]\n'a b' = 1\nmodel = 2\n"
    assert [problem.split(":")[1] for problem in problems_of(text)] == ["7", "8"]
    assert problems_of(f"{DEFAULT}set = {{a = 1}}\n{DEFAULT}") == ["f:4:3: set must name at least one path"]
