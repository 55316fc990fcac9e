"""Which proxy stands before which address."""

import pytest
from yarl import URL

from fastproxy.upstream.proxies import proxy_for

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
HTTPS, HTTP = URL("https://api.lab.test:443"), URL("http://api.lab.test:80")
PROXY = URL("http://proxy.test:3128")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("setting", ["env", "direct"])
def test_none_when_nothing_names_one(setting: str):
    assert proxy_for(HTTPS, setting) == (None, None)


def test_each_scheme_has_its_own(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTPS_PROXY", str(PROXY))
    assert proxy_for(HTTPS, "env") == (PROXY, None)
    assert proxy_for(HTTP, "env") == (None, None)


def test_one_for_all(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ALL_PROXY", str(PROXY))
    assert proxy_for(HTTPS, "env") == proxy_for(HTTP, "env") == (PROXY, None)


def test_lower_case_names_count(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("https_proxy", str(PROXY))
    assert proxy_for(HTTPS, "env") == (PROXY, None)


@pytest.mark.parametrize(
    "exceptions", ["api.lab.test", "lab.test", ".lab.test", "*", "x.test, api.lab.test", "api.lab.test:443"]
)
def test_exceptions_are_reached_directly(monkeypatch: pytest.MonkeyPatch, exceptions: str):
    monkeypatch.setenv("HTTPS_PROXY", str(PROXY))
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert proxy_for(HTTPS, "env") == (None, None)


def test_direct_ignores_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTPS_PROXY", str(PROXY))
    assert proxy_for(HTTPS, "direct") == (None, None)


def test_a_url_ignores_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_PROXY", "*")
    assert proxy_for(HTTPS, str(PROXY)) == (PROXY, None)


def test_a_credential_is_taken_out_of_the_url():
    url, auth = proxy_for(HTTPS, "http://me:pass@proxy.test:3128")
    assert url == PROXY
    assert auth is not None
    assert (auth.login, auth.password) == ("me", "pass")


def test_netrc_gives_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory):
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine proxy.test login me password secret\nmachine api.lab.test login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTPS_PROXY", str(PROXY))
    assert proxy_for(HTTPS, "env") == (PROXY, None)
