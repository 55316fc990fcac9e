"""Server-sent events as a browser reads them: the tests' own reading, independent of the code under test.

Source: WHATWG HTML, "Server-sent events", section 9.2.6, read 2026-11-21.
"""

import re
from functools import lru_cache
from typing import Any

import orjson

_LINE_END = re.compile(r"\r\n|\n|\r")


def events(stream: bytes) -> list[tuple[str, str]]:
    """(event, data) of every event; the last one also without its blank line. U+2028 ends no line."""
    return list(_events(stream))


@lru_cache(maxsize=64)  # a stream that is cut at every byte is whole events, the same ones many times over
def _events(stream: bytes) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    name, data = "", list[str]()
    for line in [*_LINE_END.split(stream.decode("utf-8-sig")), ""]:
        if not line and data:
            found.append((name, "\n".join(data)))
        if not line:
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data.append(value)
        elif field == "event":
            name = value
    return tuple(found)


def objects(stream: bytes) -> list[dict[str, Any]]:
    """The JSON objects of a stream, or the object (or the array's objects) of a whole answer."""
    if stream.lstrip()[:1] in (b"{", b"["):
        value = orjson.loads(stream)
        return value if isinstance(value, list) else [value]
    return [orjson.loads(data) for _, data in events(stream) if data != "[DONE]"]
