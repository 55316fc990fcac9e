"""One JSON request body into typed values, for translation. The diagonal never comes here.

Nested values stay raw text where the hub wants text (tool arguments). Every failure is a `Fault(bad_request)`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from fastproxy.errors import Fault
from fastproxy.jsonedit import require_utf8

T = TypeVar("T")
Raws = Mapping[str, msgspec.Raw]

_ANY = msgspec.json.Decoder()
_LOOK = msgspec.json.Decoder(msgspec.Raw)  # it makes no values, and stops at half a pair
_BACKSLASH = 92
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def parse(decode: Callable[[bytes | msgspec.Raw], T], body: bytes | msgspec.Raw, where: str = "the body") -> T:
    """`decode(body)`: a msgspec decoder's `decode`. Raises: Fault(bad_request) that says where and what."""
    try:
        return decode(body)
    except msgspec.ValidationError as error:
        raise Fault("bad_request", f"{where}: {error}") from None
    except RecursionError:
        raise Fault("bad_request", f"{where} is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Fault("bad_request", f"{where} is not valid JSON: {error}") from None


def without_lone_surrogates(body: bytes) -> bytes:
    r"""`body` with U+FFFD for each escaped half of a surrogate pair: legal JSON that no Unicode text can hold.

    Raises: Fault(bad_request) for a body that is not UTF-8, so that raw values taken from it can be decoded.
    Cost: 40 us for 100 KB, which one look by msgspec takes: it is faster than a search for `\u`. 2 ms to mend them.
    """
    require_utf8(body)
    if _BACKSLASH not in body:
        return body
    try:
        _LOOK.decode(body)
    except (msgspec.DecodeError, RecursionError):  # what is no JSON either is the caller's to refuse
        return _ESCAPE.sub(_mended, body)
    return body


def _mended(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape[1] else escape[0]


def values(raws: Raws, known: frozenset[str]) -> dict[str, Any]:
    """The decoded values of every key that is not `known`."""
    return {key: parse(_ANY.decode, raw, key) for key, raw in raws.items() if key not in known}
