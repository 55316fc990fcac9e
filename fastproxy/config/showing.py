"""The effective configuration as TOML text for a person, with every secret left out. Writes nothing anywhere."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import msgspec
import orjson

from fastproxy.payload import Rule
from fastproxy.providers import BY_NAME, echo
from fastproxy.providers.base import OAuth, Provider
from fastproxy.snapshot import Account, Snapshot

HIDDEN = "hidden"

Headers = tuple[tuple[str, str], ...]


def show(snapshot: Snapshot) -> str:
    """TOML with one table for each section and provider; keys, tokens and passwords appear as "hidden"."""
    upstream = msgspec.structs.asdict(snapshot.upstream) | {"proxy": _without_password(snapshot.upstream.proxy)}
    access: dict[str, object] = {
        "require_token": snapshot.access.require_token,
        "tokens": [HIDDEN] * len(snapshot.access.tokens),
        "admin_token": HIDDEN if snapshot.access.admin_token else "",
    }
    lines = [
        *_table("server", msgspec.structs.asdict(snapshot.server)),
        *_table("limits", msgspec.structs.asdict(snapshot.limits)),
        *_table("upstream", upstream),
        *_table("access", access),
        *_table("storage", msgspec.structs.asdict(snapshot.storage)),
        *_table("accounts", msgspec.structs.asdict(snapshot.keeping)),
    ]
    for provider in snapshot.providers.values():
        if provider is echo.PROVIDER:
            lines += ["# fastproxy/echo answers in this process", ""]
            continue
        lines += _provider(provider, snapshot.accounts.get(provider.name, ()))
    lines += [f"# {name} is not used: {sentence}" for name, sentence in snapshot.unusable.items()]
    lines += ["", *_table("aliases", snapshot.aliases)]
    for rule in snapshot.payload:
        lines += _rule(rule)
    return "\n".join(lines).rstrip("\n") + "\n"


def _provider(provider: Provider, accounts: tuple[Account, ...]) -> Iterator[str]:
    """One provider. Addresses that can't be told from base_url stand in comments, as do the names of its accounts."""
    built_in = BY_NAME.get(provider.name)
    settings: dict[str, object] = {
        "formats": list(provider.formats),
        "base_url": next(iter(provider.formats.values()), ""),
        "auth": provider.auth,
        "models": provider.models,
        "exclude": provider.exclude,
        "backend": provider.backend,
        "fallback": provider.fallback,
        "discover": provider.discover,
        "include_usage": provider.quirks.include_usage,
        "headers": _headers(provider.headers, built_in.headers if built_in else ()),
        "strategy": provider.strategy,
        **provider.facts,
    }
    yield f"# {provider.title}"
    yield from (f"# {name} at {url}" for name, url in provider.formats.items())
    yield from map(_account, accounts)
    name = f"providers.{_key(provider.name)}"
    yield from _table(name, {key: value for key, value in settings.items() if value})
    if provider.oauth is not None:
        if variable := provider.oauth.secret_variable:
            yield f"# client_secret from {variable} where there is none here"
        yield from _table(f"{name}.oauth", _oauth(provider.oauth, built_in.oauth if built_in else None))


def _account(account: Account) -> str:
    """A comment: what an account is named, and where it stands among the others."""
    place = [f"weight {account.weight}"] if account.weight != 1 else []
    place += [f"position {account.position}"] if account.position else []
    return f"# account {account.id}" + (f" ({', '.join(place)})" if place else "")


def _headers(headers: Headers, built_in: Headers) -> dict[str, str]:
    """Those that are built in as they are, the user's own without their values."""
    return {name: text if (name, text) in built_in else HIDDEN for name, text in headers}


def _oauth(oauth: OAuth, built_in: OAuth | None) -> dict[str, object]:
    """How logins are made, as it could be written."""
    settings = msgspec.structs.asdict(oauth)
    del settings["secret_variable"]
    settings["client_secret"] = HIDDEN if oauth.client_secret else ""
    settings["parameters"] = dict(oauth.parameters)
    settings["headers"] = _headers(oauth.headers, built_in.headers if built_in else ())
    return {key: value for key, value in settings.items() if value}


def _rule(rule: Rule) -> Iterator[str]:
    """One payload rule, as it could be written."""
    paths = {".".join(path): text for path, text in rule.edits}
    yield f"[[payload.{rule.kind}]]"
    yield f"models = {_value(rule.models)}"
    if rule.kind == "filter":
        yield f"remove = {_value(tuple(paths))}"
    else:
        yield f"set = {_value({path: orjson.loads(text) for path, text in paths.items()})}"
    yield ""


def _table(name: str, values: Mapping[str, object]) -> Iterator[str]:
    yield f"[{name}]"
    yield from (f"{_key(key)} = {_value(value)}" for key, value in values.items())
    yield ""


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(str(key))} = {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        return _quoted(value)
    return orjson.dumps(value).decode()  # true, false, numbers: written alike in JSON and TOML


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if bare else _quoted(name)


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's, but for DEL, which TOML wants escaped."""
    return orjson.dumps(text).decode().replace("\x7f", "\\u007f")


def _without_password(proxy: str) -> str:
    url = urlsplit(proxy)
    return proxy.replace(f"{url.netloc.rpartition('@')[0]}@", f"{HIDDEN}@", 1) if "@" in url.netloc else proxy
