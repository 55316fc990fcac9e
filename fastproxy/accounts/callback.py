"""The end of a login in the browser: a server on the loopback addresses that waits for one redirect with our state.

Whatever else arrives (a favicon, a preconnect, half a request, another login's answer, a page that tries to end the
login) gets an answer or its time and changes nothing. Pages hold nothing that arrived, so nothing secret.
"""

import asyncio
import errno
import hmac
import re
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from fastproxy.accounts.login import AccountError

HEAD_BYTES = 16384
HEAD_SECONDS = 10.0
CONNECTIONS = 32
FLUSH_SECONDS = 2.0  # for pages that are on their way when the login ends
CODE_CHARACTERS = 4096

_ADDRESSES = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
_NO_SUCH_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_FREE_PORT_ATTEMPTS = 16
_REQUEST = re.compile(rb"(GET|HEAD) (/[!-~]*) HTTP/1\.[01]\r?\n")
_HOST = re.compile(rb"\n[Hh][Oo][Ss][Tt]:[ \t]*(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?[ \t]*\r?\n")
_WORD = re.compile(r"[A-Za-z_]{3,48}")

_RECEIVED = "fastproxy has your answer. You can close this page; the terminal says how the login ended."
_REFUSED = "The login was refused. You can close this page."
_FOREIGN = "This answer belongs to another login. Begin again from the terminal."
_NOTHING = "There is nothing here."


class Answer(NamedTuple):
    """What the browser brought: a code, or the vendor's word for why there is none."""

    code: str = ""
    error: str = ""


class _Page(NamedTuple):
    status: str
    text: str


class Callback:
    """A waiting server. port: where it listens. state: what an answer must bring back. path: where it must arrive."""

    def __init__(self, port: int, path: str, state: str) -> None:
        self.port = port
        self._path = path
        self._state = state
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._open: set[asyncio.Task[None]] = set()

    async def answer(self) -> Answer:
        """The first answer that is ours. Waits for ever: a deadline is the caller's."""
        return await asyncio.shield(self._answer)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: one request, one page."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - the server starts one for each connection
        self._open.add(task)
        try:
            if len(self._open) <= CONNECTIONS:
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_SECONDS)
                writer.write(_http(self._page(head), with_body=not head.startswith(b"HEAD")))
                await asyncio.wait_for(writer.drain(), HEAD_SECONDS)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, OSError):
            pass
        finally:
            self._open.discard(task)
            writer.close()

    async def end(self) -> None:
        """Let pages that are on their way arrive, and cut off the rest: a half-open connection would wait for long."""
        if self._open:
            wait = FLUSH_SECONDS if self._answer.done() else 0.0
            _, late = await asyncio.wait(self._open, timeout=wait)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _page(self, head: bytes) -> _Page:
        request = _REQUEST.match(head)
        if request is None or _HOST.search(head) is None:  # another host: a page elsewhere has us by another name
            return _Page("400 Bad Request", _NOTHING)
        target = urlsplit(request[2].decode("ascii"))
        if target.path != self._path:
            return _Page("404 Not Found", _NOTHING)
        try:
            answer = answer_in(target.query, self._state)
        except AccountError:
            return _Page("400 Bad Request", _FOREIGN)
        if request[1] == b"GET" and not self._answer.done():
            self._answer.set_result(answer)
        return _Page("200 OK", _REFUSED if answer.error else _RECEIVED)


def answer_in(query: str, state: str) -> Answer:
    """The answer in a redirect's query. Raises: AccountError when it is another login's, or none."""
    try:
        fields = {name: values[0] for name, values in parse_qs(query, max_num_fields=64).items() if len(values) == 1}
    except ValueError:
        fields = {}
    if not hmac.compare_digest(fields.get("state", "").encode(), state.encode()):
        raise AccountError("the answer belongs to another login: begin again")
    if error := fields.get("error"):
        return Answer(error=error if _WORD.fullmatch(error) else "error")
    return Answer(code=_code(fields.get("code", "")))


def answer_pasted(text: str, state: str) -> Answer:
    """The answer in what a person pasted: the whole redirect address, "CODE#STATE" as a page may show it, or the code.

    A bare code has no state; that it is ours is proved by PKCE when it is redeemed. Raises: AccountError.
    """
    text = text.strip()
    if "://" in text or text.startswith("/"):
        try:
            return answer_in(urlsplit(text).query, state)
        except ValueError:
            raise AccountError("that is no address") from None
    code, mark, told = text.partition("#")
    if mark and not hmac.compare_digest(told.encode(), state.encode()):
        raise AccountError("the code belongs to another login: begin again")
    return Answer(code=_code(code))


@asynccontextmanager
async def listening(ports: Iterable[int], path: str, state: str) -> AsyncIterator[Callback]:
    """A callback server on 127.0.0.1 and, where there is one, on ::1, at the first free of these ports.

    ports: () for any free one. Raises: AccountError when all are taken: by whom the answer would then be got is
    nobody's guess, so never on one of the two addresses alone.
    """
    sockets = _bound(tuple(ports))
    callback = Callback(sockets[0].getsockname()[1], path, state)
    servers = [await asyncio.start_server(callback.serve, sock=one, limit=HEAD_BYTES, backlog=64) for one in sockets]
    try:
        yield callback
    finally:
        for server in servers:
            server.close()
        await callback.end()


def _bound(ports: tuple[int, ...]) -> list[socket.socket]:
    """Raises: AccountError."""
    for port in ports or (0,) * _FREE_PORT_ATTEMPTS:
        with suppress(OSError):
            return _bound_to(port)
    named = " and ".join(map(str, ports)) or "a free port"
    raise AccountError(f"port {named} is taken by another program: end it (another login?) and try again")


def _bound_to(port: int) -> list[socket.socket]:
    """Sockets of one port on every loopback address there is. Raises: OSError."""
    found: list[socket.socket] = []
    try:
        for family, address in _ADDRESSES:
            one = _socket(family, address, port)
            if one is not None:
                found.append(one)
                port = one.getsockname()[1]
    except OSError:
        for one in found:
            one.close()
        raise
    if not found:
        raise OSError(errno.EADDRNOTAVAIL, "no loopback address")
    return found


def _socket(family: socket.AddressFamily, address: str, port: int) -> socket.socket | None:
    """None where the machine has no such address. Raises: OSError when the port is taken."""
    try:
        one = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        return None
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a login just before left its port in TIME_WAIT
        one.bind((address, port))
        one.listen(64)  # here, not later: of two that bind, only one may listen
    except OSError as error:
        one.close()
        if error.errno in _NO_SUCH_ADDRESS:
            return None
        raise
    return one


def _code(text: str) -> str:
    """Raises: AccountError."""
    if not text or len(text) > CODE_CHARACTERS or not (text.isascii() and text.isprintable()) or " " in text:
        raise AccountError("there is no code in it")
    return text


def _http(page: _Page, *, with_body: bool) -> bytes:
    body = f'<!doctype html><meta charset="utf-8"><title>fastproxy</title><p>{page.text}</p>\n'.encode()
    head = (
        f"HTTP/1.1 {page.status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {len(body)}\r\n"
        "cache-control: no-store\r\nreferrer-policy: no-referrer\r\ncontent-security-policy: default-src 'none'\r\n"
        "x-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + (body if with_body else b"")
