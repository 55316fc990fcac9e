"""What a request is told that no account can serve."""

import pytest

from fastproxy.accounts.cooldown import Cooldown
from fastproxy.accounts.seat import PROBE_SECONDS, Seat
from fastproxy.accounts.unavailable import unavailable, unknown, without_accounts
from fastproxy.errors import Fault
from fastproxy.providers.base import Auth, OAuth, Provider
from support.pooled import LAB, NOW, account


def host(
    *, auth: Auth = "bearer", local: bool = False, keys: tuple[str, ...] = (), oauth: OAuth | None = None
) -> Provider:
    return Provider(name="lab", title="The Lab", formats={}, auth=auth, local=local, key_variables=keys, oauth=oauth)


def resting(label: str, seconds: float, *, timed: bool = True) -> Seat:
    seat = Seat(account(label))
    seat.note(Cooldown(seat.id, "", NOW + seconds, timed=timed), NOW)
    return seat


@pytest.mark.parametrize("provider", [host(auth="none"), host(auth="client"), host(local=True)])
def test_a_provider_that_needs_no_key_of_ours_has_an_account_without_one(provider: Provider):
    assert (without_accounts(provider).id, without_accounts(provider).secret) == ("lab", None)


@pytest.mark.parametrize(
    ("provider", "remedy"),
    [
        (host(), "set [providers.lab] api_key"),
        (host(keys=("LAB_API_KEY", "LAB_KEY")), "set LAB_API_KEY or LAB_KEY"),
        (host(oauth=OAuth()), "type `fastproxy account import` or `fastproxy account login lab`"),
        (host(keys=("LAB_KEY",), oauth=OAuth()), "set LAB_KEY, or type `fastproxy account import`"),
    ],
)
def test_a_provider_without_accounts_says_what_to_do(provider: Provider, remedy: str):
    with pytest.raises(Fault) as caught:
        without_accounts(provider)
    assert (caught.value.kind, caught.value.status) == ("no_credential", 503)
    assert remedy in caught.value.message


def test_an_unknown_account_is_named_and_cut():
    fault = unknown(LAB, "\r\n\x1b[31m" + "x" * 5000)
    assert (fault.kind, fault.status) == ("bad_request", 400)  # to ask again would be of no use
    assert r"no account '\r\n\x1b[31mxxx" in fault.message
    assert len(fault.message) < 200


def test_disabled_accounts_are_told_with_their_causes_and_the_command():
    seat = Seat(account("a"))
    seat.configure(seat.account, "the refresh token was revoked", seat.id)
    fault = unavailable(LAB, [seat], "", "opus-5", NOW)
    assert fault.kind == "no_credential"
    assert "lab:a: the refresh token was revoked" in fault.message
    assert "fastproxy account login lab" in fault.message
    assert "login" not in unavailable(host(), [seat], "", "opus-5", NOW).message


@pytest.mark.parametrize("client", ["", "other-cli"])
def test_logins_for_their_own_client_name_the_setting(client: str):
    fault = unavailable(LAB, [Seat(account("a", serves="own-client"))], client, "opus-5", NOW)
    assert fault.kind == "no_credential"
    assert 'serves = "any"' in fault.message
    assert "token issue LABEL --client lab-cli" in fault.message


def test_resting_accounts_tell_when_the_first_of_them_is_back():
    fault = unavailable(LAB, [resting("a", 900.0), resting("b", 600.5)], "", "opus-5", NOW)
    assert (fault.kind, fault.status, fault.retry_after_seconds) == ("rate_limited", 429, 600.5)
    assert "try again in 10 min" in fault.message


def test_resting_accounts_tell_why_the_first_of_them_rests():
    seat = Seat(account("a"))
    seat.note(Cooldown(seat.id, "model:other", NOW + 60, timed=True, cause="too many requests"), NOW)
    seat.note(Cooldown(seat.id, "", NOW + 60, timed=True, cause="the vendor refused the key"), NOW)
    message = unavailable(LAB, [seat, resting("b", 600)], "", "m", NOW).message
    assert "(the vendor refused the key)" in message
    assert "limit" not in message


def test_a_guess_tells_when_it_may_be_tried():
    assert unavailable(LAB, [resting("a", 1800, timed=False)], "", "m", NOW).retry_after_seconds == PROBE_SECONDS


def test_accounts_that_would_not_serve_anyway_do_not_shorten_the_wait():
    disabled, other = resting("a", 10), Seat(account("c", serves="own-client"))
    disabled.configure(disabled.account, "revoked", disabled.id)
    assert unavailable(LAB, [disabled, resting("b", 600), other], "", "m", NOW).retry_after_seconds == 600


def test_nobody_knows_when_an_account_works_again_that_refused_and_does_not_rest():
    fault = unavailable(LAB, [resting("a", 600), Seat(account("b"))], "", "m", NOW)
    assert (fault.kind, fault.retry_after_seconds) == ("rate_limited", None)


@pytest.mark.parametrize(("seconds", "spoken"), [(0.2, "1 s"), (119, "119 s"), (600, "10 min"), (20000, "6 h")])
def test_waits_are_spoken_as_people_do(seconds: float, spoken: str):
    assert unavailable(LAB, [resting("a", seconds)], "", "m", NOW).message.endswith(f"in {spoken}")


def test_no_secret_is_told():
    seats = [Seat(account("a", secret="sk-hidden", serves="own-client")), resting("b", 5)]
    for client in ("", "lab-cli"):
        assert "hidden" not in unavailable(LAB, seats[:1], client, "m", NOW).message
