"""No field that a client can say is lost in silence: it makes a difference upstream, or its name is told as dropped.

Every field that the official SDKs' types know is said in requests that differ in nothing else. Where two of them become
the same request and no name on the field's path is told, the field was lost; what says nothing anyway is listed here.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache

import pytest

from fastproxy.errors import Fault
from fastproxy.formats import BY_NAME
from fastproxy.translate.families import family
from fastproxy.translate.memory import Memory
from fastproxy.translate.request import Target, translate_request
from fastproxy.translate.seal import Mint
from support.client_fields import said, whole
from support.exchange import FORMATS, Format
from support.sdk_fields import Said

PARAMETERS = {"model": "lab-1", "verb": "generateContent"}
# A model that takes much, and one that takes less or in another way.
MODELS: Mapping[Format, tuple[str, str]] = {
    "openai-chat": ("lab-1", "gpt-5.2"),
    "openai-responses": ("gpt-5.6", "gpt-4.1"),
    "anthropic": ("claude-sonnet-4-5", "claude-opus-5"),
    "gemini": ("gemini-3-pro", "gemini-2.5-flash"),
}
# The hub's names, and what the clients' fields are called that they stand for.
HUBS_NAMES: Mapping[str, tuple[str, ...]] = {
    "budget_tokens": ("thinking_budget",),
    "cache": ("cache_control", "prompt_cache_breakpoint"),
    "cache_key": ("prompt_cache_key",),
    "document": ("inline_data", "file_data", "search_result"),
    "effort": ("reasoning_effort", "thinking_level"),
    "image": ("inline_data", "file_data", "image_generation_call", "result", "output_format"),
    "kind": ("response_format", "response_mime_type", "format"),
    "logprobs": ("response_logprobs",),
    "max_tokens": ("max_output_tokens", "max_completion_tokens"),
    "name": ("display_name", "title", "filename"),
    "parallel": ("parallel_tool_calls", "disable_parallel_tool_use"),
    "reasoning": ("thinking", "redacted_thinking", "thought"),
    "schema": ("response_format", "response_schema", "response_json_schema", "response_mime_type", "format"),
    "signature": ("redacted_thinking", "encrypted_content", "thought_signature"),
    "stop": ("stop_sequences",),
    "summary": ("generate_summary",),
    "tier": ("service_tier",),
    "top_logprobs": ("logprobs",),
    "user": ("user_id", "safety_identifier"),
}
# What says nothing that could be lost, by the end of its path, and why.
SAYS_NOTHING: Mapping[str, str] = {
    "model": "the route names the upstream's",
    "stream": "false is the default, and Gemini's client says it in the path",
    "stream_options.include_usage": "how the client wants its own stream told, which the relay knows from the peek",
    "stream_options.include_obfuscation": "the padding of a stream that is not the client's",
    "input.type": "that of a message may be left out",
    "input.id": "by which nobody but the host that keeps it knows an item",
    "input.status": "how far an item has come, of which the conversation has the result",
    "input.namespace": "a result finds its call by id, and the call has its whole name",
    "systemInstruction.role": "the system speaks, whatever it is called",
    "input.role": "a developer speaks as the system, to all hosts but OpenAI",
    "caller": "a call that comes directly from the model is what every call is, elsewhere",
    "functionResponse.id": "a result without an id finds its call by name and order",
    "functionResponse.name": "a result finds its call by id, and the call has the name",
    "fileData.mimeType": "whoever reads a link is told its type there",
    "tools.type": '"custom" is the default',
    "tools.environment": '"local" is where every function runs',
    "input.environment": '"local" is where every function runs',
    "text.format": '"text" is the default',
    "tools.format": '"text" is the default of what a custom tool takes',
    "custom.format": '"text" is the default of what a custom tool takes',
    "response_format": '"text" is the default',
    "tool_choice": '"auto" is the default',
    "format.name": "OpenAI demands it, and nobody else has a use for it",
    "json_schema.name": "OpenAI demands it, and nobody else has a use for it",
    "format.strict": "everybody else holds an answer to its schema always",
    "json_schema.strict": "everybody else holds an answer to its schema always",
    "parameters.nullable": "arguments are an object always",
    "parameters.type": "arguments are an object always",
    "includeThoughts": "false is the default",
    "thinking": "off where the model does not think unasked, or adaptive where it does",
    "thinking.budget_tokens": "the nearest level that the model has",
    "thinkingBudget": "the nearest level that the model has",
    "thinkingLevel": "the nearest level that the model has",
    "reasoning_effort": "the nearest level that the model has",
    "effort": "the nearest level that the model has",
}
FIELDS = {format_: list(said(format_)) for format_ in FORMATS}
LEAST = {"model": "m", "max_tokens": 4096, "messages": []}
CELLS = [
    pytest.param(source, target, model, id=f"{source}-{model}")
    for source in FORMATS
    for target in FORMATS
    for model in MODELS[target]
    if source != target
]


def snake(name: str) -> str:
    return re.sub(r"([A-Z])", r"_\1", name).lower()


def names(dropped: tuple[str, ...]) -> Iterator[str]:
    """What the fields may be called that were told as dropped."""
    for name in dropped:
        last = snake(name.rpartition(".")[2])
        yield from (last, *HUBS_NAMES.get(last, ()))


@lru_cache(maxsize=512)  # the request without a field is the same for all of its neighbours
def sent(source: Format, target: Format, model: str, body: bytes) -> tuple[object, set[str]]:
    """The request that goes upstream, or the refusal, which is like no other; and what was told as dropped."""
    mint = Mint(target, "lab", "account-1")
    try:
        request = BY_NAME[source].decode_request(body, PARAMETERS)
        translated = translate_request(request, Target(BY_NAME[target], model, mint, family(model)), Memory())
    except Fault as fault:
        assert fault.kind in ("bad_request", "not_found")  # noqa: PT017 - most are taken, and some are refused
        return fault, set()
    return translated.body, set(names(translated.dropped))


def is_silent(field: Said, source: Format, target: Format, model: str) -> bool:
    told = [sent(source, target, model, whole(source, value)) for value in field.values]
    if any(dropped & set(map(snake, field.words)) for _, dropped in told):
        return False
    alike = len(told) - len({body for body, _ in told})
    return alike > field.has_default


@pytest.mark.parametrize(("source", "target", "model"), CELLS)
def test_every_field_of_the_sdks_is_said_or_told_as_dropped(source: Format, target: Format, model: str) -> None:
    silent = defaultdict(list)
    for field in FIELDS[source]:
        path = ".".join(field.path)
        expected = any(path == end or path.endswith(f".{end}") for end in SAYS_NOTHING)
        if not expected and is_silent(field, source, target, model):
            silent[path].append(field.values[-1])
    assert silent == {}


def test_the_types_are_walked_to_their_ends() -> None:
    paths = {format_: {".".join(field.path) for field in fields} for format_, fields in FIELDS.items()}
    assert {"tools.defer_loading", "messages.content.citations.url", "thinking.display"} <= paths["anthropic"]
    assert {"input.phase", "tools.tools.async", "input.tools.parameters"} <= paths["openai-responses"]
    assert {"messages.name", "messages.audio.id", "prediction.content", "tools.custom.name"} <= paths["openai-chat"]
    assert {"contents.parts.videoMetadata.fps", "generationConfig.speechConfig.languageCode"} <= paths["gemini"]


def test_what_says_nothing_is_said_by_somebody() -> None:
    """A row for a field that no SDK knows any more would hide the next one of that name."""
    paths = {".".join(field.path) for fields in FIELDS.values() for field in fields}
    assert [end for end in SAYS_NOTHING if not any(f".{path}".endswith(f".{end}") for path in paths)] == []


def test_a_field_that_is_lost_would_be_seen() -> None:
    field = Said(("lost",), frozenset({"lost"}), (LEAST, LEAST | {"lost": 1}))
    assert not is_silent(field, "anthropic", "openai-chat", "lab-1"), "an extra, which goes by its own name"
    hidden = Said(("messages", "role", "lost"), frozenset({"lost"}), (LEAST, dict(LEAST)))
    assert is_silent(hidden, "anthropic", "openai-chat", "lab-1")
