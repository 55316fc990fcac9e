"""The daemons on this machine: their ports, and that no key is asked for."""

from urllib.parse import urlsplit

from fastproxy.providers.local import PROVIDERS


def test_every_daemon_is_at_its_default_port():
    ports = {provider.name: {urlsplit(url).port for url in provider.formats.values()} for provider in PROVIDERS}
    assert ports == {"ollama": {11434}, "lmstudio": {1234}, "llama.cpp": {8080}, "vllm": {8000}}


def test_every_daemon_speaks_three_formats_below_one_root():
    for provider in PROVIDERS:
        root = provider.formats["anthropic"]
        assert provider.formats == {"openai-chat": f"{root}/v1", "openai-responses": f"{root}/v1", "anthropic": root}
        assert provider.local
        assert provider.models == ()
