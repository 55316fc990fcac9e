"""The OpenAI Chat Completions format."""

from fastproxy.formats.base import Format
from fastproxy.formats.openai_chat.faults import fault, fault_event
from fastproxy.formats.openai_chat.decode_request import decode, peek
from fastproxy.formats.openai_chat.encode_stream import ChatStream
from fastproxy.formats.openai_chat.tap import TAP
from fastproxy.formats.openai_chat.encode_whole import whole
from fastproxy.jsonedit import rename_model

FORMAT = Format(
    name="openai-chat",
    paths={"generate": "/chat/completions"},
    tap=TAP,
    peek=peek,
    rename=rename_model,
    decode=decode,
    encoder=ChatStream,
    whole=whole,
    fault=fault,
    fault_event=fault_event,
    keepalive=b": keepalive\n\n",
)
