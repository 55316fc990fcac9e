"""Device logins: how often the vendor is asked, and how each of its answers ends. Time is handed in."""

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qs

import orjson
import pytest

from fastproxy.accounts.device import Invitation, Times, login_by_device
from fastproxy.accounts.grants import TokenAnswer, TokenRequest
from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.pkce import challenge_of
from fastproxy.errors import Fault
from fastproxy.providers import oauth as vendors
from fastproxy.providers.base import OAuth
from fastproxy.secret import Secret

PLAIN = OAuth(client_id="ours", token_url="https://vendor.example/token", device_url="https://vendor.example/device")
CODE = {"device_code": "dc-secret", "user_code": "WDJB-MJHT", "verification_uri": "https://vendor.example/go"}
PENDING, SLOWER = {"error": "authorization_pending"}, {"error": "slow_down"}
GOOD = {"access_token": "at", "refresh_token": "rt", "expires_in": 60}


class Story:
    """A vendor that gives these answers in turn, and a clock that moves only while somebody waits."""

    def __init__(self, first: object, *answers: object, oauth: OAuth = PLAIN, status: int = 400) -> None:
        self.answers = [first, *answers]
        self.oauth = oauth
        self.status = status
        self.requests: list[TokenRequest] = []
        self.invited: list[Invitation] = []
        self.pauses: list[float] = []
        self.at = 1000.0

    async def post(self, request: TokenRequest) -> TokenAnswer:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 or len(self.requests) == 1 else self.answers[0]
        if isinstance(answer, Fault):
            raise answer
        if isinstance(answer, TokenAnswer):
            return answer
        failed = isinstance(answer, dict) and "error" in answer
        return TokenAnswer(self.status if failed else 200, {}, orjson.dumps(answer))

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.at += seconds

    def run(self) -> Login:
        clock: Callable[[], float] = lambda: self.at  # noqa: E731 - a clock
        times = Times(clock, clock, self.pause)
        return asyncio.run(login_by_device(self.oauth, self.post, self.invited.append, times))


def test_the_person_sees_code_and_address_and_the_vendor_is_asked_until_it_is_done() -> None:
    story = Story(
        {**CODE, "interval": 3, "verification_uri_complete": "https://vendor.example/go?c=1"}, PENDING, PENDING, GOOD
    )
    login = story.run()
    assert (login.access, login.refresh) == (Secret("at"), Secret("rt"))
    assert story.invited == [Invitation("WDJB-MJHT", CODE["verification_uri"], "https://vendor.example/go?c=1")]
    assert story.pauses == [3, 3, 3]
    assert "dc-secret" not in repr(story.invited)


@pytest.mark.parametrize("status", [200, 400, 429])  # GitHub, the standard, Qwen
def test_slow_down_means_five_seconds_more_from_then_on(status: int) -> None:
    story = Story({**CODE, "interval": 5}, SLOWER, PENDING, SLOWER, GOOD, status=status)
    story.run()
    assert story.pauses == [5, 10, 10, 15]


def test_without_an_interval_it_is_five_seconds_and_never_less_than_one() -> None:
    assert Story(CODE, GOOD).pauses == []
    for told, asked in (({}, 5), ({"interval": 0}, 1), ({"interval": -9}, 1), ({"interval": 9999}, 60)):
        story = Story({**CODE, **told, "expires_in": 1800}, GOOD)
        story.run()
        assert story.pauses == [asked]


@pytest.mark.parametrize("word", ["expired_token", "token_expired"])
def test_an_expired_code_says_to_begin_again(word: str) -> None:
    with pytest.raises(AccountError, match="begin again"):
        Story(CODE, PENDING, {"error": word}).run()


def test_a_person_who_says_no_ends_it() -> None:
    with pytest.raises(AccountError, match="refused in the browser"):
        Story(CODE, {"error": "access_denied"}).run()


def test_a_code_that_nobody_uses_ends_by_our_own_clock() -> None:
    story = Story({**CODE, "expires_in": 60, "interval": 10}, PENDING)
    with pytest.raises(AccountError, match="not used in time"):
        story.run()
    assert len(story.pauses) <= 6


def test_a_life_without_end_is_not_believed() -> None:
    story = Story({**CODE, "expires_in": 10**9, "interval": 60}, PENDING)
    with pytest.raises(AccountError, match="not used in time"):
        story.run()
    assert story.at < 1000 + 1801


def test_trouble_on_the_way_is_waited_out_and_for_ever_is_not() -> None:
    broken, page = Fault("unreachable", "vendor.example broke off"), TokenAnswer(502, {}, b"<html>")
    assert Story(CODE, broken, page, broken, page, PENDING, broken, GOOD).run().access == Secret("at")
    with pytest.raises(AccountError, match="status 502"):
        Story(CODE, broken, broken, page, page, page, GOOD).run()


def test_a_wait_that_the_vendor_names_is_kept() -> None:
    story = Story(CODE, TokenAnswer(429, {b"retry-after": b"30"}, b"{}"), GOOD)
    story.run()
    assert story.pauses == [5, 30]


def test_a_refusal_for_good_ends_it_at_once() -> None:
    story = Story(CODE, {"error": "unauthorized_client"}, GOOD)
    with pytest.raises(AccountError, match="unauthorized_client"):
        story.run()
    assert len(story.pauses) == 1


@pytest.mark.parametrize(
    "answer",
    [
        TokenAnswer(404, {}, b"{}"),
        TokenAnswer(200, {}, b"<html>"),
        {"user_code": "x"},
        {**CODE, "user_code": "\x1b[2J"},
        {**CODE, "user_code": "x" * 100},
        {**CODE, "verification_uri": "javascript:alert(1)"},
        {**CODE, "verification_uri_complete": "file:///etc/passwd"},
        {**CODE, "device_code": "a b"},
    ],
)
def test_an_answer_that_can_not_be_shown_ends_it_before_anybody_is_asked(answer: object) -> None:
    story = Story(answer, GOOD)
    with pytest.raises(AccountError):
        story.run()
    assert story.invited == []


def test_the_proof_of_the_request_is_the_one_of_the_grant() -> None:
    story = Story(CODE, GOOD, oauth=vendors.QWEN)
    story.run()
    first, second = (parse_qs(request.body.decode()) for request in story.requests)
    assert challenge_of(second["code_verifier"][0]) == first["code_challenge"][0]
