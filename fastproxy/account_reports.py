"""What `GET /v1/accounts`, `/v1/credentials/check` and `/v1/usage/limits` tell, as values that become JSON.

The command line tells the same. Never: a secret, or a word that a vendor's answer holds beyond numbers and names.
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from fastproxy.accounts.counts import total
from fastproxy.accounts.described import described
from fastproxy.accounts.reports import as_json
from fastproxy.asked import View
from fastproxy.attempts import Attempts
from fastproxy.clock import monotonic, wall
from fastproxy.credential_check import Completion, CredentialCheck, Health
from fastproxy.errors import Fault
from fastproxy.snapshot import Account, Snapshot
from fastproxy.upstream.reports import Answered, Reports
from fastproxy.usage.tally import Busy

CHECK_SECONDS = 240.0  # all accounts together; what is left then has not been asked

_Document = dict[str, object]


class AccountReports:
    """One per worker, or per command. model_option: how the model for a strict check is named there."""

    def __init__(self, attempts: Attempts, model_option: str = "the parameter model=PROVIDER/MODEL") -> None:
        self._attempts = attempts
        self._reports = Reports(attempts.keeper)
        self._check = CredentialCheck(attempts, self._reports, model_option)

    def current(self, snapshot: Snapshot) -> Snapshot:
        """The configuration with the tokens that count now."""
        return self._attempts.keeper.whole(snapshot)

    def accounts(self, peers: Iterable[Mapping[str, Busy]] = ()) -> _Document:
        """Every account as this process sees it. in_flight, uses, pins: of all workers, each since its start.

        peers: how the other workers use them.
        """
        keeper = self._attempts.keeper
        sources = {account.id: account.source for account in keeper.stock.stored}
        busy = total([keeper.busy(), *peers])
        rows = [
            described(one, sources) | msgspec.structs.asdict(busy[one.account.id])
            for one in keeper.pool.standing(wall())
        ]
        return {"generated_at": wall(), "accounts": rows}

    async def limits(self, view: View) -> _Document:
        """What vendors tell of the accounts' quotas."""
        answered = await self.answered(view)
        return {"generatedAt": _milliseconds(wall()), "accounts": [_limits(one) for one in answered]}

    async def answered(self, view: View) -> list[Answered]:
        """The same as values."""
        return await self._reports.all(view.snapshot)

    async def health(
        self, view: View, *, strict: bool, model: str = "", account: str = "", told: Callable[[str], None] | None = None
    ) -> list[Health]:
        """How each account is, or one of that id or label. told: hears of each before it is asked.

        Raises: Fault(not_found) when there is no such account.
        """
        stock = self._attempts.keeper.stock
        rows = [one for accounts in stock.accounts.values() for one in accounts]
        if account:
            rows = [one for one in rows if account in (one.id, one.label)]
            if not rows:
                raise Fault("not_found", f"there is no account {account[:128]!r}", param="account")
        give_up_at = monotonic() + CHECK_SECONDS
        found = []
        for one in rows:
            if monotonic() >= give_up_at:
                found.append(Health(one, None, f"not asked: the others took {CHECK_SECONDS:g} s"))
                continue
            if told is not None:
                told(one.id)
            found.append(await self._check.check(one, view, strict=strict, model=_model_for(one, model, view)))
        return found

    async def close(self) -> None:
        """Stop what is under way."""
        await self._reports.close()


def health_json(found: list[Health]) -> _Document:
    """In the shape that clients of other brokers read: CredentialHealth. Source: the seeds of this project, 3.9."""
    return {"generatedAt": _milliseconds(wall()), "credentials": [_health(one) for one in found]}


def _health(health: Health) -> _Document:
    account = health.account
    row: _Document = {
        "id": account.id,
        "provider": account.provider,
        "label": account.label,
        "type": "oauth" if account.kind == "login" else "api_key",
        "ok": health.ok,
    }
    if health.reason:
        row["reason"] = health.reason
    if health.latency_seconds is not None:
        row["latencyMs"] = _milliseconds(health.latency_seconds)
    if health.report is not None:
        row["report"] = as_json(health.report)
    if health.completion is not None:
        row["completion"] = _completion(health.completion)
    return row


def _completion(completion: Completion) -> _Document:
    row: _Document = {"ok": completion.ok}
    if completion.reason:
        row["reason"] = completion.reason
    if completion.model:
        row["modelId"] = completion.model
    if completion.latency_seconds is not None:
        row["latencyMs"] = _milliseconds(completion.latency_seconds)
    return row


def _limits(answered: Answered) -> _Document:
    """stale: whether the report is an older one, because the vendor could not be asked since."""
    row: _Document = {
        "id": answered.account.id,
        "provider": answered.account.provider,
        "report": as_json(answered.report) if answered.report is not None else None,
    }
    if answered.asked:
        row["stale"] = answered.report is not None and bool(answered.trouble)
    if answered.trouble:
        row["reason"] = answered.trouble
    return row


def _model_for(account: Account, model: str, view: View) -> str:
    """The model for an account, where it is meant: `provider/model` names the one provider that it is for."""
    prefix, slash, rest = model.partition("/")
    if slash and prefix in view.snapshot.providers:
        return rest if prefix == account.provider else ""
    return model


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
