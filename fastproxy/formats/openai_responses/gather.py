"""The whole response that a stream tells at its end, in the host's own bytes. Nothing is decoded but where it stands.

Some hosts that answer with streams only leave the list of items empty at the end, because each of them has been told
before. Source: recorded stream of the ChatGPT backend; its client ignores that list (wire format notes 3.5).
"""

from fastproxy.errors import Fault
from fastproxy.jsonedit import Fields, elements

_ITEM = "response.output_item.done"
_ENDS = ("response.completed", "response.incomplete")
_MARKS = tuple(b'"%b"' % name.encode() for name in (_ITEM, *_ENDS))


class ResponsesGatherer:
    """One per response: `take` each event's data, then ask for the `whole`."""

    def __init__(self) -> None:
        self._items: list[bytes] = []
        self._response = b""

    def take(self, data: bytes) -> None:
        """Look at one event. Raises: Fault(upstream_garbage)."""
        if not any(mark in data for mark in _MARKS):
            return
        try:
            fields = Fields(data)
            kind = fields.value("type")
            if kind == _ITEM:
                self._items.append(fields.around("item")[1])
            elif kind in _ENDS:
                self._response = fields.around("response")[1]
        except Fault as fault:
            raise Fault("upstream_garbage", f"the upstream sent an event that can't be read: {fault.message}") from None

    def whole(self) -> bytes:
        """The response. Raises: Fault(upstream_garbage) when the stream has not told one."""
        if not self._response:
            raise Fault("upstream_garbage", "the upstream's stream ended before it was complete")
        fields = Fields(self._response)
        if "output" not in fields:
            return self._response
        before, output, after = fields.around("output")
        if elements(output) or not self._items:
            return self._response
        return before + b"[%b]" % b",".join(self._items) + after
