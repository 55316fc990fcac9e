"""One small request in each client format, and who served it: the scripted vendor's accounts answer with their name."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import orjson

from support.exchange import Format
from support.relay import Relay
from support.wire import Answer

FORMATS: tuple[Format, ...] = ("anthropic", "openai-chat", "openai-responses", "gemini")
_USER = [{"role": "user", "content": "hi"}]
_BODIES: Mapping[Format, tuple[str, dict[str, object]]] = {
    "anthropic": ("/v1/messages", {"max_tokens": 16, "messages": _USER}),
    "openai-chat": ("/v1/chat/completions", {"messages": _USER}),
    "openai-responses": ("/v1/responses", {"input": "hi"}),
}
_GEMINI = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
_ENDS: Mapping[Format, bytes] = {
    "anthropic": b"message_stop",
    "openai-chat": b"data: [DONE]",
    "openai-responses": b"response.completed",
    "gemini": b'"finishReason"',
}
_NAME = re.compile(rb'"(?:text|content|delta)":\s?"(acc-[a-z0-9-]+)"')
_Each, _Got = TypeVar("_Each"), TypeVar("_Got")


def ask_as(
    relay: Relay, format_: Format, session: str = "", *, model: str = "m", stream: bool = False, account: str = ""
) -> Answer:
    """A request of this format's own client."""
    headers = {"x-session-id": session, "x-fastproxy-account": account}
    told = tuple((name, value) for name, value in headers.items() if value)
    if format_ == "gemini":
        verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return relay.ask(f"/v1beta/models/{model}:{verb}", orjson.dumps(_GEMINI), told)
    target, body = _BODIES[format_]
    return relay.ask(target, orjson.dumps({**body, "model": model, "stream": stream}), told)


def served_by(answer: Answer, format_: Format = "anthropic", *, stream: bool = False) -> str:
    """The account that served, of an answer that is whole and holds nothing but that account's words."""
    assert answer.status == 200, (answer.status, answer.headers, answer.body)
    assert answer.complete
    if stream:
        assert answer.body.count(_ENDS[format_]) >= 1, answer.body
    names = set(_NAME.findall(answer.body))
    assert len(names) == 1, answer.body
    (name,) = names
    return str(name.decode())


def at_once(work: Callable[[_Each], _Got], each: Iterable[_Each], threads: int = 20) -> list[_Got]:
    """`work` of each, that many at the same time."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, each))


def provider(name: str, origin: str, labels: Sequence[str], *, formats: Sequence[str], extra: str = "") -> str:
    """[providers.NAME] at a vendor, for models NAME-*; each key is "key-LABEL", from the environment."""
    spoken = ", ".join(f'"{one}"' for one in formats)
    rows = "".join(
        f'[[providers.{name}.accounts]]\nlabel = "{label}"\napi_key = "env:{variable(label)}"\n' for label in labels
    )
    return f"""
[providers.{name}]
formats = [{spoken}]
base_url = "{origin}/v1"
auth = "bearer"
models = ["{name}-*"]
discover = false
{extra}
{rows}
"""


def variable(label: str) -> str:
    return f"KEY_{label.upper().replace('-', '_')}"


HEAD = """
[server]
listen = ["127.0.0.1:0"]
[access]
tokens = ["env:TEST_CLIENT_TOKEN"]
admin_token = "env:TEST_ADMIN_TOKEN"
"""
