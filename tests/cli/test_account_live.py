"""What a command asks of vendors leaves nothing running, and writes down what it has learned."""

import asyncio
from pathlib import Path

import pytest

from fastproxy.accounts.store import AccountStore
from fastproxy.cli.account_live import healths, limits_asked
from fastproxy.cli.output import CommandError
from fastproxy.cli.places import account_keeper
from support import logins
from support.vendor import Vendor


def test_a_report_is_on_the_disk_when_the_command_ends_and_no_task_is_left(home: Path, tmp_path: Path) -> None:
    state = home / ".local/state/fastproxy"
    with Vendor() as vendor:
        id_ = logins.keep(state, vendor, "good")
        vendor.report("good", {"five_hour": {"utilization": 55, "resets_at": "2100-01-01T00:00:00Z"}})
        config = tmp_path / "config.toml"
        config.write_text(logins.config(vendor).partition("[access]")[0] + "[providers.anthropic]\n"
                          f'base_url = "{vendor.origin}"\n')  # fmt: skip

        async def ask() -> list[str]:
            told = await limits_asked(snapshot, keeper)
            assert asyncio.all_tasks() == {asyncio.current_task()}
            return told

        with account_keeper(config) as (snapshot, keeper):
            assert asyncio.run(ask()) == []
        store = AccountStore(state)
        assert [(window.account, window.used_fraction) for window in store.windows()] == [(id_, 0.55)]
        store.close()


def test_an_unknown_account_is_a_commands_error(home: Path) -> None:
    with account_keeper(None) as (snapshot, keeper), pytest.raises(CommandError, match="no account 'x'"):
        asyncio.run(healths(snapshot, keeper, strict=False, model="", account="x", told=lambda _id: None))
