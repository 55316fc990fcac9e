"""Live model lists: who is asked, how often, and what becomes of hosts that fail."""

import asyncio

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.providers.base import Provider
from fastproxy.secret import Secret
from fastproxy.snapshot import Account, Snapshot, Upstream
from fastproxy.upstream import catalog as module
from fastproxy.upstream.catalog import MODELS_PER_PROVIDER, RETRY_SECONDS, Catalog
from support.hosts import Host, Play, Visit
from support.loops import in_both_loops, in_loop, turns


def listing(body: bytes, status: int = 200, *headers: bytes) -> Play:
    async def play(visit: Visit) -> None:
        await visit.request()
        lines = b"".join(line + b"\r\n" for line in headers)
        await visit.send(b"HTTP/1.1 %d X\r\n%bcontent-length: %d\r\n\r\n%b" % (status, lines, len(body), body))
        visit.close()

    return play


def models(*ids: str) -> bytes:
    return orjson.dumps({"object": "list", "data": [{"id": id_} for id_ in ids]})


def provider(origin: str, name: str = "lab", *, discover: bool = True) -> Provider:
    headers = (("x-demanded", "1"),)
    return Provider(name=name, title=name, formats={"openai-chat": f"{origin}/v1"}, discover=discover, headers=headers)


def snapshot(*providers: Provider) -> Snapshot:
    return Snapshot(providers={one.name: one for one in providers}, upstream=Upstream(proxy="direct"))


async def lease(provider: Provider) -> Account:
    return Account(provider.name, provider.name, Secret("sk-lab"))


async def ids_of(one: Provider) -> tuple[str, ...] | None:
    catalog = Catalog(lease)
    await catalog.refresh(snapshot(one))
    return catalog.models.get(one.name)


@in_both_loops
async def test_a_host_is_asked_with_its_credential_and_says_its_models():
    async with Host(listing(models("a", "b", "a"))) as host:
        catalog = Catalog(lease)
        assert await catalog.refresh(snapshot(provider(host.origin)))
        assert dict(catalog.models) == {"lab": ("a", "b")}
        assert catalog.generation == 1
    request = host.requests[0]
    assert request.startswith(b"GET /v1/models HTTP/1.1\r\n")
    for line in (b"authorization: Bearer sk-lab", b"x-demanded: 1", b"user-agent: fastproxy/"):
        assert line in request.lower().replace(b"bearer", b"Bearer")


@in_loop
async def test_a_fresh_list_is_not_asked_for_again():
    async with Host(listing(models("a"))) as host:
        catalog, configured = Catalog(lease), snapshot(provider(host.origin))
        assert await catalog.refresh(configured)
        assert not await catalog.refresh(configured)
        assert len(host.requests) == 1


@in_loop
async def test_a_host_that_failed_is_asked_again_after_a_while(monkeypatch: pytest.MonkeyPatch):
    now = 1000.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    async with Host(listing(b"{}", 500)) as host:
        catalog, configured = Catalog(lease), snapshot(provider(host.origin))
        assert await catalog.refresh(configured)
        assert dict(catalog.models) == {}
        assert not await catalog.refresh(configured)
        now += RETRY_SECONDS + 1
        assert await catalog.refresh(configured)
        assert len(host.requests) == 2


@in_loop
async def test_a_list_that_can_no_longer_be_had_stays_known(monkeypatch: pytest.MonkeyPatch):
    now = 1000.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    async with Host(listing(models("a"))) as host:
        configured = snapshot(provider(host.origin))
        catalog = Catalog(lease)
        await catalog.refresh(configured)
    now += module.FRESH_SECONDS + 1
    assert await catalog.refresh(configured)
    assert dict(catalog.models) == {"lab": ("a",)}


