"""Whether a credential works: three answers, told apart by what vendors say, and nothing changed by asking."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import orjson
import pytest

from fastproxy.access.check import Gate
from fastproxy.access.store import TokenStore
from fastproxy.accounts.inventory import Inventory
from fastproxy.accounts.keeper import Keeper
from fastproxy.accounts.renewal import Renewed
from fastproxy.accounts.store import AccountStore
from fastproxy.asked import View
from fastproxy.attempts import Attempts
from fastproxy.clock import Sweep, wall
from fastproxy.credential_check import CredentialCheck, Health
from fastproxy.formats.base import FormatName
from fastproxy.providers.base import Provider
from fastproxy.secret import Secret
from fastproxy.snapshot import Account, Snapshot, Upstream
from fastproxy.upstream.pool import Pool
from fastproxy.upstream.reports import Reports
from support.loops import in_loop
from support.vendor import Vendor

JSON = {"content-type": "application/json"}


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        running.key("ann", "key-ann")
        yield running


class Checked(NamedTuple):
    """A check over one provider with one key."""

    check: CredentialCheck
    keeper: Keeper
    view: View

    async def health(self, *, strict: bool = False, model: str = "") -> Health:
        return await self.check.check(ACCOUNT, self.view, strict=strict, model=model)


ACCOUNT = Account("lab", "lab:ann", Secret("key-ann"), label="ann")


async def _no_renewal(account_id: str, used: str) -> Renewed:
    raise AssertionError(f"a key is not renewed: {account_id}")


@asynccontextmanager
async def checked(
    directory: Path, vendor: Vendor, formats: Sequence[FormatName] = ("openai-chat",), **fields: object
) -> AsyncIterator[Checked]:
    provider = Provider(
        name="lab", title="Lab", formats=dict.fromkeys(formats, f"{vendor.origin}/v1"), models=("*",), discover=False
    )
    provider = msgspec.structs.replace(provider, **fields)
    snapshot = Snapshot(upstream=Upstream(proxy="direct"), providers={"lab": provider}, accounts={"lab": (ACCOUNT,)})
    keeper = Keeper(Inventory(directory, AccountStore(directory)), snapshot, _no_renewal)
    keeper.start()
    pool = Pool(snapshot.upstream, Sweep())
    try:
        check = CredentialCheck(Attempts(pool, keeper), Reports(keeper), "--the-option")
        yield Checked(check, keeper, View(snapshot, Gate(snapshot, TokenStore(directory))))
        assert not pool._connector._acquired
    finally:
        await pool.close()


def refusal(status: int, message: str = "no", kind: str = "error") -> dict[str, object]:
    body = orjson.dumps({"type": "error", "error": {"type": kind, "message": message}}).decode()
    return {"status": status, "headers": JSON, "body": body}


@pytest.mark.parametrize(
    ("status", "ok", "reason"),
    [
        (200, True, ""),
        (401, False, "the vendor refuses it (401)"),
        (403, None, "the vendor lets it list no models (403)"),
        (404, None, "the vendor's model list answers 404"),
        (429, None, "the vendor has reached a limit for it (429)"),
        (500, None, "the vendor's model list answers 500"),
    ],
)
@in_loop
async def test_a_model_list_tells_whether_a_key_works(tmp_path: Path, vendor: Vendor, status: int, ok, reason: str):
    vendor.answers("ann", {"status": status, "body": "{}", "headers": JSON})
    async with checked(tmp_path, vendor) as asked:
        health = await asked.health()
    assert (health.ok, health.reason) == (ok, reason)
    assert health.latency_seconds is not None
    assert health.completion is None


@in_loop
async def test_a_host_that_is_not_reached_refuses_nothing(tmp_path: Path, vendor: Vendor):
    async with checked(tmp_path, vendor, formats=["openai-chat"]) as asked:
        gone = msgspec.structs.replace(
            asked.view.snapshot.providers["lab"], formats={"openai-chat": "http://127.0.0.1:1/v1"}
        )
        snapshot = msgspec.structs.replace(asked.view.snapshot, providers={"lab": gone})
        health = await asked.check.check(ACCOUNT, View(snapshot, asked.view.gate), strict=True, model="m")
    assert (health.ok, health.completion.ok if health.completion else True) == (None, None)
    assert "key-ann" not in f"{health.reason}{health.completion}"


@pytest.mark.parametrize("format_", ["openai-chat", "openai-responses", "anthropic", "gemini"])
@in_loop
async def test_a_strict_check_gets_an_answer_in_every_format(tmp_path: Path, vendor: Vendor, format_: FormatName):
    base = vendor.origin if format_ in ("anthropic", "gemini") else f"{vendor.origin}/v1"
    async with checked(tmp_path, vendor, formats=[format_]) as asked:
        provider = msgspec.structs.replace(asked.view.snapshot.providers["lab"], formats={format_: base})
        snapshot = msgspec.structs.replace(asked.view.snapshot, providers={"lab": provider})
        health = await asked.check.check(ACCOUNT, View(snapshot, asked.view.gate), strict=True, model="m")
    assert health.ok is True
    assert health.completion is not None
    assert (health.completion.ok, health.completion.model) == (True, "m")


@pytest.mark.parametrize(
    ("answer", "ok", "completed", "reason"),
    [
        (refusal(401, "invalid api key"), False, False, "the vendor refused the key (401)"),
        (refusal(429, "You have reached your usage limit."), True, False, "a usage limit is reached (429)"),
        (refusal(400, "max_tokens: too small"), True, False, "the request was refused (400)"),
        (refusal(529, "Overloaded", "overloaded_error"), True, False, "the host is in trouble (529)"),
    ],
)
@in_loop
async def test_only_a_refused_credential_is_one(tmp_path, vendor: Vendor, answer, ok, completed, reason: str):
    listed = {"status": 200, "headers": JSON, "body": '{"data":[{"id":"m"}]}'}
    vendor.answers("ann", listed, answer)
    async with checked(tmp_path, vendor) as asked:
        health = await asked.health(strict=True)
        assert asked.keeper.pool.cooldowns(ACCOUNT.id, wall()) == ()
    assert health.completion is not None
    assert (health.ok, health.completion.ok, health.completion.reason) == (ok, completed, reason)


@in_loop
async def test_an_error_in_a_stream_is_no_answer(tmp_path: Path, vendor: Vendor):
    body = 'data: {"error":{"message":"You have reached your usage limit.","type":"rate_limit_error","code":429}}\n\n'
    failed = {"status": 200, "headers": {"content-type": "text/event-stream"}, "body": body}
    vendor.answers("ann", {"status": 404, "body": ""}, failed)
    async with checked(tmp_path, vendor) as asked:
        health = await asked.health(strict=True, model="m")
    assert health.completion is not None
    assert health.completion.ok is False


@pytest.mark.parametrize(
    ("listed", "chosen"),
    [
        (["text-embedding-3", "gpt-6", "gpt-6-mini"], "gpt-6-mini"),
        (["dall-image", "big"], "big"),
        (["tts-1"], ""),
        ([], ""),
    ],
)
@in_loop
async def test_a_small_model_is_chosen_of_those_that_are_listed(tmp_path: Path, vendor: Vendor, listed, chosen: str):
    body = orjson.dumps({"data": [{"id": name} for name in listed]}).decode()
    vendor.answers("ann", {"status": 200, "headers": JSON, "body": body})
    async with checked(tmp_path, vendor) as asked:
        health = await asked.health(strict=True)
    assert health.completion is not None
    assert health.completion.model == chosen
    assert health.completion.ok is (True if chosen else None)
    assert health.completion.reason == ("" if chosen else "no model is known: name one with --the-option")


@in_loop
async def test_a_model_that_the_configuration_names_will_do(tmp_path: Path, vendor: Vendor):
    vendor.answers("ann", {"status": 404, "body": ""})
    async with checked(tmp_path, vendor, models=("llama-*", "llama-3")) as asked:
        health = await asked.health(strict=True)
    assert health.completion is not None
    assert (health.ok, health.completion.model) == (True, "llama-3")


@in_loop
async def test_a_provider_that_another_one_stands_in_for_is_not_asked_for_an_answer(tmp_path: Path, vendor: Vendor):
    async with checked(tmp_path, vendor) as asked:
        lab = asked.view.snapshot.providers["lab"]
        moved = msgspec.structs.replace(lab, backend="other")
        other = msgspec.structs.replace(lab, name="other")
        snapshot = msgspec.structs.replace(asked.view.snapshot, providers={"lab": moved, "other": other})
        health = await asked.check.check(ACCOUNT, View(snapshot, asked.view.gate), strict=True, model="m")
    assert health.completion is not None
    assert (health.completion.ok, "goes to other" in health.completion.reason) == (None, True)
    assert all(one["path"].endswith("/models") for one in vendor.seen())


@in_loop
async def test_an_account_whose_provider_can_not_be_used_says_why(tmp_path: Path, vendor: Vendor):
    async with checked(tmp_path, vendor) as asked:
        snapshot = msgspec.structs.replace(asked.view.snapshot, providers={}, unusable={"lab": "it needs base_url"})
        health = await asked.check.check(ACCOUNT, View(snapshot, asked.view.gate), strict=False)
    assert (health.ok, health.reason) == (None, "lab can't be asked: it needs base_url")
    assert vendor.seen() == []
