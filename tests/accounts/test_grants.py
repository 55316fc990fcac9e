"""Requests to token endpoints, and what each kind of answer means."""

import base64
from urllib.parse import parse_qs, parse_qsl, urlsplit

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.accounts.grants import (
    Refusal,
    TokenAnswer,
    authorize_url,
    code_grant,
    device_grant,
    device_request,
    login_of,
    refresh_grant,
    refusal_of,
)
from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.pkce import Proof, challenge_of
from fastproxy.providers import oauth as vendors
from fastproxy.providers.base import OAuth
from fastproxy.secret import Secret

PROOF = Proof(Secret("verifier-of-ours"), challenge_of("verifier-of-ours"))
PLAIN = OAuth(client_id="ours", token_url="https://vendor.example/token", device_url="https://vendor.example/device")
USED = Login(Secret("at-old"), Secret("rt-old"))
NOW = 1_800_000_000.0


def answer(status: int, body: object, **headers: str) -> TokenAnswer:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return TokenAnswer(
        status, {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}, raw
    )


def jwt(claims: dict[str, object]) -> str:
    return f"e30.{base64.urlsafe_b64encode(orjson.dumps(claims)).decode().rstrip('=')}.c2ln"


# Requests.


def test_a_code_is_redeemed_with_its_verifier_and_its_redirect() -> None:
    request = code_grant(PLAIN, "the code", PROOF, "http://localhost:1/callback", "state")
    assert request.url == PLAIN.token_url
    assert dict(parse_qsl(request.body.decode())) == {
        "grant_type": "authorization_code",
        "client_id": "ours",
        "code": "the code",
        "redirect_uri": "http://localhost:1/callback",
        "code_verifier": "verifier-of-ours",
    }
    assert ("content-type", "application/x-www-form-urlencoded") in request.headers


def test_anthropic_is_asked_in_json_and_gets_the_state_and_its_beta() -> None:
    request = code_grant(vendors.ANTHROPIC, "c", PROOF, "http://localhost:54545/callback", "the state")
    assert orjson.loads(request.body)["state"] == "the state"
    assert ("content-type", "application/json") in request.headers
    assert ("anthropic-beta", "oauth-2025-04-20") in request.headers
    assert orjson.loads(refresh_grant(vendors.ANTHROPIC, USED).body) == {
        "grant_type": "refresh_token",
        "client_id": vendors.ANTHROPIC.client_id,
        "refresh_token": "rt-old",
    }


def test_a_missing_client_secret_is_said_before_anything_is_sent() -> None:
    with pytest.raises(AccountError, match="GEMINI_OAUTH_CLIENT_SECRET"):
        refresh_grant(vendors.GEMINI_CLI, USED)
    given_one = vendors.with_secret(vendors.GEMINI_CLI, {"GEMINI_OAUTH_CLIENT_SECRET": "hush"})
    assert parse_qs(refresh_grant(given_one, USED).body.decode())["client_secret"] == ["hush"]


def test_a_login_without_a_refresh_token_has_nothing_to_ask_with() -> None:
    with pytest.raises(AccountError, match="log in again"):
        refresh_grant(PLAIN, Login(Secret("at")))


def test_copilot_exchanges_the_token_of_github_without_a_body() -> None:
    request = refresh_grant(vendors.COPILOT, USED)
    assert (request.method, request.url, request.body) == ("GET", vendors.COPILOT.exchange_url, b"")
    assert ("authorization", "token rt-old") in request.headers


def test_a_device_is_proved_only_where_the_vendor_takes_a_proof() -> None:
    plain = parse_qs(device_request(PLAIN, PROOF).body.decode())
    assert "code_challenge" not in plain
    proved = parse_qs(device_request(vendors.QWEN, PROOF).body.decode())
    assert proved["code_challenge"] == [PROOF.challenge]
    grant = parse_qs(device_grant(vendors.QWEN, Secret("dc"), PROOF).body.decode())
    assert (grant["device_code"], grant["code_verifier"]) == (["dc"], ["verifier-of-ours"])


