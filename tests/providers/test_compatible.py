"""The rows of compatible hosts: what is particular about each."""

import pytest

from fastproxy.endpoints import find
from fastproxy.providers.compatible import PROVIDERS
from fastproxy.routing import route
from fastproxy.snapshot import Snapshot

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
        ("qwen", "https://dashscope-intl.aliyuncs.com/apps/anthropic"),
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
