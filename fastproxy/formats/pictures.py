"""Whether what a model's host calls a picture is one that another format's clients can be told.

google-genai refuses a whole answer for one picture whose base64 is none, and openai's types know no odd media type:
what is not plainly a picture is none, and the rest of the answer reaches the client.
"""

import binascii
import re

from fastproxy.ir.events import Picture

_MEDIA_TYPE = re.compile(r"image/[a-z0-9][a-z0-9.+-]{0,63}")


def picture(media_type: object, base64: object) -> tuple[Picture, ...]:
    """The picture; () for what is none. Cost: 1 ms for a megabyte."""
    if not isinstance(media_type, str) or not isinstance(base64, str) or not base64:
        return ()
    if _MEDIA_TYPE.fullmatch(media_type) is None:
        return ()
    try:
        binascii.a2b_base64(base64, strict_mode=True)
    except ValueError:  # of which binascii.Error is one
        return ()
    return (Picture(media_type, base64),)
