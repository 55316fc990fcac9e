"""The command `fastproxy`: what was asked becomes one call, what went wrong becomes one line and an exit code.

Each command is a small file that imports what it needs when it runs, so that `fastproxy serve` carries neither tables
nor checks through its life. Exit codes: 0; 1 a failure at run time; 2 wrong usage or configuration.
Must never show a traceback for what a person can put right.
"""

import sys

from fastproxy.cli.output import CommandError


def main() -> None:
    """Run the command line of this process. Raises: SystemExit, always."""
    from fastproxy.cli.commands import app  # noqa: PLC0415 - so that `import fastproxy.cli` costs nothing

    try:
        app(prog_name="fastproxy")
    except CommandError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command's voice
        sys.exit(error.exit_code)
