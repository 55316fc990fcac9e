"""Many sessions over few accounts: refusals as vendors document them never reach a client while one account serves."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import sleep

import orjson
import pytest

from fastproxy.accounts.store import AccountStore
from fastproxy.clock import wall
from support.account_clients import FORMATS, HEAD, ask_as, at_once, provider, served_by, variable
from support.exchange import Format
from support.relay import Relay, StartRelay
from support.vendor import Vendor

JSON = {"content-type": "application/json"}
UNIFIED = "anthropic-ratelimit-unified-"


def anthropic(status: int, kind: str, message: str, **headers: str) -> dict:
    error = {"type": "error", "error": {"type": kind, "message": message}}
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"status": status, "headers": JSON | told, "body": orjson.dumps(error).decode()}


def openai(status: int, code: str, message: str, **headers: str) -> dict:
    error = {"error": {"message": message, "type": code, "param": None, "code": code}}
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"status": status, "headers": JSON | told, "body": orjson.dumps(error).decode()}


def google(status: int, name: str, message: str, *details: dict) -> dict:
    error = {"error": {"code": status, "message": message, "status": name, "details": list(details)}}
    return {"status": status, "headers": JSON, "body": orjson.dumps(error).decode()}


RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}
PER_DAY = {
    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
    "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "50"}],
}
SHAPES: tuple[tuple[Format, dict], ...] = (
    ("anthropic", anthropic(401, "authentication_error", "invalid x-api-key")),
    ("anthropic", anthropic(401, "authentication_error", "OAuth token has expired.")),
    ("anthropic", anthropic(403, "permission_error", "Your API key does not have permission to use the resource.")),
    ("anthropic", anthropic(403, "permission_error", "OAuth authentication is currently not allowed.")),
    ("anthropic", anthropic(400, "invalid_request_error", "This organization has been disabled.")),
    ("anthropic", anthropic(400, "invalid_request_error", "Your credit balance is too low to access the API.")),
    ("anthropic", anthropic(429, "rate_limit_error", "Too many requests per minute", retry_after="20")),
    ("anthropic", anthropic(429, "rate_limit_error", "Number of concurrent connections has exceeded your rate limit")),
    ("anthropic", anthropic(429, "rate_limit_error", "Error")),
    (
        "anthropic",
        anthropic(
            429,
            "rate_limit_error",
            "This request would exceed your account's rate limit.",
            **{f"{UNIFIED}status": "rejected", f"{UNIFIED}reset": "4102444800", f"{UNIFIED}5h-status": "rejected"},
        ),
    ),
    ("anthropic", anthropic(500, "api_error", "Internal server error")),
    ("anthropic", anthropic(529, "overloaded_error", "Overloaded")),
    ("anthropic", {"status": 529, "headers": {"content-type": "text/html"}, "body": "<html>overloaded</html>"}),
    ("openai-chat", openai(401, "invalid_api_key", "Incorrect API key provided: sk-*.")),
    ("openai-chat", openai(401, "account_deactivated", "Your account has been deactivated")),
    ("openai-chat", openai(402, "insufficient_balance", "Insufficient Balance")),
    ("openai-chat", openai(403, "unsupported_country_region_territory", "Country, region, or territory not supported")),
    ("openai-chat", openai(403, "model_not_found", "Project `proj_1` does not have access to model `m`")),
    ("openai-chat", openai(429, "insufficient_quota", "You exceeded your current quota, please check your plan.")),
    ("openai-chat", openai(429, "rate_limit_exceeded", "Rate limit reached on tokens per min. Try again in 1m2.5s.")),
    ("openai-chat", openai(503, "server_error", "The engine is currently overloaded, please try again later")),
    ("openai-chat", {"status": 502, "headers": {"content-type": "text/html"}, "body": "<html>Bad gateway</html>"}),
    ("openai-chat", {"status": 429, "headers": {"retry-after-ms": "1500"}, "body": ""}),
    ("openai-responses", openai(429, "usage_limit_reached", "The usage limit has been reached")),
    (
        "openai-responses",
        {
            "status": 429,
            "headers": JSON,
            "body": '{"error":{"type":"usage_limit_reached","plan_type":"plus","resets_at":4102444800,'
            '"resets_in_seconds":3600}}',
        },
    ),
    ("gemini", google(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.")),
    ("gemini", google(403, "PERMISSION_DENIED", "Permission denied: Consumer has been suspended.")),
    ("gemini", google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", PER_DAY, RETRY_INFO)),
    ("gemini", google(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).")),
    ("gemini", google(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")),
)
ASKED = [(format_, stream) for format_ in FORMATS for stream in (False, True)]
SEATS = len(ASKED) + 1  # each request finds one account that refuses, and that one may rest then


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        yield running


@pytest.fixture(scope="module")
def crowd(vendor: Vendor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    """One provider for each shape, so that what rests for one does not rest for others."""
    text, environ = HEAD, {}
    for number, (format_, _) in enumerate(SHAPES):
        labels = [f"acc-{number}-{seat}" for seat in range(SEATS)]
        text += provider(f"p{number}", vendor.origin, labels, formats=[format_])
        for label in labels:
            vendor.key(label, f"key-{label}")
            environ[variable(label)] = f"key-{label}"
    with Relay(tmp_path_factory.mktemp("crowd"), text, environ) as running:
        yield running
        assert running.complaints() == []
        assert "key-acc" not in running.log


@pytest.mark.parametrize("number", range(len(SHAPES)), ids=lambda number: f"{SHAPES[number][1]['status']}-{number}")
def test_no_client_of_any_format_notices_a_refusal(crowd: Relay, vendor: Vendor, number: int):
    model, (format_, refusal) = f"p{number}-m", SHAPES[number]
    for asking, stream in ASKED:
        session = f"{asking} {stream}"
        home = served_by(ask_as(crowd, format_, session, model=model), format_)
        vendor.answers(home, refusal)
        vendor.forget()
        other = served_by(ask_as(crowd, asking, session, model=model, stream=stream), asking, stream=stream)
        assert other != home
        assert [one["account"] for one in vendor.seen()] == [home, other]


LIMITS = (
    anthropic(429, "rate_limit_error", "You have reached your usage limit.", retry_after="{reset_in}"),
    anthropic(
        429,
        "rate_limit_error",
        "This request would exceed your account's rate limit.",
        **{f"{UNIFIED}status": "rejected", f"{UNIFIED}reset": "{reset_at}"},
    ),
    {"status": 403, "headers": JSON, "body": '{"error":{"message":"Your weekly limit will reset at {reset_rfc}"}}'},
    {"status": 402, "headers": JSON, "body": '{"error":{"type":"usage_limit_reached","resets_at":{reset_at}}}'},
    {"status": 429, "headers": JSON, "body": '{"error":{"type":"usage_limit_reached","resets_in_seconds":{reset_in}}}'},
)
FIVE = [f"acc-{name}" for name in ("ann", "bob", "cid", "dot", "eve")]


def five(vendor: Vendor, start_relay: StartRelay, extra: str = "") -> Relay:
    """A relay with five accounts that speak all formats."""
    for name in FIVE:
        vendor.key(name, f"key-{name}")
        vendor.order(account=name, answers=[], quota={})
    text = HEAD + provider("lab", vendor.origin, FIVE, formats=FORMATS, extra=extra)
    return start_relay(text, **{variable(name): f"key-{name}" for name in FIVE})


def test_twenty_sessions_spend_five_accounts_to_the_last_request(vendor: Vendor, start_relay: StartRelay):
    relay, each = five(vendor, start_relay), 12
    for name, refusal in zip(FIVE, LIMITS, strict=True):
        vendor.limit(name, refusal, requests=each, seconds=3600)
    vendor.forget()
    before = wall()

    def converse(session: int) -> list[str]:
        format_, stream = FORMATS[session % 4], session % 8 < 4
        turns = (ask_as(relay, format_, str(session), model="lab-m", stream=stream) for _ in range(3))
        return [served_by(turn, format_, stream=stream) for turn in turns]

    served = Counter(name for names in at_once(converse, range(20)) for name in names)
    assert served == dict.fromkeys(FIVE, each)
    refused = ask_as(relay, "anthropic", "late", model="lab-m")
    assert refused.status in (402, 403, 429)
    last = ask_as(relay, "anthropic", "later", model="lab-m")
    assert last.status == 429
    assert 3590 <= int(last.get("retry-after") or 0) <= 3600
    relay.stop()
    store = AccountStore(Path(relay.state))
    rests = {rest.account: rest for rest in store.cooldowns()}
    store.close()
    assert set(rests) == {f"lab:{name}" for name in FIVE}
    for rest in rests.values():
        assert rest.timed
        assert before + 3595 <= rest.until_at <= wall() + 3600


def test_accounts_that_fill_up_again_and_again_are_enough_for_twenty_sessions(vendor: Vendor, start_relay: StartRelay):
    relay = five(vendor, start_relay)
    for name, refusal in zip(FIVE, LIMITS, strict=True):
        vendor.limit(name, refusal, requests=40, seconds=2)

    def converse(session: int) -> int:
        for _ in range(16):  # all windows together have 200 places, and are full before the conversations end
            served_by(ask_as(relay, "anthropic", str(session), model="lab-m"))
            sleep(0.2)
        return 16

    assert sum(at_once(converse, range(20))) == 320
    assert sum(one["account"] != "" for one in vendor.seen()) >= 320


def test_an_account_that_takes_few_at_once_is_not_the_end_of_a_request(vendor: Vendor, start_relay: StartRelay):
    """Five accounts with five places each for twenty sessions: whoever finds one full finds another that is not."""
    relay = five(vendor, start_relay)
    full = anthropic(429, "rate_limit_error", "Too many concurrent requests", retry_after="0")
    for name in FIVE:
        vendor.limit(name, full, at_once=5, delay_seconds=0.1)

    def converse(session: int) -> list[str]:
        return [served_by(ask_as(relay, "openai-chat", str(session), model="lab-m"), "openai-chat") for _ in range(4)]

    served = at_once(converse, range(20))
    assert len(served) == 20


PASSING = (
    anthropic(529, "overloaded_error", "Overloaded"),
    anthropic(500, "api_error", "Internal server error"),
    anthropic(429, "rate_limit_error", "Too many requests"),
    anthropic(429, "rate_limit_error", "Number of concurrent connections has exceeded your rate limit"),
    anthropic(429, "rate_limit_error", "Too many requests", retry_after="0"),
    {"status": 502, "headers": {"content-type": "text/html"}, "body": "<html>Bad gateway</html>"},
    {"status": 503, "headers": JSON, "pieces": [[0, '{"error"']], "cut": True},
)


def test_passing_trouble_is_a_clients_to_see_only_where_it_met_every_account(vendor: Vendor, start_relay: StartRelay):
    """Each account refuses every third request or so, without a word on how long: once in 400 times all five do."""
    relay, chance = five(vendor, start_relay), random.Random(11)  # noqa: S311 - the same moments each time
    for name in FIVE:
        vendor.answers(name, *(chance.choice(PASSING) if chance.random() < 0.3 else {} for _ in range(200)))
    vendor.forget()

    def converse(session: int) -> list[tuple[str, int]]:
        models = [f"lab-{session}-{turn}" for turn in range(10)]
        return [(model, ask_as(relay, "anthropic", str(session), model=model).status) for model in models]

    answers = [answer for answers in at_once(converse, range(20)) for answer in answers]
    asked = [(orjson.loads(one["body"])["model"], one["account"]) for one in vendor.seen()]
    for failed in [model for model, status in answers if status != 200]:
        assert sorted(account for model, account in asked if model == failed) == sorted(FIVE)
    assert [status for _, status in answers].count(200) >= 190
