"""Our own exchanges, tests/fixtures/relay/*.json: one hazard each, in the exact bytes of its format.

A body written as a list of strings is those strings joined: nothing is re-encoded on the way, so CRLF, U+2028 and a
missing last blank line are in the file as they go over the wire. A request body may also be written as JSON.
"""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import orjson

from support.exchange import Exchange, Format

FOLDER = Path(__file__).parents[1] / "fixtures" / "relay"


class _Request(msgspec.Struct, forbid_unknown_fields=True):
    target: str
    body: Any
    headers: dict[str, str] = {}


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    body: list[str]
    status: int = 200
    headers: dict[str, str] = {}


class _File(msgspec.Struct, forbid_unknown_fields=True):
    shows: str
    format: Format
    request: _Request
    answer: _Answer


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@cache
def load(name: str) -> Exchange:
    """The fixture in NAME.json."""
    file = msgspec.json.decode((FOLDER / f"{name}.json").read_bytes(), type=_File)
    body = file.request.body
    body = "".join(body).encode() if isinstance(body, list) else orjson.dumps(body)
    answer = "".join(file.answer.body).encode()
    streamed = not answer.lstrip().startswith((b"{", b"["))
    content_type = "text/event-stream" if streamed else "application/json"
    return Exchange(
        name=name,
        shows=file.shows,
        format=file.format,
        target=file.request.target,
        headers=[("content-type", "application/json"), *file.request.headers.items()],
        body=body,
        status=file.answer.status,
        answer_headers=[("content-type", content_type), *file.answer.headers.items()],
        answer=answer,
        streamed=streamed,
    )
