"""How a response ended, for both OpenAI formats. A response that broke off must never get past here as a finished one."""

from fastproxy.errors import KINDS, Fault, Kind
from fastproxy.ir.events import Failed, Stop, StopReason
from fastproxy.ir.fold import Response

_FINISH_REASONS: dict[StopReason, str] = {
    "end": "stop",
    "tools": "stop",
    "length": "length",
    "stop_sequence": "stop",
    "refusal": "content_filter",
    "pause": "stop",
}
_KINDS: dict[str, Kind] = {kind: kind for kind in KINDS}


def finish_reason(stop: Stop, *, has_calls: bool) -> str:
    """Chat's word. Whether there are calls decides "tool_calls": some sources end such a response with a plain stop.

    Raises: Fault as `ended` does.
    """
    if stop.reason == "error":
        raise went_wrong(stop)
    word = _FINISH_REASONS[stop.reason]
    return "tool_calls" if has_calls and word == "stop" else word


def ended(response: Response) -> Stop:
    """Why `response` stopped. Raises: Fault when it broke off, was never finished, or the model itself went wrong."""
    if response.failed is not None:
        raise fault_of(response.failed)
    if response.stop is None:
        raise unfinished()
    if response.stop.reason == "error":
        raise went_wrong(response.stop)
    return response.stop


def fault_of(failed: Failed) -> Fault:
    """The Fault that a Failed event tells of."""
    return Fault(_KINDS.get(failed.kind, "upstream_garbage"), failed.message)


def went_wrong(stop: Stop) -> Fault:
    """The Fault for a Stop whose reason is "error"."""
    return Fault("upstream_garbage", f"the model stopped with an error: {stop.raw or 'no reason given'}")


def unfinished() -> Fault:
    """The Fault for a stream that is over before its Stop."""
    return Fault("upstream_garbage", "the stream ended before the response was complete")
