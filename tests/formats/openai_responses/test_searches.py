"""A search for tools that the client runs, as Codex has it: a function for every other model, and an item again."""

from typing import Any

import orjson
import pytest

from fastproxy.formats import BY_NAME
from fastproxy.formats.base import EncoderOptions
from fastproxy.formats.openai_responses import FORMAT
from fastproxy.formats.openai_responses.searches import SEARCH, search_call_item, search_part, search_tool
from fastproxy.ir.events import BlockEnd, Event, Start, Stop, ToolArgs, ToolStart, Usage
from fastproxy.ir.fold import fold
from fastproxy.ir.request import TextPart, Tool, ToolCallPart, ToolResultPart
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

QUERY = {"type": "object", "properties": {"query": {"type": "string"}, "limit": {"type": "number"}}}
TOOL = {"type": "tool_search", "execution": "client", "description": "Finds tools.", "parameters": QUERY}
SEND = {"type": "function", "name": "send", "description": "Sends.", "parameters": {"type": "object"}, "strict": False}
CALL = {"type": "tool_search_call", "call_id": "c1", "execution": "client", "arguments": {"query": "mail", "limit": 2}}
MAIL = {"type": "namespace", "name": "mail", "description": "Mail.", "tools": [SEND | {"defer_loading": True}]}
FOUND = {"type": "tool_search_output", "call_id": "c1", "execution": "client", "status": "completed", "tools": [MAIL]}
MORE = {"type": "namespace", "name": "mail", "description": "Mail.", "tools": [SEND | {"name": "sort"}]}
BODY = {"model": "m", "tools": [TOOL], "input": [{"role": "user", "content": "Mail it."}, CALL, FOUND]}
OTHERS: list[Format] = [format_ for format_ in FORMATS if format_ != "openai-responses"]
START = Start("resp_1", "m", 1_760_000_000)


def read(**fields: Any) -> Any:
    return FORMAT.decode_request(orjson.dumps(BODY | fields), {})


def sent(target: Format, **fields: Any) -> Translated:
    mint = Mint(target, "lab", "account-1")
    return translate_request(read(**fields), Target(BY_NAME[target], "lab-1", mint, family("lab-1")), Memory())


def written(*events: Event) -> bytes:
    encoder = FORMAT.encoder(EncoderOptions())
    return b"".join([*map(encoder.encode, events), encoder.close()])


def test_the_tool_is_a_function_and_its_turns_are_a_call_and_a_result_that_names_what_was_found() -> None:
    request = read()
    assert request.tools == (
        Tool(SEARCH, "Finds tools.", QUERY),
        Tool("mail/send", "Mail.\n\nSends.", {"type": "object"}, strict=False),
    )
    _, call, result = (message.parts[0] for message in request.messages)
    assert call == ToolCallPart("c1", SEARCH, '{"query":"mail","limit":2}')
    assert result == ToolResultPart("c1", (TextPart('{"tools":["mail/send"]}'),), name=SEARCH)
    assert request.extras == {"tools.defer_loading": True}


def test_what_two_searches_find_in_one_namespace_is_there_once_and_all_of_it() -> None:
    again = FOUND | {"call_id": "c2", "tools": [MORE, MAIL, {"type": "web_search"}]}
    request = read(input=[CALL, FOUND, CALL | {"call_id": "c2"}, again])
    assert [tool.name for tool in request.tools] == [SEARCH, "mail/send", "mail/sort"]
    assert request.extras["tools"] == [{"type": "web_search"}]


@pytest.mark.parametrize("execution", ["server", None])
def test_a_search_that_the_server_runs_stays_what_it_is(execution: str | None) -> None:
    told = {"execution": execution} if execution else {}
    assert search_tool({"type": "tool_search"} | told) is None
    assert search_part({"type": "tool_search_call", "call_id": None, "arguments": {}} | told) is None
    request = read(tools=[{"type": "tool_search"} | told], input=[{"role": "user", "content": "Hi"}])
    assert (request.tools, request.extras) == ((), {"tools": [{"type": "tool_search"} | told]})


def test_other_tools_and_items_are_none_of_its_business() -> None:
    assert search_tool({"type": "function", "execution": "client"}) is None
    assert search_part({"type": "function_call", "call_id": "c", "arguments": "{}"}) is None


