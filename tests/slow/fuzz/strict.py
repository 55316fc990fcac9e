"""An independent, unforgiving reading of client bytes: which requests a strict server may take from them, and no more.

Written from RFC 9112, not from the relay's reader, so that both can't be wrong alike.
Reading stops at the first thing with two readings: nothing behind it may ever be forwarded.
"""

import re

import msgspec

Header = tuple[bytes, bytes]

_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([!-~]+) HTTP/1\.([01])")
_HEADER = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[!-~\x80-\xff](?:[ \t!-~\x80-\xff]*[!-~\x80-\xff])?)?)[ \t]*"
)
_LENGTH = re.compile(rb"[0-9]{1,19}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[\t -~\x80-\xff]*)?[ \t]*")
_HOST = re.compile(rb"[A-Za-z0-9.\-_\[\]:]*")


class Request(msgspec.Struct, frozen=True):
    """A request that has one reading. headers: names in lower case."""

    method: bytes
    target: bytes
    headers: list[Header]
    body: bytes


class _MalformedError(Exception):
    """The bytes have no reading, or two."""


def requests(data: bytes) -> list[Request]:
    """The requests that stand in `data` one behind the other, as far as they are whole and beyond doubt."""
    found: list[Request] = []
    try:
        while data:
            request, data, last = _one(data)
            found.append(request)
            if last:
                break
    except _MalformedError:
        pass
    return found


def _one(data: bytes) -> tuple[Request, bytes, bool]:
    """The first request, what stands behind it, and whether the connection ends with it. Raises: _MalformedError."""
    while data.startswith(b"\r\n"):
        data = data[2:]
    head, blank, rest = data.partition(b"\r\n\r\n")
    if not blank:
        raise _MalformedError
    first, *lines = head.split(b"\r\n")
    start = _REQUEST_LINE.fullmatch(first)
    if start is None:
        raise _MalformedError
    headers = [_header(line) for line in lines]
    http11 = start[3] == b"1"
    hosts = _values(headers, b"host")
    if len(hosts) > 1 or (http11 and not hosts) or not all(map(_HOST.fullmatch, hosts)):
        raise _MalformedError
    body, rest = _body(headers, rest, http11=http11)
    tokens = {token.strip().lower() for value in _values(headers, b"connection") for token in value.split(b",")}
    last = b"close" in tokens or (not http11 and b"keep-alive" not in tokens)
    return Request(start[1], start[2], headers, body), rest, last


def _header(line: bytes) -> Header:
    match = _HEADER.fullmatch(line)
    if match is None:
        raise _MalformedError
    return match[1].lower(), match[2]


def _values(headers: list[Header], name: bytes) -> list[bytes]:
    return [value for key, value in headers if key == name]


def _body(headers: list[Header], rest: bytes, *, http11: bool) -> tuple[bytes, bytes]:
    """The body and what stands behind it. Raises: _MalformedError, also for a body that is not whole."""
    lengths, codings = set(_values(headers, b"content-length")), _values(headers, b"transfer-encoding")
    if codings:
        if lengths or not http11 or [coding.lower() for coding in codings] != [b"chunked"]:
            raise _MalformedError
        return _chunked(rest)
    if not lengths:
        return b"", rest
    value = lengths.pop()
    if lengths or _LENGTH.fullmatch(value) is None or int(value) > len(rest):
        raise _MalformedError
    return rest[: int(value)], rest[int(value) :]


def _chunked(data: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        line, end, data = data.partition(b"\r\n")
        match = _CHUNK_SIZE.fullmatch(line)
        if not end or match is None:
            raise _MalformedError
        size = int(match[1], 16)
        if size == 0:
            return body, _behind_trailers(data)
        if data[size : size + 2] != b"\r\n":
            raise _MalformedError
        body, data = body + data[:size], data[size + 2 :]


def _behind_trailers(data: bytes) -> bytes:
    while not data.startswith(b"\r\n"):
        line, end, data = data.partition(b"\r\n")
        if not end:
            raise _MalformedError
        _header(line)
    return data[2:]
