"""Addresses that are fine, and those that are not, with the sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.config.addresses import (
    base_url_problem,
    host_problem,
    listen_problem,
    login_url_problem,
    origin_problem,
    proxy_problem,
)


@pytest.mark.parametrize(
    "text", ["127.0.0.1:8484", "127.9.9.9:1", "localhost:0", "[::1]:8484", "unix:/run/fastproxy.sock"]
)
def test_a_loopback_address_needs_no_token(text):
    assert listen_problem(text, require_token=False) is None


@pytest.mark.parametrize("text", ["0.0.0.0:8484", "[::]:8484", "192.168.1.2:80", "host.example:80", "systemd"])
def test_an_address_that_others_can_reach_needs_a_token(text):
    assert listen_problem(text, require_token=True) is None
    assert "require_token must be true" in listen_problem(text, require_token=False)


@pytest.mark.parametrize(
    "text",
    ["", "8484", ":8484", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "::1:80", "unix:x", "a b:1"],
)
def test_what_is_no_listen_address_is_refused(text):
    assert listen_problem(text, require_token=True) is not None


@pytest.mark.parametrize(
    "text",
    [
        "https://api.example.com/v1",
        "http://127.0.0.1:8000",
        "http://[::1]:8000/v1",
        "https://h/a/b-c_d.e~f/v1/",
        "https://gateway.example/v1/projects/p@1",
    ],
)
def test_a_base_url_is_scheme_host_and_path(text):
    assert base_url_problem(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "api.example.com/v1",
        "ftp://h/",
        "file:///etc/passwd",
        "https://",
        "https:///v1",
        "https://user@h/v1",
        "https://user:secret@h/v1",
        "https://h/v1?key=x",
        "https://h/v1?",
        "https://h/v1#x",
        "https://h/..",
        "https://h/a/../b",
        "https://h//v1",
        "https://h/%2e%2e",
        "https://h/a b",
        "https://h\n/v1",
        "https://h\t/v1",
        "https://h\\@evil.example",
        "https://h:0x50/",
        "https://h:99999/",
        "https://h:/v1",
        "https://[::1/v1",
        "https://h\u00e4/v1",
        "https://-h/",
    ],
)
def test_other_base_urls_are_refused(text):
    assert base_url_problem(text) is not None


@given(st.text(max_size=40))
def test_no_text_at_all_breaks_the_checks(text):
    for check in (base_url_problem, host_problem, origin_problem, proxy_problem):
        check(text)
        check(f"https://{text}")
    listen_problem(text, require_token=True)


@pytest.mark.parametrize(
    "text", ["https://login.example/token", "http://127.0.0.1:1455/t", "http://localhost/t", "http://[::1]:1/t"]
)
def test_tokens_may_go_to_https_and_to_this_machine(text):
    assert login_url_problem(text) is None


@pytest.mark.parametrize(
    "text", ["", "http://login.example/token", "http://127.0.0.1.evil.example/t", "http://10.0.0.1/t", "https://u@h/t"]
)
def test_tokens_go_nowhere_else(text):
    assert login_url_problem(text) is not None


def test_a_proxy_is_a_word_or_a_url_and_never_repeated():
    for text in ("env", "direct", "http://proxy.example:3128", "http://user:pass@proxy.example:3128"):
        assert proxy_problem(text) is None
    for text in ("", "system", "socks5://h", "http://", "user:secret@h"):
        problem = proxy_problem(text)
        assert problem is not None
        assert "secret" not in problem


def test_hosts_and_origins_are_written_plainly():
    for text in ("relay.example", "relay.example:8443", "192.168.1.2", "[fd00::1]", "[fd00::1]:80"):
        assert host_problem(text) is None
    for text in ("", "*", "*.example", "http://relay.example", "a b", "relay.example:x"):
        assert host_problem(text) is not None
    for text in ("https://app.example.com", "http://localhost:3000", "vscode-webview://abc"):
        assert origin_problem(text) is None
    for text in ("", "*", "null", "app.example.com", "https://app.example.com/", "https://*"):
        assert origin_problem(text) is not None
