"""From a file, the environment and flags to one frozen Snapshot: whole, or not at all with every problem named.

flag  >  environment  >  file  >  default
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from fastproxy.accounts.keys import key_problem
from fastproxy.config.addresses import host_problem, listen_problem, origin_problem, proxy_problem
from fastproxy.config.document import Document, read_document
from fastproxy.config.finding import locate
from fastproxy.config.payload import payload_rules
from fastproxy.config.providers import know_providers
from fastproxy.config.schema import AccessRow, blame_unknown_tables, read_section
from fastproxy.config.secrets import References, Unresolved
from fastproxy.routing import MAX_ALIAS_STEPS, is_model_id
from fastproxy.snapshot import Access, Accounts, Limits, Server, Snapshot, Storage, Upstream

DEFAULT_PORT = 8484


def load(
    path: Path | None,
    environ: Mapping[str, str],
    *,
    overrides: Mapping[str, object] | None = None,
    alive: frozenset[str] = frozenset(),
) -> Snapshot:
    """The whole configuration.

    path: the file of `--config`; None for FASTPROXY_CONFIG or the default place, where it may be absent.
    overrides: values of flags by dotted key ("server.listen": ["127.0.0.1:0"]), typed as in the file; None = not given.
    alive: names of local providers whose port answered; others of their kind are used only when configured.
    Raises: ConfigError.
    """
    path = locate(path, environ)
    document = read_document(path)
    _lay_over(document, environ, overrides or {})
    blame_unknown_tables(document)
    references = References(path.parent if path else Path(), environ)
    access = read_section(document, AccessRow, "access")
    server = _server(document, require_token=access.require_token)
    limits = read_section(document, Limits, "limits")
    upstream = _upstream(document, references)
    storage = _storage(document)
    keeping = _keeping(document)
    digests = _access(document, access, references)
    known = know_providers(document, references, environ, alive)
    aliases = _aliases(document)
    payload = payload_rules(document)
    document.require_sound()
    return Snapshot(
        server=server,
        limits=limits,
        upstream=upstream,
        access=digests,
        storage=storage,
        keeping=keeping,
        providers=MappingProxyType(known.providers),
        accounts=MappingProxyType(known.accounts),
        aliases=MappingProxyType(aliases),
        payload=payload,
        unusable=MappingProxyType(known.unusable),
        keyless=MappingProxyType(known.keyless),
    )


def _lay_over(document: Document, environ: Mapping[str, str], overrides: Mapping[str, object]) -> None:
    """Environment over the file, then flags over both."""
    if host := environ.get("FASTPROXY_HOST", "").strip():
        document.lay_over("server", "listen", [_with_port(host)], "FASTPROXY_HOST")
    if listen := environ.get("FASTPROXY_LISTEN", "").strip():
        document.lay_over("server", "listen", [part.strip() for part in listen.split(",")], "FASTPROXY_LISTEN")
    for dotted, value in overrides.items():
        if value is not None:
            section, _, key = dotted.partition(".")
            listed = list(value) if isinstance(value, tuple) else value
            document.lay_over(section, key, listed, "command line")


def _with_port(host: str) -> str:
    """`host[:port]` as a listen address; a bare IPv6 address gets its brackets."""
    if host.count(":") > 1 and not host.startswith("["):
        host = f"[{host}]"
    return host if host.rpartition(":")[2].isdecimal() and not host.endswith("]") else f"{host}:{DEFAULT_PORT}"


def _server(document: Document, *, require_token: bool) -> Server:
    server = read_section(document, Server, "server")
    if not server.listen:
        document.blame(("server", "listen"), "listen must name at least one address")
    found = [
        ("listen", number, listen_problem(text, require_token=require_token))
        for number, text in enumerate(server.listen)
    ]
    found += [("allowed_hosts", number, host_problem(text)) for number, text in enumerate(server.allowed_hosts)]
    found += [("allowed_origins", number, origin_problem(text)) for number, text in enumerate(server.allowed_origins)]
    for key, number, problem in found:
        if problem is not None:
            document.blame(("server", key, number), problem)
    return server


def _upstream(document: Document, references: References) -> Upstream:
    """[upstream]; `proxy` may be a reference, since a proxy's URL may hold a password."""
    proxy = document.table("upstream").get("proxy")
    if isinstance(proxy, str) and proxy.startswith(("env:", "file:", "cred:")):
        try:
            document.lay_over("upstream", "proxy", references.follow(proxy), "[upstream] proxy")
        except Unresolved as reason:
            document.blame(("upstream", "proxy"), f"proxy: {reason}")
            return Upstream()
    upstream = read_section(document, Upstream, "upstream")
    if (problem := proxy_problem(upstream.proxy)) is not None:
        document.blame(("upstream", "proxy"), problem)
    return upstream


def _storage(document: Document) -> Storage:
    """[storage]. A store that this release can't keep is refused: usage would be lost in silence."""
    storage = read_section(document, Storage, "storage")
    if storage.url != "sqlite":
        document.blame(("storage", "url"), 'url can only be "sqlite" in this release')
    if storage.shared:
        document.blame(("storage", "shared"), "shared can't be used in this release; leave it out")
    return storage


def _keeping(document: Document) -> Accounts:
    """[accounts]."""
    keeping = read_section(document, Accounts, "accounts")
    if (problem := key_problem(keeping.key)) is not None:
        document.blame(("accounts", "key"), problem)
    return keeping


def _access(document: Document, row: AccessRow, references: References) -> Access:
    """[access] with every token as its digest; a reference that leads nowhere would lock its owner out, so it stops."""
    digests: list[bytes] = []
    for number, text in enumerate(row.tokens):
        if digest := _digest(document, references, text, ("access", "tokens", number)):
            digests.append(digest)
    admin = _digest(document, references, row.admin_token, ("access", "admin_token")) if row.admin_token else None
    return Access(require_token=row.require_token, tokens=frozenset(digests), admin_token=admin)


def _digest(document: Document, references: References, text: str, path: tuple[str | int, ...]) -> bytes | None:
    try:
        return hashlib.sha256(references.follow(text).encode()).digest()
    except Unresolved as reason:
        document.blame(path, f"{path[1]}: {reason}")
        return None


def _aliases(document: Document) -> dict[str, str]:
    aliases: dict[str, str] = {}
    for name, target in document.table("aliases").items():
        path = ("aliases", name)
        if not isinstance(target, str) or not is_model_id(target):
            document.blame(path, f"alias {name!r} must be a model or provider/model, in quotes")
        elif not is_model_id(name):
            document.blame(path, f"alias {name!r} has characters that no model id has")
        else:
            aliases[name] = target
    for name in aliases:
        if _never_ends(name, aliases):
            document.blame(("aliases", name), f"alias {name!r} leads in a circle or over {MAX_ALIAS_STEPS} others")
    return aliases


def _never_ends(name: str, aliases: Mapping[str, str]) -> bool:
    for _ in range(MAX_ALIAS_STEPS):
        if name not in aliases:
            return False
        name = aliases[name]
    return name in aliases
