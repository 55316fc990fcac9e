"""`fastproxy explain`: where a request would go and what would be sent, without sending it."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from fastproxy.cli.output import CommandError, Json, say, write_json
from fastproxy.cli.places import Config, load_snapshot, private_state_directory

if TYPE_CHECKING:
    from fastproxy.explain import Explanation

REQUEST_BYTES = 33_554_432


def explain(
    request: Annotated[str, typer.Argument(help="A file with the body of a request, or - for standard input.")],
    *,
    path: Annotated[
        str,
        typer.Option(help="The path that the client asks at: /v1/messages, /v1/responses, /v1beta/models/M:verb ..."),
    ] = "/v1/chat/completions",
    header: Annotated[
        list[str] | None, typer.Option(help="A header of the client, 'name: value'; may be repeated.")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show the route of a request, the upstream request that it becomes, and what would be dropped."""
    from fastproxy.errors import Fault  # noqa: PLC0415 - `fastproxy serve` brings its own

    body = _body(request)
    try:
        told = _explained(body, path, header or [], config)
    except Fault as fault:
        raise CommandError(f"the relay would answer {fault.status}: {fault.message}") from None
    if as_json:
        write_json(msgspec.to_builtins(told) | {"body": told.body.decode("utf-8", "replace")})
    else:
        _show(told)


def _explained(body: bytes, path: str, headers: list[str], config: Path | None) -> "Explanation":
    from fastproxy.access.check import Gate  # noqa: PLC0415 - as above
    from fastproxy.access.store import TokenStore  # noqa: PLC0415
    from fastproxy.asked import View  # noqa: PLC0415
    from fastproxy.explain import explain  # noqa: PLC0415
    from fastproxy.framing.http1 import fields_of, request_head  # noqa: PLC0415

    snapshot = load_snapshot(config)
    gate = Gate(snapshot, TokenStore(private_state_directory(os.environ)))
    pairs = [
        (name.strip().encode(), value.strip().encode()) for name, _, value in (one.partition(":") for one in headers)
    ]
    return explain(View(snapshot, gate), request_head(b"POST", path.encode(), fields_of(pairs)), body, {})


def _body(request: str) -> bytes:
    """Raises: CommandError when it can't be read or is too large."""
    try:
        body = sys.stdin.buffer.read(REQUEST_BYTES + 1) if request == "-" else Path(request).read_bytes()
    except OSError as error:
        raise CommandError(f"{request}: {error.strerror}", exit_code=2) from None
    if len(body) > REQUEST_BYTES:
        raise CommandError(f"{request}: more than {REQUEST_BYTES} bytes", exit_code=2)
    return body


def _show(told: "Explanation") -> None:
    passed = told.format == told.upstream_format
    say(f"{told.endpoint}: {told.model} ({'streamed' if told.stream else 'whole'})")
    say(f"  to {told.provider}/{told.upstream_model}, {told.why}")
    say(
        f"  {told.format}, passed on as it came" if passed else f"  translated: {told.format} -> {told.upstream_format}"
    )
    say(f"  model family: {told.family}")
    for note in told.notes:
        say(f"  note: {note}")
    say(f"  dropped: {', '.join(told.dropped) or 'nothing'}")
    if not told.url:
        say("  answered in this process; nothing is sent")
        return
    say(f"\nPOST {told.url}")
    for name, value in told.headers:
        say(f"{name}: {value}")
    say("")
    say(msgspec.json.format(told.body, indent=2).decode("utf-8", "replace"))
