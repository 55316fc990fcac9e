"""Counts of what happened, as metrics want them."""

from fastproxy.accounts.counts import Counts, count, summed, total
from fastproxy.usage.tally import Busy


def test_what_happened_is_told_by_provider_and_every_state_has_a_number():
    counts = Counts({}, {}, {})
    for outcome in ("renewed", "renewed", "failed"):
        count(counts.renewals, ("lab", outcome))
    count(counts.steps, ("lab", "rotate"))
    count(counts.cooldowns, "lab")
    told = summed(counts, [("lab", "ready"), ("lab", "ready"), ("lab", "cooling"), ("other", "disabled")])
    assert told.states == {
        "lab": {"ready": 2, "cooling": 1, "disabled": 0},
        "other": {"ready": 0, "cooling": 0, "disabled": 1},
    }
    assert (told.renewals, told.steps) == ({"lab": {"renewed": 2, "failed": 1}}, {"lab": {"rotate": 1}})
    count(counts.cooldowns, "lab")
    assert told.cooldowns == {"lab": 1}  # a copy


def test_what_all_workers_do_with_an_account_is_added():
    mine, theirs = {"lab:a": Busy(1, 10, 2), "lab:b": Busy()}, {"lab:a": Busy(2, 5, 1), "lab:new": Busy(0, 1, 0)}
    assert total([mine, theirs]) == {"lab:a": Busy(3, 15, 3), "lab:b": Busy(), "lab:new": Busy(0, 1, 0)}
