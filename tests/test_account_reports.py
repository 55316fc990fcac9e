"""What is told of accounts, as values that become JSON."""

import msgspec

from fastproxy.account_reports import AccountReports, health_json
from fastproxy.accounts.cooldown import Window
from fastproxy.accounts.reports import Reading, Report, Told
from fastproxy.credential_check import Completion, Health
from fastproxy.secret import Secret
from fastproxy.snapshot import Account
from fastproxy.usage.tally import Busy
from support.loops import in_loop
from support.relay_parts import UPSTREAM_KEY, provider, relay, snapshot

LOGIN = Account("lab", "lab:work", Secret("at-secret"), "login", "work")
KEY = Account("lab", "lab:key", Secret("sk-secret"), label="key")
REPORT = Report("lab:work", "lab", 10.0, Told((Reading(Window("lab:work", "5h", 0.5), "5h"),)))


def test_a_health_is_told_in_the_shape_that_others_read():
    completion = Completion(ok=False, reason="a usage limit is reached (429)", model="m", latency_seconds=0.5)
    found = [
        Health(LOGIN, ok=True, latency_seconds=0.25, report=REPORT, completion=completion),
        Health(KEY, ok=None, reason="the vendor answered 503"),
    ]
    told = health_json(found)
    first, second = told["credentials"]  # type: ignore[misc] - a list of objects
    assert (first["type"], first["ok"], first["latencyMs"]) == ("oauth", True, 250)
    assert first["report"]["limits"][0]["id"] == "5h"
    assert first["completion"] == {
        "ok": False, "reason": "a usage limit is reached (429)", "modelId": "m", "latencyMs": 500,
    }  # fmt: skip
    assert second == {
        "id": "lab:key", "provider": "lab", "label": "key", "type": "api_key", "ok": None,
        "reason": "the vendor answered 503",
    }  # fmt: skip
    assert b"secret" not in msgspec.json.encode(told)


@in_loop
async def test_every_account_is_told_with_what_it_does(tmp_path):
    async with relay(tmp_path, snapshot([provider("lab", "http://127.0.0.1:1")])) as parts:
        reports = parts.door.admin.accounts
        told = reports.accounts()
        rows = {row["id"]: row for row in told["accounts"]}  # type: ignore[union-attr] - a list of objects
        assert (rows["lab:key"]["state"], rows["lab:key"]["in_flight"], rows["lab:key"]["uses"]) == ("ready", 0, 0)
        assert UPSTREAM_KEY.encode() not in msgspec.json.encode(told)
        shared = reports.accounts([{"lab:key": Busy(1, 5, 2)}, {"lab:key": Busy(0, 1, 0), "lab:gone": Busy()}])
        [row] = [row for row in shared["accounts"] if row["id"] == "lab:key"]  # type: ignore[attr-defined] - as above
        assert (row["in_flight"], row["uses"], row["pins"]) == (1, 6, 2)


@in_loop
async def test_accounts_without_a_report_are_told_as_such(tmp_path):
    async with relay(tmp_path, snapshot([provider("lab", "http://127.0.0.1:1")])) as parts:
        told = await parts.door.admin.accounts.limits(parts.door.view)
        assert {"id": "lab:key", "provider": "lab", "report": None} in told["accounts"]  # type: ignore[operator]


@in_loop
async def test_a_model_is_for_the_provider_that_it_names_and_those_who_wait_hear_who_is_asked(tmp_path):
    labs = [provider(name, "http://127.0.0.1:1") for name in ("lab", "other")]
    async with relay(tmp_path, snapshot(labs)) as parts:
        reports: AccountReports = parts.door.admin.accounts
        asked: list[str] = []
        found = await reports.health(parts.door.view, strict=True, model="lab/m", told=asked.append)
        models = {health.account.id: health.completion.model for health in found if health.completion}
        assert models["lab:key"] == "m"
        assert models["other:key"] == ""
        assert asked[:2] == ["lab:key", "other:key"]
