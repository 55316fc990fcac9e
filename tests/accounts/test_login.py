"""Values that hold tokens never show them."""

from fastproxy.accounts.login import Login
from fastproxy.secret import Secret


def test_nothing_of_a_login_is_in_its_repr():
    login = Login(Secret("at-secret"), Secret("rt-secret"), kept={"id_token": "jwt-secret"})
    assert "secret" not in repr(login).lower()
    assert "secret" not in f"{[login]}".lower()
