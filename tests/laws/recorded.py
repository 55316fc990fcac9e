"""Which recorded streams are of one format: pytest parameters, or the one skipped parameter where there are none."""

from typing import Any

from support import recordings


def streams(format_: str, *, made_wrong: tuple[str, ...] = ()) -> list[Any]:
    """The streams of `format_`, less those whose name has a word of `made_wrong`: built by hand to break the rules."""
    return [
        parameter
        for parameter in recordings.parameters()
        if not isinstance(parameter, str) or _wanted(parameter, format_, made_wrong)
    ]


def _wanted(name: str, format_: str, made_wrong: tuple[str, ...]) -> bool:
    recording = recordings.load(name)
    return recording.format == format_ and recording.streamed and not any(word in name for word in made_wrong)
