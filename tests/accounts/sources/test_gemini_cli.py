"""Gemini CLI's file."""

from pathlib import Path

import orjson
import pytest

from fastproxy.accounts.login import Login
from fastproxy.accounts.sources.gemini_cli import SOURCE
from fastproxy.secret import Secret

BODY = (
    b'{\n  "access_token": "at-1",\n  "refresh_token": "rt-1",\n  "id_token": "i",\n  "expiry_date": 1766925296123\n}'
)


def test_a_login_is_read_with_its_end_in_milliseconds() -> None:
    (found,) = SOURCE.read(BODY)
    assert (found.login.access, found.login.expires_at) == (Secret("at-1"), 1766925296.123)


def test_google_keeps_its_refresh_token_and_so_does_the_file() -> None:
    assert SOURCE.write is not None
    written = SOURCE.write(BODY, Login(Secret("at-2"), None, 1800000000.0), "")
    assert written == BODY.replace(b"at-1", b"at-2").replace(b"1766925296123", b"1800000000000")


@pytest.mark.parametrize(
    ("environ", "file"),
    [
        ({}, "/h/.gemini/oauth_creds.json"),
        ({"GEMINI_HOME": "/g"}, "/g/oauth_creds.json"),
        ({"GEMINI_CLI_HOME": "/g"}, "/g/.gemini/oauth_creds.json"),
    ],
)
def test_the_home_variables_move_the_file(environ: dict[str, str], file: str) -> None:
    assert [place.name for place in SOURCE.places(environ, Path("/h"))] == [file]


@pytest.mark.parametrize(
    ("told", "facts"),
    [("p-1", {"project": "p-1"}), ("p-1, p-2", {"project": "p-1"}), ("ALL", {}), ("", {}), (5, {}), ("a/b", {})],
)
def test_the_project_is_the_first_that_is_named(told: object, facts: dict[str, str]) -> None:
    assert SOURCE.facts(Login(Secret("t"), kept={"project_id": told})) == facts


def test_an_empty_file_has_no_login() -> None:
    assert SOURCE.read(orjson.dumps({})) == ()
