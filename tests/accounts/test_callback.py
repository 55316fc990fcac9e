"""The callback server on real sockets: what browsers and others send it, and what ends a login."""

import asyncio
import socket
from contextlib import suppress
from urllib.parse import urlencode

import pytest

from fastproxy.accounts import callback as module
from fastproxy.accounts.callback import Answer, Callback, answer_in, answer_pasted, listening
from fastproxy.accounts.login import AccountError

STATE = "the-state"


def has_ipv6() -> bool:
    bound = module._bound_to(0)
    for one in bound:
        one.close()
    return len(bound) == 2


HAS_IPV6 = has_ipv6()


async def fetch(
    port: int, target: str, *, host: str = "127.0.0.1", name: str = "localhost", method: str = "GET"
) -> str:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"{method} {target} HTTP/1.1\r\nHost: {name}:{port}\r\nUser-Agent: x\r\n\r\n".encode())
    page = (await reader.read()).decode()
    writer.close()
    return page


def redirect(**fields: str) -> str:
    return f"/callback?{urlencode(fields)}"


def run(scenario, *, ports: tuple[int, ...] = ()) -> None:
    async def main() -> None:
        async with asyncio.timeout(20), listening(ports, "/callback", STATE) as callback:
            await scenario(callback)

    asyncio.run(main())


@pytest.mark.parametrize(
    "host", ["127.0.0.1", pytest.param("::1", marks=pytest.mark.skipif(not HAS_IPV6, reason="no ::1"))]
)
def test_the_answer_arrives_on_either_loopback_address(host: str) -> None:
    async def scenario(callback: Callback) -> None:
        page = await fetch(callback.port, redirect(code="c-1", state=STATE), host=host, name="localhost")
        assert page.startswith("HTTP/1.1 200 OK\r\n")
        assert await callback.answer() == Answer("c-1")

    run(scenario)


def test_what_browsers_send_besides_changes_nothing() -> None:
    async def scenario(callback: Callback) -> None:
        half = await asyncio.open_connection("127.0.0.1", callback.port)
        half[1].write(b"GET /callback?code=half")
        _, preconnect = await asyncio.open_connection("127.0.0.1", callback.port)
        _, gone = await asyncio.open_connection("127.0.0.1", callback.port)
        gone.close()
        assert "404" in await fetch(callback.port, "/favicon.ico")
        assert "404" in await fetch(callback.port, "/")
        assert "200" in await fetch(callback.port, redirect(code="head", state=STATE), method="HEAD")
        waiting = asyncio.ensure_future(callback.answer())
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await fetch(callback.port, redirect(code="c-2", state=STATE))
        assert await waiting == Answer("c-2")
        for writer in (half[1], preconnect):
            writer.close()

    run(scenario)


def test_pages_hold_nothing_that_arrived() -> None:
    async def scenario(callback: Callback) -> None:
        for fields in ({"code": "hush", "state": STATE}, {"code": "hush", "state": "x<script>"}, {"error": "hush<b>"}):
            page = await fetch(callback.port, redirect(**fields))
            assert "hush" not in page
            assert "script>" not in page
            assert STATE not in page
            assert "content-security-policy: default-src 'none'" in page
            assert "no-store" in page

    run(scenario)


@pytest.mark.parametrize(
    "target",
    [
        redirect(code="c", state="another"),
        redirect(code="c"),
        redirect(state=STATE),
        redirect(code="", state=STATE),
        redirect(code="a b", state=STATE),
        redirect(code="c" * 5000, state=STATE),
        redirect(error="access_denied"),
        f"/callback?code=a&code=b&state={STATE}",
        f"/callback?state={STATE}&state={STATE}&code=c",
        "/callback?" + "&".join(f"a{n}=1" for n in range(100)),
        f"//callback?code=c&state={STATE}",
    ],
)
def test_an_answer_that_is_not_ours_does_not_end_the_login(target: str) -> None:
    async def scenario(callback: Callback) -> None:
        assert (await fetch(callback.port, target))[9:12] in ("400", "404")
        await fetch(callback.port, redirect(code="ours", state=STATE))
        assert await callback.answer() == Answer("ours")

    run(scenario)


def test_a_refusal_with_our_state_ends_it_with_the_vendors_word() -> None:
    async def scenario(callback: Callback) -> None:
        assert "refused" in await fetch(callback.port, redirect(error="access_denied", state=STATE))
        assert await callback.answer() == Answer(error="access_denied")

    run(scenario)


