"""A relay in front of four providers, each of which speaks one format only: every cell is one model name away.

What the client says of itself does not go upstream in a translation, so the script that answers is a part of the model.
"""

from collections.abc import Callable, Mapping

import orjson

from support.exchange import FORMATS, Format

# Models of the kind that each format's hosts serve: they think, and their family's rules apply.
MODELS: Mapping[Format, str] = {
    "openai-chat": "deepseek-reasoner",
    "openai-responses": "gpt-5.2",
    "anthropic": "claude-sonnet-4-5",
    "gemini": "gemini-3-pro-preview",
}
CELLS = [(client, host) for client in FORMATS for host in FORMATS if client != host]


def config(upstream_origin: str, *, extra: str = "") -> str:
    """A configuration with the providers "lab-openai-chat", "lab-anthropic" and so on, all at one address."""
    providers = "".join(
        f'[providers.lab-{name}]\nformats = ["{name}"]\nbase_url = "{upstream_origin}/v1"\n'
        'api_key = "env:TEST_UPSTREAM_KEY"\n'
        for name in FORMATS
    )
    return f"""
[server]
listen = ["127.0.0.1:0"]
[access]
tokens = ["env:TEST_CLIENT_TOKEN"]
admin_token = "env:TEST_ADMIN_TOKEN"
{providers}
{extra}
"""


def model(host: Format, script: str, name: str = "") -> str:
    """What a client has to ask for: the host of this format, which plays this script. name: of the model itself."""
    return f"lab-{host}/{script}/{name or MODELS[host]}"


def question(client: Format, asked: str, *, stream: bool = False) -> tuple[str, bytes]:
    """The target and the body of a client's shortest request for a model."""
    said = [{"role": "user", "content": "Where is the lighthouse?"}]
    if client == "gemini":
        verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
        contents = [{"role": "user", "parts": [{"text": said[0]["content"]}]}]
        return f"/v1beta/models/{asked}:{verb}", orjson.dumps({"contents": contents})
    target, fields = _QUESTIONS[client]
    return target, orjson.dumps({"model": asked, "stream": stream} | fields(said))


_QUESTIONS: Mapping[Format, tuple[str, Callable[[list[dict[str, str]]], dict[str, object]]]] = {
    "openai-chat": (
        "/v1/chat/completions",
        lambda said: {"messages": said, "stream_options": {"include_usage": True}},
    ),
    "openai-responses": ("/v1/responses", lambda said: {"input": said, "store": False}),
    "anthropic": ("/v1/messages", lambda said: {"messages": said, "max_tokens": 4096}),
}
