"""The commonest chunk of a Gemini stream as a type: one candidate's one part of text, and the tokens so far.

Whatever GeminiDecoder would take from a chunk is named here with the values that tell nothing; a key that is missing
here would be passed over in silence. The tokens are not read: every chunk tells them anew, and only the last counts.
Source: recorded streams; google-genai 3.4.0 `types.GenerateContentResponse`; read 2026-11-21.
"""

from typing import Literal

import msgspec


class _Text(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    text: str


class _Content(msgspec.Struct, frozen=True, gc=False):
    parts: tuple[_Text]


class _Candidate(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    content: _Content
    index: Literal[0] | None = 0
    finish_reason: None = None
    grounding_metadata: None = None
    citation_metadata: None = None


class Tokens(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Whether the tokens so far are told; Vertex names none before the last chunk."""

    prompt_token_count: int | None = None


class Piece(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One chunk. Without tokens of whatever kind it may be one of another spelling, which has to be read in full."""

    candidates: tuple[_Candidate]
    usage_metadata: Tokens
    error: None = None
    prompt_feedback: None = None


COUNTS = b"oken"  # in the name of every count, in either spelling
read = msgspec.json.Decoder(Piece).decode
