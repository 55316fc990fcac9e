"""What clients ask of a host that speaks another format: never refused, and what matters arrives in the host's words.

Structured output and forced tools arrive everywhere; what has no word there is told in a header; nothing of the
client's head goes upstream, because a translated request is ours.
"""

import enum
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pytest

from support import client_bodies, steps
from support.arrived import pieces
from support.client_bodies import CLIENTS, ROUTED, ClientRequest
from support.exchange import FORMATS, Format
from support.four_hosts import CELLS, MODELS, model, question
from support.live_sdks import genai_client, openai_client
from support.relay import TOKEN, UPSTREAM_KEY, Relay
from support.script import Seen
from support.steps import Call, Step
from support.upstream import Upstream
from support.wire import Answer

Json = dict[str, Any]

SAID = Step(text="On the north cliff.")
FOREIGN = [(name, host) for name, request in CLIENTS.items() for host in FORMATS if host != request.format]
every_cell = pytest.mark.parametrize(("client", "host"), CELLS)
every_client = pytest.mark.parametrize(("name", "host"), FOREIGN)


def sent(relay: Relay, upstream: Upstream, request: ClientRequest, host: Format) -> tuple[Answer, Seen]:
    stream = "stream" in request.target or bool(request.body.get("stream"))
    script = upstream.teach(steps.acts(host, SAID, stream=stream))
    target, body = request.asking(model(host, script))
    answer = relay.ask(target, body, request.headers)
    assert answer.status == 200, answer.body
    return answer, upstream.only(script)


@every_client
def test_what_a_real_client_sends_is_taken(crossing: Relay, upstream: Upstream, name: str, host: Format):
    answer, seen = sent(crossing, upstream, CLIENTS[name], host)
    assert answer.complete
    assert b"cliff" in answer.body
    arrived = pieces(host, seen.body)
    said = " ".join(piece.text for piece in arrived)
    for text in texts(CLIENTS[name].body):
        assert text in said, f"{text!r} did not arrive"
    assert tools(host, seen) >= client_tools(CLIENTS[name].body)
    assert b"MODEL" not in seen.body


def texts(value: object) -> list[str]:
    """Everything that a body says to the model."""
    if isinstance(value, dict):
        own = [value[key] for key in ("text", "output", "content") if isinstance(value.get(key), str)]
        inner = (value[key] for key in ("messages", "system", "input", "contents", "parts", "content") if key in value)
        return [*own, *(text for part in inner for text in texts(part)), *texts(value.get("systemInstruction"))]
    return [text for part in value for text in texts(part)] if isinstance(value, list) else []


def client_tools(body: Json) -> set[str]:
    """The names of the tools that the client runs itself."""
    declared = [tool for group in body.get("tools", []) for tool in group.get("functionDeclarations", [group])]
    return {tool.get("function", tool).get("name") for tool in declared} - {None}


def tools(host: Format, seen: Seen) -> set[str]:
    return client_tools(orjson.loads(seen.body))


# What a host gets of a client's head: what the format demands, our own name, our own credential.
OUR_HEADERS = {b"host", b"content-type", b"accept", b"user-agent", b"accept-encoding", b"content-length"}
CARRIERS: Mapping[Format, tuple[bytes, bytes]] = {
    "openai-chat": (b"authorization", b"Bearer "),
    "openai-responses": (b"authorization", b"Bearer "),
    "anthropic": (b"x-api-key", b""),
    "gemini": (b"x-goog-api-key", b""),
}


@every_client
def test_nothing_of_the_clients_head_goes_upstream(crossing: Relay, upstream: Upstream, name: str, host: Format):
    _, seen = sent(crossing, upstream, CLIENTS[name], host)
    carrier, scheme = CARRIERS[host]
    versions = {b"anthropic-version", b"anthropic-beta"} if host == "anthropic" else set()
    assert {key for key, _ in seen.headers} - OUR_HEADERS - versions == {carrier}
    assert seen.get(carrier) == [scheme + UPSTREAM_KEY.encode()]
    assert seen.get(b"user-agent")[0].startswith(b"fastproxy/")
    assert TOKEN.encode() not in seen.head + seen.body
    assert b"?" not in seen.request_line or seen.request_line.endswith(b"?alt=sse HTTP/1.1")


def test_what_has_no_word_at_the_host_is_named_in_a_header(crossing: Relay, upstream: Upstream):
    for host in ("openai-chat", "anthropic", "gemini"):
        answer, _ = sent(crossing, upstream, client_bodies.CODEX, host)
        dropped = set((answer.get("x-fastproxy-dropped") or "").split(","))
        assert "client_metadata" in dropped
        assert any("web_search" in name for name in dropped) or host in ("anthropic", "gemini")


# The shape of an answer, in each format's own words: asked for, and found again at the host.

