"""How a response ended, for both OpenAI formats. One that broke off never gets past here as a finished one."""

from fastproxy.errors import Fault
from fastproxy.ir.events import Stop, StopReason
from fastproxy.ir.fold import Response

_FINISH_REASONS: dict[StopReason, str] = {
    "end": "stop",
    "tools": "stop",
    "length": "length",
    "stop_sequence": "stop",
    "refusal": "content_filter",
    "pause": "stop",
}


def finish_reason(stop: Stop, *, has_calls: bool) -> str:
    """Chat's word. Whether there are calls decides "tool_calls": some sources end such a response with a plain stop.

    stop: a good one (`require_good`).
    """
    word = _FINISH_REASONS[stop.reason]
    return "tool_calls" if has_calls and word == "stop" else word


def ended(response: Response) -> Stop:
    """Why `response` stopped. Raises: Fault when it broke off, was never finished, or the model itself went wrong."""
    if response.failed is not None:
        raise Fault(response.failed.kind, response.failed.message)
    if response.stop is None:
        raise unfinished()
    require_good(response.stop)
    return response.stop


def require_good(stop: Stop) -> None:
    """Only a Stop that a client may take for a good end gets past. Raises: Fault."""
    if stop.reason == "error":
        raise Fault("upstream_garbage", f"the model stopped with an error: {stop.raw or 'no reason given'}")


def unfinished() -> Fault:
    """The Fault for a stream that is over before its Stop."""
    return Fault("upstream_garbage", "the upstream's stream ended before it was complete")
