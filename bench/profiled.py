"""The relay under the profiler, in a process of its own: `CONFIG STATE_DIRECTORY COUNT_FILE`.

On SIGUSR1 it writes to COUNT_FILE how many calls, of Python functions and of C functions from Python, its event loop's
thread has made so far. Nothing of the relay is changed.
"""

import cProfile
import signal
import sys
from pathlib import Path
from types import FrameType

from fastproxy import app


def main() -> int:
    """The relay's own exit status."""
    config, state_directory, count_file = (Path(argument) for argument in sys.argv[1:])
    profiler = cProfile.Profile(subcalls=False)

    def tell(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signal module's signature
        profiler.disable()  # its table turns under a reader: a call counted while it is read hides others
        written = count_file.with_suffix(".new")
        written.write_text(str(sum(entry.callcount for entry in profiler.getstats())))
        written.replace(count_file)
        profiler.enable()

    signal.signal(signal.SIGUSR1, tell)
    return profiler.runcall(app.serve, config, {}, state_directory)


if __name__ == "__main__":
    sys.exit(main())
