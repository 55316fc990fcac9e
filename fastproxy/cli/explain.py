"""`fastproxy explain`: where a request would go and what would be sent, without sending it."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import msgspec
import typer

from fastproxy.cli.output import CommandError, Json, note, say, write_json
from fastproxy.cli.places import Config, load_whole, open_token_store

if TYPE_CHECKING:
    from fastproxy.errors import Fault, Header
    from fastproxy.explain import Explanation
    from fastproxy.snapshot import Snapshot

SHOWN_BYTES = 1000  # of one text in a body: a picture or a long prompt would push all else off the screen
_KEPT_BYTES = 200

_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"')
_GEMINI_PATH = "/v1beta/models/MODEL:generateContent"
_PATHS = f"/v1/chat/completions, /v1/responses, /v1/messages, {_GEMINI_PATH}"
# Fields that only one format has and that its clients send.
_LIKELY = (
    (frozenset(("input", "instructions", "previous_response_id")), "/v1/responses"),
    (frozenset(("system", "stop_sequences", "anthropic_version")), "/v1/messages"),
)


def explain(
    request: Annotated[str, typer.Argument(help="A file with the body of a request, or - for standard input.")],
    *,
    path: Annotated[
        str | None,
        typer.Option(
            help="The path that the client asks at: /v1/messages, /v1beta/models/MODEL:generateContent ... "
            "[default: what the body looks like]"
        ),
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option(help="A header of the client, 'name: value'; may be repeated.")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show the route of a request, the upstream request that it becomes, and what would be dropped."""
    from fastproxy.errors import Fault  # noqa: PLC0415 - `fastproxy serve` brings its own

    headers = [_header(one) for one in header or []]
    snapshot = load_whole(config)
    body = _body(request, snapshot.limits.body_bytes)
    target = _likely_path(body) if path is None else _target(path)
    try:
        told = _explained(body, target, headers, snapshot)
    except Fault as fault:
        raise CommandError(_refusal(fault)) from None
    if as_json:
        write_json(msgspec.to_builtins(told) | {"body": told.body.decode("utf-8", "replace")})
    else:
        _show(told, target)


def _explained(body: bytes, target: str, headers: "list[Header]", snapshot: "Snapshot") -> "Explanation":
    from fastproxy.access.check import Gate  # noqa: PLC0415 - as above
    from fastproxy.asked import View  # noqa: PLC0415
    from fastproxy.explain import explain  # noqa: PLC0415
    from fastproxy.framing.http1 import fields_of, request_head  # noqa: PLC0415

    view = View(snapshot, Gate(snapshot, open_token_store()))
    return explain(view, request_head(b"POST", target.encode(), fields_of(headers)), body, {})


def _header(line: str) -> "Header":
    """Raises: CommandError for what is no header line."""
    match = _HEADER.fullmatch(line)
    if match is None:
        raise CommandError(f"--header {line!r}: write 'name: value'", exit_code=2)
    return match[1].encode(), match[2].rstrip().encode("utf-8", "surrogateescape")


def _target(path: str) -> str:
    """Path and query, also of a whole URL and without the first slash. Raises: CommandError for what no URL holds."""
    if not path.isascii() or not path.isprintable():
        raise CommandError(f"--path {path!r}: write other letters than ASCII as %XX", exit_code=2)
    parts = urlsplit(path) if "://" in path else None
    if parts is not None:
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return "/" + path.removeprefix("/")


def _likely_path(body: bytes) -> str:
    """Where a body like this is sent. Raises: CommandError for Gemini's, which need not name their model."""
    try:
        keys = frozenset(msgspec.json.decode(body, type=dict[str, msgspec.Raw]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        keys = frozenset()  # it will be refused, in better words
    if "contents" in keys:
        raise CommandError(f"a Gemini request names its model in the path: --path {_GEMINI_PATH}", exit_code=2)
    return next((path for marks, path in _LIKELY if keys & marks), "/v1/chat/completions")


def _body(request: str, most_bytes: int) -> bytes:
    """Raises: CommandError when it can't be read or is more than the relay takes."""
    try:
        if request == "-":
            body = sys.stdin.buffer.read(most_bytes + 1)
        else:
            with Path(request).open("rb") as file:
                body = file.read(most_bytes + 1)
    except OSError as error:
        raise CommandError(f"{request}: {error.strerror}", exit_code=2) from None
    if len(body) > most_bytes:
        raise CommandError(f"the relay would answer 413: {request} has more than limits.body_bytes = {most_bytes}")
    return body


def _refusal(fault: "Fault") -> str:
    """What the relay would say, and what a person may do about it."""
    told = f"the relay would answer {fault.status}: {fault.message}"
    if fault.kind != "not_found":
        return told
    if fault.param == "model":
        return f"{told}\nproviders' model lists are not looked at here: name it as provider/model"
    return f"{told}\npaths: {_PATHS}"


def _show(told: "Explanation", target: str) -> None:
    say(f"POST {target}: {told.format}, model {told.model}, {'streamed' if told.stream else 'whole'}")
    say(f"  to {told.provider}/{told.upstream_model} ({told.why})")
    for other in told.fallback:
        say(f"  else to {other}")
    if told.sent:
        passed = told.format == told.upstream_format
        say("  passed on as it came" if passed else f"  translated to {told.upstream_format}, family {told.family}")
    for line in told.notes:
        say(f"  note: {line}")
    for name, why in told.dropped.items():
        say(f"  dropped: {name.encode('unicode_escape').decode()} ({why})")
    if not told.sent:
        say("  nothing is sent")
        return
    say(f"\nPOST {told.url}")
    for name, value in told.headers:
        say(f"{name}: {value}")
    say("")
    whole = _indented(told.body)
    shown = _TEXT.sub(_shortened, whole)
    say(shown.decode("utf-8", "replace"))
    if shown != whole:
        note(f"texts of more than {SHOWN_BYTES} bytes are shortened; --json has them whole")


def _indented(body: bytes) -> bytes:
    """The body over several lines; as it is where it can't be read so (a client's own bytes may be odd)."""
    try:
        return msgspec.json.format(body, indent=2)
    except msgspec.DecodeError:
        return body


def _shortened(text: re.Match[bytes]) -> bytes:
    if len(text[0]) <= SHOWN_BYTES:
        return text[0]
    return b'%b"... (%d bytes)' % (text[0][:_KEPT_BYTES], len(text[0]) - 2)
