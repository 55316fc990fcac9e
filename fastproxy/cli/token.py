"""`fastproxy token`: issue, list, show, revoke, rotate.

A token in clear goes to standard output once, and must go nowhere else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from fastproxy import clock
from fastproxy.cli import times
from fastproxy.cli.output import CommandError, Json, note, say, write_json, write_table
from fastproxy.cli.places import open_token_store

if TYPE_CHECKING:
    from fastproxy.access.tokens import ClientToken, Issued

token = typer.Typer(no_args_is_help=True, help="Tokens for clients of this relay.")

_COLUMNS = ("id", "label", "state", "models", "client", "account", "made", "expires", "digest")

Name = Annotated[str, typer.Argument(metavar="TOKEN", help="Its id, or its label where only one has it.")]


@token.command()
def issue(
    label: Annotated[str, typer.Argument(help="Who will use it, for lists and usage.")],
    *,
    expires: Annotated[
        str | None, typer.Option(metavar="WHEN", help="30d, 12h or 2027-01-01. [default: never]")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Allow only models like this, as clients write them; may be repeated."),
    ] = None,
    client: Annotated[
        str, typer.Option(metavar="PROGRAM", help="The program that will use it: claude-code, codex, gemini-cli, ...")
    ] = "",
    account: Annotated[str, typer.Option(metavar="ID", help="Use this account only, and fail where it can't be.")] = "",
    as_json: Json = False,
) -> None:
    """Make a token and print it, this once."""
    from fastproxy.access.tokens import Grant  # noqa: PLC0415 - `fastproxy serve` does not come here

    expires_at = None if expires is None else times.future(expires, clock.wall())
    with _one_line_errors():
        made = open_token_store().issue(label, expires_at=expires_at, grant=Grant(tuple(model or ()), client, account))
    _hand_over(made, as_json=as_json)


@token.command("list")
def list_tokens(*, as_json: Json = False) -> None:
    """Show all tokens, also those that no longer count."""
    tokens = open_token_store().tokens
    if as_json:
        write_json([_described(each) for each in tokens])
    elif tokens:
        write_table(_COLUMNS, [_row(each) for each in tokens])
    else:
        note("no token has been issued yet: `fastproxy token issue LABEL` makes one")


@token.command()
def show(name: Name, *, as_json: Json = False) -> None:
    """Show one token; never its clear text, which is not kept."""
    from fastproxy.access.tokens import named  # noqa: PLC0415 - `fastproxy serve` does not come here

    with _one_line_errors():
        found = named(open_token_store().tokens, name)
    described = _described(found)
    if as_json:
        write_json(described)
    else:
        write_table(
            ("", ""),
            list(zip(_COLUMNS, _row(found), strict=True)),
        )


@token.command()
def revoke(name: Name, *, as_json: Json = False) -> None:
    """Refuse a token from now on; a running relay notices within two seconds."""
    with _one_line_errors():
        ended = open_token_store().revoke(name)
    if as_json:
        write_json(_described(ended))
    else:
        note(f"token {ended.id} ({ended.label}) is revoked")


@token.command()
def rotate(name: Name, *, as_json: Json = False) -> None:
    """Replace a token's secret and print the new one, this once; the old one is refused from now on."""
    with _one_line_errors():
        made = open_token_store().rotate(name)
    _hand_over(made, as_json=as_json)


def _hand_over(made: "Issued", *, as_json: bool) -> None:
    clear = made.secret.reveal()
    if as_json:
        write_json(_described(made.token) | {"token": clear})
        return
    say(clear)
    note(f"token {made.token.id} ({made.token.label}); it is kept as a digest only and can't be shown again")


def _described(token: "ClientToken") -> dict[str, object]:
    return {
        "id": token.id,
        "label": token.label,
        "state": token.state(clock.wall()),
        "models": token.models,
        "client": token.client,
        "account": token.account,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
        "fingerprint": token.fingerprint,
    }


def _row(token: "ClientToken") -> tuple[str, ...]:
    return (
        token.id,
        token.label,
        token.state(clock.wall()),
        " ".join(token.models) or "all",
        token.client or "any",
        token.account or "any",
        times.shown(token.created_at),
        times.shown(token.expires_at),
        token.fingerprint,
    )


@contextmanager
def _one_line_errors() -> Iterator[None]:
    from fastproxy.access.tokens import TokenError  # noqa: PLC0415 - as above

    try:
        yield
    except TokenError as error:
        raise CommandError(str(error)) from None
