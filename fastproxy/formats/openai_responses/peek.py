"""What routing needs of a Responses request. It decodes no item and changes nothing."""

from collections.abc import Mapping

from fastproxy.formats.base import Peek
from fastproxy.formats.openai_shared import session_of
from fastproxy.jsonedit import Fields


def peek(body: bytes, params: Mapping[str, str]) -> Peek:  # noqa: ARG001 - this format's path says nothing
    """The model, whether to stream, and the conversation's key. Raises: Fault(bad_request)."""
    fields = Fields(body)
    return Peek(fields.model(), fields.flag("stream"), session_of(fields, "prompt_cache_key"))
