"""CLIProxyAPI's files, which say whose they are."""

from pathlib import Path

import orjson
import pytest

from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.sources import facts_of
from fastproxy.accounts.sources.cliproxy import MAX_FILES, SOURCE
from fastproxy.secret import Secret

FLAT = {
    "id_token": "",
    "access_token": "at-1",
    "refresh_token": "rt-1",
    "last_refresh": "2025-12-28T20:34:56+08:00",
    "email": "person@example.com",
    "expired": "2025-12-28T21:34:56+08:00",
    "disabled": False,
}


@pytest.mark.parametrize(("type_", "provider"), [("claude", "anthropic"), ("codex", "codex"), ("qwen", "qwen")])
def test_a_flat_file_is_read(type_: str, provider: str) -> None:
    (found,) = SOURCE.read(orjson.dumps(FLAT | {"type": type_}))
    assert (found.provider, found.kind, found.which) == (provider, "login", type_)
    assert (found.login.access, found.login.refresh) == (Secret("at-1"), Secret("rt-1"))
    assert (found.login.expires_at, found.login.minted_at) == (1766928896.0, 1766925296.0)


def test_a_label_is_the_same_for_the_same_person_and_no_address() -> None:
    one, other = (SOURCE.read(orjson.dumps(FLAT | {"type": "claude", "access_token": x}))[0].label for x in "ab")
    assert one == other
    assert one.startswith("claude-")
    assert "@" not in one
    assert "person" not in one


@pytest.mark.parametrize("type_", ["gemini", "gemini-cli"])
def test_googles_tokens_lie_in_an_object_of_their_own(type_: str) -> None:
    assert SOURCE.write is not None
    body = orjson.dumps(
        {
            "token": {"access_token": "at-1", "refresh_token": "rt-1", "expiry": "2025-12-28T12:34:56.5Z"},
            "project_id": "p-1",
            "type": type_,
        }
    )
    (found,) = SOURCE.read(body)
    assert (found.provider, found.login.expires_at) == ("gemini-cli", 1766925296.5)
    assert facts_of("gemini-cli", found.login) == {"project": "p-1"}
    written = SOURCE.write(body, Login(Secret("at-2"), None, 1800000000.0), type_)
    assert written == body.replace(b"at-1", b"at-2").replace(b"2025-12-28T12:34:56.5Z", b"2027-01-15T08:00:00Z")


def test_a_write_keeps_what_that_relay_knows_and_we_do_not() -> None:
    assert SOURCE.write is not None
    body = orjson.dumps(FLAT | {"type": "claude"})
    after = orjson.loads(SOURCE.write(body, Login(Secret("at-2"), Secret("rt-2"), 1800000000.0, 1.0), "claude"))
    assert after == orjson.loads(body) | {
        "access_token": "at-2",
        "refresh_token": "rt-2",
        "expired": "2027-01-15T08:00:00Z",
        "last_refresh": "1970-01-01T00:00:01Z",
    }


@pytest.mark.parametrize("type_", ["antigravity", "", None, ["claude"], {}])
def test_a_type_that_we_have_no_provider_for_is_said(type_: object) -> None:
    with pytest.raises(AccountError, match="its type is none of claude, codex, "):
        SOURCE.read(orjson.dumps(FLAT | {"type": type_}))


def test_a_file_that_lost_its_login_has_none() -> None:
    assert SOURCE.read(b'{"type":"claude","access_token":""}') == ()


def test_every_json_file_is_looked_at_in_order_up_to_a_bound(tmp_path: Path) -> None:
    assert SOURCE.places({}, tmp_path) == ()
    directory = tmp_path / ".cli-proxy-api"
    directory.mkdir()
    for number in range(MAX_FILES + 5):
        (directory / f"{number:04}.json").touch()
    (directory / "0000.log").touch()
    names = [Path(place.name).name for place in SOURCE.places({}, tmp_path)]
    assert names == [f"{number:04}.json" for number in range(MAX_FILES)]
