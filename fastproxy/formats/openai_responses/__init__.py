"""The OpenAI Responses format."""

from fastproxy.formats.base import Format
from fastproxy.formats.openai_chat.faults import fault
from fastproxy.formats.openai_responses.faults import fault_event
from fastproxy.formats.openai_responses.decode_request import decode, peek
from fastproxy.formats.openai_responses.encode_stream import ResponsesStream
from fastproxy.formats.openai_responses.tap import TAP
from fastproxy.formats.openai_responses.encode_whole import whole
from fastproxy.jsonedit import rename_model

FORMAT = Format(
    name="openai-responses",
    paths={
        "generate": "/responses",
        "compact": "/responses/compact",
        "input_tokens": "/responses/input_tokens",
    },
    tap=TAP,
    peek=peek,
    rename=rename_model,
    decode=decode,
    encoder=ResponsesStream,
    whole=whole,
    fault=fault,
    fault_event=fault_event,
    keepalive=b": keepalive\n\n",
)
