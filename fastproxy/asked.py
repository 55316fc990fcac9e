"""One admitted request, and what is written down about it while it is served."""

import re
from collections.abc import Mapping
from hashlib import blake2s
from itertools import count
from secrets import token_hex
from typing import cast

import msgspec

from fastproxy.access.check import Client, Gate
from fastproxy.clock import monotonic, wall
from fastproxy.endpoints import Endpoint
from fastproxy.errors import Fault
from fastproxy.formats import BY_NAME
from fastproxy.formats.base import Action, Format, Peek
from fastproxy.framing.http1 import RequestHead, fields_of, request_head
from fastproxy.ir.events import Usage
from fastproxy.pump import Pump
from fastproxy.routing import Route
from fastproxy.sessions import SESSION_CHARACTERS, SESSION_HEADERS, named
from fastproxy.snapshot import Snapshot
from fastproxy.usage.record import Outcome, UsageRecord

_REQUEST_ID = re.compile(rb"[0-9A-Za-z._:\-]{1,128}")
MODEL_CHARACTERS = 256
_NOT_LOOKED = Peek("", stream=False)
_NO_HEAD = request_head(b"", b"", fields_of(()))


RouteKey = tuple[str, str, int]  # name of the endpoint, model, generation of the model lists


class View(msgspec.Struct, frozen=True):
    """The configuration as one exchange sees it: whole, and the same from its start to its end."""

    snapshot: Snapshot
    gate: Gate
    routes: dict[RouteKey, Route] = msgspec.field(default_factory=dict)  # a memory that relay keeps bounded


class RequestIds:
    """Ids that are unique over processes and restarts, without a system call each."""

    def __init__(self) -> None:
        self._prefix = f"req_{token_hex(6)}"
        self._numbers = count(1)

    def of(self, head: RequestHead | None) -> str:
        """The caller's own x-request-id where it is one, else a new id."""
        if head is not None and b"x-request-id" in head.names.first:
            given = head.get(b"x-request-id") or b""
            if _REQUEST_ID.fullmatch(given):
                return given.decode()
        return f"{self._prefix}{next(self._numbers):06x}"


class Asked:
    """A request that may be served. Times are monotonic seconds."""

    __slots__ = (
        "action",
        "begun",
        "body",
        "client",
        "dropped",
        "endpoint",
        "format",
        "head",
        "leased",
        "moved",
        "params",
        "peek",
        "pump",
        "record",
        "retry_after_seconds",
        "verdict",
        "view",
        "waited_seconds",
    )

    def __init__(
        self,
        view: View,
        head: RequestHead,
        endpoint: Endpoint,
        params: Mapping[str, str],
        client: Client,
        request_id: str,
    ) -> None:
        assert endpoint.format is not None  # noqa: S101 - endpoints without a format are answered by admin
        self.view = view
        self.head = head
        self.endpoint = endpoint
        self.action = cast("Action", endpoint.action)  # admin has taken the actions that are ours
        self.peek = _NOT_LOOKED
        self.format: Format = BY_NAME[endpoint.format]
        self.params = params
        self.dropped: tuple[str, ...] = ()  # what the client said and the upstream is not told
        self.leased = ""  # the account that is at work for this request, while it is
        self.moved = False  # whether another account has answered this conversation before
        self.client = client
        self.begun = 0.0
        self.body = b""
        self.pump: Pump | None = None
        self.verdict: tuple[Outcome, str] | None = None
        self.retry_after_seconds: float | None = None  # what an upstream's refusal asks for, in whatever words
        self.waited_seconds = 0.0  # for the upstream: connecting, and until its answer began
        self.record = UsageRecord(
            at=wall(), request_id=request_id, client=client.id, format=endpoint.format, endpoint=endpoint.action
        )

    def begin(self, body: bytes) -> None:
        """The request is whole."""
        self.begun = monotonic()
        self.body = body
        self.record.request_bytes = len(body)

    def look(self) -> None:
        """What routing needs of the body. Raises: Fault(bad_request)."""
        self.peek = self.format.peek(self.body, self.params)
        self.record.requested_model = self.peek.model[:MODEL_CHARACTERS]
        self.record.stream = self.peek.stream
        self.record.session = named(self.head, SESSION_HEADERS) or (self.peek.session or "")[:SESSION_CHARACTERS]

    def caller(self) -> bytes:
        """What tells this client from every other one: the id of its token, else a digest of its own credentials."""
        if not self.client.foreign:
            return self.client.id.encode()
        own = b"\n".join(value for _, value in self.view.gate.foreign_credentials(self.head))
        return blake2s(own, person=b"fpxcall").digest()

    def first_byte(self) -> None:
        """The first byte goes out now."""
        since = monotonic() - self.begun
        self.record.first_byte_seconds = since
        self.record.added_seconds = max(0.0, since - self.waited_seconds)

    def timing(self) -> bytes:
        """The Server-Timing value: our share and the upstream's, in milliseconds."""
        record = self.record
        return b"relay;dur=%.3f, upstream;dur=%.3f" % (record.added_seconds * 1e3, self.waited_seconds * 1e3)

    def failed(self, fault: Fault) -> None:
        """The exchange ends in a fault: refused by us before an upstream was asked, or failed after."""
        self.verdict = ("failed" if self.record.account else "refused", fault.kind)

    def forget(self) -> None:
        """Let go of the request: nothing is sent twice from here on, and a stream may go on for an hour."""
        self.body = b""
        self.head = _NO_HEAD

    def note(self, usage: Usage, model: str) -> None:
        """What the response told."""
        record = self.record
        record.model = model[:MODEL_CHARACTERS]
        record.input_tokens = usage.input_tokens
        record.cached_tokens = usage.cached_tokens
        record.cache_written_tokens = usage.cache_written_tokens
        record.output_tokens = usage.output_tokens
        record.reasoning_tokens = usage.reasoning_tokens

    def conclude(self, status: int, response_bytes: int) -> UsageRecord:
        """The record, complete. A verdict of the relay's counts more than how the stream looked."""
        record = self.record
        record.status = status
        record.response_bytes = response_bytes
        record.duration_seconds = monotonic() - self.begun
        if self.pump is not None:
            pipe, fault = self.pump.pipe, self.pump.fault
            self.note(pipe.tap.usage(), pipe.tap.model)
            record.outcome = pipe.ending
            record.error = fault.kind if fault is not None else ""
        if self.verdict is not None:
            record.outcome, record.error = self.verdict
        return record
