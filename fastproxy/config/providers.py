"""From rows, environment and built-in records to the providers that can be used, their accounts, and why others can't.

A missing key never stops the start: the provider is listed as unusable, with a sentence. A mistake in a row does.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from fastproxy.config.document import Document
from fastproxy.config.facts import fact_problems, with_facts
from fastproxy.config.keyed import accounts_of, has_keys
from fastproxy.config.rows import KEYLESS, credential_problems, provider_of, row_problems
from fastproxy.config.schema import ProviderRow, read_section, suggestion
from fastproxy.config.secrets import References, Unresolved
from fastproxy.providers import BY_NAME, PROVIDERS
from fastproxy.providers.base import Provider
from fastproxy.secret import Secret
from fastproxy.snapshot import Account


class _NoKeyError(Exception):
    """A provider that lacks a key and nothing else; str() is one sentence for a person."""


class Known(NamedTuple):
    """Every provider that the configuration or this machine gives, in order of preference.

    keyless: those of the unusable ones that would be usable if they had an account.
    """

    providers: dict[str, Provider]
    accounts: dict[str, tuple[Account, ...]]
    unusable: dict[str, str]
    keyless: dict[str, Provider]


def know_providers(
    document: Document, references: References, environ: Mapping[str, str], alive: frozenset[str]
) -> Known:
    """The providers of [providers.*], then those whose key is in the environment, then local daemons, then echo.

    alive: names of local providers whose port answered. Notes problems in the document.
    """
    known = Known({}, {}, {}, {})
    rows: dict[str, ProviderRow] = {}
    sound: dict[str, ProviderRow] = {}
    for name in document.table("providers"):
        before = document.problem_count
        rows[name] = read_section(document, ProviderRow, "providers", name)
        if document.problem_count == before:  # a row with a wrong value would only be blamed for what it then lacks
            for key, problem in (*row_problems(name, rows[name]), *fact_problems(name, rows[name])):
                document.blame(("providers", name, key), problem)
            for path, problem in credential_problems(name, rows[name]):
                document.blame(("providers", name, *path), problem)
        if document.problem_count == before:
            sound[name] = rows[name]
    for name in (*sound, *(provider.name for provider in PROVIDERS if provider.name not in rows)):
        row = sound.get(name)
        try:
            provider = _answering(name, alive) if row is None else provider_of(name, _followed(row, references))
            provider = with_facts(provider, row, environ)
            known.accounts[name] = _accounts(provider, row, references, environ)
        except Unresolved as reason:
            known.unusable[name] = str(reason)
        except _NoKeyError as reason:
            known.unusable[name] = str(reason)
            known.keyless[name] = provider
        else:
            known.providers[name] = provider
    _blame_targets(document, rows)
    return known


def _answering(name: str, alive: frozenset[str]) -> Provider:
    """A built-in provider. Raises: Unresolved for a daemon that does not answer."""
    provider = BY_NAME[name]
    if provider.local and name not in alive:
        raise Unresolved(f"nothing answers at {next(iter(provider.formats.values()))}")
    return provider


def _followed(row: ProviderRow, references: References) -> ProviderRow:
    """The row with what its references lead to, but for its keys. Raises: Unresolved."""
    headers = {key: references.follow(text) for key, text in row.headers.items()}
    if not row.oauth.client_secret:
        return msgspec.structs.replace(row, headers=headers)
    oauth = msgspec.structs.replace(row.oauth, client_secret=references.follow(row.oauth.client_secret))
    return msgspec.structs.replace(row, headers=headers, oauth=oauth)


def _accounts(
    provider: Provider, row: ProviderRow | None, references: References, environ: Mapping[str, str]
) -> tuple[Account, ...]:
    """The credentials of a provider; none where it needs none. Raises: Unresolved, _NoKeyError: it can't be used."""
    name = provider.name
    if not all(provider.formats.values()):
        raise Unresolved(f"it needs [providers.{name}] base_url")
    if provider.auth in KEYLESS:
        return ()
    if row is not None and has_keys(row):
        return accounts_of(name, row, references)
    try:
        return (_account_in_environment(provider, references, environ),)
    except _NoKeyError:
        if provider.oauth is None:  # else its logins come and go
            raise
        return ()


def _account_in_environment(provider: Provider, references: References, environ: Mapping[str, str]) -> Account:
    """The account of the first of the provider's variables that is set. Raises: _NoKeyError when none is."""
    name = provider.name
    for variable in provider.key_variables:
        if environ.get(variable):
            return Account(name, f"{name}:{variable}", Secret(references.follow(f"env:{variable}")), label=variable)
    wanted = " or ".join((*provider.key_variables, f"[providers.{name}] api_key"))
    raise _NoKeyError(f"it has no key: set {wanted}")


def _blame_targets(document: Document, rows: Mapping[str, ProviderRow]) -> None:
    """Notes every backend and fallback that leads nowhere or in a circle."""
    names = dict.fromkeys((*rows, *BY_NAME))
    for name, row in rows.items():
        named = [("backend", row.backend)] if row.backend else []
        named += [("fallback", target) for target in row.fallback]
        for key, target in named:
            if target not in names:
                problem = f"there is no provider {target!r}; {suggestion(target, names)}"
                document.blame(("providers", name, key), problem)
        if name in _stand_ins(name, rows):
            document.blame(("providers", name, "backend"), f"backend of {name} leads back to {name}")
        if name in row.fallback:
            document.blame(("providers", name, "fallback"), f"fallback of {name} names {name} itself")


def _stand_ins(name: str, rows: Mapping[str, ProviderRow]) -> list[str]:
    """The chain of backends behind a provider, up to the first that repeats."""
    chain: list[str] = []
    while (row := rows.get(name)) is not None and row.backend and row.backend not in chain:
        chain.append(row.backend)
        name = row.backend
    return chain
