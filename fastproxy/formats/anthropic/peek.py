"""What routing needs of an Anthropic request. Never decodes a message: `decode_request.py` has the whole of it."""

from collections.abc import Mapping

import msgspec

from fastproxy.formats.base import Peek
from fastproxy.jsonedit import Fields

SESSION_BYTES = 4096  # a larger `metadata` is not looked into


class _UserId(msgspec.Struct):
    session_id: str


class _Metadata(msgspec.Struct):
    user_id: str


_USER_ID = msgspec.json.Decoder(_UserId)


def peek(body: bytes, params: Mapping[str, str]) -> Peek:  # noqa: ARG001 - this format's path says nothing
    """The model, which must be told, whether to stream, and Claude Code's session id where there is one.

    Raises: Fault(bad_request).
    """
    fields = Fields(body)
    return Peek(fields.model(), fields.flag("stream"), _session(fields))


def _session(fields: Fields) -> str | None:
    """`session_id` of the JSON text in `metadata.user_id`. A hint: whatever is odd about it means None."""
    if not 0 < fields.size_bytes("metadata") <= SESSION_BYTES:
        return None
    try:
        user_id = msgspec.convert(fields.value("metadata"), _Metadata).user_id
        return _USER_ID.decode(user_id).session_id or None
    except msgspec.MsgspecError:
        return None