def test_the_address_to_open_holds_the_challenge_and_never_the_verifier() -> None:
    url = authorize_url(vendors.CODEX, PROOF, "http://localhost:1455/auth/callback", "the state")
    query = parse_qs(urlsplit(url).query)
    assert url.startswith("https://auth.openai.com/oauth/authorize?")
    assert query["code_challenge"] == [PROOF.challenge]
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == ["http://localhost:1455/auth/callback"]
    assert query["scope"] == ["openid email profile offline_access"]
    assert query["codex_cli_simplified_flow"] == ["true"]
    assert "verifier-of-ours" not in url


def test_an_authorize_address_may_have_a_query_already() -> None:
    oauth = msgspec.structs.replace(PLAIN, authorize_url="https://vendor.example/go?tenant=1")
    assert parse_qs(urlsplit(authorize_url(oauth, PROOF, "http://localhost:1/", "s")).query)["tenant"] == ["1"]


# Good answers.


def test_a_login_keeps_every_field_of_the_answer_but_the_tokens() -> None:
    body = {"access_token": "at", "refresh_token": "rt", "expires_in": 3600, "scope": "a b", "account": {"uuid": "u"}}
    login = login_of(answer(200, body), PLAIN, USED, NOW)
    assert login == Login(Secret("at"), Secret("rt"), NOW + 3600, NOW, {"scope": "a b", "account": {"uuid": "u"}})


def test_without_a_new_refresh_token_the_old_one_stays() -> None:
    login = login_of(answer(200, {"access_token": "at"}), PLAIN, USED, NOW)
    assert isinstance(login, Login)
    assert login.refresh == USED.refresh


@pytest.mark.parametrize(
    ("expires_in", "expires_at"),
    [(3600, NOW + 3600), ("3600", NOW + 3600), (0.5, NOW + 0.5), (0, None), (-5, None), (True, None), (1e300, None),
     ("soon", None), (None, None)],
)  # fmt: skip
def test_a_life_is_counted_from_our_own_clock(expires_in: object, expires_at: float | None) -> None:
    login = login_of(answer(200, {"access_token": "at", "expires_in": expires_in}), PLAIN, None, NOW)
    assert isinstance(login, Login)
    assert login.expires_at == expires_at


def test_a_token_that_tells_its_end_itself_is_believed_where_the_answer_does_not() -> None:
    login = login_of(answer(200, {"access_token": jwt({"exp": NOW + 99})}), PLAIN, None, NOW)
    assert isinstance(login, Login)
    assert login.expires_at == NOW + 99


def test_copilots_end_is_counted_by_our_clock_and_its_address_is_kept() -> None:
    body = {
        "token": "tid=1;x",
        "expires_at": 5,
        "refresh_in": 1500,
        "endpoints": {"api": "https://api.x"},
        "sku": "pro",
    }
    login = login_of(answer(200, body), vendors.COPILOT, USED, NOW)
    assert login == Login(
        Secret("tid=1;x"), Secret("rt-old"), NOW + 1800, NOW, {"endpoints": {"api": "https://api.x"}, "sku": "pro"}
    )
    told = login_of(answer(200, {"token": "t", "expires_at": NOW + 7}), vendors.COPILOT, USED, NOW)
    assert isinstance(told, Login)
    assert told.expires_at == NOW + 7


def test_a_token_that_can_not_stand_in_a_header_is_no_login() -> None:
    refusal = login_of(answer(200, {"access_token": "a\r\nx: y"}), PLAIN, None, NOW)
    assert isinstance(refusal, Refusal)
    assert not refusal.definitive


# Refusals.

