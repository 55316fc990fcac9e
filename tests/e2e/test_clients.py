"""What real clients send arrives upstream whole: body, query, every beta and session header, repeated lines repeated.

The heads are in the shape of what these clients sent when they were measured on 2026-11-21; values are ours.
"""

import gzip

import orjson
import pytest

from support import script
from support.callers import CALLERS
from support.relay import TOKEN, UPSTREAM_KEY, Relay
from support.upstream import Upstream
from support.wire import request

CHAT, RESPONSES, ANTHROPIC, GEMINI = CALLERS
ID = "7d0f8a1e-0000-4000-8000-000000000001"
OWN = {b"host", b"content-length", b"accept-encoding", b"authorization", b"x-lab"}

CLIENTS: dict[str, tuple[str, tuple[str, str], list[tuple[str, str]], bytes, bytes]] = {
    "Claude Code": (
        "/v1/messages?beta=true",
        ("authorization", f"Bearer {TOKEN}"),
        [
            ("accept", "application/json"),
            ("user-agent", "claude-cli/2.1.329 (external, sdk-cli)"),
            ("x-claude-code-session-id", ID),
            ("x-app", "cli"),
            ("anthropic-version", "2023-06-01"),
            ("anthropic-beta", "claude-code-20250219,interleaved-thinking-2025-05-14,effort-2025-11-24"),
            ("anthropic-dangerous-direct-browser-access", "true"),
            ("x-stainless-lang", "js"),
            ("x-stainless-retry-count", "0"),
            ("content-type", "application/json"),
        ],
        orjson.dumps(
            {
                "model": "claude-opus-5-5",
                "messages": [{"role": "user", "content": [{"type": "text", "text": "hi " * 16_000}]}],
                "system": [{"type": "text", "text": "x-anthropic-billing-header: v=1"}],
                "thinking": {"type": "adaptive", "display": "omitted"},
                "context_management": {"edits": [{"type": "clear_thinking_20251015"}]},
                "output_config": {"effort": "high"},
                "metadata": {
                    "user_id": orjson.dumps({"device_id": "d", "account_uuid": "", "session_id": ID}).decode()
                },
                "max_tokens": 32000,
                "stream": True,
            }
        ),
        ANTHROPIC.answer,
    ),
    "Claude Code with repeated betas": (
        "/v1/messages?beta=true",
        ("x-api-key", TOKEN),
        [
            ("anthropic-beta", "one-2026"),
            ("anthropic-version", "2023-06-01"),
            ("anthropic-beta", "two-2026,three-2026"),
        ],
        ANTHROPIC.whole_body,
        ANTHROPIC.answer,
    ),
    "Codex": (
        "/v1/responses",
        ("authorization", f"Bearer {TOKEN}"),
        [
            ("session-id", ID),
            ("thread-id", ID),
            ("x-client-request-id", ID),
            ("x-codex-window-id", f"{ID}:0"),
            ("x-codex-turn-metadata", orjson.dumps({"turn": ID, "sandbox": "none", "long": "a" * 4000}).decode()),
            ("x-codex-beta-features", "multi_agent"),
            ("originator", "codex_exec"),
            ("user-agent", "codex_exec/0.169.0 (Debian 12.0.0; x86_64)"),
            ("accept", "text/event-stream"),
        ],
        orjson.dumps(
            {
                "model": "gpt-6",
                "input": [
                    {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "x" * 38_000}]}
                ],
                "store": False,
                "stream": True,
                "include": ["reasoning.encrypted_content"],
                "prompt_cache_key": ID,
                "client_metadata": {"x-codex-installation-id": ID},
            }
        ),
        RESPONSES.answer,
    ),
    "Gemini CLI": (
        "/v1beta/models/gemini-3.8-pro:streamGenerateContent?alt=sse",
        ("x-goog-api-key", TOKEN),
        [
            ("user-agent", "GeminiCLI/0.61.0/gemini-3.8-pro (linux; x64)"),
            ("x-goog-api-client", "google-genai-sdk/1.30.0 gl-node/v20"),
        ],
        b'{"contents":[{"parts":[{"text":"hi"}],"role":"user"}],"tools":[{"functionDeclarations":[{"parametersJsonSchema":{}}]}]}',
        GEMINI.answer,
    ),
    "google-genai for Python": (
        "/v1/models/gemini-3.8-pro:generateContent",
        ("x-goog-api-key", TOKEN),
        [("x-goog-api-client", "google-genai-sdk/3.4.0 gl-python/3.11")],
        b'{"contents":[{"parts":[{"text":"hi"}]}],"tools":[{"function_declarations":[{"parameters_json_schema":{}}]}]}',
        GEMINI.answer,
    ),
    "opencode": (
        "/v1/chat/completions",
        ("authorization", f"Bearer {TOKEN}"),
        [
            ("x-session-id", "ses_1"),
            ("x-session-affinity", "ses_1"),
            ("user-agent", "opencode/1.18.33 ai-sdk/provider-utils/4.0.0"),
        ],
        orjson.dumps(
            {
                "model": "gpt-6-mini",
                "max_tokens": 32000,
                "messages": [],
                "stream": True,
                "stream_options": {"include_usage": True},
            }
        ),
        CHAT.answer,
    ),
    "anthropic for Python": (
        "/v1/messages",
        ("authorization", f"Bearer {TOKEN}"),
        [("anthropic-version", "2026-10-21"), ("x-stainless-async", "false")],
        ANTHROPIC.whole_body,
        ANTHROPIC.answer,
    ),
}


