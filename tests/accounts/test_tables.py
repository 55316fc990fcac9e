"""Rows to values and back: what survives, and what a damaged row becomes."""

import sqlite3
from itertools import chain

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.accounts import tables
from fastproxy.accounts.cooldown import Cooldown, Window
from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.stored import StoredAccount
from fastproxy.secret import Secret

ACCOUNT = StoredAccount("openai:work", "openai", "work", "login", weight=3, expires_at=5.5, version=2)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON, max_size=4), st.none() | st.text().map(Secret))
def test_a_login_survives_with_every_field_that_we_have_no_name_for(kept, refresh):
    login = Login(Secret("access"), refresh, 1.5, None, kept)
    assert tables.unpacked(tables.packed(login)) == login


def test_a_login_too_large_or_with_no_json_is_refused_without_showing_it():
    for kept, word in (
        ({"x": "hush" * 300_000}, "more than"),
        ({"x": object()}, "can't be kept"),
        ({"x": "\ud800"}, "JSON"),
    ):
        with pytest.raises(AccountError, match=word) as caught:
            tables.packed(Login(Secret("a"), kept=kept))
        assert "hush" not in str(caught.value)


def test_the_columns_of_the_account_table_are_the_fields_of_its_value():
    with sqlite3.connect(":memory:") as connection:
        for statement in chain.from_iterable(tables.MIGRATIONS):
            connection.execute(statement)
        columns = [row[1] for row in connection.execute("PRAGMA table_info(account)")]
    connection.close()
    assert sorted(columns) == sorted([*StoredAccount.__struct_fields__, "sealed"])


def test_an_account_goes_into_a_row_and_back():
    assert tables.account_of(tables.account_row(ACCOUNT, b"sealed")[:-1]) == ACCOUNT


@pytest.mark.parametrize(("field", "value"), [("kind", "kye"), ("weight", "x"), ("serves", 1), ("version", None)])
def test_a_damaged_row_is_a_disabled_account_that_says_so(field, value):
    row = list(msgspec.structs.astuple(ACCOUNT))
    row[StoredAccount.__struct_fields__.index(field)] = value
    found = tables.account_of(tuple(row))
    assert (found.id, found.provider, found.label) == ("openai:work", "openai", "work")
    assert found.disabled.startswith("its row is damaged: ")
    assert field in found.disabled


def test_a_row_without_its_names_is_none():
    assert tables.account_of((b"\xff", *msgspec.structs.astuple(ACCOUNT)[1:])) is None


def test_damaged_limits_are_left_out():
    sound = ("a", "", 1.5, 1, "why")
    assert tables.cooldowns_of([sound, ("a", "", "soon", 0, "")]) == (Cooldown("a", "", 1.5, timed=True, cause="why"),)
    window = ("a", "5h", 0.5, None, 18000.0, "ok", "", 2.0)
    assert tables.windows_of([(*window[:5], "fine", "", 2.0), window]) == (
        Window("a", "5h", 0.5, None, 18000.0, "ok", "", 2.0),
    )
