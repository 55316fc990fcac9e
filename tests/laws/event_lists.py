"""Hypothesis strategies: every legal order of events (fastproxy/ir/events.py), interleaved blocks included."""

import base64

import orjson
from hypothesis import strategies as st

from fastproxy.ir.events import (
    BlockEnd,
    Event,
    Opaque,
    Reasoning,
    Start,
    Stop,
    Text,
    ToolArgs,
    ToolStart,
    Usage,
)

_tokens = st.none() | st.integers(0, 10**9)
_words = st.text(max_size=12) | st.sampled_from(["\u2028", '"\\', "\r\n\r\n", "data: x\n\n", "\N{SEE-NO-EVIL MONKEY}"])
_ids = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-", max_size=8)
_signatures = st.none() | st.binary(min_size=1, max_size=6).map(lambda raw: base64.b64encode(raw).decode())
_json = st.dictionaries(
    _words,
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63) | _words,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=3),
        max_leaves=4,
    ),
    max_size=3,
)

starts = st.builds(
    Start,
    id=_ids,
    model=st.text("abcdefghijklmnopqrstuvwxyz-.0123456789", max_size=9),
    created_at=st.integers(0, 2**31),
)
usages = st.builds(
    Usage,
    input_tokens=_tokens,
    cached_tokens=_tokens,
    cache_written_tokens=_tokens,
    output_tokens=_tokens,
    reasoning_tokens=_tokens,
)
arguments = st.one_of(
    st.just(""),
    st.builds(lambda value: orjson.dumps(value).decode(), _json),
    st.builds(lambda value: orjson.dumps(value, option=orjson.OPT_INDENT_2).decode(), _json),
    st.sampled_from(['{"a":1.0, "a":2}', '{"big":123456789012345678901234567890}', '{"half":"\\ud83d"}', " {} "]),
)
opaques = st.sampled_from(
    [
        Opaque("anthropic", "content_block", b'{"type":"redacted_thinking","data":"eA=="}'),
        Opaque("anthropic", "an event of tomorrow", b"{}"),
        Opaque("gemini", "part", b'{"executableCode":{"language":"PYTHON","code":"1"}}'),
        Opaque("openai-chat", "annotations", b"[]"),
    ]
)


@st.composite
def _pieces(draw: st.DrawFn, text: str) -> list[str]:
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@st.composite
def _block(draw: st.DrawFn, number: int) -> list[Event]:
    match draw(st.sampled_from(["text", "reasoning", "tool"])):
        case "text":
            return [Text(number, piece) for piece in draw(st.lists(_words, min_size=1, max_size=3))]
        case "reasoning":
            pieces = draw(st.lists(_words, min_size=1, max_size=3))
            signatures = [*(None for _ in pieces[1:]), draw(_signatures)]
            return [Reasoning(number, *pair) for pair in zip(pieces, signatures, strict=True)]
        case _:
            pieces = draw(arguments.flatmap(_pieces))
            start = ToolStart(number, draw(_ids), draw(st.text("abc_", min_size=1, max_size=5)))
            return [start, *(ToolArgs(number, piece) for piece in pieces)]


@st.composite
def contents(draw: st.DrawFn) -> list[Event]:
    """Blocks in any interleaving, each ended, opaque events in between."""
    count = draw(st.integers(0, 4))
    events: list[Event] = []
    unopened = list(range(count))
    running: list[list[Event]] = []
    while unopened or running:
        if draw(st.integers(0, 9)) == 0:
            events.append(draw(opaques))
        if unopened and (not running or draw(st.booleans())):
            number = unopened.pop(0)
            running.append([*draw(_block(number)), BlockEnd(number)])
            events.append(running[-1].pop(0))
        else:
            block = draw(st.sampled_from(running))
            events.append(block.pop(0))
            running = [left for left in running if left]
    return events


stops = st.builds(
    Stop,
    reason=st.sampled_from(["end", "tools", "length", "stop_sequence", "refusal", "pause"]),
    raw=st.none() | st.sampled_from(["end_turn", "STOP", "stop", "model_context_window_exceeded", "RECITATION"]),
    sequence=st.none() | _words,
)


@st.composite
def responses(draw: st.DrawFn) -> list[Event]:
    """A response that ended well: Start, contents, Usage*, Stop; usage may also be told on the way, as some do."""
    early = draw(st.lists(usages, max_size=1))
    late = draw(st.lists(usages, max_size=2))
    return [draw(starts), *early, *draw(contents()), *late, draw(stops)]
