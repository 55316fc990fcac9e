"""`fastproxy account`: the table of its commands. Nothing else."""

import typer

from fastproxy.cli import account_login, account_refresh

account = typer.Typer(no_args_is_help=True, help="Logins at vendors, and what is known of their limits.")
account.command()(account_login.login)
account.command()(account_refresh.refresh)
