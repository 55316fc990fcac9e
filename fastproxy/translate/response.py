"""An answer of one format as an answer of another: pipes, which the relay can't tell from those that only pass bytes.

Both ends may be a stream or whole, whatever the client asked for: hosts that ignore `stream` exist. A broken upstream
ends in the client format's error event, never in a success; what fails before the client has seen a byte is raised, so
that it can be answered with a true status.
"""

import msgspec

from fastproxy.errors import Fault
from fastproxy.formats.base import EncoderOptions, Format, StreamDecoder
from fastproxy.formats.bounds import SHORT_BYTES, is_walkable
from fastproxy.formats.tails import error_left
from fastproxy.framing.sse import EventReader, payloads
from fastproxy.ir.events import Event, Failed, Start, Stop, Usage
from fastproxy.ir.fold import fold, unfold
from fastproxy.pipe import Ending, Pipe
from fastproxy.translate.passes import ForClient, Passes

# A stream is never collected, but what it said is: Responses tells all of it again at the end, and a block that opens
# beside another one waits for its turn. The longest answers there are (128,000 tokens) take 40 MB.
STREAM_BYTES = 134_217_728
_SILENT = frozenset((Start, Usage))


class Crossing(msgspec.Struct, frozen=True):
    """One answer's way. source: the upstream's format; target: the client's. options: how it wants a stream written.

    event_bytes: the largest event of a stream. body_bytes: the largest answer that is collected before translation.
    """

    source: Format
    target: Format
    client: ForClient
    options: EncoderOptions
    event_bytes: int
    body_bytes: int


def pipe_for_translation(crossing: Crossing, *, streamed: bool, stream: bool) -> Pipe:
    """The pipe of a good answer. streamed: the upstream sends events. stream: the client wants some."""
    if streamed:
        return StreamToStream(crossing) if stream else StreamToWhole(crossing)
    return WholeToStream(crossing) if stream else WholeToWhole(crossing)


class StreamToStream:
    """Events as they come, one `bytes` for each read.

    Cost: 1 to 1.7 us for an event of text among others of its read, from the upstream's bytes to the client's.
    """

    quiet = True  # what the client has seen ends with an event, always

    def __init__(self, crossing: Crossing) -> None:
        self.tap = Passes(crossing.client)
        self.ending: Ending = "incomplete"
        self._reader = EventReader(crossing.event_bytes)
        self._source, self._target = crossing.source, crossing.target
        self._decoder = crossing.source.decoder()
        self._encoder = crossing.target.encoder(crossing.options)
        self._read, self._encode = self._reader.feed, self._encoder.encode
        self._taken_bytes = 0
        self._spoken = False
        self._unsent: list[bytes] = []  # of the read that broke, or before a stop that may be an error
        self._concluded = False

    def feed(self, data: bytes) -> bytes:
        if self._concluded:
            return b""
        self._taken_bytes += len(data)
        if self._taken_bytes > STREAM_BYTES:
            raise Fault("upstream_garbage", f"the upstream sent a stream of more than {STREAM_BYTES} bytes")
        events: list[Event] = []
        try:
            _tell(self._read(data), self._decoder, events)
        except Fault:
            self._unsent.append(self._said(events))
            if not self._concluded:  # what comes behind a good end is nobody's trouble
                raise
            return self._rest()
        # A read is one piece of text, mostly.
        if len(events) == 1 and not self._unsent and type(events[0]) in self.tap.plain:
            said = self._encode(events[0])
            if said:
                self._spoken = True
            return said
        return self._said(events)

    def _said(self, events: list[Event]) -> bytes:
        """What these events become, with the end of the client's stream if they have one in them. Raises: Fault."""
        passes = self.tap
        events = passes.feed(events)
        said = self._encoder.write(events)
        if passes.ended is not None:
            self._unsent.append(said)
            self._conclude("failed")
            said = self._rest()
        elif not self._spoken and self._decoder.finished and _SILENT.issuperset(map(type, events)):
            self._unsent.append(said)  # Gemini's stop is known and told at the end, behind the last count
            return b""
        elif self._unsent:
            self._unsent.append(said)
            said = self._rest()
        if said:
            self._spoken = True
        return said

    def close(self) -> bytes:
        if self._concluded:
            return b""
        events, failed = _last_events(self._reader, self._decoder, self._source)
        self._unsent.append(self._encoder.write(self.tap.feed(events)))
        self._conclude("failed" if self._decoder.finished else failed)
        return self._rest()

    def abort(self, fault: Fault) -> bytes:
        if not self._concluded:
            self._concluded = True
            events: list[Event] = [_as_failed(fault)]
            if (told := error_left(self._source, self._reader.rest())) is not None:  # why, in the upstream's own words
                events = self.tap.feed([_as_failed(told)])
                self.ending = "failed"
            self._unsent += (self._encoder.write(events), self._encoder.close())
        return self._rest()

    def _conclude(self, failed: Ending) -> None:
        """Write the end of the client's stream. Raises: Fault for a failure of which the client has seen nothing."""
        ended = self.tap.ended
        self._unsent.append(self._encoder.close())
        if isinstance(ended, Stop):
            self.ending = "failed" if ended.reason == "error" or self._encoder.failed else "ok"
        else:
            self.ending = failed
        self._concluded = True
        if not self._spoken:
            _require_tellable(ended, self._target)

    def _rest(self) -> bytes:
        said = b"".join(self._unsent)
        self._unsent.clear()
        return said


