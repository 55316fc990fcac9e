"""What the relay would do, told: route, upstream request, what is dropped and why, and never a credential."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.explain import Explanation, explain
from fastproxy.providers import BY_NAME, echo
from fastproxy.providers.base import Provider, Quirks
from fastproxy.snapshot import Snapshot
from fastproxy.translate.request import prepare
from fastproxy.translate.seal import DROPPED, Mint, envelope
from fastproxy.translate.turns import EMPTY, MISSING, ORPHAN, PREFILL
from support.asking import ACCOUNT, CHAT, KEY, MESSAGES, RESPONSES, head_of, lab, view_of

HI = {"role": "user", "content": "hi"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


def configured(*providers: Provider, with_keys: bool = True) -> Snapshot:
    known = {one.name: one for one in (*providers, echo.PROVIDER)}
    keys = {one.name: (msgspec.structs.replace(ACCOUNT, provider=one.name),) for one in providers} if with_keys else {}
    return Snapshot(providers=known, accounts=keys)


def told(
    directory: Path,
    path: str,
    snapshot: Snapshot,
    headers: tuple[tuple[str, str], ...] = (),
    **fields: object,
) -> Explanation:
    body = orjson.dumps({"model": "lab/m", "messages": [HI]} | fields)
    return explain(view_of(directory, snapshot), head_of(path, *headers), body, {})


def test_where_it_would_go_and_as_what(tmp_path: Path):
    one = told(tmp_path, MESSAGES, configured(lab("openai-chat")), max_tokens=9, stream=True)
    assert (one.endpoint, one.format, one.model, one.stream) == ("messages", "anthropic", "lab/m", True)
    assert (one.provider, one.upstream_format, one.upstream_model, one.why) == ("lab", "openai-chat", "m", "named lab")
    assert (one.sent, one.url) == (True, "http://lab:1/v1/chat/completions")
    assert orjson.loads(one.body)["messages"] == [HI]
    assert dict(one.headers)["content-length"] == str(len(one.body))


def test_in_its_own_format_the_body_is_the_clients(tmp_path: Path):
    one = told(tmp_path, CHAT, configured(lab("openai-chat")), (("x-mine", "1"),))
    assert (one.format, one.upstream_format) == ("openai-chat", "openai-chat")
    assert one.body == orjson.dumps({"model": "m", "messages": [HI]})
    assert dict(one.headers)["x-mine"] == "1"


@pytest.mark.parametrize("auth", ["bearer", "x-api-key", "client"])
def test_no_credential_is_ever_shown(tmp_path: Path, auth: str):
    host = lab("openai-chat", "anthropic", auth=auth, headers=(("x-team-key", "sk-team"),))
    for path in (CHAT, MESSAGES, RESPONSES):
        headers = (("Authorization", "Bearer sk-mine"), ("x-goog-api-key", "sk-mine"))
        one = told(tmp_path, f"{path}?key=sk-mine", configured(host), headers, input="hi")
        assert dict(one.headers)["x-team-key"] == "[redacted]"
        shown = msgspec.json.encode(one) + one.body
        assert KEY.encode() not in shown
        assert b"sk-" not in shown


def test_what_the_relay_itself_always_sends_is_shown(tmp_path: Path):
    claude = BY_NAME["anthropic"]
    one = told(tmp_path, MESSAGES, configured(claude), model="anthropic/claude-opus-5")
    assert dict(claude.headers).items() <= dict(one.headers).items()
    assert claude.headers


CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
SEALED = {"type": "reasoning.encrypted", "data": envelope(Mint("anthropic", "else", "a"), "SIGNED"), "format": "x"}
HISTORIES: Mapping[str, list[dict[str, object]]] = {
    MISSING: [HI, {"role": "assistant", "tool_calls": [CALL]}, HI],
    ORPHAN: [HI, {"role": "tool", "tool_call_id": "c9", "content": "so"}, HI],
    EMPTY: [HI, {"role": "assistant", "content": ""}, HI],
    DROPPED: [HI, {"role": "assistant", "content": "ho", "reasoning_details": [SEALED]}, HI],
}


@pytest.mark.parametrize("name", HISTORIES)
def test_what_was_mended_or_lost_of_the_conversation_has_its_own_reason(tmp_path: Path, name: str):
    one = told(tmp_path, CHAT, configured(lab("anthropic")), messages=HISTORIES[name])
    assert name in one.dropped
    assert "can't be said" not in one.dropped[name]
    assert "family" not in one.dropped[name]


def test_a_turn_that_was_added_has_its_own_reason(tmp_path: Path):
    cut = {"model": "lab/claude-opus-5", "messages": [HI, {"role": "assistant", "content": "Once upon"}]}
    one = told(tmp_path, CHAT, configured(lab("anthropic")), **cut)
    assert one.dropped[PREFILL].startswith("the model does not go on")
    assert msgspec.json.decode(one.body)["messages"][-1]["role"] == "user"


def test_what_the_model_does_not_take_is_told_from_what_the_format_has_no_word_for(tmp_path: Path):
    fields = {"model": "lab/claude-opus-5", "temperature": 0.2, "logit_bias": {"1": 2}}
    dropped = told(tmp_path, CHAT, configured(lab("anthropic")), **fields).dropped
    assert dropped["temperature"] == "models of the family 'claude-opus-5' don't take it so in anthropic"
    other = told(tmp_path, CHAT, configured(lab("anthropic")), user="me", store=True).dropped
    assert other["store"] == "it can't be said in anthropic"


def test_a_function_that_stands_for_the_answer_is_told_with_a_note(tmp_path: Path):
    shape = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object", "properties": {}}}}
    old, new = "lab/claude-sonnet-4-0", "lab/claude-sonnet-4-5"
    one = told(tmp_path, CHAT, configured(lab("anthropic")), model=old, response_format=shape)
    assert one.notes == ("the answer's text will be what the model hands to the function 'answer'",)
    assert told(tmp_path, CHAT, configured(lab("anthropic")), model=new, response_format=shape).notes == ()


def test_what_is_asked_in_words_only_has_its_own_reason(tmp_path: Path):
    fields = {"model": "lab/claude-opus-5-5", "tools": [TOOL], "tool_choice": "required"}
    one = told(tmp_path, CHAT, configured(lab("anthropic")), **fields, response_format={"type": "json_object"})
    assert all("in words" in one.dropped[name] for name in ("tool_choice", "output.kind"))


def test_what_one_host_refuses_is_its_own_reason(tmp_path: Path):
    host = lab("openai-chat", quirks=Quirks(refuses=frozenset({"user"})))
    dropped = told(tmp_path, MESSAGES, configured(host), max_tokens=9, metadata={"user_id": "me"}).dropped
    assert dropped["user"] == "Lab refuses it"


def test_an_envelope_of_somebody_else_is_told_on_the_diagonal_too(tmp_path: Path):
    turn = {"role": "assistant", "content": "ho", "reasoning_details": [SEALED]}
    assert set(told(tmp_path, CHAT, configured(lab("openai-chat")), messages=[HI, turn, HI]).dropped) == {DROPPED}


def test_nothing_dropped_is_nothing_told(tmp_path: Path):
    assert told(tmp_path, CHAT, configured(lab("openai-responses"))).dropped == {}


def test_a_request_is_sent_where_its_model_takes_tools(tmp_path: Path):
    both = configured(lab("openai-chat", "openai-responses"))
    assert told(tmp_path, CHAT, both, model="lab/gpt-5.6", tools=[TOOL]).upstream_format == "openai-responses"
    assert told(tmp_path, CHAT, both, model="lab/gpt-5.6").upstream_format == "openai-chat"


def test_who_would_be_asked_next_is_told(tmp_path: Path):
    first = lab("openai-chat", fallback=("other",))
    other = msgspec.structs.replace(lab("anthropic"), name="other")
    assert told(tmp_path, CHAT, configured(first, other)).fallback == ("other/m",)


def test_without_a_key_the_rest_is_told_with_a_note(tmp_path: Path):
    one = told(tmp_path, CHAT, configured(lab("anthropic"), with_keys=False))
    assert one.sent
    assert ["no credential for Lab" in note for note in one.notes] == [True]


def test_a_login_that_serves_its_own_client_only_is_not_told_to_serve_others(tmp_path: Path):
    host = lab("openai-chat")
    own = msgspec.structs.replace(ACCOUNT, id="lab:own", kind="login", serves="own-client")
    alone = msgspec.structs.replace(configured(host), accounts={"lab": (own,)})
    assert ["own client only" in note for note in told(tmp_path, CHAT, alone).notes] == [True]
    beside = msgspec.structs.replace(alone, accounts={"lab": (own, ACCOUNT)})
    assert told(tmp_path, CHAT, beside).notes == ()


def test_the_built_in_model_sends_nothing(tmp_path: Path):
    one = told(tmp_path, CHAT, configured(), model="fastproxy/echo")
    assert (one.sent, one.url, one.body, one.format) == (False, "", b"", one.upstream_format)
    assert "in this process" in one.notes[0]


def test_a_count_goes_to_the_upstreams_endpoint_or_is_estimated(tmp_path: Path):
    path = "/v1/messages/count_tokens"
    asked = told(tmp_path, path, configured(lab("gemini")))
    assert asked.url.endswith(":countTokens")
    guessed = told(tmp_path, path, configured(lab("openai-chat")))
    assert not guessed.sent
    assert "estimate" in guessed.notes[0]


@pytest.mark.parametrize("path", ["/v1/messages/count_tokens", MESSAGES])
def test_what_the_relay_would_refuse_is_refused(tmp_path: Path, path: str):
    with pytest.raises(Fault) as raised:
        told(tmp_path, path, configured(lab("openai-chat")), messages="not a list")
    assert raised.value.status == 400


def test_a_path_that_asks_no_model_can_not_be_explained(tmp_path: Path):
    for path in ("/v1/models", "/v1beta/models"):
        with pytest.raises(Fault, match="asks no model"):
            explain(view_of(tmp_path), head_of(path, method=b"GET"), b"{}", {})


def test_reasons_are_looked_for_only_where_something_was_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A whole second translation: not for nothing, as prompts may have megabytes."""
    calls: list[object] = []

    def counted(*arguments: object) -> object:
        calls.append(arguments)
        return prepare(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("fastproxy.explain.prepare", counted)
    told(tmp_path, CHAT, configured(lab("openai-responses")))
    assert calls == []
    told(tmp_path, CHAT, configured(lab("anthropic")), seed=1)
    assert len(calls) == 1
