"""Which proxy stands before which address."""

import pytest
from yarl import URL

from fastproxy.errors import Fault
from fastproxy.upstream.proxies import proxy_for, way_to

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


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"])
def test_this_machine_is_reached_past_the_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch, host: str):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, str(PROXY))
    for scheme in ("http", "https"):
        url = URL(f"{scheme}://{host}:8000")
        assert proxy_for(url, "env") == (None, None)
        assert proxy_for(url, str(PROXY)) == (PROXY, None)
    assert proxy_for(HTTP, "env") == (PROXY, None)


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


@pytest.mark.parametrize("in_clear", [True, False])
def test_our_own_questions_take_the_proxy_where_they_are_encrypted(in_clear: bool):
    assert way_to(HTTPS, str(PROXY), in_clear=in_clear) == (PROXY, None)


@pytest.mark.parametrize("in_clear", [True, False])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.2", "[::1]"])
def test_what_goes_to_this_machine_in_clear_goes_past_every_proxy(host: str, in_clear: bool):
    assert way_to(URL(f"http://{host}:1/x"), str(PROXY), in_clear=in_clear) == (None, None)


@pytest.mark.parametrize("host", ["api.lab.test", "10.0.0.1", "127.0.0.1.lab.test", "localhost.lab.test"])
def test_another_machine_is_told_in_clear_only_what_requests_tell_it_too(host: str):
    url = URL(f"http://{host}/x")
    with pytest.raises(Fault, match="nothing was sent"):
        way_to(url, "direct")
    assert way_to(url, str(PROXY), in_clear=True) == (PROXY, None)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "/x", "http:///x", ""])
def test_what_is_no_address_of_a_host_has_no_way(url: str):
    with pytest.raises(Fault, match="nothing was sent"):
        way_to(URL(url), "direct", in_clear=True)


def test_a_proxy_without_a_scheme_is_an_http_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTPS_PROXY", "proxy.test:3128")
    assert proxy_for(HTTPS, "env") == (PROXY, None)


@pytest.mark.parametrize(
    "address", ["http://[bad", "http://user:hidden@host:99999", "//x", "socks5://proxy.test:1080", "::"]
)
def test_a_proxy_that_is_no_address_is_named_without_what_it_says(address: str):
    with pytest.raises(Fault, match="is no http address") as caught:
        proxy_for(HTTPS, address)
    assert caught.value.kind == "unreachable"
    assert "hidden" not in caught.value.message