class _Collected:
    """What is told only when the upstream has ended: nothing has been sent until then, so every failure is raised."""

    quiet = False

    def __init__(self, crossing: Crossing) -> None:
        self.tap = Passes(crossing.client)
        self.ending: Ending = "incomplete"
        self._crossing = crossing
        self._taken_bytes = 0

    def abort(self, fault: Fault) -> bytes | None:  # noqa: ARG002 - the Pipe protocol
        return None

    def _take(self, data: bytes) -> None:
        """Count what comes. Raises: Fault(upstream_garbage) for too much."""
        self._taken_bytes += len(data)
        most = self._crossing.body_bytes
        if self._taken_bytes > most:
            raise Fault("upstream_garbage", f"the upstream sent an answer of more than {most} bytes")

    def _require_end(self) -> None:
        """Raises: Fault for an answer that did not end well."""
        ended = self.tap.ended
        if isinstance(ended, Failed):
            self.ending = "failed"
            raise _as_fault(ended)
        if ended is None:
            raise Fault("upstream_garbage", "the upstream's answer ended before it was complete")
        self.ending = "failed" if ended.reason == "error" else "ok"


class StreamToWhole(_Collected):
    """A stream for a client that asked for none: the events are folded when it has ended."""

    def __init__(self, crossing: Crossing) -> None:
        super().__init__(crossing)
        self._reader = EventReader(crossing.event_bytes)
        self._decoder = crossing.source.decoder()
        self._events: list[Event] = []

    def feed(self, data: bytes) -> bytes:
        self._take(data)
        if self.tap.ended is None:
            self._take_events(self._reader.feed(data))
        return b""

    def _take_events(self, payloads: list[bytes]) -> None:
        """What comes behind a good end is nobody's trouble. Raises: Fault."""
        events: list[Event] = []
        try:
            _tell(payloads, self._decoder, events)
        except Fault:
            self._events += self.tap.feed(events)
            if self.tap.ended is None:
                raise
        else:
            self._events += self.tap.feed(events)

    def close(self) -> bytes:
        if self.tap.ended is None:
            events, _ = _last_events(self._reader, self._decoder, self._crossing.source)
            self._events += self.tap.feed(events)
        self._require_end()
        return self._crossing.target.encode_whole(fold(self._events))


class WholeToWhole(_Collected):
    """One body for another."""

    def __init__(self, crossing: Crossing) -> None:
        super().__init__(crossing)
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> bytes:
        self._take(data)
        self._pieces.append(data)
        return b""

    def close(self) -> bytes:
        return self._crossing.target.encode_whole(fold(self._told()))

    def _told(self) -> list[Event]:
        """The whole answer as events for the client. Raises: Fault."""
        body = b"".join(self._pieces)
        self._pieces.clear()
        _require_walkable(body)
        events = self.tap.feed(unfold(self._crossing.source.decode_whole(body)))
        self._require_end()
        return events


class WholeToStream(WholeToWhole):
    """A whole answer for a client that asked for a stream: all of its events at once."""

    quiet = True  # the client may hear a keepalive while the host is still at work

    def close(self) -> bytes:
        events = self._told()
        _require_tellable(self.tap.ended, self._crossing.target)
        encoder = self._crossing.target.encoder(self._crossing.options)
        said = encoder.write(events) + encoder.close()
        if encoder.failed:
            self.ending = "failed"
        return said

    def abort(self, fault: Fault) -> bytes:
        encoder = self._crossing.target.encoder(self._crossing.options)
        return encoder.encode(_as_failed(fault)) + encoder.close()


def _tell(payloads: list[bytes], decoder: StreamDecoder, events: list[Event]) -> None:
    """Put what the events of a read tell into `events`, as far as it goes. Raises: Fault(upstream_garbage)."""
    at, end = 0, len(payloads)
    while at < end:
        at = decoder.read_texts(payloads, at, events)
        if at == end:
            return
        payload = payloads[at]
        if len(payload) > SHORT_BYTES:
            _require_walkable(payload)
        events += decoder.decode(payload)
        at += 1


def _last_events(reader: EventReader, decoder: StreamDecoder, source: Format) -> tuple[list[Event], Ending]:
    """What the end of the body tells: an event that lacks its blank line, and what the decoder has held back.

    Half an event tells nothing; the decoder knows that its stream has not ended. Where an error stands in place of an
    event, that is why. Beside it: how the stream has ended, if it has failed; "incomplete" where it does not say so.
    """
    events: list[Event] = []
    rest = reader.rest()
    for payload in payloads(rest):
        if decoder.finished and error_left(source, payload) is not None:
            break  # what comes behind a good end is nobody's trouble
        try:
            _require_walkable(payload)
            events += decoder.decode(payload)
        except Fault:
            break
    told_itself = any(isinstance(event, Failed) for event in events)
    events += decoder.close()
    if not told_itself and events and isinstance(events[-1], Failed) and (told := error_left(source, rest)) is not None:
        events[-1] = _as_failed(told)
        told_itself = True
    return events, "failed" if told_itself else "incomplete"


def _require_walkable(json: bytes) -> None:
    """Raises: Fault(upstream_garbage) for JSON that no decoder should be given."""
    if not is_walkable(json):
        raise Fault("upstream_garbage", "the upstream sent JSON that is nested too deeply, or of too many values")


def _require_tellable(ended: Stop | Failed | None, target: Format) -> None:
    """For an answer of which the client has seen nothing.

    Raises: Fault for a failure, and for a stop that is an error where the client's format has no word for one.
    """
    if isinstance(ended, Failed):
        raise _as_fault(ended)
    if ended is not None and ended.reason == "error":
        target.encode_whole(fold((Start("", "", 0), ended)))


def _as_fault(failed: Failed) -> Fault:
    return Fault(failed.kind, failed.message, reason=failed.reason)


def _as_failed(fault: Fault) -> Failed:
    return Failed(fault.kind, fault.message, fault.reason)
