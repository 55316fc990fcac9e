"""Why a model stopped, in Anthropic's words and ours. Never a stop for a broken answer: that is an error.

Source: anthropic 2.12.0 `types/stop_reason.py`; wire format notes 2.5; read 2026-11-21.
"""

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
_ENDED = frozenset({"end", "tools"})
_WINDOW = "model_context_window_exceeded"
_REASONS: dict[str, StopReason] = {
    "end_turn": "end",
    "tool_use": "end",  # whether there are calls decides
    "max_tokens": "length",
    _WINDOW: "length",
    "stop_sequence": "stop_sequence",
    "refusal": "refusal",
    "pause_turn": "pause",
}


def is_cut(stop: Stop) -> bool:
    """Whether something else than the model ended the answer, so that its last call may be half a one."""
    return stop.reason not in _ENDED


def stop_reason(stop: Stop, *, has_calls: bool, has_refusal: bool = False) -> str:
    """The `stop_reason`. What the answer holds decides: some sources end calls, or a refusal, with a plain stop.

    Raises: Fault(upstream_garbage) when the upstream says that its answer is broken.
    """
    word = _WORDS.get(stop.reason)
    if word is None:
        raise Fault("upstream_garbage", f"the model stopped with an error: {stop.raw or 'no reason given'}")
    if stop.raw == _WINDOW and stop.reason == "length":
        return _WINDOW
    if word != "end_turn":
        return word
    if has_calls:
        return "tool_use"
    return "refusal" if has_refusal else word


def decode_stop(word: object, sequence: object, *, has_calls: bool) -> Stop:
    """The Stop that a `stop_reason` means; a word that is new to us, or none at all, is a plain end."""
    raw = word if isinstance(word, str) else None
    reason = _REASONS.get(raw or "", "end")
    if reason == "end" and has_calls:
        reason = "tools"
    return Stop(reason, raw, sequence if isinstance(sequence, str) else None)
