"""What goes upstream: the client's bytes in its own format, a request of ours in any other."""

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import orjson
import pytest

from fastproxy.asked import Asked
from fastproxy.errors import Fault
from fastproxy.formats import FORMATS
from fastproxy.formats.base import FormatName
from fastproxy.ir.request import TextPart
from fastproxy.outgoing import Outgoing, decoded, mint_of, outgoing, target_of, upgraded
from fastproxy.payload import compiled
from fastproxy.providers.base import Quirks
from fastproxy.providers.draft import Draft
from fastproxy.routing import Route
from fastproxy.snapshot import Account, Snapshot
from fastproxy.translate.families import family
from fastproxy.translate.memory import Memories
from fastproxy.translate.names import SHORT_ID
from fastproxy.translate.seal import DROPPED, Mint, envelope
from support.asking import ACCOUNT, CHAT, GEMINI, KEY, MESSAGES, RESPONSES, asked, lab, route_to

HI = {"role": "user", "content": "hi"}
SAYS_HI: dict[str, dict[str, object]] = {
    CHAT: {"model": "m", "messages": [HI]},
    RESPONSES: {"model": "m", "input": "hi"},
    MESSAGES: {"model": "m", "max_tokens": 9, "messages": [HI]},
    GEMINI: {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
TARGETS: dict[FormatName, str] = {
    "openai-chat": "/v1/chat/completions",
    "openai-responses": "/v1/responses",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/m:generateContent",
}

Ask = Callable[..., Asked]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Asks at a path, with the fields of a body."""

    def ask(path: str, *headers: tuple[str, str], snapshot: Snapshot | None = None, **fields: object) -> Asked:
        body = orjson.dumps(SAYS_HI.get(path.partition("?")[0], SAYS_HI[GEMINI]) | fields)
        return asked(tmp_path, path, body, *headers, snapshot=snapshot or Snapshot())

    return ask


def sent(one: Asked, route: Route, account: Account = ACCOUNT) -> Outgoing:
    return outgoing(one, route, account, Memories())


def lines(out: Outgoing) -> list[bytes]:
    return out.call.lines.removesuffix(b"\r\n").split(b"\r\n")


# The diagonal.


def test_in_its_own_format_a_request_goes_as_it_came(ask: Ask):
    one = ask(MESSAGES, ("anthropic-beta", "b"), ("x-api-key", "fp-client"))
    out = sent(one, route_to("anthropic", auth="x-api-key"))
    assert out.call.body is one.body
    assert (out.translated, out.dropped) == (None, ())
    assert b"anthropic-beta: b" in lines(out)
    assert [line for line in lines(out) if line.startswith(b"x-api-key")] == [b"x-api-key: " + KEY.encode()]


def test_only_the_model_is_written_anew_where_it_has_another_name_there(ask: Ask):
    one = ask(CHAT, model="alias")
    assert sent(one, route_to("openai-chat", "served")).call.body == one.body.replace(b"alias", b"served")


def test_usage_is_asked_for_where_the_host_wants_it_and_the_client_said_nothing_of_it(ask: Ask):
    route = route_to("openai-chat", quirks=Quirks(include_usage=True))
    asks = b'"stream_options":{"include_usage":true}'
    assert asks in sent(ask(CHAT, stream=True), route).call.body
    own = ask(CHAT, stream=True, stream_options={"include_usage": False})
    assert sent(own, route).call.body is own.body
    assert asks not in sent(ask(CHAT), route).call.body


@pytest.mark.parametrize(
    ("minted", "kept"),
    [(Mint("anthropic", "lab", ACCOUNT.id), True), (Mint("gemini", "g", "g:key"), False)],
)
def test_an_envelope_goes_back_to_who_made_it_and_to_nobody_else(ask: Ask, minted: Mint, *, kept: bool):
    thought = {"type": "thinking", "thinking": "so", "signature": envelope(minted, "SIGNED")}
    turn = {"role": "assistant", "content": [thought, {"type": "text", "text": "ho"}]}
    out = sent(ask(MESSAGES, messages=[HI, turn, HI]), route_to("anthropic"))
    assert (b'"SIGNED"' in out.call.body) == kept
    assert b"fpSeal" not in out.call.body
    assert out.dropped == (() if kept else (DROPPED,))


# Across formats.


@pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)
@pytest.mark.parametrize("path", SAYS_HI)
def test_every_format_reaches_every_other(ask: Ask, path: str, format_):
    one = ask(path)
    out = sent(one, route_to(format_.name))
    assert (out.translated is None) == (one.format.name == format_.name)
    assert out.call.origin == "http://lab:1"
    assert out.call.target.decode() == TARGETS[format_.name]
    arrived = format_.decode_request(out.call.body, {"model": "m", "verb": "generateContent"})
    assert arrived.messages[-1].parts == (TextPart("hi"),)


@pytest.mark.parametrize("path", [CHAT, MESSAGES, RESPONSES])
def test_a_stream_from_gemini_is_asked_for_as_events(ask: Ask, path: str):
    target = sent(ask(path, stream=True), route_to("gemini")).call.target
    assert target == b"/v1beta/models/m:streamGenerateContent?alt=sse"


def test_a_stream_is_asked_for_in_the_body_elsewhere(ask: Ask):
    one = ask("/v1beta/models/m:streamGenerateContent?alt=sse")
    out = sent(one, route_to("anthropic"))
    assert orjson.loads(out.call.body)["stream"] is True
    assert out.call.target == b"/v1/messages"


def test_nothing_of_the_clients_head_is_in_a_request_of_ours(ask: Ask):
    one = ask(f"{MESSAGES}?beta=true", ("anthropic-beta", "b"), ("user-agent", "theirs"), ("x-mine", "1"))
    out = sent(one, route_to("openai-chat"))
    assert b"beta" not in out.call.target + out.call.lines
    assert b"theirs" not in out.call.lines
    assert b"x-mine" not in out.call.lines
    assert b"authorization: Bearer " + KEY.encode() in lines(out)
    assert b"content-length: %d" % len(out.call.body) in lines(out)


def test_what_a_format_demands_in_the_head_is_there(ask: Ask):
    versions = [line for line in lines(sent(ask(CHAT), route_to("anthropic"))) if line.startswith(b"anthropic-version")]
    assert len(versions) == 1


def test_headers_of_the_configuration_go_with_it_and_the_formats_own_count_more(ask: Ask):
    given = (("x-team", "blue"), ("anthropic-version", "1999-01-01"))
    told = lines(sent(ask(CHAT), route_to("anthropic", headers=given)))
    assert b"x-team: blue" in told
    assert b"anthropic-version: 1999-01-01" not in told


def test_the_callers_own_credential_goes_where_the_provider_wants_it(ask: Ask):
    one = ask(CHAT, ("authorization", "Bearer theirs"))
    out = sent(one, route_to("openai-responses", auth="client"), Account("lab", "lab"))
    assert b"authorization: Bearer theirs" in lines(out)


def test_a_keyless_host_gets_no_credential(ask: Ask):
    out = sent(ask(CHAT), route_to("gemini", auth="none"), Account("lab", "lab"))
    assert b"authorization" not in out.call.lines
    assert b"key" not in out.call.lines


def test_what_the_upstream_is_not_told_is_named(ask: Ask):
    out = sent(ask(CHAT, seed=7, logit_bias={"1": 2}), route_to("anthropic"))
    assert {"seed", "logit_bias"} <= set(out.dropped)
    assert len(set(out.dropped)) == len(out.dropped)


def test_what_has_no_equal_is_refused(ask: Ask):
    with pytest.raises(Fault) as raised:
        sent(ask(RESPONSES, previous_response_id="resp_1"), route_to("anthropic"))
    assert (raised.value.status, raised.value.param) == (400, "previous_response_id")


def test_rules_of_the_configuration_speak_the_upstreams_format(ask: Ask):
    rules = (compiled("override", ["m"], {"generationConfig.topK": 3}),)
    out = sent(ask(CHAT, snapshot=Snapshot(payload=rules)), route_to("gemini"))
    assert orjson.loads(out.call.body)["generationConfig"]["topK"] == 3


# Counts.


@pytest.mark.parametrize(
    ("path", "format_", "target"),
    [
        ("/v1/messages/count_tokens", "gemini", "/v1beta/models/m:countTokens"),
        ("/v1/messages/count_tokens", "openai-responses", "/v1/responses/input_tokens"),
        ("/v1/responses/input_tokens", "anthropic", "/v1/messages/count_tokens"),
        ("/v1beta/models/m:countTokens", "anthropic", "/v1/messages/count_tokens"),
    ],
)
def test_a_count_is_asked_for_at_the_upstreams_own_endpoint(ask: Ask, path: str, format_: FormatName, target: str):
    said: dict[str, object] = {"messages": [HI], "model": "m"} if "messages" in path else {"model": "m", "input": "hi"}
    out = sent(ask(path, **({} if "gemini" in path or "beta" in path else said)), route_to(format_))
    assert out.call.target.decode() == target
    assert b"hi" in out.call.body


def test_a_rule_for_answers_does_not_touch_a_count(ask: Ask):
    rules = (compiled("override", ["m"], {"temperature": 1}),)
    one = ask("/v1/messages/count_tokens", model="m", messages=[HI], snapshot=Snapshot(payload=rules))
    assert b"temperature" not in sent(one, route_to("gemini")).call.body
    assert b"temperature" not in sent(one, route_to("anthropic")).call.body


def test_counted_and_generated_alike_the_same_is_decoded(ask: Ask):
    question = decoded(ask("/v1/messages/count_tokens", model="m", messages=[HI]))
    assert question.messages == decoded(ask(MESSAGES)).messages


# Who answers.


def test_the_mint_names_format_provider_and_account():
    route = route_to("gemini", "served")
    assert mint_of(route, ACCOUNT) == Mint("gemini", "lab", "lab:key")
    target = target_of(route, ACCOUNT)
    assert (target.format.name, target.model, target.mint) == ("gemini", "served", mint_of(route, ACCOUNT))
    assert target.family is family("served")


# What a host wants otherwise.

SESSION = "3f1c2d9a-1111-4222-8333-944455556666"
CLAUDE_CODE = {"metadata": {"user_id": orjson.dumps({"device_id": "d", "session_id": SESSION}).decode()}}
KEYED = Quirks(cache_key=frozenset({"openai-chat"}))


def key_sent(one: Asked, format_: FormatName, quirks: Quirks = KEYED) -> str | None:
    body = sent(one, route_to(format_, quirks=quirks)).call.body
    assert SESSION.encode() not in body.replace(orjson.dumps(CLAUDE_CODE["metadata"]["user_id"]), b"")
    return orjson.loads(body).get("prompt_cache_key")


def test_the_key_for_a_hosts_cache_is_the_same_for_one_conversation_however_the_client_names_it(ask: Ask):
    by_body, by_header = ask(MESSAGES, **CLAUDE_CODE), ask(GEMINI, ("x-claude-code-session-id", SESSION))
    assert key_sent(by_body, "openai-chat") == key_sent(by_header, "openai-chat") is not None
    assert key_sent(ask(GEMINI, ("session-id", "another")), "openai-chat") != key_sent(by_body, "openai-chat")


def test_a_host_that_is_not_known_to_take_a_key_gets_none(ask: Ask):
    one = ask(MESSAGES, **CLAUDE_CODE)
    assert key_sent(one, "openai-chat", Quirks()) is None
    assert key_sent(one, "openai-responses") is None


def test_without_a_conversation_there_is_no_key(ask: Ask):
    assert key_sent(ask(MESSAGES), "openai-chat") is None


def test_ids_of_calls_are_made_short_in_translated_requests_and_never_on_the_diagonal(ask: Ask):
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    history = [
        HI,
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": ""},
    ]
    one = ask(CHAT, model="mistral-large-latest", messages=history)
    route = route_to("openai-chat", "mistral-large-latest", quirks=Quirks(short_call_ids=True))
    assert sent(one, route).call.body is one.body
    items = [
        {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "r"},
    ]
    told = orjson.loads(sent(ask(RESPONSES, input=items), route).call.body)["messages"]
    called, answered = told[-2]["tool_calls"][0]["id"], told[-1]["tool_call_id"]
    assert called == answered
    assert SHORT_ID.fullmatch(called)


UPGRADABLE = Route(lab("openai-chat", "openai-responses"), "openai-chat", "gpt-5.6", "named lab", "openai-responses")


def test_tools_beside_thinking_go_where_the_model_takes_both(ask: Ask):
    route = upgraded(ask(CHAT, tools=[TOOL]), UPGRADABLE)
    assert route.format == "openai-responses"
    assert "openai-responses" in route.why


@pytest.mark.parametrize(
    "fields",
    [{}, {"tools": [TOOL], "reasoning_effort": "none"}, {"tools": []}, {"tools": [TOOL], "messages": "not a list"}],
    ids=["no tools", "no thinking", "empty tools", "not to be understood"],
)
def test_other_requests_stay_on_the_diagonal(ask: Ask, fields: dict[str, object]):
    assert upgraded(ask(CHAT, **fields), UPGRADABLE) is UPGRADABLE


def test_without_another_format_the_route_stays(ask: Ask):
    route = msgspec.structs.replace(lab("openai-chat"), name="only")
    alone = UPGRADABLE._replace(provider=route, format_with_tools=None)
    assert upgraded(ask(CHAT, tools=[TOOL]), alone) is alone


@pytest.mark.parametrize("odd", ["[" * 300 + "]" * 300, "[" + "1," * 600_000 + "1]"], ids=["deep", "wide"])
def test_a_body_too_deep_or_too_wide_to_be_walked_is_refused_in_translation_only(tmp_path: Path, odd: str):
    body = b'{"model":"m","messages":[],"x":%b}' % odd.encode()
    one = asked(tmp_path, CHAT, body, snapshot=Snapshot())
    assert sent(one, route_to("openai-chat")).call.body is body
    with pytest.raises(Fault) as caught:
        sent(one, route_to("anthropic"))
    assert caught.value.kind == "too_large"


# What a provider shapes.


def marked(draft: Draft, facts: Mapping[str, str]) -> Draft:
    """Shows what came in: in the path, the query, a header, the body and what is dropped."""
    project, sent = facts["project"].encode(), b",".join(sorted(draft.sent))
    return msgspec.structs.replace(
        draft,
        path=f"/{draft.action}/{draft.model}",
        query=b"shaped=%d" % draft.stream,
        headers=(*draft.headers, (b"x-project", project), (b"x-sent", sent)),
        body=b'{"shaped":1}',
        dropped=(*draft.dropped, "shaped"),
    )


LOGIN = msgspec.structs.replace(
    ACCOUNT, kind="login", facts={"project": "p-1", "base_url": "https://eu.lab.test/v9", "account_id": "a"}
)


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_passed_and_translated_requests_are_shaped_alike(ask: Ask, path: str):
    one = ask(path, ("x-app", "cli"), stream=True, **({"logit_bias": {"1": 1}} if path == CHAT else {}))
    out = sent(one, route_to("openai-chat", shape=marked), LOGIN)
    assert out.call.target == b"/v1/generate/m?shaped=1"
    assert out.call.body == b'{"shaped":1}'
    assert b"x-project: p-1" in lines(out)
    assert (b"x-sent: x-app" in lines(out)) == (path == CHAT)
    assert out.dropped[-1] == "shaped"
    assert b"content-length: 12" in lines(out)


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_where_an_account_is_served_is_believed_only_where_the_record_says_so(ask: Ask, path: str):
    pinned = sent(ask(path), route_to("openai-chat"), LOGIN).call
    assert (pinned.origin, pinned.target) == ("http://lab:1", b"/v1/chat/completions")
    moved = sent(ask(path), route_to("openai-chat", hosts=("eu.lab.test",)), LOGIN).call
    assert (moved.origin, moved.target) == ("https://eu.lab.test:443", b"/v9/chat/completions")


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
@pytest.mark.parametrize("account", [ACCOUNT, LOGIN], ids=["key", "login"])
def test_a_login_goes_as_bearer_with_its_lists_and_a_key_as_a_key(ask: Ask, path: str, account: Account):
    lists = (("anthropic-beta", "login-beta"),)
    one = ask(path, ("anthropic-beta", "own"), ("anthropic-beta", "second"))
    out = lines(sent(one, route_to("anthropic", auth="x-api-key", login_lists=lists), account))
    betas = [line for line in out if line.startswith(b"anthropic-beta")]
    own = path == MESSAGES
    if account is LOGIN:
        assert betas == [b"anthropic-beta: own,second,login-beta" if own else b"anthropic-beta: login-beta"]
    else:
        assert betas == ([b"anthropic-beta: own", b"anthropic-beta: second"] if own else [])
    assert (b"authorization: Bearer " + KEY.encode() in out) == (account is LOGIN)
    assert (b"x-api-key: " + KEY.encode() in out) == (account is ACCOUNT)
