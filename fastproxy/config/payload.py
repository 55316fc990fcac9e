"""From [[payload.default]], [[payload.override]] and [[payload.filter]] to the rules for request bodies, in order.

Notes every mistake in the document; a rule that has one is left out and never half applied.
"""

from collections.abc import Iterator

from fastproxy.config.document import Document
from fastproxy.config.schema import FilterRow, SettingRow, read_section, suggestion
from fastproxy.payload import KINDS, Kind, Rule, compiled, path_problem, value_problem

Edits = tuple[tuple[str, object], ...]
"""Dotted path and value; None for a path to remove."""


def payload_rules(document: Document) -> tuple[Rule, ...]:
    """Every default, then every override, then every filter, each kind as it stands in the file."""
    tables = document.table("payload")
    for key in tables:
        if key not in KINDS:
            document.blame(("payload", key), f"unknown key {key!r} in [payload]; {suggestion(key, KINDS)}")
    return tuple(rule for kind in KINDS for rule in _rules(document, kind, tables.get(kind, [])))


def _rules(document: Document, kind: Kind, rows: object) -> Iterator[Rule]:
    if not isinstance(rows, list):
        document.blame(("payload", kind), f"payload.{kind} must be a list of tables: write [[payload.{kind}]]")
        return
    for number in range(len(rows)):
        before = document.problem_count
        models, edits = _row(document, kind, number)
        if document.problem_count == before:  # a wrong value would be blamed again for what the rule then lacks
            _blame_edits(document, kind, number, models, edits)
        if document.problem_count == before:
            yield compiled(kind, models, dict(edits))


def _row(document: Document, kind: Kind, number: int) -> tuple[tuple[str, ...], Edits]:
    """The globs and the edits of one rule."""
    if kind == "filter":
        filtered = read_section(document, FilterRow, "payload", kind, number)
        return filtered.models, tuple((path, None) for path in filtered.remove)
    setting = read_section(document, SettingRow, "payload", kind, number)
    return setting.models, tuple(setting.set.items())


def _blame_edits(document: Document, kind: Kind, number: int, models: tuple[str, ...], edits: Edits) -> None:
    key = "remove" if kind == "filter" else "set"
    row = ("payload", kind, number)
    if not models:
        document.blame((*row, "models"), 'models must name at least one glob; "*" is every model')
    if not edits:
        document.blame((*row, key), f"{key} must name at least one path")
    for place, (path, value) in enumerate(edits):
        problem = path_problem(path) or value_problem(value)
        if problem is not None:
            document.blame((*row, key, place if kind == "filter" else path), problem)
