"""Our own endpoints: who may see them, and what they show."""

from pathlib import Path

import orjson
import pytest

from fastproxy.clock import wall
from fastproxy.providers.base import Provider
from fastproxy.snapshot import Snapshot
from fastproxy.usage.record import UsageRecord
from fastproxy.usage.store import DATABASE, Ledger
from support.loops import in_loop, turns
from support.relay_parts import ADMIN_TOKEN, CLIENT_TOKEN, Parts, ask, body_of, relay, snapshot, status_of

LAB = Provider(
    name="lab", title="Lab", formats={"openai-chat": "http://127.0.0.1:1/v1"}, models=("a", "b"), discover=False
)
ECHO = "fastproxy/echo"
IDS = ["quick", "lab/a", "lab/b", ECHO]


def configured() -> Snapshot:
    return snapshot([LAB], aliases={"quick": "lab/a"})


async def get(parts: Parts, path: str, *headers: str, token: str = CLIENT_TOKEN, method: str = "GET") -> bytes:
    client = parts.connect()
    client.says(ask(path, b"", *headers, method=method, token=token))
    while not client.transport.writes:
        await turns(1)
    await turns()
    answer = client.transport.written
    client.leaves()
    return answer


def with_length(answer: bytes) -> None:
    assert b"\r\ncontent-length: %d\r\n" % len(body_of(answer)) in answer


@pytest.mark.parametrize("path", ["/", "/healthz", "/health/liveliness", "/readyz", "/api/hello"])
@in_loop
async def test_signs_of_life_need_no_token(tmp_path: Path, path: str):
    async with relay(tmp_path, configured()) as parts:
        answer = await get(parts, path, token="")
        assert status_of(answer) == 200
        with_length(answer)
        for line in (b"cache-control: no-store", b"x-request-id: req_", b"server-timing: relay;dur="):
            assert line in answer
        head = await get(parts, path, token="", method="HEAD")
        assert status_of(head) == 200
        assert body_of(head) == b""


@in_loop
async def test_a_relay_that_drains_is_alive_but_not_ready(tmp_path: Path):
    async with relay(tmp_path, configured()) as parts:
        parts.door.admin.ready = False
        assert status_of(await get(parts, "/readyz", token="")) == 503
        assert status_of(await get(parts, "/healthz", token="")) == 200


ADMIN_PATHS = ["/metrics", "/v1/usage", "/v1/accounts", "/v1/credentials/check", "/v1/usage/limits"]


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/a", "/v1beta/models", *ADMIN_PATHS])
@in_loop
async def test_everything_else_needs_one(tmp_path: Path, path: str):
    async with relay(tmp_path, configured()) as parts:
        assert status_of(await get(parts, path, token="wrong")) in (401, 403)


@pytest.mark.parametrize("path", ADMIN_PATHS)
@in_loop
async def test_a_client_token_opens_no_admin_endpoint(tmp_path: Path, path: str):
    async with relay(tmp_path, configured()) as parts:
        assert status_of(await get(parts, path)) == 403
        assert status_of(await get(parts, path, token=ADMIN_TOKEN)) == 200


# Models, in three shapes.


@in_loop
async def test_models_for_openai_clients(tmp_path: Path):
    async with relay(tmp_path, configured()) as parts:
        listed = orjson.loads(body_of(await get(parts, "/v1/models?limit=1000")))
        assert listed["object"] == "list"
        assert [row["id"] for row in listed["data"]] == IDS
        one = orjson.loads(body_of(await get(parts, "/v1/models/lab/a")))
        assert one == listed["data"][1]
        assert set(one) == {"id", "object", "created", "owned_by"}


@pytest.mark.parametrize(
    ("path", "header"), [("/v1/models", "anthropic-version: 2023-06-01"), ("/api/latest/anthropic/v1/models", "x: y")]
)
@in_loop
async def test_models_for_anthropic_clients(tmp_path: Path, path: str, header: str):
    async with relay(tmp_path, configured()) as parts:
        listed = orjson.loads(body_of(await get(parts, path, header)))
        assert [row["id"] for row in listed["data"]] == IDS
        assert (listed["has_more"], listed["first_id"], listed["last_id"]) == (False, IDS[0], IDS[-1])
        assert all(row["type"] == "model" and row["display_name"] and row["created_at"] for row in listed["data"])


