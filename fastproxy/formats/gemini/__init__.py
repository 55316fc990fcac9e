"""The Gemini generateContent format."""

import re

from fastproxy.formats.base import Format, Spelling
from fastproxy.formats.gemini.counting import COUNTING
from fastproxy.formats.gemini.decode_fault import decode_fault
from fastproxy.formats.gemini.decode_request import decode_request
from fastproxy.formats.gemini.decode_stream import GeminiDecoder
from fastproxy.formats.gemini.decode_whole import decode_whole
from fastproxy.formats.gemini.encode_request import encode_request
from fastproxy.formats.gemini.encode_stream import GeminiEncoder
from fastproxy.formats.gemini.encode_whole import encode_whole
from fastproxy.formats.gemini.faults import encode_fault, fault_event
from fastproxy.formats.gemini.kept import require_portable
from fastproxy.formats.gemini.peek import VERBS, peek, rename
from fastproxy.formats.gemini.signatures import SIGNATURES
from fastproxy.formats.gemini.tap import TAP

FORMAT = Format(
    name="gemini",
    paths={
        "generate": "/{version}/models/{model}:{verb}",
        "count_tokens": "/{version}/models/{model}:countTokens",
    },
    tap=TAP,
    peek=peek,
    rename=rename,
    decode_request=decode_request,
    encode_request=encode_request,
    decoder=GeminiDecoder,
    encoder=GeminiEncoder,
    decode_whole=decode_whole,
    encode_whole=encode_whole,
    decode_fault=decode_fault,
    encode_fault=encode_fault,
    fault_event=fault_event,
    require_portable=require_portable,
    keepalive=b"",
    json_mode="plain",
    # Source: google-genai 3.4.0 `types.FunctionDeclaration.name`, read 2026-11-21. Ids are opaque text.
    spelling=Spelling(re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,127}"), re.compile(r".+", re.DOTALL)),
    signatures=SIGNATURES,
    verbs=VERBS,
    answers_values=True,
    counting=COUNTING,
)
