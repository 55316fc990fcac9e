"""`fastproxy version`: which release this is, and on what it runs. For bug reports."""

import platform

from fastproxy import __version__
from fastproxy.cli.output import Json, say, write_json


def version(*, as_json: Json = False) -> None:
    """Show the version."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    if as_json:
        write_json({"fastproxy": __version__, "python": python, "system": platform.system()})
    else:
        say(f"fastproxy {__version__} ({python}, {platform.system()})")
