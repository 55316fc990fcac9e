"""OpenAI's own API. Values only: nothing here may look at a request.

Source: the official Python SDK's default base URL and key variable (openai 3.54.0); its types and the guide on prompt
caching (developers.openai.com/api/docs/guides/prompt-caching) for prompt_cache_key; read 2026-11-21.
"""

from fastproxy.providers.base import Provider, Quirks

PROVIDER = Provider(
    name="openai",
    title="OpenAI",
    formats={
        "openai-chat": "https://api.openai.com/v1",
        "openai-responses": "https://api.openai.com/v1",
    },
    key_variables=("OPENAI_API_KEY",),
    quirks=Quirks(cache_key=frozenset({"openai-chat", "openai-responses"})),
    models=("gpt-*", "o[0-9]*", "chatgpt-*", "codex-*"),
)
