"""The commonest chunk of a Chat stream as a type: one choice that tells a piece of text and nothing else.

Whatever ChatDecoder would take from a chunk is named here with the values that tell nothing; a key that is missing here
would be passed over in silence.
Source: openai 3.54.0, types/chat/chat_completion_chunk.py; recorded streams of nine hosts; 2026-11-21.
"""

from typing import Literal

import msgspec

from fastproxy.formats.shapes import Silent

_NoEntries = tuple[()] | None


class Delta(msgspec.Struct, frozen=True, gc=False):
    """What it tells. Many hosts repeat the role in every chunk, and say of much else that there is none."""

    content: str
    refusal: Silent = None
    reasoning: Silent = None
    reasoning_content: Silent = None
    reasoning_text: Silent = None
    reasoning_opaque: Silent = None
    reasoning_details: _NoEntries = None
    annotations: _NoEntries = None
    images: _NoEntries = None
    tool_calls: _NoEntries = None
    function_call: None = None
    extra_content: None = None
    audio: None = None


class _Choice(msgspec.Struct, frozen=True, gc=False):
    delta: Delta
    index: Literal[0] | None = 0
    finish_reason: Silent = None


class _Chunk(msgspec.Struct, frozen=True, gc=False):
    choices: tuple[_Choice]
    usage: None = None
    error: None = None
    x_groq: None = None


read = msgspec.json.Decoder(_Chunk).decode
