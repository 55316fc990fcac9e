"""The configuration in force: loaded whole or not at all, swapped in one step, the old one kept when the new is bad."""

import os
from collections.abc import Mapping
from pathlib import Path

from fastproxy import config
from fastproxy.providers import PROVIDERS
from fastproxy.snapshot import Snapshot
from fastproxy.upstream import probe


class Source:
    """Where the configuration comes from: file, environment, command line, and the daemons that answer here.

    path: None for FASTPROXY_CONFIG or the default place, looked for at each load.
    """

    def __init__(
        self, path: Path | None, overrides: Mapping[str, object], environ: Mapping[str, str] = os.environ
    ) -> None:
        self.path = path
        self._overrides = overrides
        self._environ = environ
        self._fingerprint = self._now()

    def load(self) -> Snapshot:
        """A new snapshot. Raises: ConfigError, which says file, line, column and the nearest valid key."""
        self._fingerprint = self._now()
        alive = probe.alive(PROVIDERS)
        return config.load(self.path, self._environ, overrides=self._overrides, alive=alive)

    def changed(self) -> bool:
        """Whether the file, or one it refers to, is another than at the last load. Cost: one stat for each."""
        return self._now() != self._fingerprint

    def _now(self) -> tuple[object, ...] | None:
        path = config.locate(self.path, self._environ)  # anew each time: the default file may be made after the start
        return config.fingerprint(path) if path is not None else None
