"""Logins in the browser: a real callback server, and a vendor that is a process."""

import asyncio
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import ProxyHandler, build_opener

import msgspec
import pytest

from fastproxy import clock
from fastproxy.accounts import callback as callbacks
from fastproxy.accounts import signing_in
from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.pkce import challenge_of
from fastproxy.accounts.signing_in import Person, exchanged, login_by_code
from fastproxy.providers.base import OAuth
from fastproxy.secret import Secret
from fastproxy.upstream.token_endpoint import poster
from support.vendor import Vendor

POST = poster("direct")


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        running.order(account="ann")
        yield running


class Browser:
    """A person with a browser on this machine. fields: what the vendor redirects back with, besides our state."""

    def __init__(self, **fields: str) -> None:
        self.fields = fields
        self.shown = ""
        self.complaints: list[str] = []

    def person(self) -> Person:
        return Person(self.show, self.paste, self.complaints.append)

    def show(self, address: str) -> None:
        self.shown = address
        self._going = asyncio.get_running_loop().run_in_executor(None, self._go)

    async def paste(self) -> str:
        return await asyncio.get_running_loop().create_future()

    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.shown).query).items()}

    def redirect(self) -> str:
        query = self.query()
        return f"{query['redirect_uri']}?{urlencode({'state': query['state'], **self.fields})}"

    def _go(self) -> None:
        build_opener(ProxyHandler({})).open(self.redirect(), timeout=10).read()


class Elsewhere(Browser):
    """A person whose browser is on another machine, and who pastes what it ends at. lines: pasted before that."""

    def __init__(self, *lines: str, **fields: str) -> None:
        super().__init__(**fields)
        self._lines = list(lines)

    def show(self, address: str) -> None:
        self.shown = address

    async def paste(self) -> str:
        return self._lines.pop(0) if self._lines else self.redirect()


def sign_in(oauth: OAuth, browser: Browser) -> Login:
    return asyncio.run(login_by_code(oauth, POST, browser.person(), clock.wall))


def test_a_browser_on_this_machine_brings_the_code_by_itself(vendor: Vendor) -> None:
    browser = Browser(code="code-ann")
    login = sign_in(vendor.oauth, browser)
    assert login.access.reveal().startswith("at-ann-")
    assert login.refresh is not None
    grant = vendor.grants()[-1]
    assert challenge_of(grant["code_verifier"]) == browser.query()["code_challenge"]
    assert grant["redirect_uri"] == browser.query()["redirect_uri"]


def test_from_another_machine_the_address_is_pasted_and_a_slip_is_told(vendor: Vendor) -> None:
    browser = Elsewhere("", "not it at all", "code#of-another", code="code-ann")
    assert sign_in(vendor.oauth, browser).access.reveal().startswith("at-ann-")
    assert len(browser.complaints) == 2


def test_with_its_port_taken_a_login_can_still_be_pasted(vendor: Vendor) -> None:
    taken = callbacks._bound_to(0)
    try:
        port = taken[0].getsockname()[1]
        oauth = msgspec.structs.replace(vendor.oauth, redirect_ports=(port,))
        browser = Elsewhere(code="code-ann")
        assert sign_in(oauth, browser).access.reveal().startswith("at-ann-")
        assert str(port) in browser.complaints[0]
        assert browser.query()["redirect_uri"] == f"http://localhost:{port}/callback"
    finally:
        for one in taken:
            one.close()


def test_a_person_who_says_no_ends_it_and_nothing_is_redeemed(vendor: Vendor) -> None:
    before = len(vendor.grants())
    with pytest.raises(AccountError, match="access_denied"):
        sign_in(vendor.oauth, Browser(error="access_denied"))
    assert len(vendor.grants()) == before


def test_a_code_that_the_vendor_does_not_know_is_no_login(vendor: Vendor) -> None:
    with pytest.raises(AccountError, match=r"did not take the code \(invalid_grant\)"):
        sign_in(vendor.oauth, Browser(code="code-nobody"))


def test_a_vendor_in_trouble_is_told_as_such(vendor: Vendor) -> None:
    vendor.set(token_answers=[{"status": 502, "body": "<html>code-ann</html>"}])
    with pytest.raises(AccountError, match="status 502") as raised:
        sign_in(vendor.oauth, Browser(code="code-ann"))
    assert "code-ann" not in str(raised.value)


def test_nobody_waits_for_ever(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing_in, "WAIT_SECONDS", 0.1)
    browser = Browser()
    person = Person(lambda _address: None, browser.paste, browser.complaints.append)
    with pytest.raises(AccountError, match="no answer came"):
        asyncio.run(login_by_code(vendor.oauth, POST, person, clock.wall))


def test_a_missing_client_secret_is_told_before_the_browser_opens(vendor: Vendor) -> None:
    browser = Browser(code="code-ann")
    with pytest.raises(AccountError, match="THE_SECRET"):
        sign_in(msgspec.structs.replace(vendor.oauth, secret_variable="THE_SECRET"), browser)
    assert browser.shown == ""


def test_copilots_login_is_exchanged_at_once_and_keeps_the_token_of_github(vendor: Vendor) -> None:
    oauth = msgspec.structs.replace(vendor.oauth, exchange="copilot")
    github = Login(Secret(vendor.login("git")["access_token"]))
    login = asyncio.run(exchanged(oauth, POST, github, clock.wall))
    assert login.access.reveal().startswith("tid=git-")
    assert login.refresh == github.access
    assert login.expires_at == pytest.approx(clock.wall() + 1800, abs=5)
    with pytest.raises(AccountError, match="Copilot has not"):
        asyncio.run(exchanged(oauth, POST, Login(Secret("gho-unknown")), clock.wall))


def test_other_logins_need_no_exchange(vendor: Vendor) -> None:
    login = Login(Secret("at"))
    assert asyncio.run(exchanged(vendor.oauth, POST, login, clock.wall)) is login
