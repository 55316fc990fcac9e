"""Every block of a request counts, nothing is ever 0, and recorded prompts are met within bounds."""

import base64
from typing import Any, get_args

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.formats import FORMATS
from fastproxy.formats.base import FormatName
from fastproxy.ir.request import (
    Inline,
    Link,
    MediaPart,
    Message,
    OpaquePart,
    Output,
    Part,
    Plain,
    ReasoningPart,
    RefusalPart,
    Request,
    TextPart,
    Tool,
    ToolCallPart,
    ToolResultPart,
)
from fastproxy.translate import estimate as module
from fastproxy.translate.estimate import estimate, of_characters, vocabulary
from support import recordings
from support.exchange import Exchange

TARGETS: tuple[FormatName, ...] = get_args(FormatName)
METHODS = ("characters", "o200k")
PARTS: tuple[Part, ...] = (
    TextPart("some words"),
    RefusalPart("not that"),
    ReasoningPart("let me see"),
    ToolCallPart("c", "look", '{"at":"the sky"}'),
    ToolResultPart("c", (TextPart("blue"),)),
    OpaquePart("anthropic", {"type": "odd", "words": "quite odd"}),
    MediaPart("image", "image/png", Link("https://images.test/a.png")),
    MediaPart("document", "application/pdf", Inline(base64.b64encode(b"%PDF-1.7 ...").decode())),
    MediaPart("document", "text/plain", Plain("a plain text")),
    MediaPart("document", "text/plain", Inline(base64.b64encode(b"a plain text again").decode())),
    MediaPart("audio", "audio/wav", Inline("UklGRg==")),
    MediaPart("video", "video/mp4", Link("https://films.test/a.mp4")),
)


