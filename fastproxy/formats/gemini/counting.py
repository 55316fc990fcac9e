"""How many tokens a request has, asked and answered in Gemini's words.

Source: google-genai 3.4.0 `types.CountTokensResponse`; ai.google.dev "models.countTokens" (contents alone, or a whole
generateContentRequest that names its model); read 2026-11-21.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from fastproxy.errors import Fault
from fastproxy.formats.base import Counting, Encoded
from fastproxy.formats.body import without_lone_surrogates
from fastproxy.formats.gemini import fields
from fastproxy.formats.gemini.decode_request import decode_fields
from fastproxy.formats.gemini.encode_request import encode_fields
from fastproxy.ir.request import Request

_ASKED_WITH_CONTENTS = ("contents", "systemInstruction", "tools", "toolConfig", "generationConfig")


def decode_counting(body: bytes, params: Mapping[str, str]) -> Request:
    """The request to be counted, in either form. Raises: Fault(bad_request)."""
    decoded = without_lone_surrogates(body)
    top = fields.opened(decoded, "the body")
    asked = fields.inner(top, "generateContentRequest") if "generateContentRequest" in top else top
    return decode_fields(asked, params, fields.AsSent(body, decoded))


def encode_counting(request: Request) -> Encoded:
    """The body for :countTokens: contents alone, and the wrapped form where there is more to count."""
    told, dropped = encode_fields(request)
    counted: dict[str, Any] = {name: told[name] for name in _ASKED_WITH_CONTENTS if name in told}
    if set(counted) <= {"contents", "generationConfig"}:
        return Encoded(msgspec.json.encode({"contents": counted["contents"]}), dropped=tuple(dropped))
    asked = {"model": f"models/{request.model.removeprefix('models/')}", **counted}
    return Encoded(msgspec.json.encode({"generateContentRequest": asked}), dropped=tuple(dropped))


class _Counted(msgspec.Struct, rename="camel"):
    # proto3 leaves out what is 0, but no request has 0 tokens: an answer without the count is not one.
    total_tokens: Annotated[int, msgspec.Meta(ge=1)]


def read_count(body: bytes) -> int:
    """The tokens of an answer. Raises: Fault(upstream_garbage)."""
    try:
        return msgspec.json.decode(body, type=_Counted).total_tokens
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Fault("upstream_garbage", "the upstream's token count can't be read") from None


def write_count(tokens: int) -> bytes:
    """The answer's body."""
    return b'{"totalTokens":%d}' % tokens


COUNTING = Counting(
    action="count_tokens", decode=decode_counting, encode=encode_counting, read=read_count, write=write_count
)
