"""The endpoint that counts a request's tokens (POST /responses/input_tokens), both ways. It never guesses a number.

Source: openai 3.54.0, types/responses/input_token_count_params.py; two recorded answers, 2026-11-21.
"""

import msgspec
import orjson

from fastproxy.errors import Fault
from fastproxy.formats.base import Counting, Encoded
from fastproxy.formats.openai_responses.decode_request import decode_request
from fastproxy.formats.openai_responses.encode_request import encode_request
from fastproxy.formats.openai_responses.reading import parsed
from fastproxy.ir.request import Request

# What the endpoint takes; it refuses any other field of a request, and none of those adds a token.
_COUNTED = frozenset((
    "model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text",
    "conversation", "previous_response_id", "personality", "truncation",
))  # fmt: skip


def encode_count(request: Request) -> Encoded:
    """The body that asks for the count, with the names of what it can't count. Raises: Fault(bad_request)."""
    encoded = encode_request(request)
    body = {key: value for key, value in msgspec.json.decode(encoded.body).items() if key in _COUNTED}
    return Encoded(msgspec.json.encode(body), dropped=encoded.dropped)


def read_count(body: bytes) -> int:
    """The tokens that the upstream counted. Raises: Fault(upstream_garbage)."""
    tokens = parsed(body).get("input_tokens")
    if type(tokens) is not int or tokens < 0:
        raise Fault("upstream_garbage", "the upstream's answer has no count of input tokens")
    return tokens


def write_count(tokens: int) -> bytes:
    """The answer."""
    return orjson.dumps({"object": "response.input_tokens", "input_tokens": tokens})


COUNTING = Counting(
    action="input_tokens",
    decode=decode_request,
    encode=encode_count,
    read=read_count,
    write=write_count,
)
