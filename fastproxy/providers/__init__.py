"""Who serves a format: every provider that is built in, as one explicit tuple. No plugin loading, no I/O.

To add one: write its row (in a file of its own or in `compatible.py`) and list it here; the contract tests find it.
"""

from fastproxy.providers import (
    anthropic,
    azure,
    code_assist,
    codex,
    compatible,
    copilot,
    echo,
    gemini,
    local,
    openai,
    qwen,
)
from fastproxy.providers.base import Provider

PROVIDERS: tuple[Provider, ...] = (
    openai.PROVIDER,
    anthropic.PROVIDER,
    gemini.PROVIDER,
    azure.PROVIDER,
    *compatible.PROVIDERS,
    codex.PROVIDER,  # those behind logins come after those behind keys
    code_assist.PROVIDER,
    copilot.PROVIDER,
    qwen.PROVIDER,
    *local.PROVIDERS,
    echo.PROVIDER,
)
BY_NAME = {provider.name: provider for provider in PROVIDERS}
