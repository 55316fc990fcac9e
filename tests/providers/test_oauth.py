"""What the records of logins may and may not hold."""

from urllib.parse import urlsplit

import msgspec
import pytest

from fastproxy.providers import oauth
from fastproxy.providers.base import OAuth
from fastproxy.secret import Secret

RECORDS = {name: value for name, value in vars(oauth).items() if isinstance(value, OAuth)}


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_tokens_go_to_named_hosts_by_https_only(record: OAuth) -> None:
    urls = [url for url in (record.token_url, record.authorize_url, record.device_url, record.exchange_url) if url]
    assert record.token_url
    assert record.authorize_url or record.device_url
    for url in urls:
        assert urlsplit(url).scheme == "https"
        assert urlsplit(url).hostname


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_no_secret_is_built_in(record: OAuth) -> None:
    assert record.client_secret is None
    assert record.client_id


def test_the_environment_gives_a_secret_only_where_one_is_wanted_and_none_is_configured() -> None:
    environ = {"GEMINI_OAUTH_CLIENT_SECRET": "from the environment"}
    assert oauth.with_secret(oauth.GEMINI_CLI, environ).client_secret == Secret("from the environment")
    configured = msgspec.structs.replace(oauth.GEMINI_CLI, client_secret=Secret("configured"))
    assert oauth.with_secret(configured, environ) is configured
    assert oauth.with_secret(oauth.GEMINI_CLI, {}) is oauth.GEMINI_CLI
    assert oauth.with_secret(oauth.CODEX, {"": "x"}) is oauth.CODEX
