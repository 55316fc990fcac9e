"""How long an account rests and for what, and what is left of its quotas."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.accounts.cooldown import REFUSED_TOKEN, Cooldown, Window
from fastproxy.accounts.seat import MAX_COOLDOWN_SECONDS, PROBE_SECONDS, SCOPES, WINDOWS, Seat
from support.pooled import NOW, account

MODEL = "opus-5"


def told(seconds: float, scope: str = "") -> Cooldown:
    return Cooldown("lab:a", scope, NOW + seconds, timed=True, cause="limit")


def guessed(seconds: float, scope: str = "") -> Cooldown:
    return Cooldown("lab:a", scope, NOW + seconds, cause="guess")


def seat_with(*cooldowns: Cooldown) -> Seat:
    seat = Seat(account("a"))
    for cooldown in cooldowns:
        seat.note(cooldown, NOW)
    return seat


def free_after(seat: Seat, seconds: float, model: str = MODEL) -> bool:
    return seat.free(model, NOW + seconds)


def window(name: str = "5h", **fields: object) -> Window:
    plain: dict[str, object] = {"used_fraction": 0.5, "resets_at": NOW + 100, "length_seconds": 18000.0, "seen_at": NOW}
    return Window("lab:a", name, **(plain | fields))


def test_an_account_rests_until_its_deadline_and_not_a_moment_longer():
    seat = seat_with(told(100.25))
    assert not free_after(seat, 100.2)
    assert free_after(seat, 100.25)
    assert seat.cooldowns(NOW) == (told(100.25),)
    assert seat.cooldowns(NOW + 100.25) == ()


@pytest.mark.parametrize("scope", ["model:opus-5", "family:opus"])
def test_a_rest_for_one_model_leaves_the_others_free(scope: str):
    seat = seat_with(told(100, scope))
    assert not free_after(seat, 50)
    assert free_after(seat, 50, "sonnet-5")


def test_the_longest_deadline_wins_whatever_the_order():
    for order in permutations((told(10), told(300), guessed(200))):
        assert seat_with(*order).cooldowns(NOW) == (told(300),)


def test_only_a_longer_deadline_is_news():
    seat = seat_with(told(100))
    assert not seat.note(told(100), NOW)
    assert not seat.note(told(50), NOW)
    assert seat.note(told(101), NOW)
    assert seat.note(told(1, "model:x"), NOW)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_no_deadline_locks_an_account_for_ever(until_at: float):
    seat = Seat(account("a"))
    seat.note(Cooldown("lab:a", "", until_at, timed=True), NOW)
    assert free_after(seat, MAX_COOLDOWN_SECONDS)


def test_a_guess_may_be_tried_after_five_minutes_by_one_request_at_a_time():
    seat = seat_with(guessed(1800))
    assert not free_after(seat, PROBE_SECONDS - 1)
    assert free_after(seat, PROBE_SECONDS)
    seat.probe(MODEL, NOW + PROBE_SECONDS)
    assert not free_after(seat, PROBE_SECONDS)
    assert free_after(seat, 2 * PROBE_SECONDS)


def test_what_the_vendor_told_is_never_tried_early_even_beside_a_longer_guess():
    seat = seat_with(guessed(1800), told(1000))
    seat.probe(MODEL, NOW + PROBE_SECONDS)
    assert not free_after(seat, 999)
    assert free_after(seat, 1000)


def test_a_probe_for_another_model_changes_nothing():
    seat = seat_with(guessed(1800, "model:other"))
    seat.probe(MODEL, NOW + PROBE_SECONDS)
    assert free_after(seat, PROBE_SECONDS, "other")


def test_being_served_ends_guesses_for_that_model_only():
    seat = seat_with(guessed(1800), guessed(1800, "model:other"), told(200, "family:opus"))
    seat.heal(MODEL, NOW)
    assert seat.cooldowns(NOW) == (guessed(1800, "model:other"), told(200, "family:opus"))
    assert free_after(seat, 0, "sonnet-5")


def test_the_store_does_not_bring_back_a_guess_that_was_proved_wrong():
    seat = seat_with(guessed(1800))
    seat.heal(MODEL, NOW)
    seat.restore({"": guessed(1800)}, NOW, NOW)
    assert free_after(seat, 0)
    seat.restore({"": guessed(2000)}, NOW, NOW)
    assert not free_after(seat, 0)


def test_the_same_deadline_heard_again_from_the_vendor_counts_after_a_reset():
    seat = seat_with(told(1000))
    seat.reset()
    assert free_after(seat, 0)
    assert seat.note(told(1000), NOW)
    assert not free_after(seat, 999)


def test_what_is_gone_from_the_store_was_reset_unless_it_is_newer_than_the_reading():
    seat = seat_with(told(1000), told(1000, "model:x"))
    seat.note(told(500, "model:new"), NOW + 10)
    seat.restore({"model:x": told(1000, "model:x")}, NOW + 5, NOW + 11)
    assert {cooldown.scope for cooldown in seat.cooldowns(NOW + 11)} == {"model:x", "model:new"}


def test_what_is_left_of_a_rest_stays_when_the_clock_moves():
    seat = seat_with(told(1000), guessed(1800, "family:opus"))
    seat.shift(-3600)
    assert [cooldown.until_at for cooldown in seat.cooldowns(NOW - 3600)] == [NOW - 2600, NOW - 1800]
    assert seat.free(MODEL, NOW - 2600)


def test_how_old_a_rest_is_stays_when_the_clock_moves():
    seat = seat_with(told(1000))
    seat.shift(-3600)
    seat.restore({}, NOW - 3590, NOW - 3590)
    assert seat.cooldowns(NOW - 3590) == ()


def test_scopes_are_bounded_and_the_first_to_end_goes_first():
    seat = seat_with(*(told(1000 - n, f"model:{n}") for n in range(SCOPES)))
    seat.note(told(5000, "model:one-more"), NOW)
    scopes = {cooldown.scope for cooldown in seat.cooldowns(NOW)}
    assert len(scopes) == SCOPES
    assert "model:one-more" in scopes
    assert f"model:{SCOPES - 1}" not in scopes


def test_deadlines_are_right_for_more_models_than_are_remembered():
    seat = seat_with(told(100, "model:m7"))
    assert [n for n in range(200) if not free_after(seat, 50, f"m{n}")] == [7]
    assert [n for n in range(200) if not free_after(seat, 50, f"m{n}")] == [7]


def test_a_window_is_news_when_it_says_something_new():
    seat = Seat(account("a"))
    assert seat.see(window())
    assert not seat.see(window(seen_at=NOW + 5))
    assert seat.seen_at("5h") == NOW + 5
    assert seat.see(window(used_fraction=0.6))
    assert seat.see(window(used_fraction=0.6, resets_at=NOW + 200))
    assert seat.see(window(used_fraction=0.6, resets_at=NOW + 200, status="warning"))


def test_quotas_are_those_that_the_model_spends_shortest_first():
    seat = Seat(account("a"))
    seat.see(window("7d", used_fraction=0.2, length_seconds=604800.0))
    seat.see(window("7d_opus", used_fraction=0.9, length_seconds=604800.0, scope="family:opus"))
    seat.see(window("unknown", used_fraction=None))
    seat.see(window("5h", used_fraction=0.1))
    assert [quota.used_fraction for quota in seat.quotas("sonnet-5")] == [0.1, 0.2]
    assert [quota.used_fraction for quota in seat.quotas(MODEL)] == [0.1, 0.2, 0.9]
    seat.see(window("5h", used_fraction=0.3))
    assert [quota.used_fraction for quota in seat.quotas("sonnet-5")] == [0.3, 0.2]


def test_windows_are_bounded():
    seat = Seat(account("a"))
    for n in range(WINDOWS + 5):
        seat.see(window(f"w{n}"))
    assert len(seat.windows()) == WINDOWS


def test_a_new_version_of_an_account_keeps_its_state():
    seat = seat_with(told(100))
    seat.configure(account("a", weight=0, serves="own-client"), "refused", "lab:b")
    assert (seat.weight, seat.own_client, seat.disabled, seat.twin) == (1, True, "refused", "lab:b")
    assert not free_after(seat, 50)


def test_a_rest_that_proves_wrong_ends_and_old_news_of_it_does_not_bring_it_back():
    seat = seat_with(told(100), told(100, "model:x"))
    assert seat.end("", NOW + 1)
    assert free_after(seat, 1)
    assert seat.cooldowns(NOW + 1) == (told(100, "model:x"),)
    seat.restore({"": told(100)}, NOW + 2, NOW + 2)
    assert free_after(seat, 3)


def test_a_rest_that_proves_wrong_is_told_as_it_was_heard_whatever_the_clock_did_since():
    seat = seat_with(guessed(100))
    seat.shift(-30.0)
    assert seat.end("", NOW) == guessed(100)
    assert seat.yields(MODEL, NOW)


def test_a_rest_that_was_noted_since_stays():
    seat = seat_with(told(100))
    assert seat.end("", NOW) is None
    assert seat.end("model:none", NOW + 1) is None
    assert not free_after(seat, 1)


def test_a_new_refusal_counts_after_a_rest_was_ended():
    seat = seat_with(told(100))
    seat.end("", NOW + 1)
    assert seat.note(told(50), NOW + 2)
    assert not free_after(seat, 49)


def test_another_secret_ends_what_was_guessed_of_the_one_before_and_nothing_else():
    refused = Cooldown("lab:a", "", NOW + 60, cause=REFUSED_TOKEN)
    limited = guessed(1800, "model:opus-5")
    seat = seat_with(refused, limited)
    assert seat.forgive() == (refused,)
    assert seat.cooldowns(NOW) == (limited,)
    seat.restore({"": refused, limited.scope: limited}, NOW - 1, NOW)  # not yet taken out of the store
    assert seat.cooldowns(NOW) == (limited,)
    spent = seat_with(refused, told(30))
    assert spent.forgive() == ()
    assert [one.until_at for one in spent.cooldowns(NOW)] == [NOW + 30], "what the vendor told is of the account"
