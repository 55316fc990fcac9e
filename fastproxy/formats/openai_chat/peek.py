"""What routing needs of a Chat request. It decodes no message and changes nothing."""

from collections.abc import Mapping

from fastproxy.errors import Fault
from fastproxy.formats.base import Peek
from fastproxy.jsonedit import Fields

SESSION_BYTES = 512  # a longer key is not one; OpenAI's own limit is 64 characters


def peek(body: bytes, params: Mapping[str, str]) -> Peek:  # noqa: ARG001 - this format's path says nothing
    """The model, whether to stream, the conversation's key, and whether a stream is to tell usage.

    Raises: Fault(bad_request).
    """
    fields = Fields(body)
    stream = fields.flag("stream")
    return Peek(
        fields.model(),
        stream,
        session_of(fields, "prompt_cache_key", "user"),
        wants_usage=not stream or _asks_for_usage(fields),
    )


def session_of(fields: Fields, *keys: str) -> str | None:
    """The first of `keys` that holds a short string. A hint: whatever is odd about it means None."""
    for key in keys:
        if not 0 < fields.size_bytes(key) <= SESSION_BYTES:
            continue
        try:
            value = fields.text(key)
        except Fault:
            continue
        if value:
            return value
    return None


def _asks_for_usage(fields: Fields) -> bool:
    options = fields.value("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True