SCHEMA: Json = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "type": {"type": "string", "enum": ["lamp", "pier"]}},
    "required": ["name", "type"],
    "additionalProperties": False,
}
SHAPED: Mapping[Format, Json] = {
    "openai-chat": {
        "response_format": {"type": "json_schema", "json_schema": {"name": "place", "strict": True, "schema": SCHEMA}}
    },
    "openai-responses": {
        "text": {"format": {"type": "json_schema", "name": "place", "strict": True, "schema": SCHEMA}}
    },
    "anthropic": {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    "gemini": {"generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}},
}
FOUND: Mapping[Format, Callable[[Json], Json]] = {
    "openai-chat": lambda body: body["response_format"]["json_schema"]["schema"],
    "openai-responses": lambda body: body["text"]["format"]["schema"],
    "anthropic": lambda body: body["output_config"]["format"]["schema"],
    "gemini": lambda body: body["generationConfig"]["responseJsonSchema"],
}
TOOL: Json = {"name": "set_title", "description": "Sets it."}
FORCED: Mapping[Format, Json] = {
    "openai-chat": {
        "tools": [{"type": "function", "function": TOOL | {"parameters": SCHEMA}}],
        "tool_choice": {"type": "function", "function": {"name": "set_title"}},
    },
    "openai-responses": {
        "tools": [TOOL | {"type": "function", "parameters": SCHEMA}],
        "tool_choice": {"type": "function", "name": "set_title"},
    },
    "anthropic": {
        "tools": [TOOL | {"input_schema": SCHEMA}],
        "tool_choice": {"type": "tool", "name": "set_title"},
    },
    "gemini": {
        "tools": [{"functionDeclarations": [TOOL | {"parametersJsonSchema": SCHEMA}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["set_title"]}},
    },
}
CHOSEN: Mapping[Format, Json] = {
    "openai-chat": {"tool_choice": {"type": "function", "function": {"name": "set_title"}}},
    "openai-responses": {"tool_choice": {"type": "function", "name": "set_title"}},
    "anthropic": {"tool_choice": {"type": "tool", "name": "set_title"}},
    "gemini": {"toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["set_title"]}}},
}


def arrived(relay: Relay, upstream: Upstream, client: Format, host: Format, fields: Json, said: Step = SAID) -> Json:
    script = upstream.teach(steps.acts(host, said, stream=False))
    target, body = question(client, model(host, script))
    answer = relay.ask(target, orjson.dumps(orjson.loads(body) | fields))
    assert answer.status == 200, answer.body
    told: Json = orjson.loads(upstream.only(script).body)
    return told


@every_cell
def test_the_shape_of_an_answer_arrives(crossing: Relay, upstream: Upstream, client: Format, host: Format):
    told = arrived(crossing, upstream, client, host, SHAPED[client])
    schema = FOUND[host](told)
    assert schema["properties"] == SCHEMA["properties"]
    assert schema["required"] == SCHEMA["required"]


@every_cell
def test_a_forced_tool_arrives(crossing: Relay, upstream: Upstream, client: Format, host: Format):
    told = arrived(crossing, upstream, client, host, FORCED[client])
    for key, value in CHOSEN[host].items():
        assert value.items() <= told[key].items()
    assert client_tools(told) == {"set_title"}


@pytest.mark.parametrize("host", [host for host in FORMATS if host != "gemini"])
def test_gemini_clis_router_is_answered_in_json(crossing: Relay, upstream: Upstream, host: Format):
    chosen = '{"reasoning":"short","model_choice":"flash"}'
    script = upstream.teach(steps.acts(host, Step(text=chosen), stream=False))
    target, body = client_bodies.GEMINI_ROUTER.asking(model(host, script))
    answer = orjson.loads(crossing.ask(target, body).body)
    assert answer["candidates"][0]["content"]["parts"] == [{"text": chosen}]
    assert FOUND[host](orjson.loads(upstream.only(script).body))["properties"] == ROUTED["properties"]


CHOICE = '{"reasoning":"\\u0061 short","model_choice":"flash"}'


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("anthropic", "claude-sonnet-4-0"),
        ("openai-chat", "gpt-4-turbo"),
        ("openai-responses", "gpt-4-turbo"),
    ],
)
def test_gemini_clis_router_is_answered_in_json_by_models_that_take_no_schema(
    crossing: Relay, upstream: Upstream, host: Format, name: str, stream: bool
):
    said = Step(calls=(Call("call_7", "answer", CHOICE),))
    script = upstream.teach(steps.acts(host, said, stream=stream))
    config = {"response_mime_type": "application/json", "response_json_schema": ROUTED}
    asked = {"model": model(host, script, name), "contents": "hi", "config": config}
    with genai_client(crossing.url) as client:
        if stream:
            *_, last = answers = list(client.models.generate_content_stream(**asked))
        else:
            answers = [last := client.models.generate_content(**asked)]
    assert "".join(answer.text or "" for answer in answers) == CHOICE
    assert last.candidates[0].finish_reason == "STOP"
    assert not any(answer.function_calls for answer in answers)
    told = orjson.loads(upstream.only(script).body)
    assert client_tools(told) == {"answer"}
    assert "answer" in str(told["tool_choice"])


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
def test_gemini_25_answers_in_a_shape_beside_tools(crossing: Relay, upstream: Upstream, stream: bool):
    """First it calls the client's function, then it answers; the client sees a call, and JSON in a text."""
    looked, said = Call("call_1", "look", '{"place":"pier"}'), Call("call_2", "answer", '{"reasoning":"r"}')
    two = (steps.acts("gemini", Step(calls=(call,)), stream=stream) for call in (looked, said))
    script = upstream.teach(*two)
    shape = {"type": "json_schema", "json_schema": {"name": "where", "schema": ROUTED}}
    tools = [{"type": "function", "function": {"name": "look", "parameters": SCHEMA}}]
    history: list[Any] = [{"role": "user", "content": "Where?"}]
    asked = {"model": model("gemini", script, "gemini-2.5-pro"), "response_format": shape, "tools": tools}
    with openai_client(crossing.url) as client:
        choice = chat_choice(client, asked | {"messages": history}, stream=stream)
        (call,) = choice.message.tool_calls
        assert (choice.finish_reason, call.function.name) == ("tool_calls", "look")
        history += [choice.message.to_dict(mode="json"), {"role": "tool", "tool_call_id": call.id, "content": "lamp"}]
        choice = chat_choice(client, asked | {"messages": history}, stream=stream)
    assert (choice.finish_reason, choice.message.tool_calls) == ("stop", None)
    assert choice.message.content == '{"reasoning":"r"}'
    for seen in upstream.seen(script):
        told = orjson.loads(seen.body)
        assert told["toolConfig"]["functionCallingConfig"] == {"mode": "ANY"}
        assert client_tools(told) == {"look", "answer"}


def chat_choice(client: Any, asked: Json, *, stream: bool) -> Any:
    if not stream:
        return client.chat.completions.create(**asked).choices[0]
    with client.chat.completions.stream(**asked) as events:
        return events.get_final_completion().choices[0]


@pytest.mark.parametrize("client", [client for client in FORMATS if client != "anthropic"])
def test_the_newest_claudes_are_told_in_words_what_they_have_to_call(
    crossing: Relay, upstream: Upstream, client: Format
):
    """They answer 400 to any demand."""
    script = upstream.teach(steps.acts("anthropic", SAID, stream=False))
    target, body = question(client, model("anthropic", script, "claude-opus-5-5"))
    answer = crossing.ask(target, orjson.dumps(orjson.loads(body) | FORCED[client]))
    assert answer.status == 200, answer.body
    assert "tool_choice" in (answer.get("x-fastproxy-dropped") or "")
    told = orjson.loads(upstream.only(script).body)
    assert "tool_choice" not in told
    assert client_tools(told) == {"set_title"}
    assert told["messages"][-1]["role"] == "system"
    assert "`set_title`" in told["messages"][-1]["content"][0]["text"]


class Place(enum.Enum):
    LAMP = "lamp"
    PIER = "pier"


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("host", [host for host in FORMATS if host != "gemini"])
@pytest.mark.parametrize(
    "told",
    [
        ({"response_mime_type": "text/x.enum", "response_schema": Place}, '{"value":"pier"}', "pier"),
        ({"response_mime_type": "application/json", "response_schema": list[int]}, '{"value": [1, 2]}', "[1, 2]"),
    ],
    ids=["a word", "a list"],
)
def test_geminis_sdk_gets_answers_that_are_no_objects(
    crossing: Relay, upstream: Upstream, told: tuple[Json, str, str], host: Format, stream: bool
):
    config, boxed, said = told
    script = upstream.teach(steps.acts(host, Step(text=boxed), stream=stream))
    asked = {"model": model(host, script), "contents": "Where?", "config": config}
    with genai_client(crossing.url) as client:
        if stream:
            text = "".join(chunk.text or "" for chunk in client.models.generate_content_stream(**asked))
        else:
            answer = client.models.generate_content(**asked)
            text = answer.text
            assert answer.parsed == (Place.PIER if said == "pier" else [1, 2])
    assert text == said
    schema = FOUND[host](orjson.loads(upstream.only(script).body))
    assert (schema["type"], list(schema["properties"]), schema["required"]) == ("object", ["value"], ["value"])


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("host", [host for host in FORMATS if host != "openai-responses"])
def test_codexs_patch_tool_takes_free_text_from_hosts_that_know_only_json(
    crossing: Relay, upstream: Upstream, host: Format, stream: bool
):
    patch = '*** Begin Patch\n+"lamp"\n*** End Patch'
    call = Call("call_7", "apply_patch", orjson.dumps({"input": patch}).decode())
    script = upstream.teach(steps.acts(host, Step(calls=(call,)), stream=stream), steps.acts(host, SAID, stream=stream))
    asked = {"model": model(host, script), "tools": client_bodies.CODEX.body["tools"][:2]}
    with openai_client(crossing.url) as client:
        history: list[Any] = [{"role": "user", "content": "Mend the lamp."}]
        if stream:
            with client.responses.stream(**asked, input=history) as events:
                (item,) = events.get_final_response().output
        else:
            (item,) = client.responses.create(**asked, input=history).output
        assert (item.type, item.name, item.input) == ("custom_tool_call", "apply_patch", patch)
        history += [item.to_dict(mode="json")]
        history += [{"type": "custom_tool_call_output", "call_id": item.call_id, "output": "Done"}]
        client.responses.create(**asked, input=history, stream=stream)
    _, second = upstream.seen(script)
    told = [piece for piece in pieces(host, second.body) if piece.kind in ("call", "result")]
    assert [(piece.kind, piece.id) for piece in told] == [("call", told[0].id), ("result", told[0].id)]
    assert orjson.loads(told[0].text) == {"input": patch}


def test_a_chat_request_with_tools_is_upgraded_where_only_responses_takes_it(relay: Relay, upstream: Upstream):
    """gpt-5.6 refuses tools beside thinking on Chat; the client hears Chat all the same."""
    script = upstream.teach(
        steps.acts("openai-responses", Step(calls=(Call("call_1", "set_title", "{}"),)), stream=False)
    )
    target, body = question("openai-chat", f"lab/{script}/gpt-5.6")
    answer = relay.ask(target, orjson.dumps(orjson.loads(body) | {"tools": FORCED["openai-chat"]["tools"]}))
    assert orjson.loads(answer.body)["choices"][0]["message"]["tool_calls"][0]["id"] == "call_1"
    assert upstream.only(script).request_line == b"POST /v1/responses HTTP/1.1"
    script = upstream.teach(steps.acts("openai-chat", SAID, stream=False))
    target, body = question("openai-chat", f"lab/{script}/gpt-5.6")
    assert relay.ask(target, body).status == 200
    assert upstream.only(script).request_line == b"POST /v1/chat/completions HTTP/1.1"


@every_cell
def test_the_host_is_asked_for_the_model_by_its_own_name(
    crossing: Relay, upstream: Upstream, client: Format, host: Format
):
    script = upstream.teach(steps.acts(host, SAID, stream=False))
    asked = model(host, script)
    target, body = question(client, asked)
    answer = crossing.ask(target, body)
    seen = upstream.only(script)
    own = f"{script}/{MODELS[host]}"
    if host == "gemini":
        assert own.replace("/", "%2F").encode() in seen.request_line
    else:
        assert orjson.loads(seen.body)["model"] == own
    told = orjson.loads(answer.body)
    assert told.get("model", told.get("modelVersion")) == asked
    assert answer.get("x-fastproxy-route") == f"lab-{host}/{own}"


REFUSED: Mapping[str, tuple[Format, Json]] = {
    "several answers": ("openai-chat", {"n": 2}),
    "several candidates": ("gemini", {"generationConfig": {"candidateCount": 2}}),
    "an answer kept by another": ("openai-responses", {"previous_response_id": "resp_1"}),
    "a conversation kept by another": ("openai-responses", {"conversation": "conv_1"}),
    "a cache kept by another": ("gemini", {"cachedContent": "cachedContents/1"}),
    "a prompt kept by another": ("openai-responses", {"prompt": {"id": "pmpt_1", "version": "2"}}),
    "work in the background": ("openai-responses", {"background": True}),
    "an item kept by another": ("openai-responses", {"input": [{"type": "item_reference", "id": "msg_1"}]}),
    "an encrypted summary": ("openai-responses", {"input": [{"type": "compaction", "encrypted_content": "c2Vj"}]}),
}


@pytest.mark.parametrize(
    ("what", "host"), [(what, host) for what, (client, _) in REFUSED.items() for host in FORMATS if host != client]
)
def test_what_would_mean_something_else_is_refused(crossing: Relay, upstream: Upstream, what: str, host: Format):
    client, fields = REFUSED[what]
    script = upstream.teach(steps.acts(host, SAID, stream=False))
    target, body = question(client, model(host, script))
    answer = crossing.ask(target, orjson.dumps(orjson.loads(body) | fields))
    assert answer.status == 400
    assert orjson.loads(answer.body)["error"]["message"]
    assert upstream.seen(script) == []
