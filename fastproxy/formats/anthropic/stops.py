"""Why a model stopped, in Anthropic's words. There is none for a broken answer: that is an error, never a stop."""

from fastproxy.errors import Fault
from fastproxy.ir.events import Stop, StopReason

_WORDS: dict[StopReason, str] = {
    "end": "end_turn",
    "tools": "end_turn",
    "length": "max_tokens",
    "stop_sequence": "stop_sequence",
    "refusal": "refusal",
    "pause": "pause_turn",
}
_WINDOW = "model_context_window_exceeded"


def stop_reason(stop: Stop, *, has_calls: bool) -> str:
    """The `stop_reason`. Whether there are calls decides "tool_use": some sources end such an answer with a plain stop.

    Raises: Fault(upstream_garbage) when the upstream says that its answer is broken.
    """
    word = _WORDS.get(stop.reason)
    if word is None:
        raise Fault("upstream_garbage", f"the model stopped with an error: {stop.raw or 'no reason given'}")
    if stop.raw == _WINDOW and stop.reason == "length":
        return _WINDOW
    return "tool_use" if has_calls and word == "end_turn" else word
