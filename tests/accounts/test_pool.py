"""Which account serves a request, over the life of sessions and accounts."""

from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from fastproxy.accounts.cooldown import REFUSED_KEY, Cooldown, Window
from fastproxy.accounts.pool import STEP_SECONDS, WARM_SECONDS, Pool, Want
from fastproxy.accounts.seat import PROBE_SECONDS
from fastproxy.accounts.store import AccountStore
from fastproxy.clock import wall
from fastproxy.errors import Fault
from fastproxy.providers.base import Provider, Strategy
from fastproxy.snapshot import Account
from support.pooled import NOW, account, pool_of, provider, want


def rest(label: str, seconds: float, *, now: float = NOW, scope: str = "", timed: bool = True) -> Cooldown:
    return Cooldown(f"lab:{label}", scope, now + seconds, timed)


def leased(pool: Pool, asked: Want, now: float = NOW) -> str:
    return pool.lease(asked, now).label


def served(pool: Pool, asked: Want, now: float = NOW) -> str:
    """Lease and answer, as a request that goes well."""
    chosen = pool.lease(asked, now)
    pool.served(asked, chosen.id, now)
    return chosen.label


def refusal(pool: Pool, asked: Want, now: float = NOW) -> Fault:
    with pytest.raises(Fault) as caught:
        pool.lease(asked, now)
    return caught.value


def others(*away: str, of: str = "abc") -> set[str]:
    return set(of) - set(away)


# sticky


def test_a_session_keeps_its_account_and_sessions_use_all_of_them():
    pool = pool_of(*"abc")
    first = {n: served(pool, want(f"s{n}")) for n in range(60)}
    assert set(first.values()) == set("abc")
    assert {n: served(pool, want(f"s{n}"), NOW + 600) for n in range(60)} == first


def test_new_accounts_move_no_session_that_has_one():
    pool = pool_of(*"ab")
    first = {n: served(pool, want(f"s{n}")) for n in range(60)}
    pool.replace({"lab": tuple(account(label) for label in "abcdefgh")}, {})
    assert {n: served(pool, want(f"s{n}")) for n in range(60)} == first
    assert {served(pool, want(f"new{n}")) for n in range(60)} > set("ab")


def test_requests_without_a_session_use_all_accounts_by_weight():
    pool = pool_of(account("a", weight=3), account("b"))
    assert Counter(served(pool, want()) for _ in range(40)) == {"a": 30, "b": 10}


def test_transient_trouble_is_escaped_and_the_session_returns():
    pool = pool_of(*"abc")
    home = served(pool, want("s"))
    pool.cool([rest(home, 30)], NOW)
    away = served(pool, want("s"))
    assert away in others(home)
    assert served(pool, want("s"), NOW + 10) == away, "it stays with who stood in"
    assert served(pool, want("s"), NOW + 30) == home


def test_a_session_stays_with_who_stood_in_when_another_would_do_as_well():
    pool = pool_of(*"abc")
    home = served(pool, want("s"))
    pool.cool([rest(home, 60)], NOW)
    first = served(pool, want("s"))
    pool.cool([rest(first, 5)], NOW)
    second = served(pool, want("s"))
    assert served(pool, want("s"), NOW + 10) == second


def test_an_escape_without_a_cooldown_is_for_one_request():
    pool = pool_of(*"abc")
    home = served(pool, want("s"))
    away = want("s", tried=frozenset([f"lab:{home}"]))
    assert served(pool, away) in others(home)
    assert served(pool, want("s")) == home


def test_a_session_moves_for_good_when_its_account_is_spent():
    pool = pool_of(*"abc")
    home = served(pool, want("s"))
    pool.cool([rest(home, WARM_SECONDS + 1)], NOW)
    away = served(pool, want("s"))
    assert served(pool, want("s"), NOW + 1000) == away != home


def test_a_limit_of_another_model_moves_no_session():
    pool = pool_of(*"abc")
    home = served(pool, want("s"))
    pool.cool([rest(home, 80000, scope="family:opus")], NOW)
    assert served(pool, want("s", model="sonnet-5")) == home
    assert served(pool, want("s", model="opus-5")) in others(home)


