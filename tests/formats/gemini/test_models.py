"""What the name of a model tells."""

import pytest

from fastproxy.formats.gemini.models import generation


@pytest.mark.parametrize(
    ("model", "major"),
    [
        ("gemini-2.5-flash", 2),
        ("models/gemini-3-pro-preview", 3),
        ("google/gemini-3.1-flash", 3),
        ("lab-1", 0),
        ("", 0),
    ],
)
def test_the_generation_is_in_the_name(model: str, major: int) -> None:
    assert generation(model) == major
