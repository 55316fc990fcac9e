"""The peers, each in a folder of its own below .peers/, at the version that known.py names.

The only part that uses a network, with the person's own settings for pip, npm, certificates and proxies. No install
script of any package runs.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from .known import Peer

FOLDER = Path(__file__).resolve().parents[2] / ".peers"
_SHOWN_CHARACTERS = 300


def folder(peer: Peer) -> Path:
    """Where the peer is, or would be."""
    return FOLDER / f"{peer.name.lower()}-{peer.version}"


def install(peer: Peer, seconds: float) -> str:
    """What hinders: "" when the peer is there, installed now if need be; with no seconds left it isn't tried."""
    place = folder(peer)
    done = place / "installed"
    if done.exists():
        return ""
    if seconds <= 0:
        return "not installed"
    if peer.registry == "npm" and not shutil.which("npm"):
        return "npm is not installed"
    place.mkdir(parents=True, exist_ok=True)
    try:
        for command in _COMMANDS[peer.registry](peer, place):
            subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=seconds, check=True)
    except subprocess.TimeoutExpired:
        return f"{peer.registry} took more than {seconds:.0f} s"
    except subprocess.CalledProcessError as error:
        said: str = error.stderr or error.stdout
        return f"{peer.registry} could not install it: {said.strip()[-_SHOWN_CHARACTERS:]}"
    done.touch()
    return ""


def _pip(peer: Peer, place: Path) -> list[list[str]]:
    pip = [str(place / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    return [
        [sys.executable, "-m", "venv", str(place)],
        [*pip, "--only-binary", ":all:", f"{peer.package}=={peer.version}"],
    ]


def _npm(peer: Peer, place: Path) -> list[list[str]]:
    options = ["--prefix", str(place), "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]
    return [["npm", "install", *options, f"{peer.package}@{peer.version}"]]


_COMMANDS = {"pip": _pip, "npm": _npm}