def test_the_first_account_that_answers_is_the_home_not_the_first_that_was_asked():
    pool = pool_of(*"abc")
    asked = leased(pool, want("s"))
    answered = served(pool, want("s", tried=frozenset([f"lab:{asked}"])))
    assert served(pool, want("s")) == answered != asked


def test_parallel_first_requests_of_a_session_go_to_one_account():
    pool = pool_of(*"abcdefgh")
    assert len({leased(pool, want("s")) for _ in range(20)}) == 1


def test_a_silent_session_is_placed_anew():
    pool = pool_of(*"abc", pin_seconds=60.0)
    home = served(pool, want("s"))
    pool.replace({"lab": tuple(account(label, weight=1 if label == home else 1000) for label in "abc")}, {})
    assert served(pool, want("s"), NOW + 60) == home
    assert served(pool, want("s"), NOW + 121) in others(home)


def test_sessions_are_remembered_up_to_the_bound():
    pool = pool_of(*"abc", pins=50)
    for n in range(500):
        served(pool, want(f"s{n}"))
    assert sum(standing.pins for standing in pool.standing(NOW)) == 50


def test_workers_agree_where_a_session_goes():
    one, other = pool_of(*"abcde"), pool_of(*"abcde")
    assert [served(one, want(f"s{n}")) for n in range(50)] == [served(other, want(f"s{n}")) for n in range(50)]


# parents


def test_a_session_without_an_account_takes_its_parents():
    pool = pool_of(*"abcde")
    for n in range(30):
        home = served(pool, want(f"parent{n}"))
        assert served(pool, want(f"child{n}", parent=f"parent{n}")) == home
        assert served(pool, want(f"child{n}")) == home, "it stays there on its own"


def test_a_session_that_has_an_account_does_not_follow_its_parent():
    pool = pool_of(*"abcde")
    homes = {label: f"p-{n}" for n in range(50) for label in [served(pool, want(f"p-{n}"))]}
    assert len(homes) == 5
    own = served(pool, want("child"))
    for parent in homes.values():
        assert served(pool, want("child", parent=parent)) == own


def test_a_child_goes_where_its_parent_would_go_when_another_worker_holds_the_parent():
    knows, new = pool_of(*"abcde"), pool_of(*"abcde")
    for n in range(30):
        assert served(knows, want(f"p{n}")) == served(new, want(f"c{n}", parent=f"p{n}"))


def test_a_child_goes_where_its_parent_is_now_while_the_home_rests():
    pool = pool_of(*"abcde")
    home = served(pool, want("parent"))
    pool.cool([rest(home, 60)], NOW)
    assert served(pool, want("child", parent="parent")) == served(pool, want("parent")) != home


# hard rebinds, and who answered last


def test_an_unpinned_session_goes_to_whoever_serves_it_next():
    pool = pool_of(*"abc")
    home = served(pool, want("s"))
    pool.unpin("lab", "s", f"lab:{home}")
    away = served(pool, want("s", tried=frozenset([f"lab:{home}"])))
    assert served(pool, want("s")) == away != home


def test_unpinning_from_another_account_changes_nothing():
    pool = pool_of(*"abc")
    home = served(pool, want("parent"))
    for n in range(20):
        assert served(pool, want(f"s{n}", parent="parent")) == home
        pool.unpin("lab", f"s{n}", "lab:" + others(home).pop())
        assert served(pool, want(f"s{n}")) == home
    pool.unpin("lab", "unknown", f"lab:{home}")


def test_a_disabled_account_loses_its_sessions():
    pool = pool_of(*"abc")
    home = served(pool, want("s"))
    pool.replace({"lab": tuple(account(label) for label in "abc")}, {f"lab:{home}": "revoked"})
    away = served(pool, want("s"))
    pool.replace({"lab": tuple(account(label) for label in "abc")}, {})
    assert served(pool, want("s")) == away != home


def test_an_account_with_another_secret_does_not_rest_for_the_one_before():
    pool = pool_of("a")
    (rest,) = pool.cool([Cooldown("lab:a", "", NOW + 60, cause=REFUSED_KEY)], NOW)
    assert pool.replace({"lab": (account("a", weight=2),)}, {}) == ()
    assert pool.cooldowns("lab:a", NOW) == (rest,)
    assert pool.replace({"lab": (account("a", secret="another"),)}, {}) == (rest,)
    assert pool.cooldowns("lab:a", NOW) == ()


