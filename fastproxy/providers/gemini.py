"""Google's Gemini API, with its OpenAI-compatible door. Values only: nothing here may look at a request.

Both doors take the key as `x-goog-api-key`. The SDK reads GOOGLE_API_KEY and GEMINI_API_KEY.
Source: the official Python SDK (google-genai 3.4.0) and ai.google.dev/gemini-api/docs, read 2026-11-21.
"""

from fastproxy.providers.base import Provider

PROVIDER = Provider(
    name="gemini",
    title="Google Gemini",
    formats={
        "gemini": "https://generativelanguage.googleapis.com",
        "openai-chat": "https://generativelanguage.googleapis.com/v1beta/openai",
    },
    auth="x-goog-api-key",
    key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    models=("gemini-*", "gemma-*"),
)
