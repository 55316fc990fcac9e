"""Requests as command line clients send them, in the shape of what was measured on 2026-11-21. The values are ours.

`MODEL` stands where the model goes. Only what a translator could trip over is here; the long texts are short.
"""

from typing import Any

import msgspec
import orjson

from support.exchange import Format

MODEL = "MODEL"
Json = dict[str, Any]


class ClientRequest(msgspec.Struct, frozen=True):
    """format, target, body: as sent, with MODEL. headers: what else the client says of itself."""

    format: Format
    target: str
    body: Json
    headers: tuple[tuple[str, str], ...] = ()

    def asking(self, model: str) -> tuple[str, bytes]:
        """Target and bytes for a model."""
        raw = orjson.dumps(self.body).replace(f'"{MODEL}"'.encode(), orjson.dumps(model))
        return self.target.replace(MODEL, model), raw


_ID = "7d0f8a1e-0000-4000-8000-000000000001"
_PATH = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
_CLOSED = _PATH | {"additionalProperties": False, "$schema": "https://json-schema.org/draft/2020-12/schema"}
_CACHED = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}

CLAUDE_CODE = ClientRequest(
    "anthropic",
    "/v1/messages?beta=true",
    {
        "model": MODEL,
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "<system-reminder>Be brief.</system-reminder>"},
                    {"type": "text", "text": "Read the log.", **_CACHED},
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "", "signature": "RXJ1Q2xhdWRl"},
                    {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"path": "/log"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "toolu_1", "content": "1\tlit", "is_error": False, **_CACHED}
                ],
            },
            {"role": "system", "content": "The user has changed the mode to plan."},
        ],
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.329; cch=00000;"},
            {"type": "text", "text": "You are an agent at the lighthouse.", **_CACHED},
        ],
        "tools": [
            {"name": "Read", "description": "Reads a file.", "input_schema": _CLOSED},
            {"name": "Bash", "description": "Runs.", "input_schema": _CLOSED, "eager_input_streaming": True},
        ],
        "thinking": {"type": "adaptive", "display": "omitted"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "output_config": {"effort": "high"},
        "metadata": {"user_id": orjson.dumps({"device_id": "d", "account_uuid": "", "session_id": _ID}).decode()},
        "max_tokens": 32000,
        "stream": True,
    },
    (
        ("user-agent", "claude-cli/2.1.329 (external, sdk-cli)"),
        ("x-claude-code-session-id", _ID),
        ("anthropic-version", "2023-06-01"),
        ("anthropic-beta", "claude-code-20250219,context-management-2025-06-27,effort-2025-11-24"),
        ("anthropic-dangerous-direct-browser-access", "true"),
        ("x-stainless-lang", "js"),
        ("x-app", "cli"),
    ),
)

AMP_TITLE = ClientRequest(
    "anthropic",
    "/v1/messages",
    {
        "model": MODEL,
        "max_tokens": 60,
        "system": "Name the conversation.",
        "messages": [{"role": "user", "content": "<message>Where is the lighthouse?</message>"}],
        "temperature": 0.7,
        "tools": [
            {
                "name": "set_title",
                "description": "Sets the title.",
                "input_schema": {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]},
            }
        ],
        "tool_choice": {"type": "tool", "name": "set_title", "disable_parallel_tool_use": True},
    },
    (("x-amp-thread-id", "T-1"), ("x-amp-device-fingerprint", "f")),
)