def test_a_removed_account_loses_its_sessions():
    pool = pool_of(*"abc")
    home = served(pool, want("s"))
    pool.replace({"lab": tuple(account(label) for label in others(home))}, {})
    assert served(pool, want("s")) in others(home)


@pytest.mark.parametrize("strategy", ["sticky", "round-robin"])
def test_who_answered_a_session_last_is_known(strategy: Strategy):
    pool, asked = pool_of(*"abc"), Want(provider(strategy), "opus-5", "s")
    assert pool.last_of("lab", "s") == ""
    home = served(pool, asked)
    leased(pool, asked._replace(tried=frozenset([f"lab:{home}"])))
    assert pool.last_of("lab", "s") == f"lab:{home}", "who did not answer does not count"
    pool.unpin("lab", "s", f"lab:{home}")
    assert pool.last_of("lab", "s") == f"lab:{home}", "what it wrote is bound to it still"


def test_who_answered_last_is_known_of_an_only_account():
    pool = pool_of("a")
    served(pool, want("s"))
    assert pool.last_of("lab", "s") == "lab:a"
    pool.replace({"lab": tuple(account(label) for label in "abc")}, {})
    assert served(pool, want("s")) == "a"


def test_an_answer_of_an_account_that_is_gone_is_no_trouble():
    pool = pool_of("a")
    pool.served(want("s"), "lab:gone", NOW)
    pool.began("lab:gone")
    pool.ended("lab:gone")
    assert pool.cool([rest("gone", 60)], NOW) == ()
    assert pool.see([Window("lab:gone", "5h", 0.5)]) == ()


# strict pins


@pytest.mark.parametrize("name", ["b", "lab:b"])
def test_a_strict_pin_gets_its_account_by_label_and_by_id(name: str):
    pool = pool_of(*"abc")
    assert {served(pool, want(f"s{n}", account=name)) for n in range(20)} == {"b"}


def test_a_strict_pin_fails_rather_than_switches():
    pool = pool_of(*"abc")
    pool.cool([rest("b", 60)], NOW)
    fault = refusal(pool, want("s", account="b"))
    assert (fault.kind, fault.retry_after_seconds) == ("rate_limited", 60)
    assert refusal(pool, want("s", account="a", tried=frozenset(["lab:a"]))).retry_after_seconds is None
    assert refusal(pool, want("s", account="nobody")).kind == "bad_request"
    pool.replace({"lab": tuple(account(label) for label in "abc")}, {"lab:a": "revoked"})
    assert refusal(pool, want("s", account="a")).kind == "no_credential"


def test_a_strict_pin_fails_at_a_provider_that_needs_no_account():
    keyless = Provider(name="local", title="Local", formats={}, local=True)
    with pytest.raises(Fault, match="no account 'lab:a'"):
        pool_of("a").lease(Want(keyless, "m", account="lab:a"), NOW)


def test_a_strict_pin_and_a_request_that_was_refused_are_heeded_of_an_only_account():
    pool = pool_of("a")
    assert refusal(pool, want("s", account="b")).kind == "bad_request"
    assert refusal(pool, want("s", tried=frozenset(["lab:a"]))).kind == "rate_limited"


def test_a_session_that_began_under_a_strict_pin_stays_where_its_cache_is():
    pool = pool_of(*"abc")
    for n in range(20):
        served(pool, want(f"s{n}", account="b"))
        assert served(pool, want(f"s{n}")) == "b"


def test_a_strict_pin_does_not_move_a_session_that_has_a_home():
    pool = pool_of(*"abc")
    home = served(pool, want("s"))
    other = others(home).pop()
    assert served(pool, want("s", account=other)) == other
    assert pool.last_of("lab", "s") == f"lab:{other}"
    assert served(pool, want("s")) == home


# whom an account serves


def test_a_login_for_its_own_client_serves_that_client_only():
    pool = pool_of(account("login", serves="own-client"), account("key"))
    assert {served(pool, want(f"s{n}")) for n in range(40)} == {"key"}
    assert {served(pool, want(f"s{n}", client="other-cli")) for n in range(40)} == {"key"}
    assert {served(pool, want(f"t{n}", client="lab-cli")) for n in range(40)} == {"key", "login"}


