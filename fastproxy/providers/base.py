"""Who serves a format: a frozen record of plain data.

Quirks are named fields, never code paths guessed from a URL. A provider adds at most one `shape` function, for what
data can't say; none of the built-in hosts of this release needs one.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from fastproxy.formats.base import FormatName

Auth = Literal["bearer", "x-api-key", "x-goog-api-key", "api-key", "none", "client"]


class Quirks(msgspec.Struct, frozen=True):
    """What a host does differently. Each is off by default.

    include_usage: ask for usage in Chat streams whose client didn't, and take the extra chunk out again.
    refuses: what it answers with an error although others take it; left out of translated requests. Names are those of
    `translate.hosts`.
    """

    include_usage: bool = False
    refuses: frozenset[str] = frozenset()


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """One host (or one family of addresses) and what it speaks.

    name: as users write it in `provider/model` and `[providers.NAME]`.
    formats: format -> base URL *as that format's SDK takes it* (OpenAI with /v1; Anthropic and Gemini without), in
    order of preference. The client's own format wins where it is here.
    auth: how a credential is carried upstream; "client" forwards the caller's own.
    key_variables: environment variables that may hold the key, first one set wins.
    models: globs of model ids that this provider serves (the family prefixes of the vendor's own).
    exclude: globs of ids it must not be asked for.
    discover: whether its model list can be asked for, at /models below its OpenAI base URL.
    headers: extra request headers the host demands, set unless the client sent them.
    local: a daemon on this machine that needs no key; used when its port answers.
    backend: send everything meant for this provider to that one (translated where formats differ).
    fallback: providers to try when this one can't serve.
    """

    name: str
    title: str
    formats: Mapping[FormatName, str]
    auth: Auth = "bearer"
    key_variables: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    discover: bool = True
    headers: tuple[tuple[str, str], ...] = ()
    quirks: Quirks = Quirks()
    local: bool = False
    backend: str = ""
    fallback: tuple[str, ...] = ()
