"""The relay under the profiler, in a process of its own: `CONFIG STATE_DIRECTORY COUNT_FILE`.

On SIGUSR1 it writes to COUNT_FILE how often its event loop's thread has called each function so far, those of C too, as
one JSON object. Nothing of the relay is changed.
"""

import cProfile
import signal
import sys
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType

import orjson

from fastproxy import app


def _name(code: CodeType | str) -> str:
    """A function as a person finds it: `file.py:line name`; those of C have no file."""
    if isinstance(code, str):
        return code
    return f"{Path(code.co_filename).name}:{code.co_firstlineno} {code.co_qualname}"


def main() -> int:
    """The relay's own exit status."""
    config, state_directory, count_file = (Path(argument) for argument in sys.argv[1:])
    profiler = cProfile.Profile(subcalls=False)

    def tell(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signal module's signature
        profiler.disable()  # its table turns under a reader: a call counted while it is read hides others
        written = count_file.with_suffix(".new")
        calls: Counter[str] = Counter()
        for entry in profiler.getstats():
            calls[_name(entry.code)] += entry.callcount
        written.write_bytes(orjson.dumps(calls))
        written.replace(count_file)
        profiler.enable()

    signal.signal(signal.SIGUSR1, tell)
    return profiler.runcall(app.serve, config, {}, state_directory)


if __name__ == "__main__":
    sys.exit(main())
