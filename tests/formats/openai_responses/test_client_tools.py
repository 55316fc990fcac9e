"""Shell and apply_patch, which the client runs: functions for every other model, and items of their own again."""

from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats import BY_NAME
from fastproxy.formats.base import EncoderOptions
from fastproxy.formats.openai_responses import FORMAT
from fastproxy.formats.openai_responses.client_tools import client_call_item, client_part, client_tool, is_client_call
from fastproxy.ir.events import BlockEnd, Event, Start, Stop, ToolArgs, ToolStart, Usage
from fastproxy.ir.fold import fold
from fastproxy.ir.request import TextPart, Tool, ToolCallPart, ToolChoice, ToolResultPart
from fastproxy.translate.families import family
from fastproxy.translate.memory import Memory
from fastproxy.translate.passes import ForClient
from fastproxy.translate.request import Target, Translated, translate_request
from fastproxy.translate.response import Crossing, pipe_for_translation
from fastproxy.translate.seal import Mint
from laws.grammar_openai import read_responses
from support.exchange import FORMATS, Format
from support.openai_sdk import responses_body, responses_stream
from support.sse import objects

ENDED = {"stdout": "a.txt", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}
ITEMS: list[dict[str, Any]] = [
    {"role": "user", "content": "Do it."},
    {"type": "shell_call", "id": "sh", "call_id": "c1", "status": "completed", "action": {"commands": ["ls"]}},
    {"type": "shell_call_output", "call_id": "c1", "output": [ENDED]},
    {"type": "apply_patch_call", "call_id": "c2", "operation": {"type": "create_file", "path": "a", "diff": "+x"}},
    {"type": "apply_patch_call_output", "call_id": "c2", "status": "failed", "output": "no such directory"},
    {"type": "local_shell_call", "id": "l", "call_id": "c3", "action": {"type": "exec", "env": {}, "command": ["id"]}},
    {"type": "local_shell_call_output", "id": "c3", "output": '{"output":"root"}'},
]
TOOLS = [{"type": "shell"}, {"type": "apply_patch"}, {"type": "local_shell"}]
NAMES = ["/shell", "/apply_patch", "/local_shell"]
BODY: dict[str, Any] = {"model": "m", "tools": TOOLS, "input": ITEMS}
OTHERS: list[Format] = [format_ for format_ in FORMATS if format_ != "openai-responses"]
START = Start("resp_1", "m", 1_760_000_000)
# A name in the hub, what a model says, and the item that the client runs.
SAID: list[tuple[str, str, dict[str, Any]]] = [
    ("/shell", '{"commands": ["ls"]}', {"type": "shell_call", "action": {"commands": ["ls"]}}),
    (
        "/apply_patch",
        '{"type":"delete_file","path":"a"}',
        {"type": "apply_patch_call", "operation": {"type": "delete_file", "path": "a"}},
    ),
    (
        "/local_shell",
        '{"command":["id"]}',
        {"type": "local_shell_call", "action": {"type": "exec", "env": {}, "command": ["id"]}},
    ),
]


def read(**fields: Any) -> Any:
    return FORMAT.decode_request(orjson.dumps(BODY | fields), {})


def sent(target: Format, **fields: Any) -> Translated:
    mint = Mint(target, "lab", "account-1")
    return translate_request(read(**fields), Target(BY_NAME[target], "lab-1", mint, family("lab-1")), Memory())


def written(*events: Event) -> bytes:
    encoder = FORMAT.encoder(EncoderOptions())
    return b"".join([*map(encoder.encode, events), encoder.close()])


def called(name: str, *pieces: str) -> list[Event]:
    grown = [ToolArgs(0, piece) for piece in pieces]
    return [START, ToolStart(0, "c9", name), *grown, BlockEnd(0), Usage(1, 0, 0, 1, 0), Stop("tools")]


def test_the_tools_are_functions_and_their_turns_are_calls_and_results() -> None:
    request = read()
    assert [tool.name for tool in request.tools] == NAMES
    assert all(tool.description and tool.schema["properties"] for tool in request.tools)
    assert [message.role for message in request.messages[1:]] == ["assistant", "tool"] * 3
    assert [message.parts for message in request.messages[1:]] == [
        (ToolCallPart("c1", "/shell", '{"commands":["ls"]}'),),
        (ToolResultPart("c1", (TextPart(orjson.dumps([ENDED]).decode()),), name="/shell"),),
        (ToolCallPart("c2", "/apply_patch", '{"type":"create_file","path":"a","diff":"+x"}'),),
        (ToolResultPart("c2", (TextPart("no such directory"),), is_error=True, name="/apply_patch"),),
        (ToolCallPart("c3", "/local_shell", '{"command":["id"]}'),),
        (ToolResultPart("c3", (TextPart('{"output":"root"}'),), name="/local_shell"),),
    ]
    assert request.extras == {}


def test_a_result_without_words_says_how_it_went() -> None:
    extras: dict[str, Any] = {}
    part = client_part({"type": "apply_patch_call_output", "call_id": "c", "status": "completed"}, extras)
    assert part == ToolResultPart("c", (TextPart("completed"),), name="/apply_patch")


@pytest.mark.parametrize("environment", [{"type": "container_auto"}, {"type": "container_reference", "id": "x"}])
def test_a_shell_in_a_container_is_its_vendors_to_run_but_its_turns_are_told(environment: dict[str, str]) -> None:
    tool = {"type": "shell", "environment": environment}
    request = read(tools=[tool], input=[ITEMS[1] | {"environment": environment}, ITEMS[2]])
    assert (request.tools, request.extras) == ((), {"tools": [tool], "shell_call.environment": environment})
    assert [type(message.parts[0]) for message in request.messages] == [ToolCallPart, ToolResultPart]


