"""The Anthropic Messages format."""

import re

from fastproxy.formats.anthropic.counting import COUNTING
from fastproxy.formats.anthropic.decode_request import decode_request
from fastproxy.formats.anthropic.decode_stream import AnthropicDecoder
from fastproxy.formats.anthropic.decode_whole import decode_whole
from fastproxy.formats.anthropic.encode_request import encode_request
from fastproxy.formats.anthropic.encode_stream import AnthropicEncoder
from fastproxy.formats.anthropic.encode_whole import encode_whole
from fastproxy.formats.anthropic.faults import decode_fault, encode_fault, fault_event
from fastproxy.formats.anthropic.kept import require_portable
from fastproxy.formats.anthropic.output_schema import is_within_limits
from fastproxy.formats.anthropic.peek import peek
from fastproxy.formats.anthropic.signatures import SIGNATURES
from fastproxy.formats.anthropic.tap import TAP
from fastproxy.formats.base import Format, Spelling
from fastproxy.jsonedit import rename_model

FORMAT = Format(
    name="anthropic",
    paths={"generate": "/v1/messages", "count_tokens": "/v1/messages/count_tokens"},
    tap=TAP,
    peek=peek,
    rename=rename_model,
    decode_request=decode_request,
    encode_request=encode_request,
    decoder=AnthropicDecoder,
    encoder=AnthropicEncoder,
    decode_whole=decode_whole,
    encode_whole=encode_whole,
    decode_fault=decode_fault,
    encode_fault=encode_fault,
    fault_event=fault_event,
    require_portable=require_portable,
    keepalive=b'event: ping\ndata: {"type": "ping"}\n\n',
    spelling=Spelling(name=re.compile(r"[a-zA-Z0-9_-]{1,128}\Z"), id=re.compile(r"[a-zA-Z0-9_-]+\Z")),
    signatures=SIGNATURES,
    proven_thoughts=True,  # "Invalid `signature` in `thinking` block"
    prefills=True,
    holds=is_within_limits,
    counting=COUNTING,
)
