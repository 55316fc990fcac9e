"""[providers.NAME.oauth]: tokens go to https or to this machine, and what is built in stays unless it is given."""

import pytest

from fastproxy.config.logins import oauth_of, oauth_problems
from fastproxy.config.schema import OAuthRow
from fastproxy.providers.base import OAuth
from fastproxy.secret import Secret

BUILT_IN = OAuth(
    client_id="built-in",
    token_url="https://vendor.example/token",
    authorize_url="https://vendor.example/authorize",
    scopes=("a",),
    redirect_ports=(1455,),
    headers=(("x-vendor", "1"),),
)
WHOLE = OAuthRow(client_id="c", token_url="https://h/token", device_url="http://127.0.0.1:9/device")


def test_nothing_given_is_what_is_built_in():
    assert oauth_of(OAuthRow(), BUILT_IN) is BUILT_IN
    assert oauth_of(OAuthRow(), None) is None
    assert list(oauth_problems(OAuthRow(), None)) == []


def test_what_is_given_stands_instead_and_the_rest_stays():
    row = OAuthRow(client_secret="s", token_url="http://127.0.0.1:1/t", scopes=("b", "c"), headers={"x-a": "1"})
    found = oauth_of(row, BUILT_IN)
    assert (found.client_id, found.authorize_url, found.redirect_ports) == ("built-in", BUILT_IN.authorize_url, (1455,))
    assert (found.client_secret, found.token_url, found.scopes) == (Secret("s"), "http://127.0.0.1:1/t", ("b", "c"))
    assert found.headers == (("x-a", "1"),)
    assert not oauth_of(OAuthRow(device_pkce=False), OAuth(device_pkce=True)).device_pkce


def test_a_host_of_ones_own_gets_a_record_of_its_own():
    row = OAuthRow(
        client_id="c",
        token_url="https://h/token",
        exchange="json",
        authorize_url="https://h/authorize",
        device_url="https://h/device",
        scopes=("s",),
        redirect_ports=(1, 2),
        redirect_path="/auth/callback",
        redirect_host="127.0.0.1",
        parameters={"prompt": "consent"},
    )
    assert list(oauth_problems(row, None)) == []
    assert oauth_of(row, None) == OAuth(
        client_id="c",
        token_url="https://h/token",
        exchange="json",
        authorize_url="https://h/authorize",
        device_url="https://h/device",
        scopes=("s",),
        redirect_ports=(1, 2),
        redirect_path="/auth/callback",
        redirect_host="127.0.0.1",
        parameters=(("prompt", "consent"),),
    )


def test_every_key_of_the_table_is_a_field_of_the_record():
    assert set(OAuth.__struct_fields__) - set(OAuthRow.__struct_fields__) == {"secret_variable"}
    assert set(OAuthRow.__struct_fields__) <= set(OAuth.__struct_fields__)


@pytest.mark.parametrize(
    ("row", "built_in", "path", "word"),
    [
        (OAuthRow(token_url="http://vendor.example/t"), BUILT_IN, ("token_url",), "must begin with https://"),
        (OAuthRow(authorize_url="http://10.0.0.1/a"), BUILT_IN, ("authorize_url",), "must begin with https://"),
        (OAuthRow(exchange_url="http://vendor.example/t"), BUILT_IN, ("exchange_url",), "must begin with https://"),
        (OAuthRow(device_url="ftp://h/d"), BUILT_IN, ("device_url",), "must be a URL"),
        (OAuthRow(token_url="https://u:p@h/t"), BUILT_IN, ("token_url",), "must not hold a user"),
        (OAuthRow(token_url="https://h/t?x=1"), BUILT_IN, ("token_url",), "no query"),
        (OAuthRow(client_id="c", token_url="https://h/t"), None, (), "oauth needs authorize_url or device_url"),
        (OAuthRow(device_url="https://h/d"), None, (), "oauth needs client_id and token_url"),
        (OAuthRow(redirect_ports=(0,)), BUILT_IN, ("redirect_ports",), "from 1 to 65535"),
        (OAuthRow(redirect_ports=(65536,)), BUILT_IN, ("redirect_ports",), "from 1 to 65535"),
        (OAuthRow(redirect_path="callback"), BUILT_IN, ("redirect_path",), "must be a path"),
        (OAuthRow(redirect_host="evil.example"), BUILT_IN, ("redirect_host",), "must be this machine"),
        (OAuthRow(headers={"Authorization": "x"}), BUILT_IN, ("headers",), "can't be set"),
    ],
)
def test_a_table_that_contradicts_itself_is_told_where(row, built_in, path, word):
    ((found_path, sentence),) = oauth_problems(row, built_in)
    assert found_path == path
    assert word in sentence


def test_the_secret_is_in_no_repr():
    assert "hush" not in repr(oauth_of(OAuthRow(client_secret="hush"), BUILT_IN))


def test_loopback_may_do_without_encryption():
    assert list(oauth_problems(WHOLE, None)) == []
