"""The Gemini generateContent format."""

from fastproxy.formats.base import Format
from fastproxy.formats.gemini.decode_request import decode
from fastproxy.formats.gemini.faults import fault, fault_event
from fastproxy.formats.gemini.peek import peek, rename
from fastproxy.formats.gemini.encode_stream import GeminiEncoder
from fastproxy.formats.gemini.tap import TAP
from fastproxy.formats.gemini.encode_whole import whole

FORMAT = Format(
    name="gemini",
    paths={
        "generate": "/{version}/models/{model}:{verb}",
        "count_tokens": "/{version}/models/{model}:countTokens",
    },
    tap=TAP,
    peek=peek,
    rename=rename,
    decode=decode,
    encoder=GeminiEncoder,
    whole=whole,
    fault=fault,
    fault_event=fault_event,
    keepalive=b"",
)
