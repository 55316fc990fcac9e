"""The OpenAI Responses format."""

import re

from fastproxy.formats.base import Format, SignaturePlace, Spelling
from fastproxy.formats.openai_responses.counting import COUNTING
from fastproxy.formats.openai_responses.decode_request import decode_request
from fastproxy.formats.openai_responses.decode_stream import ResponsesDecoder
from fastproxy.formats.openai_responses.decode_whole import decode_whole
from fastproxy.formats.openai_responses.encode_request import encode_request
from fastproxy.formats.openai_responses.encode_stream import ResponsesStream
from fastproxy.formats.openai_responses.encode_whole import encode_whole
from fastproxy.formats.openai_responses.faults import fault_event
from fastproxy.formats.openai_responses.gather import ResponsesGatherer
from fastproxy.formats.openai_responses.kept import require_portable
from fastproxy.formats.openai_responses.peek import peek
from fastproxy.formats.openai_responses.tap import TAP
from fastproxy.formats.openai_shared import decode_fault, encode_fault
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
    decode_request=decode_request,
    encode_request=encode_request,
    decoder=ResponsesDecoder,
    encoder=ResponsesStream,
    decode_whole=decode_whole,
    encode_whole=encode_whole,
    decode_fault=decode_fault,
    encode_fault=encode_fault,
    fault_event=fault_event,
    require_portable=require_portable,
    keepalive=b": keepalive\n\n",
    json_mode="input",
    # Source: openai 3.54.0, types/responses/function_tool_param.py and response_function_tool_call_param.py.
    spelling=Spelling(name=re.compile(r"[a-zA-Z0-9_-]{1,64}"), id=re.compile(r".{1,64}", re.DOTALL)),
    signatures=SignaturePlace("input", "", ("encrypted_content",)),
    custom_tools=True,
    proven_thoughts=True,  # an item without encrypted content is looked up by its id, and not found
    counting=COUNTING,
    gatherer=ResponsesGatherer,
)