@pytest.mark.parametrize("client", CLIENTS)
def test_what_the_client_sends_arrives_whole(relay: Relay, upstream: Upstream, client: str):
    target, credential, headers, body, answer = CLIENTS[client]
    name = upstream.teach(script.whole(answer))
    with relay.wire() as wire:
        own = [credential, ("accept-encoding", "gzip, deflate, br, zstd"), ("x-lab", name)]
        wire.send(request(target, body, [*headers, *own]))
        assert wire.answer().body == answer
    seen = upstream.only(name)
    assert seen.request_line == f"POST {target} HTTP/1.1".encode()
    assert seen.body == body
    assert [line for line in seen.headers if line[0] not in OWN] == [
        (key.encode(), value.encode()) for key, value in headers
    ]
    assert seen.get(b"authorization") == [f"Bearer {UPSTREAM_KEY}".encode()]
    assert TOKEN.encode() not in seen.head


def test_what_is_not_for_a_provider_stays_here(relay: Relay, upstream: Upstream):
    private = {
        "x-amp-device-fingerprint": "a",
        "x-amp-thread-id": "T-1",
        "cookie": "session=1",
        "forwarded": "for=10.0.0.1",
        "x-forwarded-for": "10.0.0.1",
        "x-real-ip": "10.0.0.1",
        "proxy-authorization": "Basic eA==",
        "te": "trailers",
        "referer": "http://intranet/",
        "x-fastproxy-debug": "1",
        "x-hop": "1",
    }
    name = upstream.teach(script.whole(ANTHROPIC.answer))
    headers = (*private.items(), ("connection", "keep-alive, x-hop"), ("x-lab", name), ("x-kept", "1"))
    assert relay.ask("/v1/messages", ANTHROPIC.whole_body, headers).status == 200
    seen = upstream.only(name)
    assert {key for key, _ in seen.headers}.isdisjoint(key.encode() for key in private)
    assert seen.get(b"x-kept") == [b"1"]


def test_a_model_addressed_to_a_provider_is_the_only_thing_replaced(relay: Relay, upstream: Upstream):
    body = (
        b'{ "messages" : [{"role":"user","content":"caf\\u00e9 \\ud83d"}],"seed":123456789012345678901234567890,\r\n\t'
        b'"temperature":1.0e0,  "model"  :  "lab/lab-1" , "tools":[{"model":"lab/lab-1"}] }'
    )
    name = upstream.teach(script.whole(CHAT.answer))
    assert relay.ask("/v1/chat/completions", body, (("x-lab", name),)).status == 200
    assert upstream.only(name).body == body.replace(b'"lab/lab-1" ,', b'"lab-1" ,')


def test_an_encoded_answer_keeps_its_label_and_its_bytes(relay: Relay, upstream: Upstream):
    packed = gzip.compress(CHAT.answer, mtime=0)
    name = upstream.teach(script.whole(packed, headers=[script.JSON, ("content-encoding", "gzip")]))
    answer = relay.ask("/v1/chat/completions", CHAT.whole_body, (("accept-encoding", "gzip"), ("x-lab", name)))
    assert answer.get("content-encoding") == "gzip"
    assert answer.body == packed
    assert upstream.only(name).get(b"accept-encoding") in ([b"identity"], [b"gzip"])
