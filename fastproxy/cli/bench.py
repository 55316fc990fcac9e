"""`fastproxy bench`: what the relay costs on the user's machine, beside a minimal relay and, where there is one, nginx.

Measures a relay of its own with an upstream of its own; never touches a running one, never leaves this machine.
"""

import importlib
import importlib.util
from types import ModuleType

import msgspec

from fastproxy.cli.output import CommandError, Json, note, say, write_json

# Installed, the bench is part of this package; in a checkout it stands beside it (pyproject.toml maps it).
_PLACES = ("fastproxy.bench", "bench")


def command(*, as_json: Json = False) -> None:
    """Measure CPU time, delay and memory of this relay, in under a minute."""
    run = _module("run")
    try:
        result = run.measure(quick=True, say=note)
    except _module("processes").BenchError as error:
        raise CommandError(f"bench: {error}") from None
    if as_json:
        write_json(msgspec.to_builtins(result))
    else:
        say(_module("report").markdown(result))


def _module(name: str) -> ModuleType:
    for place in _PLACES:
        if importlib.util.find_spec(place) is not None:
            return importlib.import_module(f"{place}.{name}")
    raise CommandError("bench: its files are not installed; run it from a checkout of the project")
