"""Whom a login may serve: asked once when it is made or imported, with what there is to know (decision of its owner).

Says what the choice does and never that a vendor allows it: that is between the vendor and the owner.
"""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from fastproxy.cli.output import CommandError, note

if TYPE_CHECKING:
    from fastproxy.providers.base import Provider
    from fastproxy.snapshot import Serves


class Whom(StrEnum):
    """As `--serves` takes it."""

    OWN_CLIENT = "own-client"
    ANY = "any"


ServesOption = Annotated[
    Whom | None,
    typer.Option("--serves", help="Whose requests may use the login; asked when it is not given.", show_default=False),
]

_NOTICE = """\
This login belongs to {title}'s own program ({client}). The vendor's terms may reserve it for that program, and the
vendor may end it when others use it: please read them. Whom shall the relay serve with it?
  own-client  only {client}, told by its token: `fastproxy token issue LABEL --client {client}`
  any         whoever has a token of this relay; whether your terms allow that is for you to know
`fastproxy account list` shows the choice; the setting is `serves`."""


def whom_it_serves(provider: "Provider", given: Whom | None) -> "Serves":
    """What was given, else what the person answers. Raises: CommandError where nobody can be asked."""
    if not provider.own_client:
        if given is Whom.OWN_CLIENT:
            raise CommandError(f"{provider.name} has no client of its own: say --serves any", exit_code=2)
        return "any"
    if given is not None:
        return given.value
    if not sys.stdin.isatty():
        raise CommandError(f"say whom the login serves: --serves {Whom.OWN_CLIENT} or --serves {Whom.ANY}", exit_code=2)
    note(_NOTICE.format(title=provider.title, client=provider.own_client))
    answer: str = typer.prompt("serves", default=Whom.OWN_CLIENT.value, err=True, value_proc=_choice)
    return Whom(answer).value


def _choice(text: str) -> str:
    """Raises: typer.BadParameter, upon which the person is asked again."""
    if text.strip() not in set(Whom):
        raise typer.BadParameter(f"one of {', '.join(Whom)}")
    return text.strip()