DEFINITIVE = [
    (400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}),
    (403, {"error": "invalid_grant", "error_description": "Unknown or invalid refresh token."}),
    (401, {"error": "invalid_token"}),
    (400, {"error": "unauthorized_client"}),
    (200, {"error": "bad_refresh_token", "error_description": "The refresh token passed is incorrect or expired."}),
    (401, {"error": {"code": "refresh_token_reused", "message": "already been used", "type": "invalid_request_error"}}),
    (401, {"error": {"code": "refresh_token_expired", "message": "x"}}),
    (401, {"error": {"message": "Your refresh token has already been used to generate a new access token."}}),
    (400, {"error": "x", "error_description": "The refresh token is expired"}),
    (400, {"error": {"message": "This login was revoked"}}),
    (401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest", "status": "401"}),
]
TRANSIENT = [
    (429, {"error": "invalid_grant"}),
    (408, {"error": "invalid_grant"}),
    (500, {"error": "invalid_grant"}),
    (503, {"error": "temporarily_unavailable"}),
    (400, b"<html>invalid_grant: revoked</html>"),
    (403, b"<!doctype html><title>Just a moment... cloudflare</title>"),
    (403, {"error": "permission_denied", "message": "revoked? forbidden"}),
    (403, {"message": "no access to Copilot"}),
    (400, {"error": "invalid_request"}),
    (401, {"error": "invalid_client"}),
    (400, {"error": "invalid_grant", "error_description": "network timeout while validating"}),
    (401, {"message": "Requires authentication"}),
    (302, b""),
    (200, b"invalid_grant"),
    (200, {"scope": "but no token"}),
    (400, [{"error": "invalid_grant"}]),
    (400, b'"invalid_grant"'),
    (400, b"\xff\xfe"),
    (400, b"[" * 100_000),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body"), DEFINITIVE)
def test_only_the_vendors_own_word_ends_a_login(status: int, body: object) -> None:
    refusal = login_of(answer(status, body), PLAIN, USED, NOW)
    assert isinstance(refusal, Refusal)
    assert refusal.definitive
    assert "log in again" in refusal.cause


@pytest.mark.parametrize(("status", "body"), TRANSIENT)
def test_trouble_on_the_way_ends_nothing(status: int, body: object) -> None:
    refusal = login_of(answer(status, body), PLAIN, USED, NOW)
    assert isinstance(refusal, Refusal)
    assert not refusal.definitive


def test_a_wait_that_the_vendor_names_is_kept() -> None:
    assert refusal_of(answer(429, {}, retry_after="17"), NOW).retry_after_seconds == 17
    assert refusal_of(answer(503, {}), NOW).retry_after_seconds is None


def test_what_a_vendor_says_is_not_repeated_but_for_its_code() -> None:
    body = {"error": {"code": "refresh_token_reused", "message": "rt-old was used by someone@example.com"}}
    refusal = refusal_of(answer(401, body), NOW)
    assert "refresh_token_reused" in refusal.cause
    assert "rt-old" not in refusal.cause
    assert "@" not in refusal.cause


@pytest.mark.parametrize("echo", ["rt-old-1", "sk-ant-ort01-abc", "x" * 60, "two words", "ünïcode"])
def test_a_token_that_is_echoed_as_an_error_is_not_repeated(echo: str) -> None:
    assert echo not in refusal_of(answer(400, {"error": echo}), NOW).cause


def test_values_that_hold_secrets_hide_them() -> None:
    request = refresh_grant(vendors.COPILOT, USED)
    assert "rt-old" not in repr(request)
    assert "at-1" not in repr(answer(200, {"access_token": "at-1"}))


@given(st.integers(100, 599), st.binary(max_size=200) | st.builds(orjson.dumps, st.dictionaries(st.text(), st.text())))
def test_no_answer_raises(status: int, body: bytes) -> None:
    for oauth in (PLAIN, vendors.COPILOT):
        found = login_of(TokenAnswer(status, {}, body), oauth, USED, NOW)
        assert isinstance(found, Login | Refusal)
