"""The GitHub tokens of Copilot's editor plugins."""

from pathlib import Path

import orjson
import pytest

from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.sources.copilot import SOURCE
from fastproxy.secret import Secret


def test_each_token_of_github_com_is_a_login_to_be_exchanged() -> None:
    body = orjson.dumps(
        {
            "github.com:Iv1.aa": {"user": "octo-cat", "oauth_token": "ghu_1", "githubAppId": "Iv1.aa"},
            "github.com": {"user": "me@example.com", "oauth_token": "gho_2"},
            "ghe.example.com": {"user": "x", "oauth_token": "ghu_other"},
            "github.com.evil.example": {"user": "x", "oauth_token": "ghu_evil"},
            "version": 3,
        }
    )
    first, second = SOURCE.read(body)
    assert (first.label, first.which) == ("octo-cat", "github.com:Iv1.aa")
    assert (first.login.access, first.login.refresh) == (Secret(""), Secret("ghu_1"))
    assert (second.label, second.login.refresh) == ("copilot", Secret("gho_2"))  # an address is no label


def test_nothing_is_ever_written_to_the_files() -> None:
    assert SOURCE.write is None


@pytest.mark.parametrize(
    ("api", "facts"),
    [
        ("https://api.individual.githubcopilot.com", {"base_url": "https://api.individual.githubcopilot.com"}),
        ("https://api.githubcopilot.com/", {"base_url": "https://api.githubcopilot.com"}),
        ("http://api.githubcopilot.com", {}),
        ("https://evil.example/.githubcopilot.com", {}),
        ("https://api.githubcopilot.com@evil.example", {}),
        ("https://x@api.githubcopilot.com", {}),
        ("https://evilgithubcopilot.com", {}),
        ("https://[x.githubcopilot.com", {}),
        ("", {}),
        (5, {}),
    ],
)
def test_the_base_url_is_a_host_of_copilot_or_none(api: object, facts: dict[str, str]) -> None:
    assert SOURCE.facts(Login(Secret("t"), kept={"endpoints": {"api": api}})) == facts


def test_a_token_that_is_none_is_an_error() -> None:
    with pytest.raises(AccountError, match="oauth_token"):
        SOURCE.read(b'{"github.com":{"oauth_token":[1]}}')


def test_both_files_are_looked_at_where_the_desktop_keeps_them() -> None:
    names = [place.name for place in SOURCE.places({"XDG_CONFIG_HOME": "/x"}, Path("/h"))]
    assert names == ["/x/github-copilot/apps.json", "/x/github-copilot/hosts.json"]
    assert SOURCE.places({}, Path("/h"))[0].name == "/h/.config/github-copilot/apps.json"
