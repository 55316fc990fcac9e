"""Every login that the tools of this machine have, and what is wrong with the files that can't be used.

One damaged file never hides another. Only looks: nothing is written, sent or kept.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.sources import SOURCES, facts_of
from fastproxy.accounts.sources.base import Found, Place, Source
from fastproxy.accounts.sources.origin import Origin
from fastproxy.accounts.sources.tokens import identity
from fastproxy.snapshot import AccountKind


class Finding(msgspec.Struct, frozen=True):
    """One usable login or key. label: unique among the findings of its provider. source: as StoredAccount has it."""

    source: str
    provider: str
    label: str
    kind: AccountKind
    login: Login
    facts: Mapping[str, str] = {}


class Remark(msgspec.Struct, frozen=True):
    """Something to say about a place, for people. place: a path, or a keychain item's name."""

    place: str
    reason: str


class Findings(msgspec.Struct, frozen=True):
    """What was found. problems: places that could not be used. warnings: used, but others can read them."""

    found: tuple[Finding, ...] = ()
    problems: tuple[Remark, ...] = ()
    warnings: tuple[Remark, ...] = ()


def find_all(environ: Mapping[str, str], home: Path) -> Findings:
    """Looks at every place of every source. Cost: a few milliseconds; up to 10 s where a keychain has to be asked."""
    search = _Search()
    for source in SOURCES:
        search.look_at(source, environ, home)
    return Findings(tuple(search.found), tuple(search.problems), tuple(search.warnings))


class _Search:
    def __init__(self) -> None:
        self.found: list[Finding] = []
        self.problems: list[Remark] = []
        self.warnings: list[Remark] = []
        self._seen: set[tuple[str, str]] = set()
        self._labels: set[tuple[str, str]] = set()
        self._answered: set[str] = set()

    def look_at(self, source: Source, environ: Mapping[str, str], home: Path) -> None:
        if source.copy_of in self._answered:
            return
        for place in self._places(source, environ, home):
            if self._take(source, place):
                self._answered.add(source.name)
                if source.alternatives:
                    return

    def _places(self, source: Source, environ: Mapping[str, str], home: Path) -> tuple[Place, ...]:
        try:
            return source.places(environ, home)
        except OSError as error:
            self.problems.append(Remark(source.name, f"its directory can't be read: {error.strerror}"))
            return ()

    def _take(self, source: Source, place: Place) -> bool:
        """Whether the place holds anything."""
        try:
            body = place.read()
            all_found = source.read(body) if body is not None else ()
            new = [finding for found in all_found for finding in self._new(Origin(source, place, found.which), found)]
        except AccountError as error:
            remark = Remark(place.name, str(error))
            if remark not in self.problems:  # two sources may read one file
                self.problems.append(remark)
            return False
        self.found += new
        if new and (exposed := place.exposed()):
            self.warnings.append(Remark(place.name, exposed))
        return bool(all_found)

    def _new(self, origin: Origin, found: Found) -> Iterator[Finding]:
        """The finding, unless another place had the same token."""
        provider = found.provider or origin.source.provider
        key = (provider, identity(found.login))
        if key in self._seen:
            return
        facts = facts_of(provider, found.login)
        self._seen.add(key)
        yield Finding(origin.text, provider, self._label(provider, found.label), found.kind, found.login, facts)

    def _label(self, provider: str, wanted: str) -> str:
        label, number = wanted, 1
        while (provider, label) in self._labels:
            number += 1
            label = f"{wanted}-{number}"
        self._labels.add((provider, label))
        return label
