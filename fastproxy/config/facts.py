"""What is configured of all accounts of a provider: the project that Gemini Code Assist is asked for.

    what a login says of itself  >  [providers.NAME] project  >  the vendor's own environment variables

Pure; never a secret.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

from fastproxy.config.schema import ProviderRow
from fastproxy.providers import BY_NAME
from fastproxy.providers.base import Provider

_FACT = re.compile(r"[A-Za-z0-9._:-]{1,256}")  # of projects: ids, numbers, "example.com:id"
_KEYS = ("project",)


def fact_problems(name: str, row: ProviderRow) -> Iterator[tuple[str, str]]:
    """(key, sentence) for every fact that the provider has no use for, or that can't be one."""
    known = dict(BY_NAME[name].fact_variables) if name in BY_NAME else {}
    for key in _KEYS:
        told: str = getattr(row, key)
        if told and key not in known:
            yield key, f"{name} has no use for a {key}"
        elif told and _FACT.fullmatch(told) is None:
            yield key, f"{key} must be letters, digits, dots, colons, dashes and underscores"


def with_facts(provider: Provider, row: ProviderRow | None, environ: Mapping[str, str]) -> Provider:
    """The provider with what the sound row says, else the environment; a value that can't be one counts as none."""
    facts = {}
    for fact, variables in provider.fact_variables:
        told = getattr(row, fact) if row is not None else ""
        told = told or next((environ[name] for name in variables if environ.get(name)), "")
        if _FACT.fullmatch(told) is not None:
            facts[fact] = told
    return msgspec.structs.replace(provider, facts=facts) if facts else provider
