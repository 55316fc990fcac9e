"""The pipe of a count: the upstream's number, in the words of the client's format. It never counts by itself."""

from fastproxy.errors import Fault
from fastproxy.formats.base import Format
from fastproxy.formats.bounds import is_walkable
from fastproxy.ir.events import Usage
from fastproxy.pipe import Ending

COUNT_BYTES = 65536  # the largest recorded one has 300


class CountPipe:
    """An answer to a question for a count. It costs no tokens, so that there is nothing to record."""

    quiet = False
    model = ""

    def __init__(self, source: Format, client: Format) -> None:
        self.ending: Ending = "incomplete"
        self._source = source
        self._client = client
        self._body = b""

    @property
    def tap(self) -> "CountPipe":
        return self

    def usage(self) -> Usage:
        return Usage()

    def feed(self, data: bytes) -> bytes:
        self._body += data
        if len(self._body) > COUNT_BYTES:
            raise Fault("upstream_garbage", "the upstream sent something else than a count of tokens")
        return b""

    def close(self) -> bytes:
        """The client's count. Raises: Fault(upstream_garbage)."""
        read, write = self._source.counting, self._client.counting
        if read is None or write is None or not is_walkable(self._body):
            raise Fault("upstream_garbage", "the upstream sent something else than a count of tokens")
        told = write.write(read.read(self._body))
        self.ending = "ok"
        return told

    def abort(self, fault: Fault) -> bytes | None:  # noqa: ARG002 - the Pipe protocol; nothing has been sent
        return None
