"""How long an account rests, and for which models."""

import pytest

from fastproxy.accounts.cooldown import covers


@pytest.mark.parametrize(
    ("scope", "model", "covered"),
    [
        ("", "claude-opus-5", True),
        ("family:opus", "claude-opus-5", True),
        ("family:opus", "claude-sonnet-5", False),
        ("model:gpt-5", "gpt-5", True),
        ("model:gpt-5", "gpt-5-mini", False),
    ],
)
def test_a_scope_covers_the_models_that_it_names(scope: str, model: str, covered: bool):
    assert covers(scope, model) is covered
