"""A login that a vendor's tool owns: read where the tool keeps it, watched, and written back when we renewed it.

The tool's file is the truth. We never keep a copy where it can be written; we never put our tokens over newer ones of
the tool's; and a file that is half written at the moment, or gone for a moment, ends nothing.
Every method may block on a disk, a lock or a keychain, but `changed`.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from fastproxy import clock
from fastproxy.accounts.login import AccountError, Login, completed
from fastproxy.accounts.sidecar import Sealing, Sidecar
from fastproxy.accounts.sources.base import UnwritableError
from fastproxy.accounts.sources.origin import origin_of
from fastproxy.accounts.sources.tokens import identity
from fastproxy.accounts.sources.toollock import tool_lock
from fastproxy.storage import files

RACY_SECONDS = 2.0  # a file written so lately may be written again without another mtime (FAT counts in two seconds)
GONE_SECONDS = 10.0  # how long a tool may take to make its file again before that is a logout
SETTLE_SECONDS = 2.0  # how long to wait for a tool that is writing, before our tokens go into the sidecar
_PAUSE_SECONDS = 0.02
_ATTEMPTS = 5  # at writing into a file that keeps changing


class GoneError(AccountError):
    """The place holds no login (any more)."""


class _Look(NamedTuple):
    """One look at the place: what it held and the login in it."""

    body: bytes
    login: Login


class Linked:
    """One linked login.

    source: as StoredAccount.source has it. directory: the state directory. cipher: what seals a sidecar; asked for only
    where there is one to be read or written. Raises: AccountError for an unknown source.
    """

    def __init__(self, source: str, directory: Path, cipher: Callable[[], Sealing]) -> None:
        self.source = source
        self._origin = origin_of(source, os.environ, Path(os.environ.get("HOME", "/")))
        self._sidecar = Sidecar(directory, source, cipher)
        self._stamps: tuple[files.Stamp | None, files.Stamp | None] | None = None
        self._looked_at = 0.0
        self._gone_since: float | None = None
        self._last_good: Login | None = None
        self._last_identity = ""

    @property
    def name(self) -> str:
        """The place, for people: a path, or a keychain item's name."""
        return self._origin.place.name

    def changed(self) -> bool:
        """Whether `login` may tell another one than it did last. Cost: two stats, 5 us."""
        if self._stamps is None or self._gone_since is not None or self._stamps != self._current_stamps():
            return True
        return any(stamp is not None and abs(self._looked_at - stamp[0] / 1e9) < RACY_SECONDS for stamp in self._stamps)

    @property
    def written_at(self) -> float:
        """When the place was written last, by its own clock; 0.0 where nobody knows."""
        stamp = self._origin.place.stamp()
        return stamp[0] / 1e9 if stamp is not None else 0.0

    def login(self, patience_seconds: float = 0.0) -> Login:
        """The newest of the tool's login and of ours that was derived from it.

        A place that can't be understood, or is gone, keeps telling what it told last; a new Linked has nothing to tell.
        patience_seconds: how long to wait for a tool that seems to be writing. Raises: AccountError.
        """
        try:
            login = self._newest(self._settled(patience_seconds).login)
        except AccountError as error:
            self._note_absence(gone=isinstance(error, GoneError))
            if self._last_good is None:
                raise AccountError(f"{self.name}: {error}") from None
            return self._last_good
        self._gone_since = None
        self._last_good = _dated(self._last_good, login)
        return self._last_good

    @contextmanager
    def locked(self, deadline_seconds: float) -> Iterator[None]:
        """Alone with this login among all relays, and with the tool where it locks too; for one renewal.

        Raises: AccountError when somebody else is at it for that long.
        """
        give_up_at = clock.monotonic() + deadline_seconds
        place = self._origin.place
        with ExitStack() as held:
            try:
                self._lock(held, deadline_seconds)
                rest_seconds = max(0.0, give_up_at - clock.monotonic())
                held.enter_context(tool_lock(self._origin.source.tool_locks(place.directory), rest_seconds))
            except TimeoutError:
                raise AccountError(f"{self.name} is being renewed by another process") from None
            except OSError as error:
                raise AccountError(f"{self.name} can't be locked: {error.strerror}") from None
            yield

    def prepare(self) -> None:
        """Proves, before the vendor is asked and a token spent, that a renewed login can be kept.

        Raises: AccountError when neither its own place nor the state directory could take it.
        """
        source, place, _ = self._origin
        try:
            self._sidecar.prove()
        except AccountError:
            if source.write is None or not place.writable():
                raise

    def write_back(self, used: Login, new: Login) -> Login:
        """Keeps a renewed login, under `locked`, and tells which login is now in effect.

        used: the one that was renewed, as `login` told it. new: what the vendor answered; what it doesn't say is taken
        from `used`. Where the tool has another login by now, that one counts and `new` is dropped.
        Raises: AccountError when it could be kept nowhere.
        """
        new = completed(new, used)
        for _ in range(_ATTEMPTS):
            try:
                look = self._settled(SETTLE_SECONDS)
                newest = self._newest(look.login)
                if identity(newest) != identity(used):
                    return newest
                if self._put(look, new):
                    return new
            except Exception:  # noqa: BLE001 - nothing may keep these tokens from being kept somewhere
                break
        self._sidecar.write(self._last_identity or identity(used), new)
        return new

    def _put(self, look: _Look, new: Login) -> bool:
        """Whether the place has it now. Raises: UnwritableError, AccountError for a place that can't take it."""
        source, place, which = self._origin
        if source.write is None:
            raise UnwritableError("its file has no place for it")
        if not place.replace(look.body, source.write(look.body, new, which)):
            return False
        self._sidecar.remove()
        return True

    def _settled(self, patience_seconds: float) -> _Look:
        """A look at the place when it is whole. Raises: AccountError."""
        give_up_at = clock.monotonic() + patience_seconds
        while True:
            try:
                return self._look()
            except AccountError:
                if clock.monotonic() >= give_up_at:
                    raise
            clock.pause(_PAUSE_SECONDS)

    def _look(self) -> _Look:
        source, place, which = self._origin
        self._stamps, self._looked_at = self._current_stamps(), clock.wall()  # before reading: what comes later differs
        body = place.read()
        if body is None:
            raise GoneError("it is not there; log in with its tool again")
        found = next((found for found in source.read(body) if not source.several or found.which == which), None)
        if found is None:
            raise GoneError("it holds no such login; log in with its tool again")
        self._last_identity = identity(found.login)
        return _Look(body, found.login)

    def _newest(self, login: Login) -> Login:
        """The file's login, or the one in the sidecar that was made from it. Raises: AccountError.

        A sidecar that can't be opened counts no more once the tool has written since: it may have logged in anew.
        """
        try:
            kept = self._sidecar.read()
        except AccountError:
            beside = self._sidecar.stamp()
            if beside is None or self.written_at <= beside[0] / 1e9:
                raise
            return login
        if kept is None or kept[0] != identity(login):
            return login
        ours = kept[1]
        # Where the refresh token stays the same, the tool may have been the last to renew.
        same_refresh = login.refresh == ours.refresh and bool(login.access.reveal())
        return login if same_refresh and (login.expires_at or 0.0) >= (ours.expires_at or 0.0) else ours

    def _note_absence(self, *, gone: bool) -> None:
        now = clock.monotonic()
        if not gone or self._last_good is None:
            self._gone_since = None
        elif self._gone_since is None:
            self._gone_since = now
        elif now - self._gone_since >= GONE_SECONDS:
            self._last_good = self._gone_since = None

    def _current_stamps(self) -> tuple[files.Stamp | None, files.Stamp | None]:
        return self._origin.place.stamp(), self._sidecar.stamp()

    def _lock(self, held: ExitStack, deadline_seconds: float) -> None:
        """Raises: OSError, of which TimeoutError is one."""
        try:
            held.enter_context(files.lock(self._origin.place.lock_path, deadline_seconds))
        except TimeoutError:
            raise
        except OSError:  # a directory that we can't write to: the relays of one state directory agree at least
            self._sidecar.prepare()
            held.enter_context(files.lock(self._sidecar.lock_path, deadline_seconds))


def _dated(before: Login | None, login: Login) -> Login:
    """Most files don't say when a token was made; that it is another than before does."""
    if before is None or login.minted_at is not None:
        return login
    minted_at = before.minted_at if login.access == before.access else clock.wall()
    return msgspec.structs.replace(login, minted_at=minted_at)
