"""Claude Code's login on macOS: an item of the login keychain, read and written through the `security` program.

No secret may be in a program's arguments, which every process can see: it goes through `security -i` on standard
input. No output of the program may be in an error, because it repeats what it did not understand.
Source: reports with measurements (robinebers/openusage#424, uwuclxdy/clauth#76, xiaolai/claudepot-app#45), 2026-11-21.
"""

import hashlib
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from fastproxy.accounts.login import AccountError
from fastproxy.accounts.sources import claude_code
from fastproxy.accounts.sources.base import Source, UnwritableError
from fastproxy.storage import files

SERVICE = "Claude Code-credentials"
PROGRAM_SECONDS = 10.0  # it may ask the person at the screen; one who is away must not hold us up
LINE_BYTES = 4032  # `security -i` cuts a line at 4096, *runs what is before it*, and so destroys the item
_NONE = 44  # errSecItemNotFound, as an exit code
_PLAIN = re.compile(r"[A-Za-z0-9._ -]+")  # what needs no quoting within the quotes of a line
_DATABASE = Path("Library/Keychains")


class KeychainItem:
    """A `Place`. service, account: what the item is found by. database: the keychain's file, watched for changes."""

    def __init__(self, service: str, account: str, directory: Path, database: Path) -> None:
        self._service = service
        self._account = account
        self._directory = directory
        self._database = database

    @property
    def name(self) -> str:
        return self._service

    @property
    def directory(self) -> Path:
        return self._directory

    @property
    def lock_path(self) -> Path:
        return self._directory / f".{self._service}.fastproxy.lock"

    def read(self) -> bytes | None:
        named = ("-a", self._account) if self._account else ()  # another account's item holds no login
        code, output = _run("find-generic-password", *named, "-s", self._service, "-w")
        if code == _NONE:
            return None
        if code != 0:
            raise AccountError(f"the keychain did not give it (security: exit code {code})")
        return _decoded(output.removesuffix(b"\n"))

    def stamp(self) -> files.Stamp | None:
        return files.stamp(self._database)

    def exposed(self) -> str:
        return ""

    def writable(self) -> bool:
        return False  # it may grow too long, or ask somebody who is not there

    def replace(self, expected: bytes, content: bytes) -> bool:
        if not (_PLAIN.fullmatch(self._service) and _PLAIN.fullmatch(self._account)):
            raise UnwritableError("the keychain item has a name that can't be written safely")
        line = f'add-generic-password -U -a "{self._account}" -s "{self._service}" -X "{content.hex()}"\n'.encode()
        if len(line) > LINE_BYTES:
            raise UnwritableError("it is too long for the security program")
        try:
            if self.read() != expected:
                return False
            code, _ = _run("-i", line=line)
            stored = self.read()
        except AccountError as error:
            raise UnwritableError(str(error)) from None
        if code != 0 or stored != content:  # the interactive mode ends with 0 whatever happened
            raise UnwritableError(f"the keychain did not take it (security: exit code {code})")
        return True


def places(environ: Mapping[str, str], home: Path) -> tuple[KeychainItem, ...]:
    """The item of this user's Claude Code; none on a machine without keychains."""
    there = (home / _DATABASE).is_dir() and shutil.which("security", path=environ.get("PATH"))
    return (reopen(service_of(environ), environ, home),) if there else ()


def reopen(name: str, environ: Mapping[str, str], home: Path) -> KeychainItem:
    """The item of this name."""
    database = home / _DATABASE / "login.keychain-db"
    return KeychainItem(name, environ.get("USER", ""), claude_code.directory(environ, home), database)


def service_of(environ: Mapping[str, str]) -> str:
    """The item's name: Claude Code has one for each configuration directory that was chosen."""
    chosen = environ.get("CLAUDE_CONFIG_DIR")
    if not chosen:
        return SERVICE
    return f"{SERVICE}-{hashlib.sha256(unicodedata.normalize('NFC', chosen).encode()).hexdigest()[:8]}"


def _run(*arguments: str, line: bytes = b"") -> tuple[int, bytes]:
    """Exit code and output. Raises: AccountError when the program is not there or does not come back."""
    program = shutil.which("security")
    if program is None:
        raise AccountError("there is no security program to ask the keychain with")
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and no argument is a secret
            (program, *arguments), input=line, capture_output=True, timeout=PROGRAM_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise AccountError(f"the keychain did not answer within {PROGRAM_SECONDS:g} s: is it locked?") from None
    except OSError as error:
        raise AccountError(f"the security program could not be started: {error.strerror}") from None
    return done.returncode, done.stdout


def _decoded(output: bytes) -> bytes:
    """The item's bytes, which newer releases of macOS show in hexadecimal."""
    if output[:2].lower() != b"7b":  # "{"
        return output
    try:
        return bytes.fromhex(output.decode())
    except (ValueError, UnicodeDecodeError):
        return output


SOURCE = Source(
    name="keychain",
    provider="anthropic",
    places=places,
    reopen=reopen,
    read=claude_code.SOURCE.read,
    write=claude_code.SOURCE.write,
    facts=claude_code.SOURCE.facts,
    tool_locks=claude_code.SOURCE.tool_locks,
)
