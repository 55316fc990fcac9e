"""Laws of translated requests, for every cell: nothing but a Fault is ever raised, and there and back asks the same.

Over the requests of our own fixtures, also with values of another type anywhere in them.
"""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.formats import BY_NAME
from fastproxy.formats.body import without_lone_surrogates
from fastproxy.ir.request import Request, ToolCallPart, ToolResultPart
from fastproxy.translate.families import family
from fastproxy.translate.memory import Memory
from fastproxy.translate.request import Target, Translated, translate_request
from fastproxy.translate.seal import Mint
from support import asked, fixtures
from support.exchange import FORMATS, Format
from support.odd_values import odd_values, paths, replaced

FOLDERS: dict[str, Format] = {
    "anthropic": "anthropic",
    "gemini": "gemini",
    "openai_chat": "openai-chat",
    "openai_responses": "openai-responses",
}
BIG = 123456789012345678901234567890
PARAMETERS = {"model": "lab-1", "verb": "generateContent"}
MODELS: dict[Format, str] = {
    "openai-chat": "gpt-4.1",
    "openai-responses": "gpt-4.1",
    "anthropic": "claude-sonnet-4-5",
    "gemini": "gemini-2.5-flash",
}
NEWEST: dict[Format, str] = {
    "openai-chat": "gpt-6-astra",
    "openai-responses": "gpt-5.6",
    "anthropic": "claude-sonnet-5-5",
    "gemini": "gemini-3-pro",
}


def requests() -> dict[str, tuple[Format, bytes]]:
    """The requests of our fixtures by name: each format's own, and those that generate of the exchanges."""
    found: dict[str, tuple[Format, bytes]] = {}
    for folder, format_ in FOLDERS.items():
        for path in sorted((Path(__file__).parents[1] / "fixtures" / folder).glob("request-*.json")):
            found[f"{folder}-{path.stem}"] = (format_, path.read_bytes())
    for exchange in map(fixtures.load, fixtures.names()):
        if "tool" in exchange.name or "odd" in exchange.name or "thinking" in exchange.name:
            found[exchange.name] = (exchange.format, exchange.body)
    return found


REQUESTS = requests()
CASES = [
    pytest.param(format_, target, body, id=f"{name}-{target}")
    for name, (format_, body) in REQUESTS.items()
    for target in FORMATS
    if target != format_
]
every_case = pytest.mark.parametrize(("source", "target", "body"), CASES)


def translated(request: Request, target: Format, model: str) -> Translated:
    mint = Mint(target, "lab", "account-1")
    return translate_request(request, Target(BY_NAME[target], model, mint, family(model)), Memory())


def decoded(format_: Format, body: bytes) -> Request:
    return BY_NAME[format_].decode_request(body, PARAMETERS)


@every_case
def test_a_request_asks_the_same_in_every_other_format(source: Format, target: Format, body: bytes) -> None:
    request = decoded(source, body)
    sent = translated(request, target, MODELS[target])
    arrived = decoded(target, sent.body)
    openai = {source, target} == {"openai-chat", "openai-responses"}
    gone = asked.lost(request, arrived, sent)
    assert [loss for loss in gone if not (openai and loss.startswith("extra"))] == []


@every_case
def test_there_and_back_keeps_what_both_formats_can_say(source: Format, target: Format, body: bytes) -> None:
    request = decoded(source, body)
    there = translated(request, target, MODELS[target])
    back = translated(decoded(target, there.body), source, MODELS[source])
    told = msgspec.structs.replace(there, dropped=(*there.dropped, *back.dropped, *request.extras))
    gone = asked.lost(request, decoded(source, back.body), told)
    assert gone == []


@every_case
def test_the_same_request_is_always_the_same_bytes(source: Format, target: Format, body: bytes) -> None:
    """A prompt cache is read only where nothing changed, to the byte."""
    first = translated(decoded(source, body), target, MODELS[target])
    assert msgspec.structs.asdict(translated(decoded(source, body), target, MODELS[target])) == msgspec.structs.asdict(
        first
    )


@every_case
@settings(max_examples=50, deadline=None)
@given(path=paths, odd=odd_values | st.just(BIG), newest=st.booleans())
def test_a_value_of_another_type_raises_nothing_but_a_fault(
    source: Format, target: Format, body: bytes, path: list[int], odd: Any, newest: bool
) -> None:
    changed = msgspec.json.encode(replaced(msgspec.json.decode(without_lone_surrogates(body)), path, odd))
    try:
        sent = translated(decoded(source, changed), target, (NEWEST if newest else MODELS)[target])
    except Fault as fault:
        assert fault.kind == "bad_request"  # noqa: PT017 - most such bodies are taken, and some are refused
        return
    arrived = decoded(target, sent.body)
    calls = [part.id for m in arrived.messages for part in m.parts if isinstance(part, ToolCallPart)]
    results = [part.id for m in arrived.messages for part in m.parts if isinstance(part, ToolResultPart)]
    assert sorted(set(calls)) == sorted(set(results)), "a call without a result, or a result without a call"


@every_case
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_changed_bytes_raise_nothing_but_a_fault(
    source: Format, target: Format, body: bytes, data: st.DataObject
) -> None:
    changed = bytearray(body)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(changed) - 1))
        changed[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        translated(decoded(source, bytes(changed)), target, MODELS[target])
    except Fault as fault:
        assert fault.kind == "bad_request"  # noqa: PT017 - as above
