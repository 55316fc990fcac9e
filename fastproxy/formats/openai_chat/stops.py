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
# The words that hosts use. Those of a good end, and any other, are "end": a new word is no reason to fail. Those with a
# host's name beside them are remembered, not recorded.
_REASONS: dict[str, StopReason] = {
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_length": "length",  # Mistral
    "model_context_window_exceeded": "length",  # Anthropic's and Bedrock's
    "context_length_exceeded": "length",
    "token_limit": "length",  # watsonx
    "time_limit": "length",  # watsonx
    "content_filter": "refusal",
    "content_filtered": "refusal",
    "guardrail_intervened": "refusal",  # Bedrock
    "recitation": "refusal",  # Google
    "blocklist": "refusal",
    "prohibited_content": "refusal",
    "spii": "refusal",
    "safety": "refusal",
    "sensitive": "refusal",  # Z.ai
    "refusal": "refusal",
    "stop_sequence": "stop_sequence",
    "error": "error",  # OpenRouter, beside an error object
    "abort": "error",  # vLLM and SGLang: the request was cancelled under way
    "cancelled": "error",
    "timeout": "error",  # Cohere
    "network_error": "error",  # Z.ai
    "insufficient_system_resource": "error",  # DeepSeek
    "malformed_function_call": "error",  # Google
    "malformed_model_output": "error",  # Bedrock
    "malformed_tool_use": "error",
}


def finish_reason(stop: Stop, *, has_calls: bool, refused: bool = False) -> str:
    """Chat's word. Whether there are calls decides "tool_calls": some sources end such a response with a plain stop.

    stop: a good one (`require_good`). refused: whether the refusal's words were told, which OpenAI ends with "stop".
    """
    word = _FINISH_REASONS[stop.reason]
    if stop.reason == "refusal" and refused:
        return "stop"
    return "tool_calls" if has_calls and word == "stop" else word


def stop_of(word: object, sequence: object, *, has_calls: bool, refused: bool) -> Stop:
    """The hub's Stop for a host's finish_reason. sequence: vLLM's `stop_reason`, the text that matched, if it is one.

    What the response holds decides over the word: calls make it "tools", words of a refusal make it "refusal".
    """
    raw = word if isinstance(word, str) else None if word is None else str(word)
    reason = _REASONS.get((raw or "").lower(), "end")
    if reason == "end":
        if has_calls:
            return Stop("tools", raw)
        if refused:
            return Stop("refusal", raw)
        if isinstance(sequence, str) and sequence and sequence != raw:
            return Stop("stop_sequence", raw, sequence)
    return Stop(reason, raw)


def ended(response: Response) -> Stop:
    """Why `response` stopped. Raises: Fault when it broke off, was never finished, or the model itself went wrong."""
    failed = response.failed
    if failed is not None:
        raise Fault(failed.kind, failed.message, reason=failed.reason)
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
