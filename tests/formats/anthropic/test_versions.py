"""Which version of the API is asked for."""

import pytest

from fastproxy.formats.anthropic.versions import NEW, OLD, takes_system_turns, version_of


@pytest.mark.parametrize("field", ["temperature", "top_p", "top_k"])
def test_sampling_needs_the_old_version(field: str) -> None:
    assert version_of({"model", field}) is OLD
    assert OLD.header == (b"anthropic-version", b"2023-06-01")


def test_everything_else_asks_for_the_new_one() -> None:
    assert version_of({"model", "messages", "thinking"}) is NEW
    assert NEW.header == (b"anthropic-version", b"2026-10-21")
    assert OLD.why
    assert NEW.why


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("claude-opus-4-8", True),
        ("claude-opus-4-8-20260528", True),
        ("anthropic/claude-opus-4.8", True),
        ("claude-sonnet-5", True),
        ("claude-fable-5-1", True),
        ("claude-opus-4-7", False),
        ("claude-sonnet-4-5-20250929", False),
        ("claude-haiku-4-5", False),
        ("deepseek-chat", False),
        ("", False),
    ],
)
def test_turns_of_the_system_need_a_model_that_is_known_to_take_them(model: str, expected: bool) -> None:
    assert takes_system_turns(model, NEW) is expected
    assert not takes_system_turns(model, OLD)
