"""How many tokens a request has, guessed without asking anybody: for upstreams that have no way to count.

Counts every block: text, thoughts, calls, results, schemas, pictures, documents, sound. Must never download anything,
give 0 for a request that says something, or be taken for a bill: callers mark it as an estimate.
Measured against recorded usage in docs/decisions/006-token-estimates.md.
"""

import importlib
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import msgspec
import orjson

from fastproxy.formats.base import FormatName
from fastproxy.ir.request import (
    Inline,
    MediaPart,
    Message,
    OpaquePart,
    Part,
    Plain,
    ReasoningPart,
    RefusalPart,
    Request,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from fastproxy.translate.images import UNKNOWN_SIZE, decoded, size_of, tokens_of

Count = Callable[[str], int]

VOCABULARY = "o200k"
CHARACTERS = "characters"

PIECE_CHARACTERS = 100_000
ASCII_PER_TOKEN = 4.0
WIDE_BYTES_PER_TOKEN = 3.5  # UTF-8 bytes of everything else: a Chinese character is 3, a Cyrillic letter 2

SIGNATURE_PER_TOKEN = 7  # characters of base64; 1408 of them made 200 tokens in a recorded prompt

PAGE_BYTES = 100_000  # of a document that does not show its pages
LINKED_PAGES = 4
SOUND_TOKENS_PER_SECOND = 32
SOUND_BYTES_PER_SECOND = 16_000  # 128 kbit
FILM_TOKENS_PER_SECOND = 290
FILM_BYTES_PER_SECOND = 250_000
LINKED_SECONDS = 60


class Rule(msgspec.Struct, frozen=True):
    """What a vendor makes of a prompt, in tokens. All but the two scales: what it adds, in tokens.

    text_scale: its tokens for one of the vocabulary's. schema_scale: the same of a JSON schema, which vendors rewrite
    in words of their own. tools: once, when there are any. shape: when the answer must fit a schema.
    """

    text_scale: float
    schema_scale: float
    turn: int
    call: int
    tool: int
    tools: int
    server_tool: int
    shape: int
    page: int


_OPENAI = Rule(1.0, 0.7, turn=4, call=8, tool=6, tools=12, server_tool=200, shape=20, page=600)
RULES: dict[FormatName, Rule] = {
    "anthropic": Rule(1.15, 1.15, turn=5, call=30, tool=30, tools=360, server_tool=700, shape=150, page=1600),
    "openai-chat": _OPENAI,
    "openai-responses": _OPENAI,
    "gemini": Rule(1.0, 0.4, turn=1, call=6, tool=2, tools=0, server_tool=0, shape=0, page=258),
}

_PAGE = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")
_RIFF = "UklGR"  # "RIFF" in base64


def estimate(request: Request, target: FormatName) -> tuple[int, str]:
    """Tokens of the prompt as `target` would count them, at least 1, and the name of the method for a header.

    Method: "o200k" with the optional package bpe-openai, else "characters".
    Cost: the first call with the package takes a second and 140 MB, so make it off the event loop; then 28 ns a
    character. Without it below 2 ns a character.
    """
    count = vocabulary()
    method = CHARACTERS if count is None else VOCABULARY
    count = count or of_characters
    rule = RULES[target]
    said = sum(count(piece) for piece in _texts(request)) * rule.text_scale
    described = sum(count(piece) for piece in _schemas(request)) * rule.schema_scale
    media = sum(_media_tokens(part, target, count) for part in _media(request))
    thoughts = sum(_thought_tokens(part, count) for part in _parts(request.messages) if isinstance(part, ReasoningPart))
    return max(1, round(said + described) + media + thoughts + _frame_tokens(request, rule)), method


def _frame_tokens(request: Request, rule: Rule) -> int:
    """What stands around and between the words."""
    server_tools = request.extras.get("tools")
    served = len(server_tools) if isinstance(server_tools, list) else 0
    calls = sum(isinstance(part, ToolCallPart | ToolResultPart) for part in _parts(request.messages))
    return (
        rule.turn * len(request.messages)
        + rule.call * calls
        + rule.tool * len(request.tools)
        + (rule.tools if request.tools or served else 0)
        + rule.server_tool * served
        + (rule.shape if request.output.kind == "schema" else 0)
    )


@cache
def vocabulary() -> Count | None:
    """Counts a text with OpenAI's o200k vocabulary, which the package brings along; None where it is not installed."""
    try:
        encode = importlib.import_module("bpe_openai").get_encoding("o200k_base").encode_ordinary
    except ImportError:
        return None
    return lambda text: sum(len(encode(piece)) for piece in _pieces(text.encode("utf-8", "replace").decode()))


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces that the vocabulary takes: it refuses a word of more than 200,000 tokens."""
    return (text[at : at + PIECE_CHARACTERS] for at in range(0, len(text), PIECE_CHARACTERS))


def of_characters(text: str) -> int:
    """Tokens of a text by its length alone: 4 ASCII characters each, or 3.5 bytes of any others."""
    if text.isascii():
        return -int(-len(text) // ASCII_PER_TOKEN)
    plain = len(text.encode("ascii", "ignore"))
    wide_bytes = len(text.encode("utf-8", "replace")) - plain
    return -int(-(plain / ASCII_PER_TOKEN + wide_bytes / WIDE_BYTES_PER_TOKEN) // 1)


def _parts(messages: tuple[Message, ...]) -> Iterator[Part]:
    """Every part, and the parts of results."""
    for message in messages:
        for part in message.parts:
            yield part
            if isinstance(part, ToolResultPart):
                yield from part.content


def _media(request: Request) -> Iterator[MediaPart]:
    return (part for part in _parts(request.messages) if isinstance(part, MediaPart))


def _texts(request: Request) -> Iterator[str]:
    for part in _parts(request.messages):
        yield from _TEXTS[type(part)](part)
    for tool in request.tools:
        yield tool.name
        yield tool.description


def _schemas(request: Request) -> Iterator[str]:
    described = [request.output.schema, request.extras.get("tools")]
    described += [value for tool in request.tools for value in (tool.schema, tool.grammar)]
    return (_json(value) for value in described if value is not None)


_TEXTS: dict[type[Part], Callable[[Any], tuple[str, ...]]] = {
    TextPart: lambda part: (part.text,),
    RefusalPart: lambda part: (part.text,),
    ReasoningPart: lambda _part: (),  # see _thought_tokens
    MediaPart: lambda part: (part.name,),
    ToolCallPart: lambda part: (part.name, part.arguments),
    ToolResultPart: lambda part: (part.name,),
    OpaquePart: lambda part: (_json(part.data),),
}


def _json(value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # an integer of more than 64 bits
        return msgspec.json.encode(value).decode()


def _thought_tokens(part: ReasoningPart, count: Count) -> int:
    """Its text, or what its signature seals beyond that: vendors bill the thinking itself."""
    return max(count(part.text), len(part.signature or "") // SIGNATURE_PER_TOKEN)


def _media_tokens(part: MediaPart, target: FormatName, count: Count) -> int:
    if isinstance(part.source, Plain):
        return count(part.source.text)
    base64 = part.source.base64 if isinstance(part.source, Inline) else ""
    size_bytes = len(base64) * 3 // 4
    match part.kind:
        case "image":
            return tokens_of(size_of(base64) if base64 else UNKNOWN_SIZE, target, part.detail)
        case "document" if part.media_type.startswith("text/") and base64:
            return int(size_bytes / ASCII_PER_TOKEN)
        case "document":
            return RULES[target].page * _pages(base64)
        case "audio":
            return SOUND_TOKENS_PER_SECOND * _seconds(size_bytes, _bytes_per_second(base64))
        case "video":
            return FILM_TOKENS_PER_SECOND * _seconds(size_bytes, FILM_BYTES_PER_SECOND)


def _pages(base64: str) -> int:
    """Pages that a PDF shows; by its size when it hides them in packed objects."""
    if not base64:
        return LINKED_PAGES
    return len(_PAGE.findall(decoded(base64))) or 1 + len(base64) * 3 // 4 // PAGE_BYTES


def _bytes_per_second(base64: str) -> int:
    """Of a WAV, which says so in its head (bytes 28 to 31, little-endian); of other sound, the usual."""
    told = int.from_bytes(decoded(base64[:44])[28:32], "little") if base64.startswith(_RIFF) else 0
    return told or SOUND_BYTES_PER_SECOND


def _seconds(size_bytes: int, bytes_per_second: int) -> int:
    return max(1, size_bytes // bytes_per_second) if size_bytes else LINKED_SECONDS