@pytest.mark.parametrize(
    ("path", "header"), [("/v1/models", "x-goog-api-client: google-genai-sdk/3"), ("/v1beta/models", "x: y")]
)
@in_loop
async def test_models_for_gemini_clients(tmp_path: Path, path: str, header: str):
    async with relay(tmp_path, configured()) as parts:
        listed = orjson.loads(body_of(await get(parts, path, header)))
        assert [row["name"] for row in listed["models"]] == [f"models/{id_}" for id_ in IDS]
        assert "generateContent" in listed["models"][0]["supportedGenerationMethods"]


@pytest.mark.parametrize(
    ("path", "error_type"),
    [("/v1/models/none", "not_found"), ("/api/latest/anthropic/v1/models/none", "not_found_error")],
)
@in_loop
async def test_a_model_that_is_not_there_is_a_404_in_its_own_shape(tmp_path: Path, path: str, error_type: str):
    async with relay(tmp_path, configured()) as parts:
        answer = await get(parts, path)
        assert status_of(answer) == 404
        assert orjson.loads(body_of(answer))["error"]["type"] == error_type


# Numbers.


@in_loop
async def test_metrics_are_prometheus_text(tmp_path: Path):
    async with relay(tmp_path, configured()) as parts:
        answer = await get(parts, "/metrics", token=ADMIN_TOKEN)
        assert b"content-type: text/plain" in answer
        assert b"\nfastproxy_" in body_of(answer)


def spend(directory: Path) -> None:
    """One exchange in the database."""
    from fastproxy.usage.journal import Journal

    journal = Journal(directory)
    journal.append(
        UsageRecord(at=wall() - 60, request_id="r", provider="lab", model="a", input_tokens=7, output_tokens=9)
    )
    journal.close()
    ledger = Ledger(directory)
    ledger.start()
    ledger.close()


@in_loop
async def test_usage_is_summed_by_what_was_asked_for(tmp_path: Path):
    spend(tmp_path)
    async with relay(tmp_path, configured()) as parts:
        by_model = body_of(await get(parts, "/v1/usage", token=ADMIN_TOKEN))
        assert b'"a"' in by_model
        assert b"7" in by_model
        by_provider = body_of(await get(parts, "/v1/usage?by=provider", token=ADMIN_TOKEN))
        assert b'"lab"' in by_provider
        assert b'"lab"' not in body_of(await get(parts, "/v1/usage?by=provider&until=1000", token=ADMIN_TOKEN))


@pytest.mark.parametrize("query", ["by=secret", "since=yesterday", "until=x"])
@in_loop
async def test_what_cannot_be_summed_is_refused(tmp_path: Path, query: str):
    async with relay(tmp_path, configured()) as parts:
        answer = await get(parts, f"/v1/usage?{query}", token=ADMIN_TOKEN)
        assert status_of(answer) == 400


@in_loop
async def test_a_database_that_is_broken_is_an_answer_too(tmp_path: Path):
    (tmp_path / DATABASE).write_bytes(b"this is no database" * 100)
    async with relay(tmp_path, configured()) as parts:
        answer = await get(parts, "/v1/usage", token=ADMIN_TOKEN)
        assert status_of(answer) == 503
        assert b"no database" not in answer


@in_loop
async def test_a_bug_of_ours_is_an_answer_too_and_says_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    async with relay(tmp_path, configured()) as parts:
        parts.door.admin.database = 7  # type: ignore[assignment] - any bug will do
        answer = await get(parts, "/v1/usage?since=12345", token=ADMIN_TOKEN)
        assert status_of(answer) == 500
        assert b"12345" not in answer
    assert "our own endpoint failed: AttributeError at " in caplog.text