@pytest.mark.parametrize("target", OTHERS)
def test_every_other_model_is_offered_the_search_and_what_it_has_found(target: Format) -> None:
    translated = sent(target)
    arrived = BY_NAME[target].decode_request(translated.body, {"model": "m", "verb": "generateContent"})
    search, found = arrived.tools
    assert (translated.names[search.name], search.description) == (SEARCH, "Finds tools.")
    assert search.schema is not None
    assert set(search.schema["properties"]) == {"query", "limit"}
    assert translated.names[found.name] == "mail/send"
    (call,) = (part for message in arrived.messages for part in message.parts if isinstance(part, ToolCallPart))
    (result,) = (part for message in arrived.messages for part in message.parts if isinstance(part, ToolResultPart))
    assert (call.name, call.arguments) == (search.name, '{"query":"mail","limit":2}')
    assert (result.id, result.text) == (call.id, '{"tools":["mail/send"]}')
    assert translated.dropped == ("tools.defer_loading",)


def test_a_call_is_one_item_whose_arguments_are_the_models_own_object() -> None:
    stream = written(
        START, ToolStart(0, "c9", SEARCH), ToolArgs(0, '{"query":'), ToolArgs(0, " 1.0}"), BlockEnd(0), Stop("tools")
    )  # fmt: skip
    read_responses(stream)
    events = objects(stream)[2:-1]
    assert [event["type"] for event in events] == ["response.output_item.added", "response.output_item.done"]
    assert [event["sequence_number"] for event in events] == [2, 3]
    opened, done = (event["item"] for event in events)
    assert (opened["status"], opened["arguments"], opened["call_id"]) == ("in_progress", {}, "c9")
    assert done | {"id": ""} == {
        "type": "tool_search_call", "id": "", "call_id": "c9", "status": "completed", "execution": "client",
        "arguments": {"query": 1.0},
    }  # fmt: skip
    assert b'"arguments":{"query": 1.0}' in stream
    (item,) = responses_stream(stream).output
    assert item.type == "tool_search_call"


def test_a_stream_and_a_whole_answer_tell_the_same_item() -> None:
    events: list[Event] = [START, ToolStart(0, "c9", SEARCH), ToolArgs(0, "{}"), BlockEnd(0), Usage(1, 0, 0, 1, 0)]
    events.append(Stop("tools"))
    whole = FORMAT.encode_whole(fold(events))
    assert responses_body(whole).output == responses_stream(written(*events)).output


@pytest.mark.parametrize(("arguments", "told"), [("", {}), ('{"query":', {"_invalid_json": '{"query":'})])
def test_arguments_that_are_no_object_are_still_in_one(arguments: str, told: dict[str, str]) -> None:
    item = search_call_item(("tsc_1", "c"), arguments, "completed")
    assert orjson.loads(orjson.dumps(item))["arguments"] == told


def test_a_call_by_another_vendors_model_reaches_the_client_as_a_search() -> None:
    translated = sent("openai-chat")
    (name,) = (name for name, own in translated.names.items() if own == SEARCH)
    calls = [{"index": 0, "id": "x1", "type": "function", "function": {"name": name, "arguments": '{"query":"a"}'}}]
    chunk = {"id": "1", "model": "m", "created": 1}
    deltas: list[tuple[dict[str, Any], str | None]] = [
        ({"role": "assistant", "tool_calls": calls}, None),
        ({}, "tool_calls"),
    ]
    lines = [orjson.dumps(chunk | {"choices": [{"index": 0, "delta": d, "finish_reason": f}]}) for d, f in deltas]
    chat = BY_NAME["openai-chat"]
    client = ForClient("m", "r", 1, Mint("openai-chat", "lab", "a"), FORMAT.spelling, Memory(), translated.names)
    pipe = pipe_for_translation(
        Crossing(chat, FORMAT, client, EncoderOptions(), 10_000, 10_000), streamed=True, stream=True
    )
    stream = pipe.feed(b"".join(b"data: %b\n\n" % line for line in [*lines, b"[DONE]"])) + pipe.close()
    read_responses(stream)
    (item,) = objects(stream)[-1]["response"]["output"]
    assert (item["type"], item["call_id"], item["arguments"]) == ("tool_search_call", "x1", {"query": "a"})
