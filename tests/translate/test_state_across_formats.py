"""What a model proves of its thinking, carried through a client of another format and back, with the real codecs.

The client is played by its own format: it decodes what the relay sends and says it again in its next request.
"""

from itertools import permutations
from typing import Any

import msgspec
import orjson
import pytest

from fastproxy.formats import BY_NAME
from fastproxy.formats.base import EncoderOptions, Format, FormatName
from fastproxy.framing.sse import payloads
from fastproxy.ir.events import BlockEnd, Event, Reasoning, Start, Stop, Text, ToolArgs, ToolStart, Usage
from fastproxy.ir.fold import Block, ReasoningBlock, TextBlock, ToolCall, fold
from fastproxy.ir.request import (
    Message,
    Part,
    ReasoningPart,
    Request,
    Sampling,
    TextPart,
    Thinking,
    Tool,
    ToolCallPart,
    ToolResultPart,
)
from fastproxy.translate.families import family
from fastproxy.translate.memory import Memory
from fastproxy.translate.passes import ForClient
from fastproxy.translate.request import Target, Translated, translate_request
from fastproxy.translate.response import Crossing, pipe_for_translation
from fastproxy.translate.seal import DROPPED, Mint
from support.sse import objects

PAIRS = list(permutations(BY_NAME, 2))
SIGNATURE = "c2lnbmF0dXJlIG9mIHRoZSB2ZW5kb3I="
MODELS: dict[FormatName, str] = {
    "anthropic": "claude-sonnet-4-5",
    "gemini": "gemini-3-pro-preview",
    "openai-responses": "gpt-5.2",
    "openai-chat": "deepseek-reasoner",
}
WITH_STATE = [(client, upstream) for client, upstream in PAIRS if upstream != "openai-chat"]
ARGUMENTS = '{"big":123456789012345678901234567890,"x":1.0}'


class Talk:
    """A conversation of one client with one upstream, turn by turn."""

    def __init__(self, client: FormatName, upstream: FormatName, *, account: str = "a", drops: bool = False) -> None:
        self.client, self.upstream = BY_NAME[client], BY_NAME[upstream]
        self.memory = Memory() if drops else Memory(calls=0)
        self.mint = Mint(upstream, "host", account)
        self.drops = drops  # whether the client forgets what it can't read
        self.messages: list[Message] = [Message("user", (TextPart("go"),))]
        self.details: list[list[dict[str, Any]]] = []  # Chat's reasoning_details of each turn, as they came

    def ask(self) -> Translated:
        asked = Request(
            self.client.name,
            "asked",
            tuple(self.messages),
            tools=(Tool("my.tool", "d", {"type": "object", "properties": {"x": {}}}),),
            stream=True,
            thinking=Thinking("effort", "high", visible=True),
            sampling=Sampling(max_tokens=60_000),
        )
        body = self._with_details(self.client.encode_request(asked).body)
        params = {"model": "asked", "verb": "streamGenerateContent"}
        request = self.client.decode_request(body, params)
        model = MODELS[self.upstream.name]
        return translate_request(request, Target(self.upstream, model, self.mint, family(model)), self.memory)

    def answer(self, told: Translated, events: list[Event]) -> bytes:
        wire = written(self.upstream, events)
        client = ForClient("asked", "ours", 7, self.mint, self.client.spelling, self.memory, told.names, told.customs)
        crossing = Crossing(self.upstream, self.client, client, EncoderOptions(), 1 << 20, 1 << 20)
        pipe = pipe_for_translation(crossing, streamed=True, stream=True)
        out = pipe.feed(wire) + pipe.close()
        assert pipe.ending == "ok"
        self.details.append([] if self.drops else details_of(out))
        parts = [part_of(block) for block in read(self.client, out)]
        if self.drops:
            parts = [part for part in parts if not isinstance(part, ReasoningPart)]
        self.messages.append(Message("assistant", tuple(parts)))
        results = [
            ToolResultPart(part.id, (TextPart("42"),), name=part.name)
            for part in parts
            if isinstance(part, ToolCallPart)
        ]
        self.messages.append(Message("tool", tuple(results)))
        return out

    def _with_details(self, body: bytes) -> bytes:
        """A Chat client that sends back what it can't read: no request encoder of ours does, for other hosts' sake."""
        if self.client.name != "openai-chat":
            return body
        told = orjson.loads(body)
        turns = [message for message in told["messages"] if message["role"] == "assistant"]
        for turn, details in zip(turns, self.details, strict=True):
            if details:
                turn["reasoning_details"] = details
        return orjson.dumps(told)


