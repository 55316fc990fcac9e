"""What a running relay tells of its accounts, and how the command line changes them under it: real processes."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import orjson
import pytest

from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.clock import wall
from support import accounts, logins
from support.relay import ADMIN_TOKEN, TOKEN, Relay, StartRelay
from support.vendor import Vendor

KEYS = ("ann", "bob")
LIMIT = {
    "status": 429,
    "headers": {"content-type": "application/json", "retry-after": "3600"},
    "body": '{"type":"error","error":{"type":"rate_limit_error","message":"You have reached your usage limit."}}',
}
ANTHROPIC = {
    "five_hour": {"utilization": 37.0, "resets_at": "2100-03-10T04:59:59.000000+00:00"},
    "seven_day": {"utilization": 100.0, "resets_at": "2100-03-15T14:59:59+00:00"},
    "seven_day_opus": None,
    "extra_usage": {"is_enabled": False, "utilization": None},
}
CODEX = {
    "plan_type": "pro",
    "rate_limit": {
        "allowed": True,
        "limit_reached": False,
        "primary_window": {"used_percent": 50, "limit_window_seconds": 18000, "reset_at": 4102444800},
        "secondary_window": None,
    },
}
COPILOT = {
    "copilot_plan": "individual",
    "quota_reset_date_utc": "2100-01-01T00:00:00.000Z",
    "quota_snapshots": {"premium_interactions": {"entitlement": 300, "remaining": 75, "percent_remaining": 25.0}},
}
CODE_ASSIST = {
    "buckets": [
        {
            "modelId": "gemini-2.5-pro",
            "tokenType": "REQUESTS",
            "remainingFraction": 0.4,
            "resetTime": "2100-01-01T00:00:00Z",
        }
    ]
}


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        yield running


def lab(vendor: Vendor, start_relay: StartRelay, **options: str) -> Relay:
    accounts.open_accounts(vendor, KEYS)
    return start_relay(accounts.config(vendor, KEYS, **options), **accounts.environ(KEYS))


def four_vendors(vendor: Vendor) -> str:
    """Each provider that has reports, at the scripted vendor."""
    oauth = f'token_url = "{vendor.token_url}"'
    exchange = f'exchange_url = "{vendor.origin}/copilot_internal/v2/token"'
    return (
        logins.config(vendor)
        + f"""
[providers.codex]
base_url = "{vendor.origin}/backend-api/codex"
[providers.codex.oauth]
{oauth}
[providers.gemini-cli]
base_url = "{vendor.origin}"
[providers.gemini-cli.oauth]
{oauth}
[providers.copilot]
base_url = "{vendor.origin}"
[providers.copilot.oauth]
{oauth}
{exchange}
"""
    )


def keep(state: Path, vendor: Vendor, provider: str, label: str) -> str:
    """A login that a provider's account holds; its id."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    account = StoredAccount(f"{provider}:{label}", provider, label, "login")
    logins.with_store(state, account, logins.login_of(vendor.login(f"{provider}-{label}")))
    return account.id


def rows(relay: Relay, target: str, key: str) -> dict[str, dict[str, Any]]:
    """What an admin endpoint tells, by account."""
    told = relay.json(target)
    assert isinstance(told, dict)
    return {row["id"]: row for row in told[key]}


