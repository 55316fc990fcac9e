"""What a client of each format may say, field by field, by its official SDK's types, as whole requests.

The SDKs' types don't say which texts are base64, which ids belong together and what the shortest useful part is: the
samples below do. Every request has a call before and a turn of the user's behind what is looked at.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypedDict

import orjson
from anthropic.types.beta.message_create_params import MessageCreateParamsNonStreaming
from google.genai import types as gemini
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming

from support.exchange import Format
from support.sdk_fields import Said, Samples, Walk

Body = dict[str, Any]

_TOOLS = ("f1", "f0")
_SCHEMA = {"type": "object", "properties": {"one": {"type": "string"}}}
_OTHER_SCHEMA = {"type": "object", "properties": {"two": {"type": "string"}}}
_BYTES, _OTHER_BYTES = "AAECAwQFBgc=", "AAECAwQFBggA"  # no picture's: where one tells its kind, nobody's word counts
_PDF, _OTHER_PDF = "data:application/pdf;base64,JVBERi0=", "data:application/pdf;base64,JVBERi0x"
_PART = frozenset({
    "text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult",
    "toolCall", "toolResponse",
})  # fmt: skip


class GeminiBody(TypedDict, total=False):
    """The body of generateContent; google-genai has types for what it holds and none for the whole."""

    contents: list[gemini.Content]
    systemInstruction: gemini.Content
    tools: list[gemini.Tool]
    toolConfig: gemini.ToolConfig
    safetySettings: list[gemini.SafetySetting]
    generationConfig: gemini.GenerationConfig
    cachedContent: str
    serviceTier: gemini.ServiceTier
    labels: dict[str, str]
    store: bool


# What everybody means by these keys, and what Google alone does.
_VALUES: Mapping[str, tuple[Any, ...]] = {
    "arguments": ('{"one":1}', '{"two":1}'),
    "call_id": ("c1",),
    "tool_call_id": ("c1",),
    "tool_use_id": ("c1",),
    "input_schema": (_SCHEMA, _OTHER_SCHEMA),
    "parameters": (_SCHEMA, _OTHER_SCHEMA),
    "schema": (_SCHEMA, _OTHER_SCHEMA),
    "data": (_BYTES, _OTHER_BYTES),
    "file_data": (_PDF, _OTHER_PDF),
    "file_url": ("https://one.example/a.pdf", "https://two.example/a.pdf"),
    "url": ("https://one.example/a.png", "https://two.example/a.png"),
    "ResponseInputImageParam.image_url": ("https://one.example/a.png", "https://two.example/a.png"),
    "ResponseInputImageContentParam.image_url": ("https://one.example/a.png", "https://two.example/a.png"),
    "model": ("m",),
    "max_tokens": (4096, 4097),
    "budget_tokens": (2048, 9000),
    "signature": ("c2ln", "Z2lz"),
    "encrypted_content": ("c2ln", "Z2lz"),
    "ChatCompletionNamedToolChoiceParam.function": ({"name": "f1"},),
    "ToolChoiceFunctionParam.name": ("f1",),
    "BetaToolChoiceToolParam.name": ("f1",),
    "ChatCompletionAllowedToolsParam.tools": ([{"type": "function", "function": {"name": "f1"}}],),
    "ToolChoiceAllowedParam.tools": ([{"type": "function", "name": "f1"}],),
}
_GEMINI_VALUES: Mapping[str, tuple[Any, ...]] = {
    "data": (_BYTES, _OTHER_BYTES),
    "fileUri": ("https://one.example/a.mp4", "https://two.example/a.mp4"),
    "mimeType": ("image/png", "image/webp"),
    "parametersJsonSchema": (_SCHEMA, _OTHER_SCHEMA),
    "responseJsonSchema": (_SCHEMA, _OTHER_SCHEMA),
    "properties": ({"one": {"type": "STRING"}}, {"two": {"type": "STRING"}}),
    "propertyOrdering": (["two", "one"],),
    "allowedFunctionNames": (["f1"],),
    "args": ({"one": 1}, {"two": 1}),
    "response": ({"output": "one"}, {"output": "two"}),
    "FunctionDeclaration.response": ({"type": "STRING"}, {"type": "OBJECT"}),
    "FunctionResponse.id": ("c1",),
    "FunctionResponse.name": ("f1",),
    "Content.role": ("model",),
    "thinkingBudget": (2048, 9000),
}
_PROPERTIES = {"one": {"type": "STRING"}, "two": {"type": "STRING"}}
_SAMPLES = Samples(_VALUES, minimal={"JSONSchema": {"name": "one", "schema": _SCHEMA}})
_GEMINI_SAMPLES = Samples(
    _GEMINI_VALUES,
    minimal={
        "Part": {"text": "one"},
        "FunctionDeclaration": {"name": "f2"},
        "Content": {"role": "user", "parts": [{"text": "one"}]},
        "FunctionCall": {"name": "f1", "args": {"one": 1}},
        "FunctionResponse": {"name": "f1", "id": "c1", "response": {"output": "one"}},
        "Blob": {"mimeType": "image/png", "data": _BYTES},
        "FunctionResponseBlob": {"mimeType": "image/png", "data": _BYTES},
        "FileData": {"mimeType": "image/png", "fileUri": "https://one.example/a.png"},
        "FunctionResponseFileData": {"mimeType": "image/png", "fileUri": "https://one.example/a.png"},
        "Tool": {"functionDeclarations": [{"name": "f2"}]},
        "Schema": {"type": "OBJECT", "properties": _PROPERTIES},
    },
    one_of={"Part": _PART},
    beside={
        "Part": (
            {"inlineData": {"mimeType": "image/png", "data": _BYTES}},
            {"functionCall": {"name": "f1", "args": {}}},
        )
    },
)


def said(format_: Format) -> Iterator[Said]:
    """Every field of this format's requests. The values are requests, whole."""
    kinds: dict[Format, Any] = {
        "anthropic": MessageCreateParamsNonStreaming,
        "openai-chat": CompletionCreateParamsNonStreaming,
        "openai-responses": ResponseCreateParamsNonStreaming,
        "gemini": GeminiBody,
    }
    return Walk(_GEMINI_SAMPLES if format_ == "gemini" else _SAMPLES).fields(kinds[format_])


