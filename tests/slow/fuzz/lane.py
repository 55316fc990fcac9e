"""One case at a time against a running relay: bytes go in, bytes come out, and nothing is judged here."""

import asyncio
from collections.abc import Sequence

from slow.fuzz import strict
from slow.fuzz.cases import PLACEHOLDER, Case
from slow.fuzz.verdict import NotHttpError, answers
from slow.host import Host, Said
from support.relay import TOKEN
from support.script import Seen

SETTLED_SECONDS = 0.05  # without a byte: whatever the relay makes of what it has, it has made
ANSWER_SECONDS = 8.0  # for a good request: twice what the relay's watchdogs of WATCHDOG_SECONDS may take
WATCHDOG_SECONDS = 2
READ_BYTES = 1 << 18


class StuckError(Exception):
    """A good request got no answer, or a connection no end, in ANSWER_SECONDS."""


class Lane:
    """Plays cases. The host answers every request of a case with what the case says."""

    def __init__(self) -> None:
        self._case: Case | None = None
        self.host = Host(self._said)

    def _said(self, seen: Seen) -> Said:
        case = self._case
        assert case is not None
        return Said(case.said, case.ending)

    async def play(self, port: int, case: Case) -> tuple[bytes, bytes, Sequence[Seen]]:
        """What was sent, what the client received until the relay closed, and what arrived upstream.

        Raises: StuckError.
        """
        self._case = case
        self.host.arrivals.clear()
        sent = b"".join(case.sent).replace(PLACEHOLDER, TOKEN.encode())
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=READ_BYTES)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                received = await self._talk(case, sent, reader, writer)
        except TimeoutError:
            raise StuckError from None
        finally:
            writer.close()
        return sent, received, list(self.host.arrivals)

    async def _talk(self, case: Case, sent: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        due = 1 if case.answered else len(strict.requests(sent))
        at = 0
        received = bytearray()
        try:
            for piece in case.sent:
                writer.write(sent[at : at + len(piece)])
                at += len(piece)
                await writer.drain()
                await asyncio.sleep(0)
            while not _complete(bytes(received), due):
                patience = None if case.answered else SETTLED_SECONDS
                data = await asyncio.wait_for(reader.read(READ_BYTES), patience)
                if not data:
                    return bytes(received)
                received += data
        except TimeoutError:
            pass  # not one of the good requests: the relay waits for more, and says no more until then
        except ConnectionError:
            return bytes(received)
        return bytes(received) + await _last(reader, writer)


def _complete(received: bytes, due: int) -> bool:
    """Whether as many answers are there as can be due."""
    if due == 0:
        return False
    try:
        return sum(answer.complete for answer in answers(received)) >= due
    except NotHttpError:
        return True


async def _last(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """What still comes once the client has said that it sends no more."""
    try:
        writer.write_eof()
        return await reader.read(-1)
    except OSError:
        return b""
