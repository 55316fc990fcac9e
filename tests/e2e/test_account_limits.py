"""What limits leave on the disk, who is asked when they are reached, and news of credentials while the relay runs."""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import orjson
import pytest

from fastproxy.accounts.cooldown import Cooldown
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.clock import wall
from support import logins
from support.account_clients import FORMATS, HEAD, ask_as, at_once, provider, served_by, variable
from support.logins import MODEL, await_true
from support.relay import Relay, StartRelay
from support.vendor import Vendor

JSON = {"content-type": "application/json"}
PICKED_UP_SECONDS = 2.0


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        yield running


def refusal(status: int = 429, message: str = "usage limit reached", **headers: str) -> dict:
    told = {"retry-after" if name == "retry_after" else name: value for name, value in headers.items()}
    error = {"type": "error", "error": {"type": "rate_limit_error", "message": message}}
    return {"status": status, "headers": JSON | told, "body": orjson.dumps(error).decode()}


def keys(vendor: Vendor, *labels: str) -> dict[str, str]:
    """These labels' keys, known to the vendor; the relay's environment."""
    for label in labels:
        vendor.key(label, f"key-{label}")
    return {variable(label): f"key-{label}" for label in labels}


def cooldowns(relay: Relay) -> dict[tuple[str, str], Cooldown]:
    store = AccountStore(relay.state)
    try:
        return {(rest.account, rest.scope): rest for rest in store.cooldowns()}
    finally:
        store.close()


def test_the_disk_says_what_the_hints_said_to_the_second(vendor: Vendor, start_relay: StartRelay):
    reset = int(wall()) + 5000
    unified = "anthropic-ratelimit-unified-"
    hints = {
        "acc-seconds": (refusal(retry_after="3600"), "", 3600.0),
        "acc-body": (
            {
                "status": 429,
                "headers": JSON,
                "body": f'{{"error":{{"type":"usage_limit_reached","resets_at":{reset}}}}}',
            },
            "",
            reset,
        ),
        "acc-window": (refusal(**{f"{unified}status": "rejected", f"{unified}reset": str(reset + 7)}), "", reset + 7),
        "acc-opus": (
            refusal(
                **{
                    f"{unified}status": "rejected",
                    f"{unified}7d_opus-status": "rejected",
                    f"{unified}7d_opus-reset": str(reset + 9),
                }
            ),
            "family:opus",
            reset + 9,
        ),
        "acc-codex": (
            refusal(
                **{"x-codex-primary-used-percent": "100", "x-codex-primary-reset-at": str(reset + 11)},
            ),
            "",
            reset + 11,
        ),
        "acc-policy": (refusal(403, "not allowed", retry_after="600"), "", 600.0),
    }
    environ = keys(vendor, *hints, "acc-last")
    relay = start_relay(HEAD + provider("lab", vendor.origin, [*hints, "acc-last"], formats=["anthropic"]), **environ)
    asked_at = {}
    for label, (answer, _, _) in hints.items():
        vendor.answers(label, answer)
        asked_at[label] = wall()
        bound = ask_as(relay, "anthropic", model="lab-opus-1", account=label)
        assert bound.status in (403, 429)
    await_true(lambda: len(cooldowns(relay)) >= len(hints), 8.0)
    known = cooldowns(relay)
    for label, (_, scope, until_at) in hints.items():
        rest = known["lab:" + label, scope]
        assert rest.timed
        if label in ("acc-seconds", "acc-policy"):
            assert rest.until_at == pytest.approx(asked_at[label] + until_at, abs=0.999), label
        else:
            assert rest.until_at == until_at, label
    assert served_by(ask_as(relay, "anthropic", model="lab-opus-1")) == "acc-last"


def test_what_was_refused_a_moment_before_a_kill_is_known_to_the_next_relay(vendor: Vendor, start_relay: StartRelay):
    environ = keys(vendor, "acc-spent", "acc-other")
    text = HEAD + provider("lab", vendor.origin, ["acc-spent", "acc-other"], formats=FORMATS)
    relay = start_relay(text, **environ)
    vendor.answers("acc-spent", refusal(retry_after="3600"))
    assert ask_as(relay, "anthropic", model="lab-m", account="acc-spent").status == 429
    await_true(lambda: cooldowns(relay), 2.0)
    relay.process.kill()
    assert list(cooldowns(relay)) == [("lab:acc-spent", "")]


def test_a_bound_request_never_goes_elsewhere(vendor: Vendor, start_relay: StartRelay):
    environ = keys(vendor, "acc-x", "acc-y")
    relay = start_relay(HEAD + provider("lab", vendor.origin, ["acc-x", "acc-y"], formats=FORMATS), **environ)
    for answer in (refusal(529, "Overloaded"), refusal(429, retry_after="60"), refusal(503, "trouble")):
        vendor.answers("acc-x", answer, stuck=True)
        vendor.forget()
        for format_ in FORMATS:
            for stream in (False, True):
                assert ask_as(relay, format_, "s", model="lab-m", stream=stream, account="acc-x").status >= 400
        assert {one["account"] for one in vendor.seen()} <= {"acc-x"}
    vendor.answers("acc-x")


