"""Which process has a login renewed, among all of one state directory: the others wait for it and take what it found.

It saves processes and questions, nothing else: that a token is spent once is seen to by `renewal`, under a lock of its
own. A claim ends with its process, however that ends. Never holds a secret, and never waits.
"""

import os
from contextlib import suppress
from pathlib import Path

import msgspec

from fastproxy.accounts.renewal import Renewed
from fastproxy.storage import files

CLAIM_BYTES = 65536


class _Found(msgspec.Struct):
    """How a renewal ended. used: what it was asked to replace."""

    used: str
    renewed: Renewed


class Claim:
    """Of one login, for one renewal. path: a file of its own, which stays."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._has_waited = False

    def take(self) -> bool:
        """Whether it is ours now; False while another process has it. Raises: OSError. Cost: 20 us."""
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        self._descriptor = files.locked(self._path)
        if self._descriptor is None:
            self._has_waited = True
            return False
        return True

    def found(self, used: str) -> Renewed | None:
        """How the renewal ended that was waited for; None when there was none, it is not known, or it was another one.

        used: what is to be replaced now.
        """
        if not self._has_waited:
            return None
        try:
            told = msgspec.json.decode(self._path.read_bytes()[:CLAIM_BYTES], type=_Found)
        except (OSError, msgspec.MsgspecError):  # whoever had it did not come to an end
            return None
        outcome, cause, retry_after_seconds = told.renewed
        if outcome == "current" and told.used != used:
            return None
        return Renewed("adopted" if outcome == "renewed" else outcome, cause, retry_after_seconds)

    def begin(self) -> None:
        """Forget how the last renewal ended. Raises: OSError."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)

    def tell(self, used: str, renewed: Renewed) -> None:
        """Let those who wait know how it ended. Where that can't be written, they find out by themselves."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.pwrite(self._descriptor, msgspec.json.encode(_Found(used, renewed)), 0)

    def leave(self) -> None:
        """Let others have it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
