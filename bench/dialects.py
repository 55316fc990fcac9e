"""The four API formats as the bench speaks them: what a client asks for, and what a host of that format answers.

Shapes and lengths are those of real traffic (recorded exchanges of the four vendors, read 2026-11-21): short events
would flatter every parser. Values only; framing and heads are bench/wire.py's.
"""

from collections.abc import Callable, Sequence

import msgspec
import orjson

Turn = tuple[str, str]  # role ("user" or "assistant") and text

_MODEL = "bench-model-2026-11-21"
_ANSWER = "All of it was said before. " * 18


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """One format.

    path: of a request; "{model}" where the path names it, "{verb}" for the method that it calls.
    stamp: what stands in each event right before its time. body: turns, model, stream -> the request's fields.
    opening, event, closing: a stream; event has room for a time of 19 digits. whole: a JSON answer of about 1 KB.
    """

    path: str
    stamp: bytes
    body: Callable[[Sequence[Turn], str, bool], dict[str, object]]
    opening: bytes = b""
    event: bytes
    closing: bytes
    whole: bytes


def _chat_body(turns: Sequence[Turn], model: str, stream: bool) -> dict[str, object]:  # noqa: FBT001 - as Dialect.body
    """Keys in the order of openai-python 3.54."""
    options: dict[str, object] = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    return {"messages": [{"role": role, "content": text} for role, text in turns], "model": model, **options}


def _responses_body(turns: Sequence[Turn], model: str, stream: bool) -> dict[str, object]:  # noqa: FBT001 - as above
    options: dict[str, object] = {"stream": True} if stream else {}
    return {"input": [{"role": role, "content": text} for role, text in turns], "model": model, **options}


def _anthropic_body(turns: Sequence[Turn], model: str, stream: bool) -> dict[str, object]:  # noqa: FBT001 - as above
    options: dict[str, object] = {"stream": True} if stream else {}
    messages = [{"role": role, "content": text} for role, text in turns]
    return {"max_tokens": 1024, "messages": messages, "model": model, **options}


def _gemini_body(turns: Sequence[Turn], model: str, stream: bool) -> dict[str, object]:  # noqa: ARG001, FBT001 - as above
    roles = {"user": "user", "assistant": "model"}
    return {"contents": [{"parts": [{"text": text}], "role": roles[role]} for role, text in turns]}


def _named(*events: tuple[bytes, bytes]) -> bytes:
    """Events with their names: of each the type, and its other fields as JSON members."""
    return b"".join(b'event: %b\ndata: {"type":"%b",%b}\n\n' % (type_, type_, rest) for type_, rest in events)


_CHUNK = (
    b'data: {"id":"chatcmpl-BenchBenchBenchBenchBenchBe","object":"chat.completion.chunk","created":1795262400,'
    b'"model":"bench","service_tier":"default","system_fingerprint":"fp_0123456789","choices":[%b],"usage":%b}\n\n'
)
_CHAT_USAGE = (
    b'{"prompt_tokens":200,"completion_tokens":20,"total_tokens":220,"prompt_tokens_details":{"cached_tokens":128,'
    b'"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,'
    b'"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}'
)
_CHAT = Dialect(
    path="/v1/chat/completions",
    stamp=b'"content":"@',
    body=_chat_body,
    event=_CHUNK % (b'{"index":0,"delta":{"content":"@%019d"},"logprobs":null,"finish_reason":null}', b"null"),
    closing=_CHUNK % (b'{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}', b"null")
    + _CHUNK % (b"", _CHAT_USAGE)
    + b"data: [DONE]\n\n",
    whole=orjson.dumps(
        {
            "id": "chatcmpl-BenchBenchBenchBenchBenchBe",
            "object": "chat.completion",
            "created": 1795262400,
            "model": "bench",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": _ANSWER, "refusal": None, "annotations": []},
                    "logprobs": None,
                    "finish_reason": "stop",
                },
            ],
            "usage": orjson.Fragment(_CHAT_USAGE),
            "service_tier": "default",
            "system_fingerprint": "fp_0123456789",
        }
    ),
)

