"""Qwen Code's file, and the host in it that is believed only if it is the vendor's."""

from pathlib import Path

import pytest

from fastproxy.accounts.login import Login
from fastproxy.accounts.sources.qwen import BASE_URLS, SOURCE
from fastproxy.secret import Secret

BODY = b'{"access_token":"at-1","refresh_token":"rt-1","expiry_date":1766925296123,"resource_url":"portal.qwen.ai"}'


def test_a_login_is_read_with_its_host() -> None:
    (found,) = SOURCE.read(BODY)
    assert (found.login.refresh, found.login.expires_at) == (Secret("rt-1"), 1766925296.123)
    assert SOURCE.facts(found.login) == {"base_url": "https://portal.qwen.ai/v1"}


@pytest.mark.parametrize("host", BASE_URLS)
def test_a_known_host_is_understood_bare_and_as_a_url(host: str) -> None:
    for told in (host, f"https://{host}", f"https://{host}/v1", host.upper()):
        assert SOURCE.facts(Login(Secret("t"), kept={"resource_url": told})) == {"base_url": BASE_URLS[host]}


@pytest.mark.parametrize(
    "told",
    [
        "evil.example",
        "portal.qwen.ai.evil.example",
        "evil.example/portal.qwen.ai",
        "portal.qwen.ai@evil.example",
        "evil.example@portal.qwen.ai",
        "bucket.oss-cn-hangzhou.aliyuncs.com",
        "http://portal.qwen.ai",
        "portal.qwen.ai:8443",
        "https://[portal.qwen.ai",
        "",
        5,
        None,
    ],
)
def test_any_other_host_is_not_believed(told: object) -> None:
    assert SOURCE.facts(Login(Secret("t"), kept={"resource_url": told})) == {}


def test_a_new_host_in_an_answer_is_written_too() -> None:
    assert SOURCE.write is not None
    new = Login(Secret("at-2"), Secret("rt-2"), 1800000000.0, kept={"resource_url": "dashscope.aliyuncs.com"})
    expected = b'{"access_token":"at-2","refresh_token":"rt-2","expiry_date":1800000000000,"resource_url":"%b"}'
    assert SOURCE.write(BODY, new, "") == expected % b"dashscope.aliyuncs.com"


def test_the_home_variable_moves_the_file() -> None:
    assert [place.name for place in SOURCE.places({"QWEN_HOME": "/q"}, Path("/h"))] == ["/q/oauth_creds.json"]
    assert [place.name for place in SOURCE.places({}, Path("/h"))] == ["/h/.qwen/oauth_creds.json"]
