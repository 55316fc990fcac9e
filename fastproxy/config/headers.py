"""What is wrong with the name of a header that somebody configured. Pure text; a value is none of its business."""

import re

from fastproxy.providers.shape import CREDENTIALS, HOP_BY_HOP

_NAME = re.compile(rb"[a-z0-9!#$%&'*+.^_`|~-]+")
_NOT_CONFIGURED = CREDENTIALS | HOP_BY_HOP | {b"host", b"content-length", b"accept-encoding"}


def header_problem(name: str) -> str | None:
    """One sentence, or None. Credentials, framing and the host have one place each, and none of them is here."""
    lower = name.lower().encode()
    if lower in _NOT_CONFIGURED or _NAME.fullmatch(lower) is None:
        return f"{name!r} can't be set here; a credential goes into api_key"
    return None
