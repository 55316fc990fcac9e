"""The OpenAI Chat Completions format."""

import re

from fastproxy.formats.base import Format, SignaturePlace, Spelling
from fastproxy.formats.openai_chat.decode_request import decode_request
from fastproxy.formats.openai_chat.decode_stream import ChatDecoder
from fastproxy.formats.openai_chat.decode_whole import decode_whole
from fastproxy.formats.openai_chat.encode_request import encode_request
from fastproxy.formats.openai_chat.encode_stream import ChatStream
from fastproxy.formats.openai_chat.encode_whole import encode_whole
from fastproxy.formats.openai_chat.faults import decode_fault, encode_fault, fault_event
from fastproxy.formats.openai_chat.kept import require_portable
from fastproxy.formats.openai_chat.peek import peek
from fastproxy.formats.openai_chat.tap import TAP
from fastproxy.jsonedit import rename_model

FORMAT = Format(
    name="openai-chat",
    paths={"generate": "/chat/completions"},
    tap=TAP,
    peek=peek,
    rename=rename_model,
    decode_request=decode_request,
    encode_request=encode_request,
    decoder=ChatDecoder,
    encoder=ChatStream,
    decode_whole=decode_whole,
    encode_whole=encode_whole,
    decode_fault=decode_fault,
    encode_fault=encode_fault,
    fault_event=fault_event,
    require_portable=require_portable,
    keepalive=b": keepalive\n\n",
    json_mode="word",
    # Older OpenAI models refuse a longer id ("Expected a string with maximum length 40"), and take any character.
    spelling=Spelling(name=re.compile(r"[a-zA-Z0-9_-]{1,64}"), id=re.compile(r"[!-~]{1,40}")),
    # OpenRouter's field, as other hosts have taken it over; a turn is whole without it.
    signatures=SignaturePlace("messages", "reasoning_details", ("data",), needs_inner=False),
    # OpenAI itself takes them, but serves Responses as well; the other hosts of this format are sent plain functions.
    custom_tools=False,
    # The chunk type knows functions only; the SDK's accumulator raises for anything else (openai 3.54.0, and
    # github.com/openai/openai-openapi/issues/576, read 2026-11-21).
    streams_free_text=False,
)
