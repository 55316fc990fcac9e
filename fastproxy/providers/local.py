"""Model servers on this machine, at the port each has by default. They need no key and are used when the port answers.

Values only: who probes the ports lives elsewhere. Ids are whatever the user has downloaded, so none has a family; their
model lists say what they serve.
Source: docs.ollama.com/api (OpenAI and Anthropic compatibility), lmstudio.ai/docs/developer (the same), the README of
llama.cpp's server, docs.vllm.ai (online serving), read 2026-11-21.
"""

from fastproxy.providers.base import Provider


def _daemon(name: str, title: str, root: str) -> Provider:
    """All four daemons serve Chat and Responses below /v1, and Messages at /v1/messages."""
    return Provider(
        name=name,
        title=title,
        formats={"openai-chat": f"{root}/v1", "openai-responses": f"{root}/v1", "anthropic": root},
        auth="none",
        local=True,
    )


PROVIDERS = (
    _daemon("ollama", "Ollama", "http://127.0.0.1:11434"),
    _daemon("lmstudio", "LM Studio", "http://127.0.0.1:1234"),
    _daemon("llama.cpp", "llama.cpp server", "http://127.0.0.1:8080"),
    _daemon("vllm", "vLLM", "http://127.0.0.1:8000"),
)