@in_loop
async def test_a_provider_that_is_gone_from_the_configuration_is_forgotten():
    async with Host(listing(models("a"))) as one, Host(listing(models("b"))) as two:
        catalog = Catalog(lease)
        await catalog.refresh(snapshot(provider(one.origin, "one")))
        await catalog.refresh(snapshot(provider(two.origin, "two")))
        assert dict(catalog.models) == {"two": ("b",)}


@in_loop
async def test_callers_share_one_look():
    async with Host(listing(models("a"))) as host:
        catalog, configured = Catalog(lease), snapshot(provider(host.origin))
        assert await asyncio.gather(*(catalog.refresh(configured) for _ in range(5))) == [True] * 5
        assert len(host.requests) == 1


@in_loop
async def test_only_hosts_that_can_be_asked_are():
    async with Host(listing(models("a"))) as host:
        closed = provider(host.origin, discover=False)
        foreign = Provider(name="x", title="x", formats={"anthropic": host.origin})
        assert not await Catalog(lease).refresh(snapshot(closed, foreign))
        assert host.requests == []


@in_both_loops
async def test_a_caller_waits_for_a_slow_host_only_so_long(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.1)

    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.left()

    async with Host(play) as host:
        catalog = Catalog(lease)
        assert await catalog.refresh(snapshot(provider(host.origin)))
        await host.finished()
        await catalog.close()
        assert dict(catalog.models) == {}


@in_both_loops
async def test_closing_ends_a_running_look():
    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.left()

    async with Host(play) as host:
        catalog = Catalog(lease)
        looking = asyncio.create_task(catalog.refresh(snapshot(provider(host.origin))))
        while not host.requests:
            await turns(1)
        await catalog.close()
        assert await looking
        await host.finished()


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (models("a"), ("a",)),
        (b'[{"id":"a"},{"id":"b"}]', ("a", "b")),
        (models("models/gemini-x"), ("gemini-x",)),
        (b'{"data":[{"id":1},{"id":""},{"name":"x"},7,{"id":"ok"}]}', ("ok",)),
        (b'{"data":"no"}', ()),
        (b'"text"', ()),
        (b"not json", None),
    ],
)
@in_loop
async def test_what_hosts_say_is_read_with_care(body: bytes, found: tuple[str, ...] | None):
    async with Host(listing(body)) as host:
        assert await ids_of(provider(host.origin)) == found


@in_loop
async def test_a_list_is_cut_to_a_size():
    async with Host(listing(models(*(f"m{number}" for number in range(MODELS_PER_PROVIDER + 10))))) as host:
        ids = await ids_of(provider(host.origin))
        assert ids is not None
        assert len(ids) == MODELS_PER_PROVIDER


@in_loop
async def test_a_redirect_is_not_followed():
    async with (
        Host(listing(models("a"))) as other,
        Host(listing(b"", 302, b"location: " + other.origin.encode())) as host,
    ):
        assert await ids_of(provider(host.origin)) is None
        assert other.requests == []


@in_loop
async def test_nobody_there_is_no_list():
    async with Host(listing(b"")) as host:
        origin = host.origin
    assert await ids_of(provider(origin)) is None


@in_loop
async def test_a_provider_without_an_account_that_can_ask_is_not_asked():
    async def nobody(_provider: Provider) -> Account:
        raise Fault("rate_limited", "all of them rest")

    async with Host(listing(models("a"))) as host:
        catalog = Catalog(nobody)
        assert await catalog.refresh(snapshot(provider(host.origin)))
        assert dict(catalog.models) == {}
        assert host.requests == []


@in_loop
async def test_an_account_that_takes_long_to_be_had_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.1)

    async def late(provider: Provider) -> Account:
        if provider.name == "late":
            await asyncio.Event().wait()
        return await lease(provider)

    async with Host(listing(models("a"))) as host:
        catalog = Catalog(late)
        await catalog.refresh(snapshot(provider(host.origin), provider(host.origin, "late")))
        while not catalog.models:
            await turns(1)
        assert dict(catalog.models) == {"lab": ("a",)}
        await catalog.close()
