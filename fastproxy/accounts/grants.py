"""What is sent to a vendor's token endpoint, and what its answer means. Pure: values in, values out.

A definitive refusal ends a login, so an answer counts as one only where it is the vendor's own JSON that says so: an
HTML page, a 429 or a 5xx is trouble on the way, whatever words it holds.
Must never put a token, a code or a line of an answer's body into a text: of what a vendor says only its error *code*
is passed on, and only where it looks like one.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec

from fastproxy.accounts import hints
from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.pkce import Proof
from fastproxy.accounts.sources.tokens import claims_of, token_text, told_at
from fastproxy.providers.base import OAuth
from fastproxy.secret import Secret

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
LONGEST_LIFE_SECONDS = 10 * 365 * 86400.0
COPILOT_REST_SECONDS = 300.0  # `refresh_in` is five minutes before the end: 1500 of 1800 s

_CODE = re.compile(r"[A-Za-z][A-Za-z_.-]{2,47}")  # no digits: what looks like a token is none of these
_DEFINITIVE = re.compile(
    r"invalid_grant|invalid_token|unauthorized_client|bad_refresh_token|refresh_token_(?:expired|reused|invalidated)"
    r"|\brevoked\b|refresh[ _]token[^.]{0,40}\b(?:expired|already (?:been )?used)\b"
)
_TRANSIENT = re.compile(
    r"time[ds]?[ _-]?out|network|fetch failed|econn|eai_again|rate.?limit|too many|temporar|unavailable|forbidden"
    r"|permission_denied|cloudflare|captcha"
)
_GITHUB_REVOKED = "bad credentials"  # all that GitHub says, with 401, of a token that counts no longer
_LOOKED_AT = 4096  # characters of an answer's own texts
_PASSING_STATUSES = frozenset({408, 425, 429})
_FIELDS = ("access_token", "refresh_token", "expires_in")
_COPILOT_FIELDS = ("token", "expires_at", "refresh_in")
_DOCUMENT = msgspec.json.Decoder(dict[str, object])


class TokenRequest(msgspec.Struct, frozen=True):
    """One request to a token endpoint. headers and body hold secrets."""

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    method: str = "POST"

    def __repr__(self) -> str:
        return f"TokenRequest({self.url!r}, ...)"


class TokenAnswer(NamedTuple):
    """Its answer: headers by lower-case name, and the body, which may have been cut off."""

    status: int
    headers: Mapping[bytes, bytes]
    body: bytes

    def __repr__(self) -> str:
        return f"TokenAnswer({self.status}, ...)"


Post = Callable[[TokenRequest], Awaitable[TokenAnswer]]  # upstream.token_endpoint; raises Fault for no answer


class Refusal(NamedTuple):
    """No login. definitive: the vendor has ended it. code: its own word, "" if it has none. cause: for people."""

    definitive: bool
    code: str
    cause: str
    retry_after_seconds: float | None = None


# Requests.


def code_grant(oauth: OAuth, code: str, proof: Proof, redirect: str, state: str) -> TokenRequest:
    """Redeems the code that the browser brought. Raises: AccountError when a client secret is missing."""
    fields = {
        "grant_type": "authorization_code",
        "client_id": oauth.client_id,
        "code": code,
        "redirect_uri": redirect,
        "code_verifier": proof.verifier.reveal(),
    }
    if oauth.exchange == "json":  # Anthropic's, the one endpoint that takes JSON, wants it too
        fields["state"] = state
    return _to_token_url(oauth, fields)


def refresh_grant(oauth: OAuth, login: Login) -> TokenRequest:
    """Asks for another access token. Raises: AccountError when the login has nothing to ask with."""
    if login.refresh is None:
        raise AccountError("it has no refresh token: log in again")
    refresh = login.refresh.reveal()
    if oauth.exchange == "copilot":
        headers = (("authorization", f"token {refresh}"), ("accept", "application/json"), *oauth.headers)
        return TokenRequest(oauth.exchange_url, headers, method="GET")
    fields = {"grant_type": "refresh_token", "client_id": oauth.client_id, "refresh_token": refresh}
    return _to_token_url(oauth, fields)


def device_request(oauth: OAuth, proof: Proof) -> TokenRequest:
    """Asks for a code that a person types in elsewhere. Source: RFC 8628 3.1."""
    fields = {"client_id": oauth.client_id, "scope": " ".join(oauth.scopes)}
    if oauth.device_pkce:
        fields |= {"code_challenge": proof.challenge, "code_challenge_method": "S256"}
    return _form(oauth.device_url, oauth, fields)


def device_grant(oauth: OAuth, device_code: Secret, proof: Proof) -> TokenRequest:
    """Asks whether the person has done it. Source: RFC 8628 3.4."""
    fields = {"grant_type": DEVICE_GRANT, "client_id": oauth.client_id, "device_code": device_code.reveal()}
    if oauth.device_pkce:
        fields["code_verifier"] = proof.verifier.reveal()
    return _form(oauth.token_url, oauth, fields)


def authorize_url(oauth: OAuth, proof: Proof, redirect: str, state: str) -> str:
    """Where the person says yes, in a browser. Source: RFC 6749 4.1.1, RFC 7636 4.3."""
    query = {
        "response_type": "code",
        "client_id": oauth.client_id,
        "redirect_uri": redirect,
        "scope": " ".join(oauth.scopes),
        "code_challenge": proof.challenge,
        "code_challenge_method": "S256",
        "state": state,
        **dict(oauth.parameters),
    }
    joint = "&" if "?" in oauth.authorize_url else "?"
    return f"{oauth.authorize_url}{joint}{urlencode(query)}"


def require_secret(oauth: OAuth) -> None:
    """Raises: AccountError when the token endpoint will want a client secret and there is none."""
    if oauth.client_secret is None and oauth.secret_variable:
        raise AccountError(f"it needs a client secret: set {oauth.secret_variable}, or client_secret in its [oauth]")


# Answers.


def login_of(answer: TokenAnswer, oauth: OAuth, used: Login | None, asked_at: float) -> Login | Refusal:
    """The login in an answer, with the refresh token of `used` where it brings none.

    asked_at: wall seconds when the request went out: a token's life is counted from there, by our own clock, so that
    a clock that differs from the vendor's does not end it early.
    """
    document = _document(answer.body)
    if answer.status == 200 and document is not None and "error" not in document:
        try:
            found = _copilot_login(document, asked_at) if _is_exchange(oauth, used) else _login(document, asked_at)
        except AccountError as error:
            return Refusal(definitive=False, code="", cause=f"its token endpoint answered with a bad token: {error}")
        if found is not None:
            refresh = found.refresh or (used.refresh if used is not None else None)
            return msgspec.structs.replace(found, refresh=refresh)
    return refusal_of(answer, asked_at)


def refusal_of(answer: TokenAnswer, now: float) -> Refusal:
    """What an answer without a login means."""
    document = _document(answer.body)
    formal, told = _words(document)
    code = next((word for word in formal if _CODE.fullmatch(word)), "")
    named = f" ({code})" if code else ""
    if _may_be_definitive(answer.status, document) and _is_definitive(answer.status, " ".join((*formal, *told))):
        return Refusal(definitive=True, code=code, cause=f"its vendor has ended the login{named}: log in again")
    what = f"status {answer.status}" if document is not None else f"status {answer.status} and no JSON"
    wait = hints.retry_after(answer.headers.get, "", now)
    cause = f"its token endpoint answered {what}{named}"
    return Refusal(definitive=False, code=code, cause=cause, retry_after_seconds=wait)


def _is_definitive(status: int, text: str) -> bool:
    text = text[:_LOOKED_AT].lower()
    if status == 401 and text == _GITHUB_REVOKED:
        return True
    return _DEFINITIVE.search(text) is not None and _TRANSIENT.search(text) is None


def _may_be_definitive(status: int, document: Mapping[str, object] | None) -> bool:
    return document is not None and status < 500 and status not in _PASSING_STATUSES


def _is_exchange(oauth: OAuth, used: Login | None) -> bool:
    return oauth.exchange == "copilot" and used is not None


def _login(document: Mapping[str, object], asked_at: float) -> Login | None:
    access = token_text(document.get("access_token"), "access_token")
    refresh = token_text(document.get("refresh_token"), "refresh_token")
    if not access:
        return None
    life = _seconds(document.get("expires_in"))
    expires_at = told_at(claims_of(access).get("exp")) if life is None else asked_at + life
    kept = {name: value for name, value in document.items() if name not in _FIELDS}
    return Login(Secret(access), Secret(refresh) if refresh else None, expires_at, asked_at, kept)


def _copilot_login(document: Mapping[str, object], asked_at: float) -> Login | None:
    access = token_text(document.get("token"), "token")
    if not access:
        return None
    rest = _seconds(document.get("refresh_in"))
    expires_at = told_at(document.get("expires_at")) if rest is None else asked_at + rest + COPILOT_REST_SECONDS
    kept = {name: value for name, value in document.items() if name not in _COPILOT_FIELDS}
    return Login(Secret(access), None, expires_at, asked_at, kept)


def _seconds(value: object) -> float | None:
    """A life that a vendor told, as a number or as its digits; None for none and for nonsense."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value <= LONGEST_LIFE_SECONDS else None


