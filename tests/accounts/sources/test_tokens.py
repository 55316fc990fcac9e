"""Tokens, claims and times out of files that may hold anything."""

import orjson
import pytest

from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.sources.tokens import (
    claims_of,
    fact_text,
    fingerprint,
    identity,
    rfc3339,
    token_text,
    told_at,
    written_like,
)
from fastproxy.secret import Secret
from support.credentials import jwt


@pytest.mark.parametrize("value", [5, ["t"], "two words", "line\nbreak", "t\x00", "tök", "x" * 70000])
def test_what_can_be_no_token_is_refused_without_being_shown(value: object) -> None:
    with pytest.raises(AccountError, match="accessToken") as caught:
        token_text(value, "accessToken")
    assert str(value) not in str(caught.value)


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_token_is_empty(value: object) -> None:
    assert token_text(value, "x") == ""


def test_claims_are_read_from_the_middle() -> None:
    assert claims_of(jwt(exp=7, name="é"))["exp"] == 7


@pytest.mark.parametrize("value", ["", "a.b", "a.!!!.c", "a.W10.c", "a.gICA.c", None, 5, "a." + "W" * 70000 + ".c"])
def test_what_is_no_jwt_claims_nothing(value: object) -> None:
    assert claims_of(value) == {}


@pytest.mark.parametrize(
    ("told", "at"),
    [
        (1766925296, 1766925296.0),
        (1766925296123, 1766925296.123),
        (1766925296.5, 1766925296.5),
        ("1766925296", 1766925296.0),
        ("1766925296123", 1766925296.123),
        ("2025-12-28T12:34:56Z", 1766925296.0),
        ("2025-12-28T12:34:56.123456789Z", 1766925296.123456),
        ("2025-12-28T20:34:56+08:00", 1766925296.0),
        ("2025-12-28T12:34:56", 1766925296.0),
    ],
)
def test_times_are_understood_in_every_notation(told: object, at: float) -> None:
    assert told_at(told) == at


@pytest.mark.parametrize("told", [None, True, 0, -5, "", "soon", "0001-01-01T00:00:00Z", 1e300, 10**400, [], "9" * 19])
def test_what_tells_no_time_is_none(told: object) -> None:
    assert told_at(told) is None


@pytest.mark.parametrize(
    "old", [1700000000, 1700000000000, "1700000000", "1700000000000", "2023-11-14T22:13:20Z", "", None, 0]
)
def test_a_time_is_written_as_the_file_has_written_it(old: object) -> None:
    written = orjson.loads(written_like(old, 1766925296.0))
    assert told_at(written) == 1766925296.0
    if old:
        assert (type(written), len(str(written))) == (type(old), len(str(old)))


@pytest.mark.parametrize("old", [1700000000000, "2023-11-14T22:13:20Z", None])
@pytest.mark.parametrize("at", [1e300, float("inf"), -1e300])
def test_a_time_that_no_calendar_has_is_written_as_the_nearest_that_it_has(old: object, at: float) -> None:
    assert orjson.loads(written_like(old, at)) in (253402300799000, 0, "9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z")


def test_rfc3339_is_utc_to_the_second() -> None:
    assert rfc3339(1766925296.9) == "2025-12-28T12:34:56Z"


def test_the_identity_is_the_refresh_tokens_and_shows_nothing() -> None:
    one, renewed = Login(Secret("a"), Secret("r")), Login(Secret("b"), Secret("r"))
    assert identity(one) == identity(renewed) != identity(Login(Secret("a")))
    assert len(identity(one)) == 64


@pytest.mark.parametrize("value", [None, 5, "", "a b", "a\r\nx: y", "é", "x" * 300, "a/../b"])
def test_a_fact_that_could_break_a_header_or_a_path_is_none(value: object) -> None:
    assert fact_text(value) == ""


def test_a_plain_fact_is_kept() -> None:
    assert fact_text("my-project_1.x:y") == "my-project_1.x:y"


def test_a_fingerprint_is_another_once_either_token_is_and_shows_nothing() -> None:
    logins = [Login(Secret("a"), Secret("r")), Login(Secret("b"), Secret("r")), Login(Secret("a"), Secret("s"))]
    logins += [Login(Secret("a")), Login(Secret("ar"))]
    assert len({fingerprint(login) for login in logins}) == len(logins)
    assert fingerprint(Login(Secret("a"), Secret("r"), expires_at=5.0)) == fingerprint(logins[0])
    assert len(fingerprint(logins[0])) == 64