def whole(format_: Format, told: Body) -> bytes:
    """The request that says this."""
    return orjson.dumps(_WHOLE[format_](told))


def _anthropic(told: Body) -> Body:
    before = [
        _user("Hi"),
        {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "f1", "input": {}}]},
    ]
    tools = [{"name": name, "input_schema": _SCHEMA} for name in _TOOLS]
    return (
        {"max_tokens": 4096, "tools": tools} | told | {"messages": [*before, *told.get("messages", ()), _user("So?")]}
    )


def _chat(told: Body) -> Body:
    function = {"name": "f1", "arguments": "{}"}
    before = [
        _user("Hi"),
        {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": function}]},
    ]
    tools = [{"type": "function", "function": {"name": name, "parameters": _SCHEMA}} for name in _TOOLS]
    return {"model": "m", "tools": tools} | told | {"messages": [*before, *told.get("messages", ()), _user("So?")]}


def _responses(told: Body) -> Body:
    before = [_user("Hi"), {"type": "function_call", "call_id": "c1", "name": "f1", "arguments": "{}"}]
    items = told.get("input", [])
    asked = items if isinstance(items, str) else [*before, *items, _user("So?")]
    tools = [{"type": "function", "name": name, "parameters": _SCHEMA} for name in _TOOLS]
    return {"model": "m", "tools": tools} | told | {"input": asked}


def _gemini(told: Body) -> Body:
    call = {"role": "model", "parts": [{"functionCall": {"id": "c1", "name": "f1", "args": {}}}]}
    contents = [{"role": "user", "parts": [{"text": "Hi"}]}, call, *told.get("contents", ())]
    tools = [{"functionDeclarations": [{"name": name, "parametersJsonSchema": _SCHEMA} for name in _TOOLS]}]
    return {"tools": tools} | told | {"contents": [*contents, {"role": "user", "parts": [{"text": "So?"}]}]}


def _user(text: str) -> Body:
    return {"role": "user", "content": text}


_WHOLE: dict[Format, Callable[[Body], Body]] = {
    "anthropic": _anthropic,
    "openai-chat": _chat,
    "openai-responses": _responses,
    "gemini": _gemini,
}