def test_a_session_of_one_client_is_not_another_clients_way_in():
    pool = pool_of(account("login", serves="own-client"), account("key"))
    sessions = [f"s{n}" for n in range(40) if served(pool, want(f"s{n}", client="lab-cli")) == "login"]
    assert {served(pool, want(session, client="other-cli")) for session in sessions} == {"key"}


def test_only_logins_for_another_client_are_no_credential():
    pool = pool_of(account("login", serves="own-client"))
    assert served(pool, want("s", client="lab-cli")) == "login"
    assert refusal(pool, want("s")).kind == "no_credential"
    assert refusal(pool, want("s", account="login")).kind == "no_credential"
    unnamed = Provider(name="lab", title="The Lab", formats={})
    assert refusal(pool, Want(unnamed, "m", "s", client="")).kind == "no_credential"


def test_a_provider_without_accounts():
    local = Provider(name="local", title="Local", formats={}, local=True)
    assert pool_of("a").lease(Want(local, "m"), NOW) == Account("local", "local")
    assert refusal(pool_of(), want("s")).kind == "no_credential"


# rests


def test_all_resting_is_a_limit_with_the_first_deadline():
    pool = pool_of(*"abc")
    pool.cool([rest("a", 900), rest("b", 60.5), rest("c", 300)], NOW)
    fault = refusal(pool, want("s"))
    assert (fault.kind, fault.retry_after_seconds) == ("rate_limited", 60.5)
    assert leased(pool, want("s"), NOW + 60.5) == "b"


def test_a_request_asks_each_account_once():
    pool, tried = pool_of(*"abc"), frozenset[str]()
    for _ in range(3):
        chosen = pool.lease(want("s", tried=tried), NOW)
        assert chosen.id not in tried
        tried |= {chosen.id}
    fault = refusal(pool, want("s", tried=tried))
    assert (fault.kind, fault.retry_after_seconds) == ("rate_limited", None)


def test_the_same_secret_under_two_names_is_asked_once():
    pool = pool_of(account("a", secret="same"), account("b", secret="same"), account("c"))
    asked = frozenset(["lab:b"])
    assert {leased(pool, want(f"s{n}", tried=asked)) for n in range(40)} == {"c"}
    assert refusal(pool, want("s", account="a", tried=asked)).kind == "rate_limited"


def test_what_cools_longer_is_told_once():
    pool = pool_of(*"ab")
    assert pool.cool([rest("a", 60), rest("a", 30), rest("b", 5)], NOW) == (rest("a", 60), rest("b", 5))
    assert pool.cool([rest("a", 60)], NOW) == ()


def test_a_guess_is_tried_early_by_one_request_and_ends_when_that_is_served():
    pool = pool_of(*"ab")
    pool.cool([rest("a", 1800, timed=False), rest("b", 80000)], NOW)
    assert refusal(pool, want("s")).retry_after_seconds == PROBE_SECONDS
    at = NOW + PROBE_SECONDS
    assert leased(pool, want("s"), at) == "a"
    assert refusal(pool, want("t"), at).kind == "rate_limited", "one request at a time"
    pool.served(want("s"), "lab:a", at + 2)
    assert leased(pool, want("t"), at + 2) == "a"


def test_a_guess_at_passing_trouble_fails_no_request_that_nobody_else_can_serve():
    pool = pool_of(*"abc")
    pool.cool([rest("a", 20, timed=False), rest("b", 5, timed=False)], NOW)
    assert {leased(pool, want(f"s{n}")) for n in range(20)} == {"c"}
    pool.cool([rest("c", 30)], NOW)
    assert [leased(pool, want("s", tried=frozenset(tried))) for tried in ((), ("lab:b",))] == ["b", "a"]
    assert refusal(pool, want("s", tried=frozenset(("lab:a", "lab:b")))).kind == "rate_limited"
    assert leased(pool, want("s", account="a")) == "a"
    pool.cool([rest("a", 60, timed=False), rest("b", 5)], NOW)
    assert refusal(pool, want("s")).retry_after_seconds == 5


