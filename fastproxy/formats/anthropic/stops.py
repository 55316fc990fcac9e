"""Why a model stopped, in Anthropic's words. There is none for a broken answer: that is an error, never a stop."""

from fastproxy.errors import Fault
from fastproxy.ir.events import Stop, StopReason

_WORDS: dict[StopReason, str] = {
    "end": "end_turn",
    "tools": "tool_use",
    "length": "max_tokens",
    "stop_sequence": "stop_sequence",
    "refusal": "refusal",
    "pause": "pause_turn",
}
_OWN = frozenset({*_WORDS.values(), "model_context_window_exceeded"})


def stop_reason(stop: Stop) -> str:
    """The `stop_reason`: the upstream's own word where it is one of this format's.

    Raises: Fault(upstream_garbage) when the upstream says that its answer is broken.
    """
    word = _WORDS.get(stop.reason)
    if word is None:
        raise Fault("upstream_garbage", f"the model's answer broke off: {stop.raw or stop.reason}")
    return stop.raw if stop.raw in _OWN and stop.raw is not None else word
