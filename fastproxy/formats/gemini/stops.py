"""Why a model stopped, in Gemini's words, both ways. Tool calls have none: Gemini says STOP and the parts tell.

Source: google-genai 3.4.0 `types.FinishReason` and `types.BlockedReason`; for the numbers
google.cloud.aiplatform.v1 `Candidate.FinishReason` (Vertex clients ask for them); read 2026-11-21.
"""

from fastproxy.ir.events import Stop, StopReason

_WORDS: dict[StopReason, str] = {
    "end": "STOP",
    "tools": "STOP",
    "length": "MAX_TOKENS",
    "stop_sequence": "STOP",
    "refusal": "SAFETY",
    "pause": "STOP",
    "error": "OTHER",
}
_REASONS: dict[str, StopReason] = {
    "STOP": "end",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "SAFETY": "refusal",
    "RECITATION": "refusal",
    "LANGUAGE": "refusal",
    "BLOCKLIST": "refusal",
    "PROHIBITED_CONTENT": "refusal",
    "SPII": "refusal",
    "MODEL_ARMOR": "refusal",
    "IMAGE_SAFETY": "refusal",
    "IMAGE_PROHIBITED_CONTENT": "refusal",
    "IMAGE_RECITATION": "refusal",
    "IMAGE_OTHER": "refusal",
    "NO_IMAGE": "refusal",
    "PUP_LIMITED_DISABLED": "refusal",
    "OTHER": "error",
    "MALFORMED_FUNCTION_CALL": "error",
    "UNEXPECTED_TOOL_CALL": "error",
    "TOO_MANY_TOOL_CALLS": "error",
    "MISSING_THOUGHT_SIGNATURE": "error",
    "MALFORMED_RESPONSE": "error",
    "ESCALATION": "error",
}
# What the words of one kind have in common, for those of tomorrow.
_FAMILIES: tuple[tuple[str, StopReason], ...] = (
    ("MALFORMED", "error"),
    ("SAFETY", "refusal"),
    ("PROHIBITED", "refusal"),
    ("BLOCK", "refusal"),
)
_NUMBERS = (
    "", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII",
    "MALFORMED_FUNCTION_CALL", "MODEL_ARMOR", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION",
    "IMAGE_OTHER", "UNEXPECTED_TOOL_CALL", "NO_IMAGE",
)  # fmt: skip
_BLOCKED = ("", "SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "MODEL_ARMOR", "JAILBREAK")
_UNSPECIFIED = frozenset({"", "FINISH_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED", "BLOCK_REASON_UNSPECIFIED"})


def finish_word(told: object) -> str:
    """The word of a finishReason, which may be a number; "" where it says nothing."""
    return _word(told, _NUMBERS)


def blocked_word(told: object) -> str:
    """The word of a promptFeedback.blockReason; "" where it says nothing."""
    return _word(told, _BLOCKED)


def stop_of(word: str, *, called: bool) -> Stop:
    """Why the model stopped. A word that nobody knows yet is no reason to fail, unless it resembles one that is.

    called: whether the answer has a tool call.
    """
    reason = _REASONS.get(word) or _resembled(word)
    return Stop("tools" if called and reason == "end" else reason, raw=word)


def is_error(word: str) -> bool:
    """Whether an answer with that `finishReason` went wrong."""
    return _REASONS.get(word) == "error"


def _resembled(word: str) -> StopReason:
    return next((reason for mark, reason in _FAMILIES if mark in word), "end")


def _word(told: object, numbers: tuple[str, ...]) -> str:
    if isinstance(told, str):
        return "" if told in _UNSPECIFIED else told
    if not isinstance(told, int) or isinstance(told, bool) or told <= 0:
        return ""
    return numbers[told] if told < len(numbers) else f"REASON_{told}"


def finish_reason(stop: Stop, *, broken_call: bool) -> str:
    """The `finishReason`: the upstream's own word where it is one of this format's.

    broken_call: whether a call had to be left out because its arguments are not a JSON object. After a token limit that
    is no news; else the format has a word for it, and an answer without its call must not look finished.
    """
    if broken_call and stop.reason != "length":
        return "MALFORMED_FUNCTION_CALL"
    return stop.raw if stop.raw is not None and stop.raw in _REASONS else _WORDS[stop.reason]