def _words(document: Mapping[str, object] | None) -> tuple[list[str], list[str]]:
    """The words and the sentences in which vendors say what is wrong.

    `error` is a word (RFC 6749 5.2) or an object with `code`, `type` and `message` (OpenAI, Google, Anthropic).
    """
    if document is None:
        return [], []
    error = document.get("error")
    inner = error if isinstance(error, dict) else {}
    formal = (inner.get("code"), inner.get("status"), inner.get("type"), error, document.get("code"))
    told = (inner.get("message"), document.get("error_description"), document.get("message"))
    return [text for text in formal if isinstance(text, str)], [text for text in told if isinstance(text, str)]


def _document(body: bytes) -> Mapping[str, object] | None:
    try:
        return _DOCUMENT.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _to_token_url(oauth: OAuth, fields: dict[str, str]) -> TokenRequest:
    """Raises: AccountError when a client secret is missing."""
    require_secret(oauth)
    if oauth.client_secret is not None:
        fields["client_secret"] = oauth.client_secret.reveal()
    if oauth.exchange == "json":
        headers = (("content-type", "application/json"), ("accept", "application/json"), *oauth.headers)
        return TokenRequest(oauth.token_url, headers, msgspec.json.encode(fields))
    return _form(oauth.token_url, oauth, fields)


def _form(url: str, oauth: OAuth, fields: dict[str, str]) -> TokenRequest:
    headers = (("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json"), *oauth.headers)
    return TokenRequest(url, headers, urlencode(fields).encode())
