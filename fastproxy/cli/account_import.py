"""`fastproxy account import`: logins of the tools that are already here, used where they lie.

Without --copy nothing is copied: the tool's file stays the login's only home, and what we renew goes back into it.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
import typer

from fastproxy.cli.account_records import free_label, record_of
from fastproxy.cli.account_terms import ServesOption, Whom, whom_it_serves
from fastproxy.cli.output import CommandError, Json, note, write_json, write_table
from fastproxy.cli.places import Config, account_store, load_snapshot, private_state_directory

if TYPE_CHECKING:
    from fastproxy.accounts.linked import Linked
    from fastproxy.accounts.sources.search import Finding, Findings
    from fastproxy.accounts.store import AccountStore
    from fastproxy.accounts.stored import StoredAccount
    from fastproxy.snapshot import Serves, Snapshot


class _Taken(NamedTuple):
    """One finding and what became of it. reason: why it was left out, "" = imported."""

    account: str
    place: str
    reason: str = ""
    serves: str = ""


def import_accounts(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SOURCE]...", help="claude-code, codex, gemini-cli, qwen, copilot, cliproxy, keychain."
        ),
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Whatever is found.")] = False,
    copy: Annotated[
        bool, typer.Option("--copy", help="Keep a copy of our own, when the tool is not used any more.")
    ] = False,
    serves: ServesOption = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Use the logins that other tools on this machine have made."""
    from fastproxy.accounts.sources.search import find_all  # noqa: PLC0415 - other commands don't come here

    snapshot = load_snapshot(config)
    _require_known(sources or [])
    findings = find_all(os.environ, Path.home())
    wanted = [one for one in findings.found if everything or _source(one) in (sources or ())]
    if not (everything or sources):
        _offer(findings)
        return
    taken = [_Taken("", place, reason) for place, reason in _not_found(sources or [], findings)]
    with account_store(snapshot) as store:
        taken += _Import(store, snapshot, serves, copy=copy).take(wanted)
    if as_json:
        write_json(_document(taken, findings))
    else:
        _tell(taken, findings)
    if not wanted:
        raise typer.Exit(1)


class _Import:
    """Findings become accounts. Whom a login serves is asked once for each vendor."""

    def __init__(self, store: "AccountStore", snapshot: "Snapshot", serves: Whom | None, *, copy: bool) -> None:
        self._store = store
        self._snapshot = snapshot
        self._given = serves
        self._copy = copy
        self._serves: dict[str, Serves] = {}

    def take(self, findings: "Iterable[Finding]") -> list[_Taken]:
        """Raises: AccountError, CommandError."""
        known = self._known_tokens()
        return [self._take(finding, known) for finding in findings]

    def _take(self, finding: "Finding", known: Mapping[str, str]) -> _Taken:
        from fastproxy.accounts.sources.tokens import identity  # noqa: PLC0415 - as above
        from fastproxy.accounts.stored import StoredAccount, account_id  # noqa: PLC0415

        accounts = self._store.accounts()
        place = finding.source
        same = next((one for one in accounts if one.source == place), None)
        if same is not None:
            return self._take_again(same)
        twin = known.get(identity(finding.login))
        if twin is not None:
            return _Taken(twin, place, f"the same login is there already, as {twin}")
        label = free_label(finding.label, finding.provider, accounts)
        account = StoredAccount(
            account_id(finding.provider, label),
            finding.provider,
            label,
            finding.kind,
            source="" if self._copy else place,
            serves=self._whom(finding),
        )
        self._store.add(account, finding.login if self._copy else None)
        return _Taken(account.id, place, serves=account.serves)

    def _take_again(self, same: "StoredAccount") -> _Taken:
        """A login that is linked already: enabled if it was not, or kept by us from now on as it is in effect."""
        from fastproxy.accounts.renewal import LOCK_SECONDS  # noqa: PLC0415 - as above

        if self._copy:
            linked = self._linked(same)
            with linked.locked(LOCK_SECONDS):  # a token that is being renewed is worth nothing any more
                self._store.replace(msgspec.structs.replace(same, source=""), linked.login())
        elif same.disabled:
            self._store.replace(same, None)
        else:
            return _Taken(same.id, same.source, f"it is there already, as {same.id}")
        return _Taken(same.id, same.source, serves=same.serves)

    def _linked(self, account: "StoredAccount") -> "Linked":
        from fastproxy.accounts.linked import Linked  # noqa: PLC0415 - as above

        return Linked(account.source, private_state_directory(os.environ), self._store.cipher)

    def _whom(self, finding: "Finding") -> "Serves":
        if finding.kind == "key":
            return "any"
        provider = record_of(self._snapshot, finding.provider)
        if provider.name not in self._serves:
            given = self._given if provider.own_client else None
            self._serves[provider.name] = whom_it_serves(provider, given)
        return self._serves[provider.name]

    def _known_tokens(self) -> dict[str, str]:
        """The logins that are there: a digest of each -> the account."""
        from fastproxy.accounts.login import AccountError  # noqa: PLC0415 - as above
        from fastproxy.accounts.sources.tokens import identity  # noqa: PLC0415

        known = {}
        for account in self._store.accounts():
            if not account.source:
                try:
                    known[identity(self._store.login(account.id))] = account.id
                except AccountError:  # damaged: whatever it was, it is of no use
                    continue
        return known


def _require_known(sources: list[str]) -> None:
    """Raises: CommandError for a name that is no source."""
    from fastproxy.accounts.sources import SOURCES  # noqa: PLC0415 - as above

    names = [source.name for source in SOURCES]
    for name in sources:
        if name not in names:
            raise CommandError(f"there is no source {name!r}; there are {', '.join(names)}", exit_code=2)


def _offer(findings: "Findings") -> None:
    """What could be imported, for somebody who has not said what. Raises: typer.Exit."""
    _tell([], findings)
    if not findings.found:
        note("no login was found; `fastproxy account login PROVIDER` makes one")
        raise typer.Exit(1)
    write_table(("source", "provider", "kind", "in"), [_described(one) for one in findings.found])
    note("nothing was imported: name the sources, or say --all")


def _described(finding: "Finding") -> tuple[str, ...]:
    source, _, place = finding.source.partition(":")
    return source, finding.provider, finding.kind, place


def _not_found(sources: list[str], findings: "Findings") -> list[tuple[str, str]]:
    found = {_source(one) for one in findings.found}
    return [(name, "no login was found there") for name in sources if name not in found]


def _tell(taken: list[_Taken], findings: "Findings") -> None:
    rows = [(one.account, one.place, one.serves) for one in taken if not one.reason]
    if rows:
        write_table(("imported", "from", "serves"), rows)
    for one in taken:
        if one.reason:
            note(f"skipped {one.place}: {one.reason}")
    for remark in findings.problems:
        note(f"skipped {remark.place}: {remark.reason}")
    for remark in findings.warnings:
        note(f"warning: {remark.place}: {remark.reason}")


def _document(taken: list[_Taken], findings: "Findings") -> dict[str, object]:
    skipped = [{"place": one.place, "reason": one.reason} for one in taken if one.reason]
    skipped += [msgspec.structs.asdict(remark) for remark in findings.problems]
    return {
        "imported": [{"id": one.account, "source": one.place, "serves": one.serves} for one in taken if not one.reason],
        "skipped": skipped,
        "warnings": [msgspec.structs.asdict(remark) for remark in findings.warnings],
    }


def _source(finding: "Finding") -> str:
    return finding.source.partition(":")[0]
