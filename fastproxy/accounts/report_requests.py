"""How each provider is asked for an account's usage report, as data: one row for each that has one. Pure.

The address is put together from the provider's own (the one that the account's credential goes to anyway), so that a
host of the user's own is asked instead where the configuration says so, and no other one ever is.
Source, read 2026-11-21: as `report_readers`. A client of the vendor's own is not imitated for a better rate limit
(DESIGN 7); what is refused for that reason is asked for less often.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from fastproxy.accounts import report_readers
from fastproxy.accounts.login import Login
from fastproxy.accounts.reports import Told
from fastproxy.errors import Header
from fastproxy.providers.base import Provider
from fastproxy.providers.shape import base_url_of, credential_for, login_headers
from fastproxy.snapshot import Account

Read = Callable[[str, Mapping[str, object], float], Told]


class ReportRequest(msgspec.Struct, frozen=True):
    """One request for a report. headers hold a secret. read: (account, answer, now) -> what it says."""

    method: str
    url: str
    headers: tuple[Header, ...]
    body: bytes
    read: Read
    is_whole: bool

    def __repr__(self) -> str:
        return f"ReportRequest({self.url!r}, ...)"


class _Row(NamedTuple):
    """tail: how the base URL ends, which is cut off; path: what follows instead. fact_headers: header -> fact.

    takes_project: whether its body names the project. is_whole: see Report. is_exchanged: whether what its login was
    exchanged for is asked with, at the place of that exchange, and not the access token.
    """

    read: Read
    path: str
    tail: str = ""
    fact_headers: tuple[tuple[bytes, str], ...] = ()
    takes_project: bool = False
    is_whole: bool = True
    is_exchanged: bool = False


_ROWS: Mapping[str, _Row] = {
    "anthropic": _Row(report_readers.anthropic, "/api/oauth/usage"),
    "codex": _Row(
        report_readers.codex, "/wham/usage", tail="/codex", fact_headers=((b"chatgpt-account-id", "account_id"),)
    ),
    # Its limits per session and per week are in the headers of answers only.
    "copilot": _Row(report_readers.copilot, "/user", tail="/v2/token", is_whole=False, is_exchanged=True),
    # It counts requests, and refuses for tokens: google-gemini/gemini-cli 14883 and 29425.
    "gemini-cli": _Row(report_readers.code_assist, "/v1internal:retrieveUserQuota", takes_project=True, is_whole=False),
}


def report_request(provider: Provider, account: Account, login: Login | None) -> ReportRequest | None:
    """How to ask for an account's report; None where there is none: for keys, and for most providers.

    login: what the account's token came from. Raises: nothing.
    """
    row = _ROWS.get(provider.name)
    if row is None or account.kind != "login" or provider.oauth is None:
        return None
    if row.is_exchanged:
        base, credential = provider.oauth.exchange_url, _exchanged(login)
    else:
        base = base_url_of(provider, next(iter(provider.formats)), account.facts).rstrip("/")
        credential = (*credential_for(provider, account), *login_headers(provider, lambda _name: []))
    if not credential or not base.endswith(row.tail):
        return None
    named = ((header, account.facts[fact].encode()) for header, fact in row.fact_headers if account.facts.get(fact))
    headers = (*credential, *named, (b"accept", b"application/json"))
    method, body = "GET", b""
    if row.takes_project:
        project = account.facts.get("project", "")
        method, body = "POST", msgspec.json.encode({"project": project} if project else {})
        headers = (*headers, (b"content-type", b"application/json"))
    return ReportRequest(method, base.removesuffix(row.tail) + row.path, headers, body, row.read, row.is_whole)


def _exchanged(login: Login | None) -> tuple[Header, ...]:
    if login is None or login.refresh is None:
        return ()
    return ((b"authorization", b"token " + login.refresh.reveal().encode()),)
