"""Codex's file: a plan's login, or an API key that is for another host."""

from pathlib import Path

import orjson
import pytest

from fastproxy.accounts.login import Login
from fastproxy.accounts.sources.codex import KEY_SOURCE, SOURCE
from fastproxy.secret import Secret
from support.credentials import codex_body, jwt


def test_a_login_is_read_with_the_times_that_its_token_tells() -> None:
    (found,) = SOURCE.read(codex_body())
    assert (found.kind, found.label) == ("login", "codex")
    assert found.login.refresh == Secret("rt-1")
    assert (found.login.expires_at, found.login.minted_at) == (4102444800.0, 1766925296.123456)
    assert KEY_SOURCE.read(codex_body()) == ()


def test_the_account_is_that_of_the_file_else_of_the_id_token_else_of_the_access_token() -> None:
    claim = {"https://api.openai.com/auth": {"chatgpt_account_id": "acc-9", "chatgpt_plan_type": "plus"}}
    named = Login(Secret("t"), kept={"account_id": "acc-1", "id_token": jwt(**claim)})
    assert SOURCE.facts(named) == {"account_id": "acc-1", "plan": "plus"}
    assert SOURCE.facts(Login(Secret("t"), kept={"id_token": jwt(**claim)}))["account_id"] == "acc-9"
    assert SOURCE.facts(Login(Secret(jwt(**claim))))["account_id"] == "acc-9"
    other = jwt(**{"https://api.openai.com/auth": {"chatgpt_account_id": "acc-0"}})
    assert SOURCE.facts(Login(Secret(other), kept={"id_token": jwt(**claim)}))["account_id"] == "acc-9"
    assert SOURCE.facts(Login(Secret("t"))) == {}


def test_an_account_id_that_would_break_a_header_is_left_out() -> None:
    assert SOURCE.facts(Login(Secret("t"), kept={"account_id": "a\r\nx: y"})) == {}


@pytest.mark.parametrize(
    "document",
    [
        {"OPENAI_API_KEY": "sk-1"},
        {"OPENAI_API_KEY": "sk-1", "tokens": None},
        {"OPENAI_API_KEY": "sk-1", "auth_mode": "apikey", "tokens": {"access_token": "t", "refresh_token": "r"}},
        {"OPENAI_API_KEY": "sk-1", "auth_mode": "ApiKey"},
    ],
)
def test_in_key_mode_there_is_a_key_for_openai_and_no_login(document: object) -> None:
    body = orjson.dumps(document)
    (found,) = KEY_SOURCE.read(body)
    assert (KEY_SOURCE.provider, found.kind, found.login.access) == ("openai", "key", Secret("sk-1"))
    assert SOURCE.read(body) == ()


def test_a_key_beside_a_login_does_not_count_unless_the_file_says_so() -> None:
    body = orjson.dumps({"OPENAI_API_KEY": "sk-1", "tokens": {"access_token": "t", "refresh_token": "r"}})
    assert len(SOURCE.read(body)) == 1
    assert KEY_SOURCE.read(body) == ()


def test_a_write_changes_the_tokens_and_when_it_was() -> None:
    assert SOURCE.write is not None
    old = codex_body("at-1")
    new = Login(Secret("at-2"), Secret("rt-2"), None, 1800000000.0, {"id_token": "id-2"})
    before, after = orjson.loads(old), orjson.loads(SOURCE.write(old, new, ""))
    assert after["last_refresh"] == "2027-01-15T08:00:00Z"
    assert after["tokens"] == before["tokens"] | {"access_token": "at-2", "refresh_token": "rt-2", "id_token": "id-2"}


def test_the_home_variable_moves_the_file() -> None:
    assert [place.name for place in SOURCE.places({"CODEX_HOME": "/c"}, Path("/h"))] == ["/c/auth.json"]
    assert [place.name for place in SOURCE.places({}, Path("/h"))] == ["/h/.codex/auth.json"]
