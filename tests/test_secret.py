"""Secrets that are never shown by accident."""

from fastproxy.secret import Secret


def test_equal_secrets_are_equal_and_only_reveal_tells_them():
    assert Secret("a") == Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a").reveal() == "a"
    assert Secret("a") != "a"


def test_no_way_of_showing_a_secret_shows_it():
    secret = Secret("sk-very-secret")
    for shown in (repr(secret), str(secret), f"{secret}", f"{[secret]!r}"):
        assert "very-secret" not in shown
