"""Which version of the API is asked for."""

import pytest

from fastproxy.formats.anthropic.versions import NEW, OLD, version_of


@pytest.mark.parametrize("field", ["temperature", "top_p", "top_k"])
def test_sampling_needs_the_old_version(field: str) -> None:
    assert version_of({"model", field}) is OLD
    assert OLD.header == (b"anthropic-version", b"2023-06-01")


def test_everything_else_asks_for_the_new_one() -> None:
    assert version_of({"model", "messages", "thinking"}) is NEW
    assert NEW.header == (b"anthropic-version", b"2026-10-21")
    assert OLD.why
    assert NEW.why
