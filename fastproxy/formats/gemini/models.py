"""What the name of a Gemini model tells about it. Nothing else does: requests name no version of their own.

Source: Google's documentation of Gemini 3 (thought signatures, function responses with media); read 2026-11-21.
"""

import re

_MAJOR = re.compile(r"gemini-(\d+)")


def makes_pictures(model: str) -> bool:
    """Whether it answers in pictures: "gemini-3-pro-image-preview"."""
    return "-image" in model.rpartition("/")[2]


def generation(model: str) -> int:
    """The major version: 3 for "gemini-3-pro-preview" and "models/gemini-3.1-flash", 0 where the name tells none."""
    found = _MAJOR.match(model.rpartition("/")[2])
    return int(found[1]) if found else 0