def cli(relay: Relay, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """An account command with the relay's configuration and state."""
    return subprocess.run(
        [sys.executable, "-m", "fastproxy", "account", *arguments, "--config", str(relay.config_path)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**relay._environment(accounts.environ(KEYS)), "LC_ALL": "C.UTF-8"},
    )


def within_seconds(seconds: float, true: Callable[[], bool]) -> None:
    until = monotonic() + seconds
    while not true():
        assert monotonic() < until, "it did not come true in time"
        sleep(0.05)


def secrets_in(*texts: str) -> list[str]:
    """Every secret of these tests that a text holds."""
    marks = ("key-ann", "key-bob", "at-", "rt-", "tid=", "sk-", TOKEN, ADMIN_TOKEN)
    return [mark for mark in marks for text in texts if mark in text]


@pytest.mark.parametrize("target", ["/v1/accounts", "/v1/credentials/check", "/v1/usage/limits"])
def test_reports_are_for_the_admin_alone(relay: Relay, target: str):
    assert relay.ask(target, method="GET").status == 403
    assert relay.admin(target).status == 200


def test_every_account_is_listed_with_its_state_and_no_secret(vendor: Vendor, start_relay: StartRelay):
    relay = lab(vendor, start_relay)
    vendor.answers("ann", LIMIT)
    refused_at = wall()
    assert accounts.ask(relay, headers={"x-fastproxy-account": "ann"}).status == 429
    assert accounts.who(accounts.ask(relay, "s")) == "bob"
    found = rows(relay, "/v1/accounts", "accounts")
    assert list(found) == ["lab:ann", "lab:bob"]
    ann, bob = found["lab:ann"], found["lab:bob"]
    assert (ann["state"], ann["cause"], ann["kind"], ann["source"]) == ("cooling", "a usage limit is reached", "key",
                                                                     "configuration")  # fmt: skip
    [cooldown] = ann["cooldowns"]
    assert (cooldown["scope"], cooldown["timed"]) == ("", True)
    assert refused_at + 3600 <= cooldown["until_at"] <= wall() + 3600
    assert (bob["state"], bob["uses"], bob["in_flight"], bob["pins"]) == ("ready", 1, 0, 1)
    assert secrets_in(relay.admin("/v1/accounts").body.decode()) == []


def test_every_worker_tells_what_all_of_them_do(vendor: Vendor, start_relay: StartRelay):
    accounts.open_accounts(vendor, KEYS)
    text = accounts.config(vendor, KEYS).replace("[server]", "[server]\nworkers = 2")
    relay = start_relay(text, **accounts.environ(KEYS))
    for number in range(8):
        accounts.who(accounts.ask(relay, f"s-{number}"))

    def uses() -> set[int]:
        told = [rows(relay, "/v1/accounts", "accounts") for _ in range(8)]  # each on a connection of its own
        return {sum(row["uses"] for row in one.values()) for one in told}

    within_seconds(5, lambda: uses() == {8})


def test_each_vendors_report_is_read_and_asked_for_once(vendor: Vendor, start_relay: StartRelay, tmp_path: Path):
    state = tmp_path / "relay-1" / "state"
    reports = {"anthropic": ANTHROPIC, "codex": CODEX, "copilot": COPILOT, "gemini-cli": CODE_ASSIST}
    for provider, report in reports.items():
        keep(state, vendor, provider, "work")
        vendor.report(f"{provider}-work", report)
    relay = start_relay(four_vendors(vendor))
    with ThreadPoolExecutor(6) as threads:
        told = list(threads.map(lambda _: relay.admin("/v1/usage/limits"), range(6)))
    assert {answer.status for answer in told} == {200}
    asked = [one["path"] for one in vendor.seen()]
    assert sorted(asked) == ["/api/oauth/usage", "/backend-api/wham/usage", "/copilot_internal/user",
                             "/v1internal:loadCodeAssist", "/v1internal:retrieveUserQuota"]  # fmt: skip
    found = rows(relay, "/v1/usage/limits", "accounts")
    assert len(vendor.seen()) == 5
    limits = {id_: {one["id"]: one for one in row["report"]["limits"]} for id_, row in found.items()}
    assert limits["anthropic:work"]["5h"]["amount"] == {"usedFraction": 0.37, "remainingFraction": 0.63,
                                                        "unit": "percent"}  # fmt: skip
    assert limits["anthropic:work"]["7d"]["status"] == "exhausted"
    assert limits["anthropic:work"]["7d"]["window"]["resetsAt"] == "2100-03-15T14:59:59Z"
    assert limits["codex:work"]["5h"]["window"]["durationMs"] == 18000000
    assert found["codex:work"]["report"]["metadata"] == {"plan": "pro"}
    assert limits["copilot:work"]["premium_interactions"]["amount"]["remaining"] == 75
    assert limits["gemini-cli:work"]["gemini-2.5-pro"]["scope"]["modelId"] == "gemini-2.5-pro"
    windows = {
        id_: {one["name"] for one in row["windows"]} for id_, row in rows(relay, "/v1/accounts", "accounts").items()
    }
    assert windows["anthropic:work"] == {"5h", "7d"}
    assert secrets_in(*(answer.body.decode() for answer in told)) == []


def test_a_vendor_that_gives_no_report_is_said_so_and_left_alone(
    vendor: Vendor, start_relay: StartRelay, tmp_path: Path
):
    keep(tmp_path / "relay-1" / "state", vendor, "anthropic", "work")
    vendor.report("anthropic-work", {"status": 429, "body": "at-secret"})
    relay = start_relay(logins.config(vendor))
    for _ in range(3):
        [row] = rows(relay, "/v1/usage/limits", "accounts").values()
        assert row["report"] is None
        assert row["reason"] == "the vendor answered 429"
    assert len(vendor.seen()) == 1


def test_a_check_tells_three_states_and_renews_first_what_has_ended(
    vendor: Vendor, start_relay: StartRelay, tmp_path: Path
):
    state = tmp_path / "relay-1" / "state"
    ended = logins.keep(state, vendor, "old", lasts_seconds=-60)
    vendor.report("old", ANTHROPIC)
    dead = logins.keep(state, vendor, "dead")
    store = AccountStore(state)
    store.disable(dead, "its vendor has ended the login", 1)
    store.close()
    quiet = logins.keep(state, vendor, "quiet")
    vendor.report("quiet", {"status": 503})
    vendor.key("ann", "key-ann")
    extra = accounts.config(vendor, KEYS).partition("[providers.lab]")
    relay = start_relay(logins.config(vendor) + extra[1] + extra[2], **accounts.environ(KEYS))
    found = rows(relay, "/v1/credentials/check", "credentials")
    assert {id_: row["ok"] for id_, row in found.items()} == {
        ended: True, dead: False, quiet: None, "lab:ann": True, "lab:bob": False,
    }  # fmt: skip
    assert found[ended]["report"]["limits"]
    assert found[dead]["reason"] == "its vendor has ended the login"
    assert found[quiet]["reason"] == "the vendor answered 503"
    assert found["lab:bob"]["reason"] == "the vendor refuses it (401)"
    assert found["lab:ann"]["latencyMs"] >= 0
    assert [grant["grant_type"] for grant in vendor.grants()] == ["refresh_token"]
    only = rows(relay, "/v1/credentials/check?account=ann", "credentials")
    assert list(only) == ["lab:ann"]
    assert relay.admin("/v1/credentials/check?account=nobody").status == 404


def test_a_strict_check_asks_for_an_answer_in_the_providers_own_format(vendor: Vendor, start_relay: StartRelay):
    formats = 'formats = ["openai-responses"]'
    vendor.key("ann", "key-ann")
    text = accounts.config(vendor, KEYS).replace('formats = ["anthropic", "openai-chat", "openai-responses"]', formats)
    relay = start_relay(text, **accounts.environ(KEYS))
    found = rows(relay, "/v1/credentials/check?strict=1", "credentials")
    assert found["lab:ann"]["completion"]["ok"] is True
    assert found["lab:ann"]["completion"]["modelId"] == "m"
    assert found["lab:bob"]["completion"]["ok"] is None  # a refused key lists no model
    assert found["lab:bob"]["completion"]["reason"].endswith("name one with the parameter model=PROVIDER/MODEL")
    asked = [one for one in vendor.seen() if one["path"] == "/v1/responses"]
    assert [orjson.loads(one["body"])["max_output_tokens"] for one in asked] == [16]
    named = rows(relay, "/v1/credentials/check?strict=1&model=lab/m", "credentials")
    assert named["lab:bob"]["ok"] is False
    assert "401" in named["lab:bob"]["completion"]["reason"]
    listed = {"status": 200, "headers": {"content-type": "application/json"}, "body": '{"data":[{"id":"m"}]}'}
    vendor.answers("ann", listed, LIMIT)
    limited = rows(relay, "/v1/credentials/check?strict=1&account=ann", "credentials")["lab:ann"]
    assert (limited["ok"], limited["completion"]["ok"]) == (True, False)
    assert rows(relay, "/v1/accounts", "accounts")["lab:ann"]["state"] == "ready"  # a check changes nothing


def test_a_reset_on_the_command_line_reaches_the_running_relay(vendor: Vendor, start_relay: StartRelay):
    relay = lab(vendor, start_relay)
    vendor.answers("ann", LIMIT)
    assert accounts.ask(relay, headers={"x-fastproxy-account": "ann"}).status == 429

    def state() -> str:
        return str(rows(relay, "/v1/accounts", "accounts")["lab:ann"]["state"])

    assert state() == "cooling"
    sleep(1.5)  # until it is on the disk
    ended = cli(relay, "reset", "ann")
    assert (ended.returncode, ended.stderr) == (0, "one rest ended; a running relay follows within two seconds\n")
    within_seconds(2.5, lambda: state() == "ready")
    assert accounts.who(accounts.ask(relay, headers={"x-fastproxy-account": "ann"})) == "ann"
    assert cli(relay, "reset", "nobody").returncode == 1


def test_a_key_that_is_added_makes_its_provider_usable_and_its_removal_ends_that(
    vendor: Vendor, start_relay: StartRelay
):
    vendor.key("ann", "sk-added")
    text = logins.config(vendor) + f'[providers.groq]\nbase_url = "{vendor.origin}/v1"\n'
    relay = start_relay(text)
    body = orjson.dumps({"model": "groq/m", "messages": [{"role": "user", "content": "hi"}]})

    def status() -> int:
        return relay.ask("/v1/chat/completions", body).status

    assert status() == 404
    added = cli(relay, "add", "groq", "--label", "mine", stdin="sk-added\n")
    assert (added.returncode, added.stdout) == (0, "groq:mine\n")
    within_seconds(2.5, lambda: status() == 200)
    assert cli(relay, "remove", "groq:mine").returncode == 0
    within_seconds(2.5, lambda: status() == 404)
    assert secrets_in(added.stdout, added.stderr, relay.log) == []


def test_who_is_put_first_serves_where_the_order_decides(vendor: Vendor, start_relay: StartRelay):
    relay = start_relay(logins.config(vendor, extra='strategy = "priority"'))
    for label in ("one", "two"):
        vendor.key(label, f"sk-{label}")
        assert cli(relay, "add", "anthropic", "--label", label, stdin=f"sk-{label}\n").returncode == 0

    def first() -> str:
        body = orjson.dumps({"model": "claude-x", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]})
        answer = relay.ask("/v1/messages", body)
        return accounts.who(answer) if answer.status == 200 else ""

    within_seconds(2.5, lambda: first() == "one")
    assert cli(relay, "switch", "two").returncode == 0
    within_seconds(2.5, lambda: first() == "two")


