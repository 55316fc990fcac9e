"""A tool call's argument text where a format wants a JSON object. Never parsed into values, never re-serialised.

Models say null for tools without parameters. Source: github.com/NVIDIA/TensorRT-LLM/pull/17575, read 2026-11-21.
"""

from fastproxy.errors import Fault
from fastproxy.jsonedit import Fields

_NO_ARGUMENTS = ("", "null")
# Raw line ends in JSON are white space between tokens (inside a string they must be escaped), so on one line the text
# still says the same; an SSE data line would be torn by them.
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")


def arguments_object(arguments: str) -> bytes | None:
    """The text byte for byte, on one line; `{}` for none at all, or null; None when it is not one JSON object.

    A call that a token limit cut in half is the usual reason for None.
    """
    text = arguments.strip()
    if text in _NO_ARGUMENTS:
        return b"{}"
    raw = text.encode()
    try:
        Fields(raw)
    except Fault:
        return None
    return raw.translate(_ONE_LINE)
