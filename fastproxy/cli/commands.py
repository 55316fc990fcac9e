"""The table of commands: every name that a person can type, and the function behind it. Nothing else."""

import typer

from fastproxy.cli import account, bench, config, doctor, explain, models, serve, service, token, usage, version

app = typer.Typer(
    help="One local address for every LLM client and every provider.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: rich would be imported by every command that fails
    pretty_exceptions_enable=False,  # its tracebacks show local variables, which hold keys
)
app.command()(serve.serve)
app.command()(doctor.doctor)
app.command()(models.models)
app.command()(explain.explain)
app.command()(usage.usage)
app.command("bench")(bench.command)
app.command()(version.version)
app.add_typer(account.account, name="account")
app.add_typer(token.token, name="token")
app.add_typer(config.config, name="config")
app.add_typer(service.service, name="service")