def test_no_command_line_and_no_output_holds_a_secret(vendor: Vendor, start_relay: StartRelay, tmp_path: Path):
    state = tmp_path / "relay-1" / "state"
    logins.keep(state, vendor, "old", lasts_seconds=-60)
    vendor.report("old", ANTHROPIC)
    vendor.set(delay_seconds=1.0)
    relay = start_relay(logins.config(vendor))
    lines: set[str] = set()
    command = [sys.executable, "-m", "fastproxy", "account", "check", "--strict", "--model", "anthropic/claude-x"]
    environ = {**relay._environment({}), "LC_ALL": "C.UTF-8"}
    with subprocess.Popen(
        [*command, "--config", str(relay.config_path)],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while process.poll() is None:
            for entry in os.scandir("/proc"):
                if entry.name.isdecimal():
                    try:
                        lines.add(
                            Path(entry.path, "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                        )
                    except OSError:
                        continue
            sleep(0.02)
        out, err = process.communicate()
    assert process.returncode == 0, err
    assert "works" in out
    assert any("account refresh" in line for line in lines)
    ours = [line for line in lines if "fastproxy" in line]
    listed, as_json = cli(relay, "list"), cli(relay, "list", "--json")
    assert "5h ████░░░░░░ 37%" in listed.stdout
    assert orjson.loads(as_json.stdout)[0]["windows"][0]["used_fraction"] == 0.37
    texts = (out, err, *ours, listed.stdout, listed.stderr, as_json.stdout, relay.log)
    assert [mark for mark in secrets_in(*texts) if mark != "at-"] == []
    assert "at-old" not in "".join(texts)


def test_metrics_tell_of_accounts_by_provider(vendor: Vendor, start_relay: StartRelay):
    relay = lab(vendor, start_relay)
    vendor.answers("ann", LIMIT)
    accounts.ask(relay, headers={"x-fastproxy-account": "ann"})

    def told() -> str:
        return relay.admin("/metrics").body.decode()

    within_seconds(3, lambda: 'fastproxy_accounts{provider="lab",state="cooling"} 1.0' in told())
    for line in (
        'fastproxy_accounts{provider="lab",state="ready"} 1.0',
        'fastproxy_accounts{provider="lab",state="disabled"} 0.0',
        'fastproxy_account_cooldowns_total{provider="lab"} 1.0',
        'fastproxy_account_rotations_total{provider="lab",step="rotate"} 1.0',
    ):
        assert line in told()
