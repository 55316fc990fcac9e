"""Anthropic's own API. Values only: nothing here may look at a request.

A request without `anthropic-version` is refused there, so the oldest version that every model answers is sent when the
client named none. A login is refused without its beta; nothing else tells its requests from those with a key.
Source: the official Python SDK (anthropic 2.12.0) and docs.claude.com/en/api; for the beta, wire format notes 4; read
2026-11-21.
"""

from fastproxy.providers.base import Provider, Quirks
from fastproxy.providers.oauth import ANTHROPIC

PROVIDER = Provider(
    name="anthropic",
    title="Anthropic",
    formats={"anthropic": "https://api.anthropic.com"},
    auth="x-api-key",
    key_variables=("ANTHROPIC_API_KEY",),
    models=("claude-*",),
    headers=(("anthropic-version", "2023-06-01"),),
    oauth=ANTHROPIC,
    own_client="claude-code",
    quirks=Quirks(drops_unfit_thoughts=True),
    login_lists=(("anthropic-beta", "oauth-2025-04-20"),),
)
