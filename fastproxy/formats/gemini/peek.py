"""What routing needs of a Gemini request, which is mostly in its path. `decode_request.py` has the whole of it."""

from collections.abc import Mapping

from fastproxy.formats.base import Peek, Verbs
from fastproxy.jsonedit import Fields

VERBS = Verbs("generateContent", "streamGenerateContent", b"alt=sse")
_PREFIX = "models/"


def peek(body: bytes, params: Mapping[str, str]) -> Peek:
    """The model and the verb of the path. Raises: Fault(bad_request) unless the body is one JSON object."""
    Fields(body)
    return Peek(params["model"], params["verb"] == VERBS.stream)


def rename(body: bytes, model: str) -> bytes:
    """`body` as it came, or, where it repeats the model ("models/NAME" or "NAME"), with that replaced."""
    fields = Fields(body)
    if "model" not in fields:
        return body
    named = fields.text("model") or ""
    return fields.replace("model", _PREFIX + model if named.startswith(_PREFIX) else model)