def test_a_reset_ends_rests_of_one_account_or_all():
    pool = pool_of(*"abc")
    pool.cool([rest(label, 900) for label in "abc"], NOW)
    pool.reset("lab:b", NOW)
    assert {leased(pool, want(f"s{n}")) for n in range(20)} == {"b"}
    pool.reset(None, NOW)
    assert {leased(pool, want(f"t{n}")) for n in range(40)} == set("abc")


# the store


def test_rests_and_windows_come_back_from_the_store():
    pool, five_hours = pool_of(*"ab"), Window("lab:b", "5h", 0.5, NOW + 100, 18000.0, seen_at=NOW)
    pool.restore([rest("a", 900), rest("b", -5), rest("gone", 900)], [five_hours], NOW, NOW)
    standing = {each.account.label: each for each in pool.standing(NOW)}
    assert (standing["a"].cooldowns, standing["b"].cooldowns) == ((rest("a", 900),), ())
    assert standing["b"].windows == (five_hours,)


def test_an_older_window_does_not_replace_a_newer_one():
    pool, newer = pool_of("a"), Window("lab:a", "5h", 0.5, seen_at=NOW)
    pool.see([newer])
    pool.restore([], [Window("lab:a", "5h", 0.1, seen_at=NOW - 1)], NOW, NOW)
    assert pool.standing(NOW)[0].windows == (newer,)


def test_a_reset_by_another_process_is_seen_and_newer_rests_stay():
    pool = pool_of(*"ab")
    pool.cool([rest("a", 900)], NOW)
    pool.cool([rest("b", 900)], NOW + 10)
    pool.restore([], [], NOW + 5, NOW + 10)
    assert {leased(pool, want(f"s{n}"), NOW + 11) for n in range(20)} == {"a"}


def test_a_reading_from_before_a_reset_does_not_undo_it():
    pool = pool_of("a")
    pool.cool([rest("a", 900)], NOW)
    pool.reset(None, NOW + 5)
    pool.restore([rest("a", 900)], [], NOW + 4, NOW + 6)
    assert leased(pool, want("s"), NOW + 6) == "a"
    pool.restore([rest("a", 950)], [], NOW + 7, NOW + 8)
    assert refusal(pool, want("s"), NOW + 8).retry_after_seconds == 942


# strategies that keep no sessions


def test_round_robin_takes_turns_and_skips_who_rests():
    pool, asked = pool_of(*"abc"), Want(provider("round-robin"), "opus-5", "s")
    assert "".join(served(pool, asked) for _ in range(6)) == "abcabc"
    pool.cool([rest("b", 60)], NOW)
    assert "".join(served(pool, asked) for _ in range(4)) == "acac"
    assert "".join(served(pool, asked, NOW + 60) for _ in range(4)) == "bacb"
    assert not any(each.pins for each in pool.standing(NOW + 60))


def test_weighted_takes_shares_and_gives_no_arrears_to_who_was_away():
    pool = pool_of(account("a", weight=3), account("b"))
    asked = Want(provider("weighted"), "opus-5", "s")
    assert Counter(served(pool, asked) for _ in range(40)) == {"a": 30, "b": 10}
    pool.cool([rest("b", 60)], NOW)
    assert {served(pool, asked) for _ in range(100)} == {"a"}
    back = Counter(served(pool, asked, NOW + 60) for _ in range(40))
    assert 9 <= back["b"] <= 12


def test_priority_takes_the_first_position_that_is_usable():
    pool = pool_of(account("second", position=2), account("first", position=1))
    asked = Want(provider("priority"), "opus-5", "s")
    assert served(pool, asked) == "first"
    pool.cool([rest("first", 60)], NOW)
    assert served(pool, asked) == "second"
    assert served(pool, asked, NOW + 60) == "first"


def test_least_used_looks_at_what_is_under_way():
    pool, asked = pool_of(*"ab"), Want(provider("least-used"), "opus-5")
    pool.began("lab:a")
    assert leased(pool, asked) == "b"
    pool.began("lab:b")
    pool.ended("lab:a")
    assert leased(pool, asked) == "a"