@pytest.fixture(params=METHODS)
def method(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each way to count; the vocabulary is skipped, with that reason, where its package is not installed."""
    if request.param == "characters":
        monkeypatch.setattr(module, "vocabulary", lambda: None)
    else:
        pytest.importorskip("bpe_openai", reason="the extra `tokens` is not installed")
    return str(request.param)


def ask(*parts: Part, **fields: Any) -> Request:
    return Request(**{"format": "anthropic", "model": "m", "messages": (Message("user", parts),)} | fields)


def tokens(request: Request, target: FormatName = "anthropic") -> int:
    return estimate(request, target)[0]


@pytest.mark.parametrize("target", TARGETS)
def test_a_request_is_never_nothing(target: FormatName, method: str):
    assert estimate(ask(messages=()), target) == (1, method)
    assert tokens(ask(), target) >= 1


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("part", PARTS, ids=lambda part: type(part).__name__)
def test_every_part_counts(part: Part, target: FormatName, method: str):
    assert tokens(ask(TextPart("hi"), part), target) > tokens(ask(TextPart("hi")), target)


@pytest.mark.parametrize("part", [TextPart("much more " * 50), PARTS[6], OpaquePart("gemini", {"a": "b" * 200})])
def test_what_is_inside_a_result_counts(part: Any):
    assert tokens(ask(ToolResultPart("c", (part,)))) > tokens(ask(ToolResultPart("c", ()))) + 20


def test_what_stands_around_a_call_and_a_result_counts():
    bare = tokens(ask(ToolCallPart("c", "", ""), ToolResultPart("c", ())))
    assert bare == tokens(ask()) + 60


def test_tools_and_their_descriptions_and_schemas_count(method: str):
    bare, described = Tool("look"), Tool("look", "Looks at the sky and says its colour")
    schema = {"type": "object", "properties": {"place": {"type": "string", "description": "Where to look"}}}
    counts = [
        tokens(ask(TextPart("hi"), tools=told))
        for told in ((), (bare,), (described,), (msgspec.structs.replace(described, schema=schema),))
    ]
    assert counts == sorted(set(counts))


def test_a_server_tool_and_a_demanded_schema_count():
    assert tokens(ask(extras={"tools": [{"type": "web_search_20250305"}]})) > tokens(ask()) + 500
    assert tokens(ask(output=Output("schema", schema={"type": "object"}))) > tokens(ask()) + 100


def test_a_signature_counts_where_it_seals_more_than_the_text_shows():
    assert tokens(ask(ReasoningPart("", "x" * 1400))) == tokens(ask(ReasoningPart(""))) + 200
    assert tokens(ask(ReasoningPart("so " * 500, "x" * 1400))) == tokens(ask(ReasoningPart("so " * 500)))


def test_a_pdf_counts_by_the_pages_that_it_shows():
    def pdf(pages: int) -> MediaPart:
        data = b"%PDF-1.7 /Type /Pages " + b"<< /Type /Page >> " * pages
        return MediaPart("document", "application/pdf", Inline(base64.b64encode(data).decode()))

    assert tokens(ask(pdf(3))) - tokens(ask(pdf(1))) == 2 * 1600


def test_a_wav_counts_by_its_own_rate():
    head = bytearray(base64.b64decode("UklGRg==") + bytes(40))
    head[28:32] = (1000).to_bytes(4, "little")
    sound = MediaPart("audio", "audio/wav", Inline(base64.b64encode(bytes(head) + bytes(10_000)).decode()))
    assert tokens(ask(sound)) - tokens(ask()) == 32 * 10


def test_numbers_of_any_size_and_lone_surrogates_are_counted(method: str):
    odd = Tool("t", schema={"maximum": 1 << 80})
    assert tokens(ask(TextPart("\ud800 alone"), tools=(odd,))) > 1


@given(st.text(), st.text())
def test_more_text_is_never_fewer_tokens(text: str, more: str):
    assert of_characters(text) <= of_characters(text + more)
    assert of_characters(text + "x") > 0


@pytest.mark.parametrize(
    ("text", "least", "most"), [("words and more words " * 20, 80, 130), ("天地玄黄宇宙洪荒" * 20, 120, 180)]
)
def test_the_rule_without_a_vocabulary_knows_wide_letters(text: str, least: int, most: int):
    assert least <= of_characters(text) <= most


def test_the_vocabulary_counts_marks_of_its_own_as_plain_text():
    pytest.importorskip("bpe_openai", reason="the extra `tokens` is not installed")
    count = vocabulary()
    assert count is not None
    assert (count(""), count("hello world")) == (0, 2)
    assert count("<|endoftext|>") > 1


# Recorded prompts. What the upstream adds by itself (server tools, a stored conversation, a login's own instructions)
# and what the request only links to can't be seen in a request.
FEWEST_TOKENS = 200
FACTOR = 2.0
UNSEEN = ("ccp-codex", "file-search", "compact", "multimodal", "url-", "crusoe", "ollama", "huggingface")


def told_input(answer: Any) -> int:
    """The prompt's tokens by a usage object of any format, or 0."""
    if isinstance(answer, list):
        return max(map(told_input, answer), default=0)
    if not isinstance(answer, dict):
        return 0
    usage = answer.get("usage") or answer.get("usageMetadata") or answer
    for key in ("prompt_tokens", "promptTokenCount", "input_tokens", "totalTokens"):
        if isinstance(usage.get(key), int):
            cached = (usage.get(name) or 0 for name in ("cache_read_input_tokens", "cache_creation_input_tokens"))
            return int(usage[key]) + sum(cached)
    return max(told_input(answer.get("message")), told_input(answer.get("response")))


def payloads(answer: bytes, *, streamed: bool) -> list[Any]:
    if not streamed:
        return [orjson.loads(answer)]
    lines = (line.removeprefix("data:").strip() for line in answer.decode().splitlines() if line.startswith("data:"))
    return [orjson.loads(line) for line in lines if line.startswith("{")]


def real_tokens(exchange: Exchange) -> int:
    return max(map(told_input, payloads(exchange.answer, streamed=exchange.streamed)), default=0)


def comparable() -> list[Any]:
    """Recordings whose whole prompt is known, and what it was billed; the skipped parameter when there are none."""
    names = recordings.parameters()
    if not isinstance(names[0], str):
        return names
    seen = [recordings.load(name) for name in names if not any(word in name for word in UNSEEN)]
    whole = [
        exchange
        for exchange in seen
        if exchange.status == 200 and "server-tools" not in exchange.shows and b"recorded-model" not in exchange.body
    ]
    return [exchange for exchange in whole if real_tokens(exchange) >= FEWEST_TOKENS]


@pytest.mark.parametrize("exchange", comparable(), ids=lambda exchange: getattr(exchange, "name", "absent"))
def test_recorded_prompts_are_met_within_a_factor(exchange: Exchange, method: str):
    format_ = next(row for row in FORMATS if row.name == exchange.format)
    request = format_.decode_request(exchange.body, {"model": "m", "verb": "generateContent"})
    guess, _ = estimate(request, exchange.format)
    assert real_tokens(exchange) / FACTOR <= guess <= real_tokens(exchange) * FACTOR


def test_a_text_without_a_break_is_counted_as_well(method: str) -> None:
    tokens, _ = estimate(Request("anthropic", "m", (Message("user", (TextPart("[" * 1_000_000),)),)), "openai-chat")
    assert tokens > 10_000
