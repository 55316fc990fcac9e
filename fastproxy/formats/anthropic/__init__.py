"""The Anthropic Messages format."""

from fastproxy.formats.anthropic.faults import fault, fault_event
from fastproxy.formats.anthropic.decode_request import decode, peek
from fastproxy.formats.anthropic.encode_stream import AnthropicEncoder
from fastproxy.formats.anthropic.tap import TAP
from fastproxy.formats.anthropic.encode_whole import whole
from fastproxy.formats.base import Format
from fastproxy.jsonedit import rename_model

FORMAT = Format(
    name="anthropic",
    paths={"generate": "/v1/messages", "count_tokens": "/v1/messages/count_tokens"},
    tap=TAP,
    peek=peek,
    rename=rename_model,
    decode=decode,
    encoder=AnthropicEncoder,
    whole=whole,
    fault=fault,
    fault_event=fault_event,
    keepalive=b'event: ping\ndata: {"type": "ping"}\n\n',
)
