"""Who serves a format: every provider that is built in, as one explicit tuple. No plugin loading, no I/O.

To add one: write its row (in a file of its own or in `compatible.py`) and list it here; the contract tests find it.
"""

from fastproxy.providers import anthropic, azure, compatible, echo, gemini, local, openai
from fastproxy.providers.base import Provider

PROVIDERS: tuple[Provider, ...] = (
    openai.PROVIDER,
    anthropic.PROVIDER,
    gemini.PROVIDER,
    azure.PROVIDER,
    *compatible.PROVIDERS,
    *local.PROVIDERS,
    echo.PROVIDER,
)
BY_NAME = {provider.name: provider for provider in PROVIDERS}
