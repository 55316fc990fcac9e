"""How long an account rests, and for which models."""

import pytest

from fastproxy.accounts.cooldown import Cooldown, covers, state_of


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


def test_an_account_is_what_is_worst_of_it():
    whole, partial = Cooldown("lab:a", "", 1.0, cause="spent"), Cooldown("lab:a", "model:m", 1.0, cause="rate")
    assert state_of("", ()) == ("ready", "")
    assert state_of("", (partial,)) == ("ready", "")
    assert state_of("", (partial, whole)) == ("cooling", "spent")
    assert state_of("ended", (whole,)) == ("disabled", "ended")
