"""A whole Responses body as the response that its stream would fold to. It reads the body as a stream's last event."""

from fastproxy.errors import Fault
from fastproxy.formats.openai_responses.decode_stream import Outcome, ResponsesDecoder
from fastproxy.formats.openai_responses.reading import parsed
from fastproxy.formats.openai_shared import Object
from fastproxy.ir.fold import Response, fold

_OUTCOMES: dict[object, Outcome] = {"incomplete": "incomplete", "failed": "failed", "cancelled": "failed"}


def decode_whole(body: bytes) -> Response:
    """The folded response. One that failed is told as such. Raises: Fault(upstream_garbage)."""
    told = parsed(body)
    if not told.get("error") and not isinstance(told.get("output"), list):
        raise Fault("upstream_garbage", "the upstream's answer is not a response: it has no output")
    return fold(ResponsesDecoder().end(told, _outcome(told)))


def _outcome(told: Object) -> Outcome:
    """Hosts that gather a stream of their own leave the status at "in_progress"; only with nothing in it is that so."""
    if told.get("error"):
        return "failed"
    status = told.get("status")
    if status in ("in_progress", "queued") and not told.get("output"):
        raise Fault("upstream_garbage", "the upstream's response is still being made in the background")
    return _OUTCOMES.get(status, "completed") if isinstance(status, str) else "completed"