CODEX = ClientRequest(
    "openai-responses",
    "/v1/responses",
    {
        "model": MODEL,
        "input": [
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "You are an agent."}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Mend the lamp."}]},
            {"type": "reasoning", "summary": [], "encrypted_content": "Z0FBQUFB", "content": None},
            {"type": "custom_tool_call", "call_id": "call_1", "name": "apply_patch", "input": "*** Begin Patch\n"},
            {"type": "custom_tool_call_output", "call_id": "call_1", "output": "Failed"},
            {"type": "function_call", "call_id": "call_2", "name": "exec_command", "arguments": '{"cmd":"ls"}'},
            {"type": "function_call_output", "call_id": "call_2", "output": "lamp.txt"},
        ],
        "tools": [
            {"type": "function", "name": "exec_command", "description": "Runs.", "strict": False, "parameters": _PATH},
            {
                "type": "custom",
                "name": "apply_patch",
                "description": "Edits files.",
                "format": {"type": "grammar", "syntax": "lark", "definition": 'start: "*** Begin Patch"'},
            },
            {"type": "web_search", "external_web_access": False},
        ],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "reasoning": {"effort": "medium", "summary": "auto"},
        "store": False,
        "stream": True,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": _ID,
        "text": {"verbosity": "low"},
        "client_metadata": {"x-codex-installation-id": _ID},
    },
    (("session-id", _ID), ("originator", "codex_exec"), ("x-codex-turn-metadata", "{}"), ("thread-id", _ID)),
)

GEMINI_CLI = ClientRequest(
    "gemini",
    f"/v1beta/models/{MODEL}:streamGenerateContent?alt=sse",
    {
        "contents": [
            {"role": "user", "parts": [{"text": "This is the lighthouse."}]},
            {"role": "user", "parts": [{"text": "List the files."}]},
        ],
        "systemInstruction": {"role": "user", "parts": [{"text": "You are an agent."}]},
        "tools": [
            {
                "functionDeclarations": [
                    {"name": "list_directory", "description": "Lists.", "parametersJsonSchema": _CLOSED},
                    {"name": "glob", "description": "Finds.", "parametersJsonSchema": _PATH},
                ]
            }
        ],
        "generationConfig": {
            "temperature": 1,
            "topP": 0.95,
            "topK": 64,
            "thinkingConfig": {"includeThoughts": True, "thinkingLevel": "HIGH"},
        },
        "session_id": _ID,
    },
    (("user-agent", "GeminiCLI/0.61.0 (linux; x64)"), ("x-goog-api-client", "google-genai-sdk/1.30.0 gl-node/v20")),
)

ROUTED: Json = {
    "type": "object",
    "properties": {"reasoning": {"type": "string"}, "model_choice": {"type": "string", "enum": ["flash", "pro"]}},
    "required": ["reasoning", "model_choice"],
}
GEMINI_ROUTER = ClientRequest(
    "gemini",
    f"/v1beta/models/{MODEL}:generateContent",
    {
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        "systemInstruction": {"role": "user", "parts": [{"text": "You route requests. Answer in JSON."}]},
        "generationConfig": {
            "temperature": 0,
            "topP": 1,
            "maxOutputTokens": 1024,
            "thinkingConfig": {"thinkingBudget": 512},
            "responseMimeType": "application/json",
            "responseJsonSchema": ROUTED,
        },
    },
)

OPENCODE = ClientRequest(
    "openai-chat",
    "/v1/chat/completions",
    {
        "model": MODEL,
        "max_tokens": 32000,
        "messages": [
            {"role": "system", "content": "You are an agent."},
            {"role": "user", "content": [{"type": "text", "text": "List the files."}]},
            {
                "role": "assistant",
                "content": "",
                "reasoning_content": "I must look.",
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "bash", "arguments": '{"path":"."}'}}
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "lamp.txt"},
        ],
        "tools": [
            {"type": "function", "function": {"name": "bash", "description": "Runs.", "parameters": _CLOSED}},
        ],
        "tool_choice": "auto",
        "reasoning_effort": "medium",
        "stream": True,
        "stream_options": {"include_usage": True},
    },
    (("x-session-affinity", "ses_1"), ("user-agent", "opencode/1.18.33")),
)

CLIENTS: dict[str, ClientRequest] = {
    "Claude Code": CLAUDE_CODE,
    "Amp's title": AMP_TITLE,
    "Codex": CODEX,
    "Gemini CLI": GEMINI_CLI,
    "Gemini CLI's router": GEMINI_ROUTER,
    "opencode": OPENCODE,
}
