"""The clients from npm, each in a folder of its own below .clients/, at the version that known.py names.

The only part of this suite that uses a network, with the person's own settings for npm, certificates and proxies. Their
install scripts run: they put the native program in its place, and it is run here anyway.
"""

import shutil
import subprocess
from pathlib import Path

import msgspec

from slow.clients.known import Known

FOLDER = Path(__file__).parents[3] / ".clients"
INSTALL_SECONDS = 300.0


class _Manifest(msgspec.Struct):
    version: str


def program(known: Known) -> Path | str:
    """The client's program, installed now if need be; a sentence when it can't be."""
    folder = FOLDER / known.program
    path = folder / "node_modules" / ".bin" / known.program
    if _version(folder, known) == known.version and path.exists():
        return path
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed"
    folder.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--prefix", str(folder), "--no-save", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(
            [*command, f"{known.package}@{known.version}"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"npm took more than {INSTALL_SECONDS:.0f} s"
    if done.returncode or not path.exists():
        return f"npm could not install it: {done.stderr.strip()[-300:]}"
    return path


def _version(folder: Path, known: Known) -> str:
    """What is installed; "" for nothing."""
    try:
        manifest = (folder / "node_modules" / known.package / "package.json").read_bytes()
        return msgspec.json.decode(manifest, type=_Manifest).version
    except (OSError, msgspec.DecodeError):
        return ""
