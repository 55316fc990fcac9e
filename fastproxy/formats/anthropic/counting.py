"""Anthropic's own way to count the tokens of a request. Never counts by itself.

Source: anthropic 2.12.0 `types/message_count_tokens_params.py`, `types/message_tokens_count.py`, read 2026-11-21.
"""

from typing import Annotated

import msgspec
import orjson

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.decode_request import decode_request
from fastproxy.formats.anthropic.encode_request import encode_some
from fastproxy.formats.base import Counting, Encoded
from fastproxy.ir.request import Request

# What the endpoint takes; anything else ("max_tokens" too) it refuses.
_FIELDS = frozenset((
    "cache_control", "messages", "model", "output_config", "speed", "system", "thinking", "tool_choice", "tools",
))  # fmt: skip


class _Count(msgspec.Struct):
    input_tokens: Annotated[int, msgspec.Meta(ge=0)]


_COUNT = msgspec.json.Decoder(_Count)


def encode(request: Request) -> Encoded:
    """The body of POST /v1/messages/count_tokens. Raises: Fault(bad_request)."""
    return encode_some(request, _FIELDS)


def read(body: bytes) -> int:
    """The tokens that the answer tells. Raises: Fault(upstream_garbage)."""
    try:
        return _COUNT.decode(body).input_tokens
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Fault("upstream_garbage", "the upstream did not say how many tokens there are") from None


def write(tokens: int) -> bytes:
    """The answer that tells `tokens`."""
    return orjson.dumps({"input_tokens": tokens})


COUNTING = Counting(action="count_tokens", decode=decode_request, encode=encode, read=read, write=write)