def details_of(stream: bytes) -> list[dict[str, Any]]:
    deltas = [choice["delta"] for chunk in objects(stream) for choice in chunk.get("choices", ())]
    return [entry for delta in deltas for entry in delta.get("reasoning_details", ())]


def written(format_: Format, events: list[Event]) -> bytes:
    encoder = format_.encoder(EncoderOptions())
    return b"".join(map(encoder.encode, events)) + encoder.close()


def read(format_: Format, stream: bytes) -> tuple[Block, ...]:
    decoder = format_.decoder()
    events = [event for payload in payloads(stream) for event in decoder.decode(payload)]
    return fold([*events, *decoder.close()]).blocks


def part_of(block: Block) -> Part:
    match block:
        case TextBlock(text=text):
            return TextPart(text)
        case ReasoningBlock(text=text, signature=signature, bound=bound):
            return ReasoningPart(text, signature, bound)
        case ToolCall(id=id_, name=name, arguments=arguments):
            return ToolCallPart(id_, name, arguments)
        case _:
            raise AssertionError(block)


def calling(upstream: FormatName, turn: int, name: str) -> list[Event]:
    """A turn of thinking and calling, with the kind of signature that the format's vendor gives."""
    signature = f"{SIGNATURE[:-4]}{turn:04d}"
    if upstream == "gemini":
        thinking: list[Event] = [Reasoning(0, "I think"), BlockEnd(0), Reasoning(1, "", signature, "call"), BlockEnd(1)]
    else:
        thinking = [Reasoning(0, "I think"), Reasoning(0, "", signature), BlockEnd(0), Text(1, "so"), BlockEnd(1)]
    call: list[Event] = [ToolStart(2, f"call_{turn}", name), ToolArgs(2, ARGUMENTS), BlockEnd(2)]
    return [Start("resp_1", "served", 5), *thinking, *call, Usage(3, 0, 0, 2), Stop("tools")]


def upstream_name(told: Translated) -> str:
    return next((new for new, old in told.names.items() if old == "my.tool"), "my.tool")


@pytest.mark.parametrize("drops", [False, True], ids=["keeps", "drops"])
@pytest.mark.parametrize(("client", "upstream"), WITH_STATE)
def test_every_turns_signature_comes_back_to_who_minted_it(
    client: FormatName, upstream: FormatName, drops: bool
) -> None:
    talk = Talk(client, upstream, drops=drops)
    for turn in range(10):
        told = talk.ask()
        assert told.body.count(SIGNATURE[:-4].encode()) == turn
        assert DROPPED not in told.dropped
        out = talk.answer(told, calling(upstream, turn, upstream_name(told)))
        assert SIGNATURE[:-4].encode() not in out


@pytest.mark.parametrize(("client", "upstream"), WITH_STATE)
def test_no_signature_comes_to_another_account(client: FormatName, upstream: FormatName) -> None:
    talk = Talk(client, upstream)
    told = talk.ask()
    talk.answer(told, calling(upstream, 0, upstream_name(told)))
    talk.mint = msgspec.structs.replace(talk.mint, account="b")
    told = talk.ask()
    assert SIGNATURE[:-4].encode() not in told.body
    assert b"fpSeal01" not in told.body
    assert DROPPED in told.dropped


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
def test_a_tools_name_ids_and_arguments_go_there_and_back(client: FormatName, upstream: FormatName) -> None:
    talk = Talk(client, upstream)
    for turn in range(2):
        told = talk.ask()
        talk.answer(told, calling(upstream, turn, upstream_name(told)))
        calls = [part for part in talk.messages[-2].parts if isinstance(part, ToolCallPart)]
        assert [(call.name, call.arguments) for call in calls] == [("my.tool", ARGUMENTS)]
    assert ARGUMENTS.encode() in talk.ask().body or ARGUMENTS.replace('"', '\\"').encode() in talk.ask().body
