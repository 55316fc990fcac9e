"""Reading and writing a login in a JSON file: what must change changes, every other byte stays."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as some

from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.sources.layout import Layout, document_of, login_in, with_login
from fastproxy.secret import Secret

LAYOUT = Layout(at=("a", "b"), expires=("until",), stamp="last", told=("id",), outer=("project",))
BODY = (
    b'{"x":1.0e5,  "a":{"n":12345678901234567890123,"b":{"access_token" : "A","refresh_token":"R","until":1700000000,'
    b'"id":"old","more":[1, 2]}},"project":"p","last":"2023-11-14T22:13:20Z","secret":"other"}\n'
)


def test_a_login_is_read_with_what_belongs_to_it_and_no_more() -> None:
    login = login_in(document_of(BODY), LAYOUT)
    assert login is not None
    assert (login.access, login.refresh) == (Secret("A"), Secret("R"))
    assert (login.expires_at, login.minted_at) == (1700000000.0, 1700000000.0)
    assert login.kept == {"id": "old", "more": [1, 2], "project": "p"}


def test_writing_changes_the_tokens_and_nothing_else() -> None:
    new = Login(Secret("A2"), Secret("R2"), 1800000000.0, 1750000000.0, {"id": "new", "surprise": 1})
    expected = BODY.replace(b'"A"', b'"A2"').replace(b'"R"', b'"R2"').replace(b"1700000000", b"1800000000")
    expected = expected.replace(b'"old"', b'"new"').replace(b"2023-11-14T22:13:20Z", b"2025-06-15T15:06:40Z")
    assert with_login(BODY, new, LAYOUT) == expected


def test_what_an_answer_does_not_say_stays() -> None:
    assert with_login(BODY, Login(Secret("A2")), LAYOUT) == BODY.replace(b'"A"', b'"A2"')


def test_writing_the_same_login_changes_no_byte() -> None:
    login = login_in(document_of(BODY), LAYOUT)
    assert login is not None
    assert with_login(BODY, login, LAYOUT) == BODY


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b'{"a":"\xff"}', b"\xef\xbb\xbf{}", b"[" * 100000])
def test_damage_is_said_without_the_content(body: bytes) -> None:
    with pytest.raises(AccountError, match="JSON") as caught:
        document_of(body)
    assert len(str(caught.value)) < 40


@pytest.mark.parametrize("body", [b"{}", b'{"a":{}}', b'{"a":{"b":5}}', b'{"a":{"b":{}}}', b'{"a":{"b":null}}'])
def test_a_file_without_tokens_has_no_login(body: bytes) -> None:
    assert login_in(document_of(body), LAYOUT) is None


def test_a_key_that_stands_twice_is_not_edited() -> None:
    body = b'{"a":{"b":{"access_token":"A","access_token":"B"}}}'
    with pytest.raises(AccountError, match="can't be edited"):
        with_login(body, Login(Secret("C")), LAYOUT)


_TOKEN = some.text(some.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
_JSON = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**53), 2**53) | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(others=some.dictionaries(some.text(max_size=8), _JSON, max_size=4), access=_TOKEN, refresh=_TOKEN)
def test_whatever_else_is_in_a_file_what_was_written_is_read_back_and_the_rest_stays(
    others: dict[str, object], access: str, refresh: str
) -> None:
    others = {name: value for name, value in others.items() if name not in ("access_token", "refresh_token")}
    body = orjson.dumps(others | {"access_token": "A", "refresh_token": "R"})
    written = with_login(body, Login(Secret(access), Secret(refresh)), Layout())
    assert orjson.loads(written) == others | {"access_token": access, "refresh_token": refresh}
