"""What the official SDKs do beyond plain requests, in every cell: answers parsed into types, tools run by an SDK."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import anthropic
import orjson
import pytest
from google.genai import types
from pydantic import BaseModel

from support import steps
from support.arrived import pieces
from support.exchange import FORMATS, Format
from support.four_hosts import CELLS, model
from support.live_sdks import anthropic_client, genai_client, openai_client
from support.relay import Relay
from support.steps import Call, Step
from support.upstream import Upstream

every_cell = pytest.mark.parametrize(("client", "host"), CELLS)
ASKED: Any = [{"role": "user", "content": "Where is the lighthouse?"}]


class Kind(Enum):
    LAMP = "lamp"
    PIER = "pier"


class Place(BaseModel):
    """Nested, so that the schemas that the SDKs write of it have definitions and references."""

    name: str
    kind: Kind
    near: list["Place"]


PLACE = Place(name="Café", kind=Kind.LAMP, near=[Place(name="Pier", kind=Kind.PIER, near=[])])


def _chat(url: str, asked: str) -> Any:
    with openai_client(url) as client:
        completion = client.chat.completions.parse(model=asked, messages=ASKED, response_format=Place)
        return completion.choices[0].message.parsed


def _responses(url: str, asked: str) -> Any:
    with openai_client(url) as client, client.responses.stream(model=asked, input=ASKED, text_format=Place) as events:
        return events.get_final_response().output_parsed


def _messages(url: str, asked: str) -> Any:
    with anthropic_client(url) as client:
        return client.messages.parse(model=asked, messages=ASKED, max_tokens=4096, output_format=Place).parsed_output


def _gemini(url: str, asked: str) -> Any:
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Place)
    with genai_client(url) as client:
        return client.models.generate_content(model=asked, contents="Where?", config=config).parsed


PARSED: Mapping[Format, Callable[[str, str], Any]] = {
    "openai-chat": _chat,
    "openai-responses": _responses,
    "anthropic": _messages,
    "gemini": _gemini,
}


@every_cell
def test_an_answer_is_parsed_into_the_clients_own_type(
    crossing: Relay, upstream: Upstream, client: Format, host: Format
):
    said = Step("I must look.", "c2lnbmVk", PLACE.model_dump_json())
    name = upstream.teach(steps.acts(host, said, stream=client == "openai-responses"))
    assert PARSED[client](crossing.url, model(host, name)) == PLACE
    told = upstream.only(name).body
    for word in (b'"near"', b'"pier"', b'"required"'):
        assert word in told


CALLED = (Call("call_1", "find_place", '{"name":"Caf\\u00e9"}'), Call("call_2", "find_place", '{"name":"Pier"}'))
LOOP = [Step("I must look.", "c2lnbmVk", "", CALLED), Step(text="On the north cliff.")]


def taught(upstream: Upstream, host: Format) -> str:
    return upstream.teach(*(steps.acts(host, step, stream=False) for step in LOOP))


def assert_looped(upstream: Upstream, host: Format, name: str) -> None:
    _, second = upstream.seen(name)
    told = [piece for piece in pieces(host, second.body) if piece.kind in ("call", "result")]
    assert [piece.kind for piece in told] == ["call", "call", "result", "result"]
    assert [orjson.loads(piece.text) for piece in told[:2]] == [{"name": "Café"}, {"name": "Pier"}]
    assert {piece.text for piece in told[2:]} == {"Café is north", "Pier is north"}
    assert [piece.id for piece in told[:2]] == [piece.id for piece in told[2:]]


@pytest.mark.parametrize("host", [host for host in FORMATS if host != "anthropic"])
def test_anthropics_tool_runner_runs_its_loop(crossing: Relay, upstream: Upstream, host: Format):
    @anthropic.beta_tool
    def find_place(name: str) -> str:
        """Finds a place."""
        return f"{name} is north"

    name = taught(upstream, host)
    with anthropic_client(crossing.url) as client:
        runner = client.beta.messages.tool_runner(
            model=model(host, name), max_tokens=4096, messages=ASKED, tools=[find_place]
        )
        assert runner.until_done().content[-1].text == "On the north cliff."
    assert_looped(upstream, host, name)


@pytest.mark.parametrize("host", [host for host in FORMATS if host != "anthropic"])
def test_a_conversation_that_anthropic_would_keep_is_said_whole_at_every_turn(
    crossing: Relay, upstream: Upstream, host: Format
):
    said = [Step(text=f"Answer {number}.") for number in range(3)]
    name = upstream.teach(*(steps.acts(host, step, stream=False) for step in said))
    with anthropic_client(crossing.url) as client:
        thread = client.beta.messages.thread(model=model(host, name), max_tokens=4096, system="You keep a lighthouse.")
        for step in said:
            assert thread.send(ASKED[0]).content[0].text == step.text
    for number, seen in enumerate(upstream.seen(name)):
        texts = [(piece.kind, piece.text) for piece in pieces(host, seen.body)]
        turns = [turn for step in said[:number] for turn in (("user", ASKED[0]["content"]), ("assistant", step.text))]
        assert texts == [("system", "You keep a lighthouse."), *turns, ("user", ASKED[0]["content"])]


@pytest.mark.parametrize("host", [host for host in FORMATS if host != "gemini"])
def test_google_genais_automatic_calling_runs_its_loop(crossing: Relay, upstream: Upstream, host: Format):
    def find_place(name: str) -> str:
        """Finds a place."""
        return f"{name} is north"

    name = taught(upstream, host)
    config = types.GenerateContentConfig(tools=[find_place])
    with genai_client(crossing.url) as client:
        answer = client.models.generate_content(model=model(host, name), contents="Where?", config=config)
    assert answer.text == "On the north cliff."
    assert_looped(upstream, host, name)


@pytest.mark.parametrize("host", [host for host in FORMATS if host != "openai-chat"])
def test_openais_parsed_calls_have_their_arguments(crossing: Relay, upstream: Upstream, host: Format):
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"],
              "additionalProperties": False}  # fmt: skip
    tool: Any = {"type": "function", "function": {"name": "find_place", "strict": True, "parameters": schema}}
    name = upstream.teach(steps.acts(host, LOOP[0], stream=True))
    with (
        openai_client(crossing.url) as client,
        client.chat.completions.stream(model=model(host, name), messages=ASKED, tools=[tool]) as events,
    ):
        message = events.get_final_completion().choices[0].message
    assert [call.function.parsed_arguments for call in message.tool_calls] == [{"name": "Café"}, {"name": "Pier"}]