_ITEM_ID = b'"item_id":"msg_0123456789abcdef0123456789abcdef0123456789abcdef","output_index":0'
_ITEM = {
    "id": "msg_0123456789abcdef0123456789abcdef0123456789abcdef",
    "type": "message",
    "status": "completed",
    "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": _ANSWER}],
    "role": "assistant",
}
_RESPONSE = {
    "id": "resp_0123456789abcdef0123456789abcdef0123456789abcdef",
    "object": "response",
    "created_at": 1795262400,
    "status": "completed",
    "background": False,
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "max_output_tokens": None,
    "model": _MODEL,
    "output": [_ITEM],
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "service_tier": "default",
    "store": False,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
    "usage": {
        "input_tokens": 200,
        "input_tokens_details": {"cached_tokens": 128},
        "output_tokens": 20,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 220,
    },
    "metadata": {},
}
_BEGUN = orjson.dumps(_RESPONSE | {"status": "in_progress", "output": [], "usage": None})
_RESPONSES = Dialect(
    path="/v1/responses",
    stamp=b'"delta":"@',
    body=_responses_body,
    opening=_named(
        (b"response.created", b'"sequence_number":0,"response":%b' % _BEGUN),
        (b"response.in_progress", b'"sequence_number":1,"response":%b' % _BEGUN),
        (
            b"response.output_item.added",
            b'"sequence_number":2,"output_index":0,"item":%b'
            % orjson.dumps(_ITEM | {"status": "in_progress", "content": []}),
        ),
        (
            b"response.content_part.added",
            b'"sequence_number":3,%b,"content_index":0,"part":{"type":"output_text","annotations":[],"logprobs":[],'
            b'"text":""}' % _ITEM_ID,
        ),
    ),
    event=_named(
        (
            b"response.output_text.delta",
            b'"sequence_number":4,%b,"content_index":0,"delta":"@%%019d","logprobs":[],"obfuscation":"0a1B2c3D"'
            % _ITEM_ID,
        ),
    ),
    closing=_named((b"response.completed", b'"sequence_number":5,"response":%b' % orjson.dumps(_RESPONSE))),
    whole=orjson.dumps(_RESPONSE),
)

_ANTHROPIC_USAGE = {
    "input_tokens": 72,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 128,
    "output_tokens": 20,
    "service_tier": "standard",
}
_MESSAGE = {
    "id": "msg_0123456789abcdefghijklmn",
    "type": "message",
    "role": "assistant",
    "model": _MODEL,
    "content": [{"type": "text", "text": _ANSWER}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": _ANTHROPIC_USAGE,
}
_ANTHROPIC = Dialect(
    path="/v1/messages",
    stamp=b'"text":"@',
    body=_anthropic_body,
    opening=_named(
        (b"message_start", b'"message":%b' % orjson.dumps(_MESSAGE | {"content": [], "stop_reason": None})),
        (b"content_block_start", b'"index":0,"content_block":{"type":"text","text":""}'),
    ),
    event=_named((b"content_block_delta", b'"index":0,"delta":{"type":"text_delta","text":"@%019d"}')),
    closing=_named(
        (b"content_block_stop", b'"index":0'),
        (
            b"message_delta",
            b'"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":%b' % orjson.dumps(_ANTHROPIC_USAGE),
        ),
    )
    + b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    whole=orjson.dumps(_MESSAGE),
)

_GEMINI_END = (
    b'"usageMetadata": {"promptTokenCount": 200,"candidatesTokenCount": 20,"totalTokenCount": 220,'
    b'"cachedContentTokenCount": 128,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 200}]},'
    b'"modelVersion": "bench-model","responseId": "oHYgaZ7BLbGXvdIP0JOJ4Ao"}'
)
_GEMINI_CHUNK = (
    b'data: {"candidates": [{"content": {"parts": [{"text": "%b"}],"role": "model"},%b"index": 0}],%b\r\n\r\n'
)
_GEMINI = Dialect(
    path="/v1beta/models/{model}:{verb}",
    stamp=b'"@',  # Google writes a space before it, others don't
    body=_gemini_body,
    event=_GEMINI_CHUNK % (b"@%019d", b"", _GEMINI_END),
    closing=_GEMINI_CHUNK % (b"", b'"finishReason": "STOP",', _GEMINI_END),
    whole=orjson.dumps(
        {
            "candidates": [
                {"content": {"parts": [{"text": _ANSWER}], "role": "model"}, "finishReason": "STOP", "index": 0},
            ],
            "usageMetadata": {"promptTokenCount": 200, "candidatesTokenCount": 20, "totalTokenCount": 220},
            "modelVersion": "bench-model",
            "responseId": "oHYgaZ7BLbGXvdIP0JOJ4Ao",
        }
    ),
)

CHAT = "openai-chat"
DIALECTS = {CHAT: _CHAT, "openai-responses": _RESPONSES, "anthropic": _ANTHROPIC, "gemini": _GEMINI}
CELLS = tuple((client, host) for client in DIALECTS for host in DIALECTS if client != host)


def of_path(path: str) -> str:
    """The name of the format that a request's path belongs to. Raises: ValueError."""
    for name, dialect in DIALECTS.items():
        if path.startswith(dialect.path.partition("{")[0]):
            return name
    raise ValueError(f"no such path: {path!r}")
