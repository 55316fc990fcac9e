"""Which project a login works in, as its vendor says it over a real socket."""

import msgspec
import orjson
import pytest

from fastproxy.accounts.login import Login
from fastproxy.accounts.sources import facts_of
from fastproxy.errors import Fault
from fastproxy.providers import BY_NAME
from fastproxy.providers.base import Provider
from fastproxy.secret import Secret
from fastproxy.snapshot import Account, Snapshot, Upstream
from fastproxy.upstream.projects import project_asker, with_project
from support.hosts import Host, Play, Visit
from support.loops import in_loop

LOGIN = Login(Secret("at-1"), Secret("rt-1"), kept={"scope": "s"})


def answering(body: bytes, status: int = 200) -> Play:
    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body))
        visit.close()

    return play


def code_assist(host: Host, **fields: object) -> Provider:
    return msgspec.structs.replace(BY_NAME["gemini-cli"], formats={"gemini": host.origin}, **fields)


@pytest.mark.parametrize("told", ["p-1", {"id": "p-1"}])
@in_loop
async def test_a_login_keeps_the_project_that_its_vendor_names(told: object):
    async with Host(answering(orjson.dumps({"cloudaicompanionProject": told}))) as host:
        found = await with_project(code_assist(host), LOGIN, "direct")
    assert found.kept == {"scope": "s", "project_id": "p-1"}
    assert facts_of("gemini-cli", found) == {"project": "p-1"}
    assert (found.access, found.refresh) == (LOGIN.access, LOGIN.refresh)
    (request,) = host.requests
    assert request.startswith(b"POST /v1internal:loadCodeAssist HTTP/1.1\r\n")
    assert b"authorization: bearer at-1" in request.lower()
    assert set(orjson.loads(request.partition(b"\r\n\r\n")[2])["metadata"].values()) == {
        "IDE_UNSPECIFIED", "PLATFORM_UNSPECIFIED", "PLUGIN_UNSPECIFIED",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"currentTier": {}}', 200),
        (b'{"cloudaicompanionProject": {"id": 5}}', 200),
        (b'{"cloudaicompanionProject": "a/b"}', 200),
        (b"[]", 200),
        (b"no", 200),
        (b'{"cloudaicompanionProject": "p-1"}', 403),
    ],
)
@in_loop
async def test_no_project_is_a_fault_without_a_secret(body: bytes, status: int):
    async with Host(answering(body, status)) as host:
        with pytest.raises(Fault, match="names no project") as caught:
            await with_project(code_assist(host), LOGIN, "direct")
    assert "at-1" not in caught.value.message


@in_loop
async def test_nobody_is_asked_who_need_not_be():
    async with Host(answering(b"{}")) as host:
        assert await with_project(code_assist(host, facts={"project": "p-2"}), LOGIN, "direct") is LOGIN
        other = msgspec.structs.replace(BY_NAME["openai"], formats={"openai-chat": host.origin})
        assert await with_project(other, LOGIN, "direct") is LOGIN
        assert host.requests == []


@in_loop
async def test_a_login_whose_file_names_no_project_is_asked_for():
    account = Account("gemini-cli", "gemini-cli:a", Secret("at-1"), "login")
    async with Host(answering(b'{"cloudaicompanionProject": "p-1"}')) as host:
        provider = code_assist(host)
        for snapshot in (
            Snapshot(providers={"gemini-cli": provider}, upstream=Upstream(proxy="direct")),
            Snapshot(keyless={"gemini-cli": provider}, upstream=Upstream(proxy="direct")),
        ):
            assert await project_asker(lambda snapshot=snapshot: snapshot)(account) == {"project": "p-1"}
    assert all(b"authorization: bearer at-1" in request.lower() for request in host.requests)
    assert all(request.startswith(b"POST /v1internal:loadCodeAssist ") for request in host.requests), "no onboarding"
    assert await project_asker(Snapshot)(account) == {}
    assert await project_asker(lambda: snapshot)(Account("gemini-cli", "gemini-cli:b")) == {}
