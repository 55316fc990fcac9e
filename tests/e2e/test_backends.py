"""The backends behind vendors' logins: a real relay, a vendor process with their rules, clients of every format."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from fastproxy import __version__
from fastproxy.accounts.login import Login
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount, account_id
from fastproxy.formats import BY_NAME
from fastproxy.secret import Secret
from support.relay import Relay, StartRelay
from support.vendor import Vendor
from support.wire import Answer

CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
COUNT = "/v1/messages/count_tokens"
HI = {"role": "user", "content": "hi"}
FACTS: dict[str, dict[str, object]] = {
    "anthropic": {},
    "codex": {"account_id": "acct-1"},
    "gemini-cli": {"project_id": "project-1"},
    "copilot": {"endpoints": {"api": "https://api.evil.example"}},
    "qwen": {"resource_url": "portal.qwen.ai"},
}
BASES = {"codex": "/backend-api/codex", "qwen": "/v1"}
OURS = f"fastproxy/{__version__}"


def backends(vendor: Vendor, state: Path) -> str:
    """The configuration of a relay with one login of each backend in its store, all served by the scripted vendor."""
    state.mkdir(parents=True, mode=0o700)
    store = AccountStore(state)
    text = '[server]\nlisten = ["127.0.0.1:0"]\n[access]\ntokens = ["env:TEST_CLIENT_TOKEN"]\n'
    text += 'admin_token = "env:TEST_ADMIN_TOKEN"\n'
    for name, kept in FACTS.items():
        tokens = vendor.login(name)
        stored = StoredAccount(account_id(name, "me"), name, "me", "login")
        store.add(stored, Login(Secret(tokens["access_token"]), kept=kept))
        text += f'[providers.{name}]\nbase_url = "{vendor.origin}{BASES.get(name, "")}"\n'
    store.close()
    return text


@pytest.fixture(scope="module")
def shared_vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        yield running


@pytest.fixture(scope="module")
def shared_backends(shared_vendor: Vendor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    directory = tmp_path_factory.mktemp("backends")
    with Relay(directory, backends(shared_vendor, directory / "state")) as running:
        yield running


@pytest.fixture
def vendor(shared_vendor: Vendor) -> Vendor:
    """The vendor of all tests that teach its accounts nothing that lasts; it has forgotten what came before."""
    shared_vendor.forget()
    return shared_vendor


@pytest.fixture
def relay(shared_backends: Relay) -> Iterator[Relay]:
    yield shared_backends
    assert shared_backends.complaints() == []


@pytest.fixture
def own_vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        yield running


@pytest.fixture
def own_relay(own_vendor: Vendor, start_relay: StartRelay, tmp_path: Path) -> Relay:
    """For failures that a relay remembers."""
    return start_relay(backends(own_vendor, tmp_path / "relay-1" / "state"))


def ask(relay: Relay, path: str, *headers: tuple[str, str], **fields: Any) -> Answer:
    return relay.ask(path, orjson.dumps(fields), (("content-type", "application/json"), *headers))


def headers_of(seen: dict[str, Any]) -> dict[str, str]:
    return dict(seen["headers"])


def only(vendor: Vendor) -> dict[str, Any]:
    (seen,) = vendor.seen()
    return seen


def sent(vendor: Vendor) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(only(vendor)["body"])
    return body


# Anthropic.


def test_a_login_of_anthropic_goes_as_bearer_with_its_beta_beside_the_clients_own(relay: Relay, vendor: Vendor):
    system = [{"type": "text", "text": "You are \u00fc.", "cache_control": {"type": "ephemeral"}}]
    body = orjson.dumps({"model": "claude-x", "max_tokens": 9, "system": system, "messages": [HI]}, option=2)
    betas = ("anthropic-beta", "claude-code-20250219,interleaved-thinking-2025-05-14")
    answer = relay.ask(MESSAGES, body, (("content-type", "application/json"), betas, ("x-api-key", "theirs")))
    assert answer.status == 200
    seen = only(vendor)
    assert (seen["account"], seen["body"].encode()) == ("anthropic", body)
    assert headers_of(seen)["authorization"].startswith("Bearer at-anthropic-")
    assert headers_of(seen)["anthropic-beta"] == f"{betas[1]},oauth-2025-04-20"
    assert "x-api-key" not in headers_of(seen)


def test_a_translated_request_of_a_login_has_the_beta_and_says_who_it_is_from(relay: Relay, vendor: Vendor):
    assert ask(relay, CHAT, model="anthropic/claude-x", messages=[HI]).status == 200
    headers = headers_of(only(vendor))
    assert headers["anthropic-beta"] == "oauth-2025-04-20"
    assert headers["user-agent"] == OURS
    assert "Claude" not in only(vendor)["body"]


# Codex.


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", [RESPONSES, CHAT, MESSAGES])
def test_codex_answers_clients_of_every_format_whole_and_streamed(
    relay: Relay, vendor: Vendor, path: str, *, stream: bool
):
    fields: dict[str, Any] = {"input": "hi"} if path == RESPONSES else {"messages": [HI]}
    fields |= {"max_tokens": 99} if path == MESSAGES else {}
    answer = ask(relay, path, model="codex/gpt-5.1-codex", stream=stream, **fields)
    assert answer.status == 200
    assert answer.get("content-type").partition(";")[0] == ("text/event-stream" if stream else "application/json")
    assert b"codex" in answer.body
    assert headers_of(only(vendor))["chatgpt-account-id"] == "acct-1"
    assert only(vendor)["path"] == "/backend-api/codex/responses"


def test_a_whole_answer_of_codex_is_the_response_as_its_stream_tells_it(relay: Relay, vendor: Vendor):
    answer = ask(relay, RESPONSES, model="codex/gpt-5", input="hi")
    told = orjson.loads(answer.body)
    assert told["status"] == "completed"
    assert told["output"][0]["content"][0]["text"] == "codex"
    assert BY_NAME["openai-responses"].decode_whole(answer.body).usage.output_tokens == 1


def test_what_codex_refuses_is_left_out_and_reported(relay: Relay, vendor: Vendor):
    items = [
        {"type": "message", "role": "system", "content": "be brief"},
        {"type": "message", "role": "user", "content": "hi", "id": "msg_9"},
    ]
    limits = {"temperature": 0.1, "top_p": None, "max_output_tokens": 5, "metadata": {"a": "b"}}
    answer = ask(relay, RESPONSES, model="codex/gpt-5", input=items, store=True, include=["x"], **limits)
    assert answer.status == 200
    assert answer.get("x-fastproxy-dropped") == "max_output_tokens,metadata,temperature,input[].id"
    body = sent(vendor)
    assert body["include"] == ["reasoning.encrypted_content", "x"]
    assert [item["role"] for item in body["input"]] == ["developer", "user"]
    assert body["instructions"] == ""


def test_codex_is_told_who_asks_and_never_in_the_name_of_another_program(relay: Relay, vendor: Vendor):
    ask(relay, RESPONSES, model="codex/gpt-5", input="hi")
    ask(relay, RESPONSES, ("originator", "codex_exec"), ("chatgpt-account-id", "x"), model="codex/gpt-5", input="hi")
    ask(relay, CHAT, model="codex/gpt-5", messages=[HI])
    ours, own, translated = map(headers_of, vendor.seen())
    assert (ours["originator"], own["originator"], translated["originator"]) == ("fastproxy", "codex_exec", "fastproxy")
    assert own["chatgpt-account-id"] == "acct-1"
    assert translated["user-agent"] == OURS


@pytest.mark.parametrize("field", ["previous_response_id", "conversation"])
def test_what_only_a_host_with_a_memory_could_answer_is_refused(relay: Relay, vendor: Vendor, field: str):
    answer = ask(relay, RESPONSES, model="codex/gpt-5", input="hi", **{field: "x_1"})
    assert answer.status == 400
    assert field in orjson.loads(answer.body)["error"]["message"]
    assert vendor.seen() == []


def test_a_stream_of_codex_that_fails_is_an_error_with_a_true_status_for_a_whole_client(
    own_relay: Relay, own_vendor: Vendor
):
    failed = {"type": "response.failed", "response": {"id": "r", "status": "failed", "error": {"code": "server_error",
              "message": "broke"}}}  # fmt: skip
    body = b"event: response.failed\ndata: %b\n\n" % orjson.dumps(failed)
    events = {"content-type": "text/event-stream"}
    own_vendor.answers("codex", {"status": 200, "headers": events, "body": body.decode()}, stuck=True)
    answer = ask(own_relay, RESPONSES, model="codex/gpt-5", input="hi")
    assert answer.status >= 500
    assert orjson.loads(answer.body)["error"]["message"] == "broke"


def test_a_stream_of_codex_that_stops_short_is_no_answer(own_relay: Relay, own_vendor: Vendor):
    body = 'event: response.created\ndata: {"type":"response.created","response":{"id":"r","output":[]}}\n\n'
    own_vendor.answers(
        "codex", {"status": 200, "headers": {"content-type": "text/event-stream"}, "body": body}, stuck=True
    )
    assert ask(own_relay, RESPONSES, model="codex/gpt-5", input="hi").status == 502


def test_compacting_passes_as_it_came(relay: Relay, vendor: Vendor):
    fields = {"model": "gpt-5", "input": [HI]}
    vendor.answers("codex", {"status": 200, "headers": {"content-type": "application/json"}, "body": '{"output":[]}'})
    answer = ask(relay, "/v1/responses/compact", **fields | {"model": "codex/gpt-5"})
    assert (answer.status, answer.body) == (200, b'{"output":[]}')
    assert sent(vendor) == fields
    assert only(vendor)["path"].endswith("/codex/responses/compact")


# Gemini Code Assist.


@pytest.mark.parametrize("query", ["", "?alt=sse"])
@pytest.mark.parametrize("verb", ["generateContent", "streamGenerateContent"])
def test_a_gemini_client_sees_no_envelope(relay: Relay, vendor: Vendor, verb: str, query: str):
    inner = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}], "generationConfig": {"temperature": 1.0e5}}
    path = f"/v1beta/models/gemini-cli%2Fgemini-x:{verb}{query}".replace("%2F", "/")
    answer = ask(relay, path, **inner)
    assert answer.status == 200
    assert b'"response"' not in answer.body
    assert b'"gemini-cli"' in answer.body
    if not query or verb == "generateContent":
        orjson.loads(answer.body)  # one object, or an array of them
    assert only(vendor)["path"] == f"/v1internal:{verb}{query}"
    raw = only(vendor)["body"].encode()
    assert raw == b'{"model":"gemini-x","project":"project-1","request":%b}' % orjson.dumps(inner)


@pytest.mark.parametrize("stream", [False, True])
def test_code_assist_answers_clients_of_other_formats(relay: Relay, vendor: Vendor, *, stream: bool):
    answer = ask(relay, MESSAGES, model="gemini-cli/gemini-x", max_tokens=9, messages=[HI], stream=stream)
    assert answer.status == 200
    assert b'"gemini-cli"' in answer.body
    assert sent(vendor)["request"]["contents"][0]["parts"] == [{"text": "hi"}]


def test_code_assist_counts(relay: Relay, vendor: Vendor):
    contents = [{"role": "user", "parts": [{"text": "hi"}]}]
    answer = ask(relay, "/v1beta/models/gemini-cli/gemini-x:countTokens", contents=contents)
    assert orjson.loads(answer.body)["totalTokens"] == 7
    assert sent(vendor) == {"request": {"model": "models/gemini-x", "contents": contents}}
    assert orjson.loads(ask(relay, COUNT, model="gemini-cli/gemini-x", messages=[HI]).body) == {"input_tokens": 7}


def test_a_refusal_of_code_assist_passes_as_it_is(relay: Relay, vendor: Vendor):
    body = '{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}'
    answers = {"status": 400, "headers": {"content-type": "application/json"}, "body": body}
    vendor.answers("gemini-cli", answers)
    answer = ask(relay, "/v1beta/models/gemini-cli/gemini-x:generateContent", contents=[])
    assert (answer.status, answer.body) == (400, body.encode())


# Copilot.


def test_copilot_hears_who_asks_and_whose_turn_it_is(relay: Relay, vendor: Vendor):
    assert ask(relay, CHAT, model="copilot/gpt-4.1", messages=[HI]).status == 200
    own = (("editor-version", "vscode/1.2"), ("x-initiator", "agent"))
    assert ask(relay, CHAT, *own, model="copilot/gpt-4.1", messages=[HI]).status == 200
    ours, theirs = map(headers_of, vendor.seen())
    assert (ours["editor-version"], ours["x-initiator"]) == (OURS, "user")
    assert (theirs["editor-version"], theirs["x-initiator"]) == ("vscode/1.2", "agent")
    assert "copilot-integration-id" not in ours
    assert "vscode" not in str(ours)


@pytest.mark.parametrize(
    ("path", "model", "asked"),
    [
        (CHAT, "claude-x", "/chat/completions"),
        (MESSAGES, "claude-x", "/v1/messages"),
        (MESSAGES, "gpt-5.2", "/responses"),
        (CHAT, "gpt-5.2", "/responses"),
        (MESSAGES, "gemini-x", "/chat/completions"),
        (RESPONSES, "gpt-4.1", "/chat/completions"),
    ],
)
def test_each_model_of_copilot_is_asked_where_it_is_served(
    relay: Relay, vendor: Vendor, path: str, model: str, asked: str
):
    fields: dict[str, Any] = {"input": "hi"} if path == RESPONSES else {"messages": [HI], "max_tokens": 9}
    answer = ask(relay, path, model=f"copilot/{model}", **fields)
    assert (answer.status, only(vendor)["path"]) == (200, asked)
    assert b"copilot" in answer.body


def test_what_copilot_has_no_way_to_count_is_estimated(relay: Relay, vendor: Vendor):
    answer = ask(relay, COUNT, model="copilot/claude-x", messages=[HI])
    assert answer.status == 200
    assert answer.get("x-fastproxy-estimated")
    assert vendor.seen() == []


# Which of them is asked.


def test_a_bare_name_finds_the_backend_that_has_a_login(relay: Relay, vendor: Vendor):
    assert ask(relay, RESPONSES, model="gpt-5.1", input="hi").get("x-fastproxy-route") == "codex/gpt-5.1"
    answer = ask(relay, "/v1beta/models/gemini-x:generateContent", contents=[])
    assert answer.get("x-fastproxy-route") == "gemini-cli/gemini-x"


def test_without_a_login_the_answer_says_what_to_type(start_relay: StartRelay):
    bare = start_relay('[server]\nlisten = ["127.0.0.1:0"]\n[access]\ntokens = ["env:TEST_CLIENT_TOKEN"]\n')
    answer = ask(bare, RESPONSES, model="codex/gpt-5", input="hi")
    assert answer.status == 503
    assert "fastproxy account login codex" in orjson.loads(answer.body)["error"]["message"]
