"""Issued tokens on disk, shared by the server and the command line.

One small file in the state directory, replaced whole: a reader sees the old or the new list, never half of one, also
after kill -9 or a full disk. Must never write a token in clear, and never overwrite a file it could not read.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import msgspec

from fastproxy import clock
from fastproxy.access.tokens import EVERYTHING, ClientToken, Grant, Issued, TokenError, issue, named, revoke, rotate
from fastproxy.snapshot import Access
from fastproxy.storage import files

FILE = "tokens.json"
VERSION = 1
FIRST_LABEL = "first start"
LOCK_SECONDS = 10.0  # how long a change waits for another process that changes tokens just now
_READ_BYTES = 16 * 1024 * 1024

_Tokens = tuple[ClientToken, ...]
_Result = TypeVar("_Result")


class _Document(msgspec.Struct):
    version: int
    tokens: _Tokens


class TokenStore:
    """The issued tokens of one state directory.

    directory: exists and belongs to us (0700). generation: changes whenever the tokens did, so that others may cache.
    problem: why the file on disk could not be read at the last look; "" when it could. The tokens read before stay.
    Raises: TokenError when the file is there but can't be read, in the constructor and in everything that writes.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        self.problem = ""
        self.generation = 0
        self._stamp = files.stamp(self._path)
        self._install(_read(self._path))

    @property
    def tokens(self) -> _Tokens:
        """All of them in the order they were issued, also those that no longer count."""
        return self._tokens

    def find(self, digest: bytes) -> ClientToken | None:
        """The token with this SHA-256, whatever its state. Cost: 0.1 us."""
        return self._by_digest.get(digest)

    def reload_if_changed(self) -> bool:
        """Whether the file had changed and is now in effect. For the one-second sweep. Cost: one stat, 2 us."""
        stamp = files.stamp(self._path)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            self._install(_read(self._path))
        except TokenError as error:
            self.problem = str(error)
            return False
        return True

    def issue(self, label: str, *, expires_at: float | None = None, grant: Grant = EVERYTHING) -> Issued:
        """A new token; its clear text is in the result and nowhere else."""

        def add(tokens: _Tokens) -> tuple[_Tokens, Issued]:
            made = issue(label, now=clock.wall(), expires_at=expires_at, grant=grant)
            while any(token.id == made.token.id for token in tokens):
                made = issue(label, now=clock.wall(), expires_at=expires_at, grant=grant)
            return (*tokens, made.token), made

        return self._change(add)

    def issue_first(self, access: Access) -> Issued | None:
        """A token for a machine that has none yet; None when one is configured, was ever issued, or is not required.

        A list of revoked tokens is not empty: whoever revoked the last one did not ask for another.
        """
        if access.tokens or not access.require_token:
            return None

        def add_when_empty(tokens: _Tokens) -> tuple[_Tokens, Issued | None]:
            if tokens:
                return tokens, None
            made = issue(FIRST_LABEL, now=clock.wall())
            return (made.token,), made

        return self._change(add_when_empty)

    def revoke(self, name: str) -> ClientToken:
        """The token called `name` (id or label), from now on refused."""

        def end(tokens: _Tokens) -> tuple[_Tokens, ClientToken]:
            ended = revoke(named(tokens, name), now=clock.wall())
            return _with(tokens, ended), ended

        return self._change(end)

    def rotate(self, name: str) -> Issued:
        """A new secret for the token called `name`; the old one is refused from now on."""

        def renew(tokens: _Tokens) -> tuple[_Tokens, Issued]:
            made = rotate(named(tokens, name), now=clock.wall())
            return _with(tokens, made.token), made

        return self._change(renew)

    def _change(self, edit: Callable[[_Tokens], tuple[_Tokens, _Result]]) -> _Result:
        """Read, edit and replace under a lock that other processes honour."""
        with _locked(self._path):
            before = _read(self._path)
            after, result = edit(before)
            if after != before:
                document = msgspec.json.encode(_Document(VERSION, after))
                _replace(self._path, msgspec.json.format(document) + b"\n")
            self._stamp = files.stamp(self._path)
            self._install(after)
        return result

    def _install(self, tokens: _Tokens) -> None:
        self._tokens = tokens
        self._by_digest: Mapping[bytes, ClientToken] = MappingProxyType(
            {bytes.fromhex(token.digest): token for token in tokens}
        )
        self.problem = ""
        self.generation += 1


def _with(tokens: _Tokens, changed: ClientToken) -> _Tokens:
    return tuple(changed if token.id == changed.id else token for token in tokens)


def _read(path: Path) -> _Tokens:
    """The tokens in the file, none when there is no file. Raises: TokenError."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o022:
                raise TokenError(f"{path} can be written by others: check its tokens, then chmod 600 it")
            document = msgspec.json.decode(file.read(_READ_BYTES), type=_Document)
        if document.version != VERSION or not all(_is_digest(token.digest) for token in document.tokens):
            raise TokenError(f"{path} was not written by this version of fastproxy")
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise TokenError(f"{path}: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TokenError(f"{path} is damaged ({error}): restore it, or remove it and issue new tokens") from None
    return document.tokens


def _is_digest(text: str) -> bool:
    with suppress(ValueError):
        return len(bytes.fromhex(text)) == 32
    return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Alone among all processes that change tokens. Raises: TokenError."""
    try:
        with files.lock(path.with_suffix(".lock"), LOCK_SECONDS):
            yield
    except TimeoutError as error:
        raise TokenError(str(error)) from None
    except OSError as error:
        raise TokenError(f"{path.parent}: {error.strerror}") from None


def _replace(path: Path, content: bytes) -> None:
    """Raises: TokenError; the old file is then intact."""
    try:
        files.replace(path, content)
    except OSError as error:
        raise TokenError(f"{path}: {error.strerror}") from None
