"""The rows of compatible hosts: what is particular about each."""

import orjson
import pytest

from fastproxy.endpoints import find
from fastproxy.formats import BY_NAME
from fastproxy.providers.compatible import PROVIDERS
from fastproxy.routing import route
from fastproxy.snapshot import Snapshot
from fastproxy.translate.families import family
from fastproxy.translate.memory import Memory
from fastproxy.translate.request import Target, translate_request
from fastproxy.translate.seal import Mint

ROWS = {provider.name: provider for provider in PROVIDERS}
MESSAGES = find(b"POST", b"/v1/messages").endpoint
CHAT = find(b"POST", b"/v1/chat/completions").endpoint


@pytest.mark.parametrize("name", ROWS)
def test_every_host_speaks_chat_and_takes_its_key_as_bearer(name):
    found = route(CHAT, f"{name}/some-model", Snapshot(providers=ROWS), {})
    assert (found.provider.name, found.model, found.format) == (name, "some-model", "openai-chat")
    assert found.provider.auth == "bearer"


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("deepseek", "https://api.deepseek.com/anthropic"),
        ("moonshot", "https://api.moonshot.ai/anthropic"),
        ("zai", "https://api.z.ai/api/anthropic"),
        ("dashscope", "https://dashscope-intl.aliyuncs.com/apps/anthropic"),
        ("openrouter", "https://openrouter.ai/api"),
        ("fireworks", "https://api.fireworks.ai/inference"),
    ],
)
def test_hosts_with_an_anthropic_door_are_reached_through_it_by_anthropic_clients(name, url):
    found = route(MESSAGES, f"{name}/some-model", Snapshot(providers=ROWS), {})
    assert found.provider.formats[found.format] == url


@pytest.mark.parametrize("name", ["openrouter", "groq", "together", "fireworks", "cerebras"])
def test_hosts_of_other_peoples_models_claim_no_family(name):
    assert ROWS[name].models == ()


CODEX = {
    "model": "m",
    "input": [
        {"role": "user", "content": "?"},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "so"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "r"},
    ],
    "store": False,
    "prompt_cache_key": "k",
    "reasoning": {"effort": "medium"},
    "text": {"verbosity": "low"},
    "max_output_tokens": 100,
}


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("groq", {"max_completion_tokens", "reasoning_effort"}),
        ("cerebras", {"max_completion_tokens", "reasoning_effort"}),
        ("mistral", {"max_tokens", "prompt_cache_key"}),
    ],
)
def test_what_a_strict_host_refuses_does_not_reach_it(name, kept):
    target = Target(BY_NAME["openai-chat"], "m", Mint("openai-chat", name, "a"), family("m"), ROWS[name].quirks.refuses)
    request = BY_NAME["openai-responses"].decode_request(orjson.dumps(CODEX), {})
    told = translate_request(request, target, Memory())
    body = orjson.loads(told.body)
    assert body.keys() == kept | {"model", "messages"}
    assert not any("reasoning_content" in message for message in body["messages"])
    assert {"reasoning", "store", "output.verbosity"} <= set(told.dropped)


@pytest.mark.parametrize("name", ROWS)
def test_a_host_gets_a_key_for_its_cache_only_where_it_is_known_to_take_one(name):
    takes = {"mistral": {"openai-chat"}, "xai": {"openai-responses"}}
    assert ROWS[name].quirks.cache_key == takes.get(name, set())
    assert "cache_key" not in ROWS[name].quirks.refuses or not ROWS[name].quirks.cache_key


def test_mistral_wants_short_ids_for_whatever_model_it_serves():
    assert [name for name, row in ROWS.items() if row.quirks.short_call_ids] == ["mistral"]
