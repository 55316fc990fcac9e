"""Where a linked login comes from, as a line of text that the account store keeps, and back.

Pure but for asking where home is. The text never holds a secret.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from fastproxy.accounts.login import AccountError
from fastproxy.accounts.sources import SOURCES
from fastproxy.accounts.sources.base import Place, Source


class Origin(NamedTuple):
    """One login of one place. which: the path inside a file that holds several."""

    source: Source
    place: Place
    which: str = ""

    @property
    def text(self) -> str:
        """For example "codex:/home/u/.codex/auth.json", or "copilot:/home/u/apps.json#github.com:CLIENT"."""
        inside = f"#{self.which}" if self.source.several else ""
        return f"{self.source.name}:{self.place.name}{inside}"


def origin_of(text: str, environ: Mapping[str, str], home: Path) -> Origin:
    """What `Origin.text` was made of. Raises: AccountError for a source that this release doesn't know."""
    name, _, rest = text.partition(":")
    source = next((source for source in SOURCES if source.name == name), None)
    if source is None or not rest:
        known = ", ".join(source.name for source in SOURCES)
        raise AccountError(f"{name!r} is no source of logins; there are {known}")
    place, _, which = rest.rpartition("#") if source.several else (rest, "", "")
    return Origin(source, source.reopen(place, environ, home), which)