def test_what_a_declaration_says_beyond_is_reported() -> None:
    extras: dict[str, Any] = {}
    assert client_tool({"type": "shell", "environment": {"type": "local"}, "allowed_callers": ["direct"]}, extras)
    assert extras == {}
    skills = {"type": "local", "skills": [{"name": "s"}]}
    assert client_tool({"type": "shell", "environment": skills}, extras)
    assert extras == {"tools.environment": skills}


@pytest.mark.parametrize("type_", ["function", "web_search", "shell_call", "", "_call"])
def test_other_tools_and_items_are_none_of_its_business(type_: str) -> None:
    assert client_tool({"type": type_}, {}) is None
    assert client_part({"type": "function_call", "call_id": "c"}, {}) is None
    assert client_part({"type": type_ + "x"}, {}) is None
    assert client_part({"type": "shell"}, {}) is None
    assert not is_client_call("shell")


def test_a_choice_of_one_of_them_is_one_of_a_function() -> None:
    assert read(tool_choice={"type": "apply_patch"}).tool_choice == ToolChoice("required", ("/apply_patch",))
    allowed = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "shell"}, {"type": "web_search"}]}
    assert read(tool_choice=allowed).tool_choice == ToolChoice("auto", ("/shell",))


@pytest.mark.parametrize("target", OTHERS)
def test_every_other_model_is_offered_them_and_sees_what_was_done(target: Format) -> None:
    translated = sent(target)
    arrived = BY_NAME[target].decode_request(translated.body, {"model": "m", "verb": "generateContent"})
    assert [translated.names[tool.name] for tool in arrived.tools] == NAMES
    parts = [part for message in arrived.messages for part in message.parts]
    calls = [part for part in parts if isinstance(part, ToolCallPart)]
    results = [part for part in parts if isinstance(part, ToolResultPart)]
    assert [translated.names[call.name] for call in calls] == NAMES
    assert [result.id for result in results] == [call.id for call in calls]
    assert all(words in result.text for result, words in zip(results, ("a.txt", "no such", "root"), strict=True))
    assert translated.dropped == ()


@pytest.mark.parametrize("target", OTHERS)
def test_one_of_them_can_be_demanded(target: Format) -> None:
    assert sent(target, tools=[{"type": "shell"}], tool_choice="required", input="x").dropped == ()
    sent(target, tool_choice={"type": "shell"}, input="x")


def test_a_demanded_shell_in_a_container_is_refused_by_its_name() -> None:
    tools = [{"type": "shell", "environment": {"type": "container_auto"}}]
    with pytest.raises(Fault, match="only its own vendor runs shell;"):
        sent("anthropic", tools=tools, tool_choice="required", input="x")


@pytest.mark.parametrize(("name", "said", "item"), SAID)
def test_a_call_is_one_item_that_is_whole_wherever_it_is_told(name: str, said: str, item: dict[str, Any]) -> None:
    events = called(name, said[:9], said[9:])
    stream = written(*events)
    read_responses(stream)
    told = objects(stream)[2:-1]
    assert [event["type"] for event in told] == ["response.output_item.added", "response.output_item.done"]
    opened, done = (event["item"] for event in told)
    assert opened == done | {"status": "in_progress"}
    assert {key: done[key] for key in item} == item
    assert (done["call_id"], done["status"]) == ("c9", "completed")
    body = responses_body(FORMAT.encode_whole(fold(events)))
    assert body.output == responses_stream(stream).output
    assert body.output[0].type == item["type"]


def test_what_the_model_wrote_stays_as_it_wrote_it() -> None:
    item = client_call_item("/local_shell", ("l", "c"), ' {"env":{"A":"1.0"}, "command":[1.0]}', "completed")
    assert b'{"type":"exec","env":{"A":"1.0"}, "command":[1.0]}' in orjson.dumps(item)
    assert orjson.loads(orjson.dumps(client_call_item("/local_shell", ("l", "c"), "", "completed")))["action"] == {
        "type": "exec",
        "env": {},
    }
    broken = client_call_item("/shell", ("s", "c"), '{"commands":', "completed")
    assert broken["action"] == {"_invalid_json": '{"commands":'}


@pytest.mark.parametrize(("hub", "said", "item"), SAID)
@pytest.mark.parametrize("streamed", [True, False])
def test_a_call_by_another_vendors_model_reaches_the_client_as_its_own_item(
    hub: str, said: str, item: dict[str, Any], streamed: bool
) -> None:
    translated = sent("openai-chat")
    (name,) = (name for name, own in translated.names.items() if own == hub)
    calls = [{"index": 0, "id": "x1", "type": "function", "function": {"name": name, "arguments": said}}]
    choice = {"delta": {"tool_calls": calls}, "finish_reason": "stop"}
    chunk = {"id": "1", "model": "m", "created": 1, "choices": [choice]}
    client = ForClient("m", "r", 1, Mint("openai-chat", "lab", "a"), FORMAT.spelling, Memory(), translated.names)
    crossing = Crossing(BY_NAME["openai-chat"], FORMAT, client, EncoderOptions(), 10_000, 10_000)
    pipe = pipe_for_translation(crossing, streamed=True, stream=streamed)
    answer = pipe.feed(b"data: %b\n\ndata: [DONE]\n\n" % orjson.dumps(chunk)) + pipe.close()
    body = objects(answer)[-1]["response"] if streamed else orjson.loads(answer)
    (told,) = body["output"]
    assert told["call_id"] == "x1"
    assert {key: told[key] for key in item} == item


def test_the_descriptions_are_the_same_for_every_request() -> None:
    assert client_tool({"type": "shell"}, {}) == client_tool({"type": "shell"}, {})
    assert isinstance(client_tool({"type": "apply_patch"}, {}), Tool)
