"""What a report says of rests, and how it is shown."""

import pytest

from fastproxy.accounts.cooldown import Cooldown, Window
from fastproxy.accounts.reports import Reading, Report, Told, as_json, ended_by

ID = "lab:work"
USAGE = "a usage limit is reached"


def window(name: str, used: float, scope: str = "") -> Window:
    status = "exhausted" if used >= 1 else "ok"
    return Window(ID, name, used, 2000.0, 18000.0, status, scope, 1000.0)


def report(*windows: Window, is_open: bool = True, is_whole: bool = True) -> Report:
    readings = tuple(Reading(one, one.name) for one in windows)
    return Report(ID, "lab", 1000.0, Told(readings, "pro", is_open), is_whole)


def rest(scope: str = "", cause: str = USAGE) -> Cooldown:
    return Cooldown(ID, scope, 2000.0, timed=True, cause=cause)


@pytest.mark.parametrize("cause", [USAGE, "the 5h limit is used up"])
def test_a_rest_for_a_quota_ends_when_every_window_of_the_account_is_open(cause: str):
    assert ended_by(report(window("5h", 0.2), window("7d", 0.99)), [rest(cause=cause)]) == (rest(cause=cause),)
    assert ended_by(report(window("5h", 0.2), window("7d", 1.0)), [rest(cause=cause)]) == ()


@pytest.mark.parametrize(
    "cause",
    ["too many requests in a short time", "the vendor has closed the account", "the vendor refused the key", ""],
)
def test_a_rest_for_anything_else_stays(cause: str):
    assert ended_by(report(window("5h", 0.2)), [rest(cause=cause)]) == ()


def test_what_the_report_does_not_count_stays():
    assert ended_by(report(), [rest()]) == ()
    assert ended_by(report(window("5h", 0.2)), [rest("family:opus")]) == ()
    assert ended_by(report(window("5h", 0.2), is_whole=False), [rest()]) == ()
    assert ended_by(report(window("5h", 0.2), is_open=False), [rest()]) == ()


def test_a_family_is_open_when_its_own_window_and_the_accounts_are():
    opus = window("7d_opus", 0.1, "family:opus")
    assert ended_by(report(window("5h", 0.2), opus), [rest("family:opus")]) == (rest("family:opus"),)
    assert ended_by(report(window("5h", 1.0), opus), [rest("family:opus")]) == ()
    spent = window("7d_opus", 1.0, "family:opus")
    assert ended_by(report(window("5h", 0.2), spent), [rest("family:opus"), rest()]) == (rest(),)


def test_a_models_rest_is_for_whatever_counts_the_model():
    model = rest("model:claude-opus-5")
    assert ended_by(report(window("5h", 0.2)), [model]) == (model,)
    assert ended_by(report(window("5h", 0.2), window("7d_opus", 1.0, "family:opus")), [model]) == ()


def test_a_report_is_shown_in_the_shape_that_others_read():
    reading = Reading(window("gpt", 0.25, "model:gpt-5"), "gpt requests", "requests", None, 400.0, 300.0)
    shown = as_json(Report(ID, "lab", 1000.5, Told((reading,), "pro")))
    assert shown == {
        "provider": "lab",
        "fetchedAt": 1000500,
        "limits": [
            {
                "id": "gpt",
                "label": "gpt requests",
                "scope": {"provider": "lab", "accountId": ID, "windowId": "gpt", "modelId": "gpt-5"},
                "window": {
                    "id": "gpt",
                    "label": "gpt requests",
                    "durationMs": 18000000,
                    "resetsAt": "1970-01-01T00:33:20Z",
                },
                "amount": {
                    "limit": 400.0,
                    "remaining": 300.0,
                    "usedFraction": 0.25,
                    "remainingFraction": 0.75,
                    "unit": "requests",
                },
                "status": "ok",
            }
        ],
        "metadata": {"plan": "pro"},
    }


def test_what_is_not_known_is_left_out():
    shown = as_json(Report(ID, "lab", 1.0, Told((Reading(Window(ID, "x"), "x"),))))
    [limit] = shown["limits"]  # type: ignore[misc] - a list of objects
    assert limit["amount"] == {"unit": "percent"}
    assert limit["window"] == {"id": "x", "label": "x"}
    assert shown["metadata"] == {}


def test_what_never_resets_is_shown_and_no_quota_to_the_pool():
    extra = Window(ID, "extra", 0.1, None, None, "ok", "", 1000.0)
    told = report(window("5h", 0.2), extra)
    assert told.windows == (window("5h", 0.2),)
    assert [limit["id"] for limit in as_json(told)["limits"]] == ["5h", "extra"]  # type: ignore[attr-defined]
