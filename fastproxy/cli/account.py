"""`fastproxy account`: the table of its commands. Nothing else."""

import typer

from fastproxy.cli import (
    account_add,
    account_change,
    account_check,
    account_import,
    account_list,
    account_login,
    account_refresh,
)

account = typer.Typer(no_args_is_help=True, help="Keys and logins at vendors, and what is known of their limits.")
account.command("list")(account_list.list_accounts)
account.command(context_settings={"allow_extra_args": True})(account_add.add)
account.command("import")(account_import.import_accounts)
account.command()(account_login.login)
account.command()(account_refresh.refresh)
account.command()(account_check.check)
account.command()(account_change.switch)
account.command()(account_change.serve)
account.command()(account_change.reset)
account.command()(account_change.remove)
