"""Cases come from a seed and a number alone, of every kind, and survive being written out."""

from pathlib import Path

import pytest

from slow.fuzz import failures
from slow.fuzz.cases import build
from slow.fuzz.strict import requests

KINDS = {"head", "framing", "noise", "json", "answer-head", "answer-json", "answer-events", "answer-chunks"}


def test_a_case_is_the_same_whenever_it_is_built():
    cases = [build(7, number) for number in range(200)]
    assert cases == [build(7, number) for number in range(200)]
    assert {case.kind for case in cases} == KINDS
    assert cases != [build(8, number) for number in range(200)]


def test_a_case_that_must_be_answered_is_one_good_request():
    answered = [case for case in (build(7, number) for number in range(300)) if case.answered]
    assert [len(requests(b"".join(case.sent))) for case in answered] == [1] * len(answered)


def test_some_damaged_heads_are_still_good_and_most_are_not():
    heads = [case for case in (build(7, number) for number in range(600)) if case.kind == "head"]
    good = sum(len(requests(b"".join(case.sent))) == 2 for case in heads)
    assert 0 < good < len(heads) / 2


def test_a_failing_case_is_read_back_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for number in range(50):
        case = build(7, number)
        assert failures.read(failures.write(case, ["went wrong"], "one")) == case
