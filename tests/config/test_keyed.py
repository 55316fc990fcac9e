"""Keys of a row as accounts: which ids they get, in which order, and which rows are refused."""

import pytest

from fastproxy.config.keyed import accounts_of, has_keys, key_problems
from fastproxy.config.schema import AccountRow, ProviderRow
from fastproxy.config.secrets import References, Unresolved


def accounts(row, environ=()):
    return accounts_of("openai", row, References(None, dict(environ)))


def named(row, environ=()):
    return [(account.id, account.label, account.secret.reveal()) for account in accounts(row, environ)]


def test_an_account_goes_by_its_label_else_its_variable_else_its_number():
    rows = (AccountRow("k1", "work"), AccountRow("env:SECOND"), AccountRow("k3"))
    assert named(ProviderRow(accounts=rows), {"SECOND": "k2"}) == [
        ("openai:work", "work", "k1"),
        ("openai:SECOND", "SECOND", "k2"),
        ("openai:3", "3", "k3"),
    ]


def test_listed_keys_come_first_and_numbers_go_on():
    row = ProviderRow(api_key=("k1", "k2"), accounts=(AccountRow("k3"), AccountRow("k4", "work")))
    assert [account.id for account in accounts(row)] == ["openai:1", "openai:2", "openai:3", "openai:work"]
    assert list(key_problems(row)) == []


def test_position_orders_and_weight_is_kept():
    row = ProviderRow(accounts=(AccountRow("k1", "a", 3, 2), AccountRow("k2", "b", 1, 1), AccountRow("k3", "c", 2, 1)))
    found = [(account.label, account.weight, account.position) for account in accounts(row)]
    assert found == [("b", 1, 1), ("c", 2, 1), ("a", 3, 2)]


def test_of_equal_keys_the_first_counts():
    row = ProviderRow(api_key="env:KEY", accounts=(AccountRow("same", "work"),))
    assert named(row, {"KEY": "same"}) == [("openai:KEY", "KEY", "same")]


def test_a_reference_that_leads_nowhere_is_told():
    with pytest.raises(Unresolved, match="NONE is not set"):
        accounts(ProviderRow(accounts=(AccountRow("k"), AccountRow("env:NONE"))))


@pytest.mark.parametrize(
    ("row", "path", "word"),
    [
        (ProviderRow(accounts=(AccountRow("k"), AccountRow("", "work"))), ("accounts", 1), "needs an api_key"),
        (ProviderRow(accounts=(AccountRow("k", "a b"),)), ("accounts", 0, "label"), "can't be a label"),
        (ProviderRow(accounts=(AccountRow("k", "a:b"),)), ("accounts", 0, "label"), "can't be a label"),
        (
            ProviderRow(accounts=(AccountRow("k", "work"), AccountRow("l", "work"))),
            ("accounts", 1, "label"),
            "another account has the label 'work'",
        ),
        (ProviderRow(api_key="env:A", accounts=(AccountRow("k", "A"),)), ("accounts", 0, "label"), "another account"),
        (ProviderRow(accounts=(AccountRow("k", "2"), AccountRow("l"))), ("accounts", 1, "label"), "another account"),
    ],
)
def test_an_account_without_a_key_or_a_label_of_its_own_is_told_where(row, path, word):
    ((found_path, sentence),) = key_problems(row)
    assert found_path == path
    assert word in sentence


def test_no_sentence_holds_a_key():
    row = ProviderRow(accounts=(AccountRow("sk-secret", "a b"), AccountRow("sk-secret", "x"), AccountRow("s", "x")))
    assert "sk-secret" not in repr(list(key_problems(row)))


@pytest.mark.parametrize(
    ("row", "has"),
    [
        (ProviderRow(), False),
        (ProviderRow(api_key="k"), True),
        (ProviderRow(api_key=("k",)), True),
        (ProviderRow(accounts=(AccountRow("k"),)), True),
    ],
)
def test_a_key_counts_wherever_it_stands(row, has):
    assert has_keys(row) == has
