"""A `security` program for tests: a real executable with one item in a file, and the habits of the real one.

Its arguments are logged, so that a test can prove that no secret was among them. Like macOS's it reads a line of at
most 4096 bytes in its interactive mode, runs what came before the cut, and ends with 0 whatever happened.
"""

import sys
from pathlib import Path

_SOURCE = r"""#!{python} -S
import pathlib, shlex, sys, time
here = pathlib.Path({here!r})
item, log, mood = here / "item", here / "arguments", here / "mood"
with log.open("a") as file:
    file.write(repr(sys.argv[1:]) + "\n")
mood = mood.read_text() if mood.exists() else ""
if mood == "asleep":
    time.sleep(30)
if mood == "locked":
    sys.stderr.write("the secret is " + (item.read_text() if item.exists() else ""))
    sys.exit(51)
def named(words, flag):
    return words[words.index(flag) + 1]
if sys.argv[1] == "find-generic-password":
    words = sys.argv[1:]
    if not item.exists() or named(words, "-s") + "/" + named(words, "-a") != (here / "name").read_text():
        sys.exit(44)
    text = item.read_text()
    print(text.encode().hex() if mood == "hexadecimal" else text)
elif sys.argv[1] == "-i":
    words = shlex.split(sys.stdin.read()[:4096])
    assert words[0] == "add-generic-password" and "-U" in words, words[0]
    if mood != "deaf":
        item.write_text(bytes.fromhex(named(words, "-X")).decode())
        (here / "name").write_text(named(words, "-s") + "/" + named(words, "-a"))
"""


class FakeSecurity:
    """The program in a directory of its own. mood: "", "asleep", "locked", "hexadecimal" or "deaf"."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.path = directory / "bin"
        self.path.mkdir()
        program = self.path / "security"
        program.write_text(_SOURCE.format(python=sys.executable, here=str(directory)))
        program.chmod(0o700)

    @property
    def arguments(self) -> str:
        return (self._directory / "arguments").read_text()

    @property
    def item(self) -> bytes:
        return (self._directory / "item").read_bytes()

    def has(self, content: bytes, service: str, account: str) -> None:
        (self._directory / "item").write_bytes(content)
        (self._directory / "name").write_text(f"{service}/{account}")

    def is_in(self, mood: str) -> None:
        (self._directory / "mood").write_text(mood)