def test_the_first_answer_counts_and_the_second_gets_its_page() -> None:
    async def scenario(callback: Callback) -> None:
        await fetch(callback.port, redirect(code="first", state=STATE))
        assert "200" in await fetch(callback.port, redirect(code="second", state=STATE))
        assert await callback.answer() == Answer("first")

    run(scenario)


def test_a_page_elsewhere_that_knows_us_by_another_name_gets_nothing() -> None:
    async def scenario(callback: Callback) -> None:
        page = await fetch(callback.port, redirect(code="c", state=STATE), name="evil.example")
        assert page.startswith("HTTP/1.1 400 ")

    run(scenario)


@pytest.mark.parametrize(
    "sent", [b"\r\n\r\n", b"POST /callback HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\r\n\r\n", b"x" * 40_000]
)
def test_what_is_no_request_is_answered_or_cut_off(sent: bytes) -> None:
    async def scenario(callback: Callback) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", callback.port)
        with suppress(ConnectionError):
            writer.write(sent)
            assert b"200 OK" not in await reader.read()
        writer.close()
        await fetch(callback.port, redirect(code="ours", state=STATE))
        assert await callback.answer() == Answer("ours")

    run(scenario)


def test_silent_connections_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEAD_SECONDS", 0.1)

    async def scenario(callback: Callback) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", callback.port)
        assert await reader.read() == b""
        writer.close()

    run(scenario)


def test_more_connections_than_a_browser_makes_are_refused_and_hold_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECTIONS", 4)

    async def scenario(callback: Callback) -> None:
        held = [await asyncio.open_connection("127.0.0.1", callback.port) for _ in range(4)]
        reader, writer = await asyncio.open_connection("127.0.0.1", callback.port)
        assert await reader.read() == b""
        held[0][1].close()
        await asyncio.sleep(0.05)
        await fetch(callback.port, redirect(code="ours", state=STATE))
        assert await callback.answer() == Answer("ours")
        for _, each in (*held, (reader, writer)):
            each.close()

    run(scenario)


def test_a_taken_port_is_passed_over_and_the_last_one_named() -> None:
    taken = module._bound_to(0)
    port = taken[0].getsockname()[1]
    try:
        with pytest.raises(AccountError, match=str(port)):
            run(lambda callback: asyncio.sleep(0), ports=(port,))
        spare = module._bound_to(0)
        free = spare[0].getsockname()[1]
        for one in spare:
            one.close()

        async def scenario(callback: Callback) -> None:
            assert callback.port == free

        run(scenario, ports=(port, free))
    finally:
        for one in taken:
            one.close()


@pytest.mark.skipif(not HAS_IPV6, reason="no ::1")
def test_a_port_that_another_has_on_one_of_the_addresses_is_not_used() -> None:
    with socket.socket(socket.AF_INET6) as other:
        other.bind(("::1", 0))
        other.listen()
        with pytest.raises(AccountError, match="taken"):
            run(lambda callback: asyncio.sleep(0), ports=(other.getsockname()[1],))


def test_an_end_without_an_answer_does_not_wait_for_the_half_open() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        async with listening((), "/callback", STATE) as callback:
            _, writer = await asyncio.open_connection("127.0.0.1", callback.port)
            await asyncio.sleep(0.05)
            began = loop.time()
        writer.close()
        return loop.time() - began

    assert asyncio.run(main()) < 1


# What a person pastes.


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"http://localhost:1455/auth/callback?code=abc&state={STATE}\n", "abc"),
        (f"/callback?state={STATE}&code=abc", "abc"),
        (f"  abc#{STATE} ", "abc"),
        ("4/0Ab-c_d", "4/0Ab-c_d"),
    ],
)
def test_addresses_and_codes_can_be_pasted(text: str, code: str) -> None:
    assert answer_pasted(text, STATE) == Answer(code)


@pytest.mark.parametrize(
    "text",
    ["", "two words", "abc#another", "http://localhost/callback?code=abc", "http://[bad", f"https://x/?state={STATE}",
     "http://localhost/callback?code=abc&state=another"],
)  # fmt: skip
def test_what_is_no_answer_of_ours_is_told_without_being_repeated(text: str) -> None:
    with pytest.raises(AccountError) as raised:
        answer_pasted(text, STATE)
    assert "abc" not in str(raised.value)


def test_a_strange_error_of_the_vendor_is_not_repeated() -> None:
    assert answer_in(urlencode({"state": STATE, "error": "<b>at-1</b>"}), STATE) == Answer(error="error")
