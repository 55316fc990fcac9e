"""An upstream's refusal as the Fault that the client is told, in whatever format. Our credential never gets through.

Bodies are bounded, may be empty, cut or a web page; the status and the time to wait are kept, whatever the body.
"""

import re

from fastproxy.errors import LONGEST_WAIT_SECONDS, Fault, Header
from fastproxy.formats.base import Format
from fastproxy.formats.bounds import is_walkable
from fastproxy.framing.sse import payloads
from fastproxy.ir.events import Usage
from fastproxy.pipe import ERROR_BYTES, REDACTED, Ending

_SECONDS = re.compile(rb"\d+(?:\.\d+)?")


def translate_fault(
    status: int, body: bytes, source: Format, *, secret: bytes = b"", headers: tuple[Header, ...] = ()
) -> Fault:
    """What an answer with a status of 400 or more says.

    secret: our credential, which some hosts quote. headers: the upstream's, names in lower case, that the client is to
    get; Retry-After among them counts more than what the body says.
    """
    if secret:
        body = body.replace(secret, REDACTED)
    body = _unframed(body)
    told = source.decode_fault(status, body if _tells(body) and is_walkable(body) else b"{}")
    message = told.message if _tells(body) else _without_words(status, body)
    if secret:
        message = message.replace(secret.decode("latin-1"), REDACTED.decode())  # it may have been escaped in the JSON
    seconds = _seconds(dict(headers).get(b"retry-after"))
    wait = told.retry_after_seconds if seconds is None else seconds
    return Fault(
        told.kind,
        message,
        status=status,
        retry_after_seconds=None if wait is None else min(wait, LONGEST_WAIT_SECONDS),
        param=told.param,
        reason=told.reason,
        headers=tuple(header for header in headers if seconds is None or header[0] != b"retry-after"),
    )


class ErrorToFault:
    """The pipe of a refusal: it says nothing itself, and raises the Fault when the body is there.

    Of a body that is too large the first ERROR_BYTES count.
    """

    quiet = False

    def __init__(self, status: int, source: Format, *, secret: bytes = b"", headers: tuple[Header, ...] = ()) -> None:
        self.tap = _Nothing()
        self.ending: Ending = "failed"
        self._status = status
        self._source = source
        self._headers = headers
        self._secret = secret
        self._body = bytearray()

    def feed(self, data: bytes) -> bytes:
        self._body += data[: ERROR_BYTES - len(self._body)]
        return b""

    def close(self) -> bytes:
        body = bytes(self._body)
        raise translate_fault(self._status, body, self._source, secret=self._secret, headers=self._headers)

    def abort(self, fault: Fault) -> bytes | None:  # noqa: ARG002 - the Pipe protocol; nothing has been sent
        return None


class _Nothing:
    """What a refusal tells of tokens and models."""

    model = ""

    def usage(self) -> Usage:
        return Usage()


def _unframed(body: bytes) -> bytes:
    """The error itself, where a host that was asked for a stream tells it as an event."""
    return next(iter(payloads(body)), b"") if body.startswith((b"data:", b"event:")) else body


def _tells(body: bytes) -> bool:
    """Whether there are words of the vendor's in it: neither nothing nor a web page."""
    start = body.lstrip()[:1]
    return bool(start) and start != b"<"


def _without_words(status: int, body: bytes) -> str:
    return f"the upstream answered {status} {'with a web page' if body.strip() else 'without a word'}"


def _seconds(retry_after: bytes | None) -> float | None:
    """Seconds where it says so; a date stays the header it is, since no clock is read here."""
    told = (retry_after or b"").strip()
    return float(told) if _SECONDS.fullmatch(told) else None
