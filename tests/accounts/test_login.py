"""Values that hold tokens never show them."""

from fastproxy.accounts.login import Login, completed
from fastproxy.secret import Secret


def test_nothing_of_a_login_is_in_its_repr():
    login = Login(Secret("at-secret"), Secret("rt-secret"), kept={"id_token": "jwt-secret"})
    assert "secret" not in repr(login).lower()
    assert "secret" not in f"{[login]}".lower()


def test_a_renewed_login_keeps_what_its_vendor_did_not_say_again():
    used = Login(Secret("at-1"), Secret("rt-1"), 1.0, 0.0, {"plan": "pro", "scope": "a"})
    assert completed(Login(Secret("at-2"), None, 9.0, 8.0, {"scope": "b"}), used) == Login(
        Secret("at-2"), Secret("rt-1"), 9.0, 8.0, {"plan": "pro", "scope": "b"}
    )
    assert completed(Login(Secret("at-2"), Secret("rt-2")), used).refresh == Secret("rt-2")
