"""Why a model stopped, in Gemini's words. Tool calls have none: Gemini says STOP and the parts tell."""

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
# Source: google-genai 3.4.0 `types.FinishReason`, read 2026-11-21.
_OWN = frozenset(
    {
        "STOP",
        "MAX_TOKENS",
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "OTHER",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "MALFORMED_FUNCTION_CALL",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_OTHER",
        "NO_IMAGE",
        "IMAGE_RECITATION",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
        "MALFORMED_RESPONSE",
        "ESCALATION",
        "MODEL_ARMOR",
    }
)


def finish_reason(stop: Stop, *, broken_call: bool) -> str:
    """The `finishReason`: the upstream's own word where it is one of this format's.

    broken_call: whether a call had to be left out because its arguments are not a JSON object. After a token limit that
    is no news; else the format has a word for it, and an answer without its call must not look finished.
    """
    if broken_call and stop.reason != "length":
        return "MALFORMED_FUNCTION_CALL"
    return stop.raw if stop.raw in _OWN and stop.raw is not None else _WORDS[stop.reason]
