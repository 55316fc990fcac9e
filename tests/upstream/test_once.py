"""One small request: it goes nowhere that it should not, and tells nothing that it should not."""

from collections.abc import Iterator

import pytest

from fastproxy.errors import Fault
from fastproxy.upstream import once
from fastproxy.upstream.once import OwnRequest, ask
from support.loops import in_loop
from support.vendor import Vendor


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        running.key("ann", "key-ann")
        yield running


def request(url: str, method: str = "GET", body: bytes = b"") -> OwnRequest:
    return OwnRequest(method, url, ((b"authorization", b"Bearer key-ann"),), body)


@in_loop
async def test_an_answer_is_given_as_it_came(vendor: Vendor):
    answer = await ask(request(f"{vendor.origin}/v1/models"), "direct")
    assert (answer.status, b'"id":"m"' in answer.body.replace(b" ", b"")) == (200, True)
    assert answer.headers[b"content-type"].startswith(b"application/json")
    assert (await ask(OwnRequest("GET", f"{vendor.origin}/v1/models", ()), "direct")).status == 401
    sent = dict(vendor.seen()[-2]["headers"])
    assert sent["user-agent"].startswith("fastproxy/")
    assert "cookie" not in sent


@in_loop
async def test_a_redirect_is_an_answer_and_is_not_followed(vendor: Vendor):
    elsewhere = f"{vendor.origin}/elsewhere"
    vendor.answers("ann", {"status": 302, "headers": {"location": elsewhere}})
    before = len(vendor.seen())
    assert (await ask(request(f"{vendor.origin}/v1/models"), "direct")).status == 302
    assert [one["path"] for one in vendor.seen()[before:]] == ["/v1/models"]


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "/x", "http:///x"])
@in_loop
async def test_what_is_no_address_of_a_host_gets_no_credential(url: str):
    with pytest.raises(Fault, match="nothing was sent"):
        await ask(request(url), "direct")


@in_loop
async def test_a_host_that_is_configured_without_encryption_is_asked_as_requests_are(vendor: Vendor):
    elsewhere = vendor.origin.replace("127.0.0.1", "0.0.0.0")  # noqa: S104 - this machine, by a name that doesn't say so
    assert (await ask(request(f"{elsewhere}/v1/models"), "direct")).status == 200
    before = len(vendor.seen())
    await ask(request("http://lab.test/v1/models"), vendor.origin)
    assert len(vendor.seen()) == before + 1


@in_loop
async def test_no_proxy_sees_what_goes_to_this_machine(vendor: Vendor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert (await ask(request(f"{vendor.origin}/v1/models"), "env")).status == 200
    assert (await ask(request(f"{vendor.origin}/v1/models"), "http://127.0.0.1:1")).status == 200


@in_loop
async def test_a_host_that_is_not_there_is_a_fault_without_a_secret():
    with pytest.raises(Fault) as caught:
        await ask(request("http://127.0.0.1:1/x"), "direct")
    assert caught.value.kind == "unreachable"
    assert "key-ann" not in caught.value.message


@in_loop
async def test_waits_and_answers_are_bounded(vendor: Vendor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(once, "ANSWER_BYTES", 8)
    with pytest.raises(Fault) as caught:
        await ask(request(f"{vendor.origin}/v1/models"), "direct")
    assert caught.value.kind == "upstream_garbage"
    monkeypatch.setattr(once, "LIMIT_SECONDS", 0.05)
    vendor.set(answer_delay_seconds=0.5)
    with pytest.raises(Fault) as caught:
        await ask(request(f"{vendor.origin}/v1/models"), "direct")
    vendor.set(answer_delay_seconds=0)
    assert caught.value.kind == "timeout"


def test_a_request_hides_what_it_carries():
    assert "key-ann" not in repr(request("https://example.com/x"))