def test_quota_aware_sessions_stay_and_new_ones_go_where_most_would_be_lost():
    pool, aware = pool_of(*"ab"), provider("quota-aware")
    day = 86400.0
    pool.see([Window("lab:a", "7d", 0.5, NOW + 5 * day, 7 * day), Window("lab:b", "7d", 0.5, NOW + day, 7 * day)])
    assert leased(pool, Want(aware, "opus-5", "s")) == "b"
    pool.see([Window("lab:b", "7d", 0.95, NOW + day, 7 * day)])
    assert served(pool, Want(aware, "opus-5", "t")) == "a"
    assert served(pool, Want(aware, "opus-5", "s")) == "b"


# the clock


def test_no_account_rests_for_longer_than_told_when_the_clock_goes_back():
    pool = pool_of("a")
    pool.cool([rest("a", 600)], NOW)
    assert refusal(pool, want("s"), NOW + 100).retry_after_seconds == 500
    assert refusal(pool, want("s"), NOW - 3500).retry_after_seconds == 500
    assert leased(pool, want("s"), NOW - 3000) == "a"


def test_the_store_does_not_bring_back_a_deadline_of_a_clock_that_was_wrong():
    pool = pool_of("a")
    pool.cool([rest("a", 600)], NOW)
    pool.restore([rest("a", 600)], [], NOW - 3600, NOW - 3600)
    assert leased(pool, want("s"), NOW - 3000) == "a"


def test_times_that_tasks_measured_apart_move_no_deadline():
    pool = pool_of("a")
    pool.cool([rest("a", 600)], NOW)
    refusal(pool, want("s"), NOW - STEP_SECONDS)
    assert pool.standing(NOW)[0].cooldowns == (rest("a", 600),)


def test_small_steps_that_add_up_are_a_step():
    pool = pool_of("a")
    pool.cool([rest("a", 600)], NOW)
    assert refusal(pool, want("s"), NOW - 4).retry_after_seconds == 604
    assert refusal(pool, want("s"), NOW - 8).retry_after_seconds == 600


def test_a_reset_is_as_old_as_it_was_when_the_clock_goes_back():
    pool = pool_of("a")
    pool.reset(None, NOW)
    pool.observe(NOW - 3600)
    pool.restore([rest("a", 900, now=NOW - 3600)], [], NOW - 3590, NOW - 3589)
    assert refusal(pool, want("s"), NOW - 3589).kind == "rate_limited"


def test_a_clock_that_goes_ahead_and_back_leaves_every_account_usable_in_time():
    pool = pool_of("a")
    pool.cool([rest("a", 7200)], NOW)
    assert refusal(pool, want("s"), NOW + 3600).retry_after_seconds == 3600
    assert refusal(pool, want("s"), NOW + 1).retry_after_seconds == 3600
    assert leased(pool, want("s"), NOW + 3601) == "a"


def test_what_is_ended_after_the_clock_went_back_is_what_the_store_holds(tmp_path: Path):
    pool = pool_of("a")
    now = wall()
    with closing(AccountStore(tmp_path)) as store:
        store.cool(pool.cool([rest("a", 7200, now=now)], now))
        pool.observe(now + 120)
        pool.observe(now + 90)
        store.end(pool.end(pool.cooldowns("lab:a", now + 90), now + 91))
        assert pool.cooldowns("lab:a", now + 90) == ()
        assert store.cooldowns() == ()


# reports


def test_the_standing_of_every_account_in_order():
    pool = pool_of(account("late", position=9), account("first"))
    pool.cool([rest("first", 60)], NOW)
    assert served(pool, want("s")) == "late"
    pool.began("lab:late")
    pool.began("lab:late")
    pool.ended("lab:late")
    first, late = pool.standing(NOW)
    assert (first.account.label, first.cooldowns, first.pins) == ("first", (rest("first", 60),), 0)
    assert (late.account.label, late.in_flight, late.uses, late.pins) == ("late", 1, 2, 1)


def test_more_ends_than_begins_are_no_less_than_none():
    pool = pool_of("a")
    pool.ended("lab:a")
    pool.began("lab:a")
    assert pool.standing(NOW)[0].in_flight == 1


def test_accounts_keep_their_state_when_the_configuration_changes():
    pool = pool_of(*"ab")
    pool.cool([rest("a", 600)], NOW)
    pool.began("lab:b")
    pool.replace({"lab": (account("a", secret="renewed"), account("b"))}, {})
    assert {leased(pool, want(f"s{n}")) for n in range(20)} == {"b"}
    assert pool.standing(NOW)[1].in_flight == 1