def test_a_fallback_in_another_format_serves_once_the_accounts_are_spent(vendor: Vendor, start_relay: StartRelay):
    environ = keys(vendor, "acc-1", "acc-2", "acc-other")
    text = HEAD + provider("lab", vendor.origin, ["acc-1", "acc-2"], formats=["anthropic"], extra='fallback = ["far"]')
    text += provider("far", vendor.origin, ["acc-other"], formats=["openai-chat"])
    relay = start_relay(text, **environ)
    wrong = refusal(400, "max_tokens: too large")
    for label in ("acc-1", "acc-2"):
        vendor.answers(label, wrong, stuck=True)
    assert ask_as(relay, "anthropic", "s", model="lab-m").status == 400, "the request's own fault goes nowhere else"
    for answer in (refusal(529, "Overloaded"), refusal(401, "invalid x-api-key"), refusal(retry_after="90")):
        for label in ("acc-1", "acc-2"):
            vendor.answers(label, answer, stuck=True)
        for format_ in FORMATS:
            for stream in (False, True):
                served = ask_as(relay, format_, f"{format_}{stream}", model="lab-m", stream=stream)
                assert served_by(served, format_, stream=stream) == "acc-other"
                assert served.get("x-fastproxy-route") == "far/lab-m"


def test_when_one_is_revoked_and_the_others_are_spent_the_client_is_not_told_that_its_key_is_wrong(
    vendor: Vendor, start_relay: StartRelay
):
    """401 makes command line clients log out; 429 with a time makes them wait."""
    labels = ["acc-r", "acc-s", "acc-t"]
    environ = keys(vendor, *labels)
    for number, order in enumerate((labels, labels[::-1])):
        text = HEAD + provider("lab", vendor.origin, order, formats=["anthropic"], extra='strategy = "priority"')
        relay = start_relay(text, **environ)
        vendor.answers("acc-r", refusal(401, "invalid x-api-key"), stuck=True)
        for label in labels[1:]:
            vendor.answers(label, refusal(retry_after="90"), stuck=True)
        answers = [ask_as(relay, "anthropic", model=f"lab-{number}") for _ in range(2)]
        assert {answer.status for answer in answers} == {429}, [(answer.status, answer.body) for answer in answers]
        assert all(0 < int(answer.get("retry-after") or 0) <= 90 for answer in answers)


def test_new_and_changed_logins_are_picked_up(vendor: Vendor, start_relay: StartRelay, tmp_path: Path):
    relay = start_relay(logins.config(vendor))
    assert ask_as(relay, "anthropic", model=MODEL).status in (404, 503)
    since = monotonic()
    logins.keep(relay.state, vendor, "acc-new")
    await_true(lambda: ask_as(relay, "anthropic", model=MODEL).status == 200, PICKED_UP_SECONDS)
    file = logins.tool_file(tmp_path, vendor, "acc-file")
    logins.link(relay.state, file, "acc-file")
    await_true(lambda: ask_as(relay, "anthropic", model=MODEL, account="acc-file").status == 200, PICKED_UP_SECONDS)
    vendor.set(keep_old_tokens=True)
    tokens = vendor.login("acc-file")
    logins.write_tool_file(file, tokens)
    vendor.forget()

    def sent() -> bool:
        ask_as(relay, "anthropic", model=MODEL, account="acc-file")
        return dict(vendor.seen()[-1]["headers"])["authorization"] == f"Bearer {tokens['access_token']}"

    await_true(sent, PICKED_UP_SECONDS)
    vendor.set(keep_old_tokens=False)
    store = AccountStore(relay.state)
    store.replace(
        StoredAccount("anthropic:acc-new", "anthropic", "acc-new", "login"), logins.login_of(vendor.login("acc-other"))
    )
    await_true(
        lambda: served_by(ask_as(relay, "anthropic", model=MODEL, account="acc-new")) == "acc-other", PICKED_UP_SECONDS
    )
    store.remove("anthropic:acc-new")
    store.close()
    await_true(lambda: ask_as(relay, "anthropic", model=MODEL, account="acc-new").status == 400, PICKED_UP_SECONDS)
    assert monotonic() - since < 6 * PICKED_UP_SECONDS


def test_a_key_in_a_file_is_picked_up(vendor: Vendor, start_relay: StartRelay, tmp_path: Path):
    keys(vendor, "acc-before", "acc-after")
    secret = tmp_path / "secret"
    secret.write_text("key-acc-before")
    row = f'[[providers.lab.accounts]]\nlabel = "one"\napi_key = "file:{secret}"\n'
    text = HEAD + provider("lab", vendor.origin, [], formats=["anthropic"]) + row
    relay = start_relay(text)
    assert served_by(ask_as(relay, "anthropic", model="lab-m")) == "acc-before"
    secret.write_text("key-acc-after")
    await_true(lambda: served_by(ask_as(relay, "anthropic", model="lab-m")) == "acc-after", PICKED_UP_SECONDS)
    relay.write_config(text + row.replace('"one"', '"two"').replace(str(secret), f"{secret}2"))
    (tmp_path / "secret2").write_text("key-acc-before")
    await_true(
        lambda: (
            {served_by(ask_as(relay, "anthropic", str(n), model="lab-m")) for n in range(8)}
            == {"acc-before", "acc-after"}
        ),
        2 * PICKED_UP_SECONDS,
    )


def test_more_sessions_than_pins_come_home_all_the_same(vendor: Vendor, start_relay: StartRelay):
    """The account of a session that was pushed out is chosen by its key."""
    labels = ["acc-p", "acc-q", "acc-u"]
    text = f"{HEAD}[accounts]\npins = 50\n" + provider("lab", vendor.origin, labels, formats=["anthropic"])
    relay = start_relay(text, **keys(vendor, *labels))

    def ask(session: int) -> str:
        return served_by(ask_as(relay, "anthropic", f"session-{session}", model="lab-m"))

    homes = at_once(ask, range(300))
    assert at_once(ask, range(300)) == homes
    assert set(homes) == set(labels)
