"""Where the configuration file is, and whether it or a file that it refers to has changed. Reads, never writes."""

import re
from collections.abc import Mapping
from pathlib import Path

from fastproxy.config.document import MAX_FILE_BYTES

Fingerprint = tuple[tuple[int, int, int] | None, ...]

# Found in the text and not in its parsed values: a file that is broken just now must be watched as well, and a path
# too many (in a comment) does no harm.
_FILE_REFERENCE = re.compile(rb"""["']file:([^"'\n]+)["']""")


def locate(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The configuration file: the one given, FASTPROXY_CONFIG, or the default place; None where only that is absent."""
    if path is not None:
        return path
    if named := environ.get("FASTPROXY_CONFIG", ""):
        return Path(named).expanduser()
    home = environ.get("XDG_CONFIG_HOME") or (f"{environ['HOME']}/.config" if environ.get("HOME") else "")
    default = Path(home, "fastproxy", "config.toml")
    return default if home and default.is_file() else None


def fingerprint(path: Path | None) -> Fingerprint:
    """Equal as long as the file and every file that it refers to are the same: (mtime_ns, size, inode) of each.

    None stands for an absent file. An editor that replaces the file by renaming changes the inode.
    Cost: 50 us for a small file, so it may be asked every second.
    """
    if path is None:
        return ()
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE_BYTES)
    except OSError:
        text = b""
    referred = [Path(name.decode(errors="replace")).expanduser() for name in _FILE_REFERENCE.findall(text)]
    return tuple(_stat(path.parent / name) for name in (path.absolute(), *referred))


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)
