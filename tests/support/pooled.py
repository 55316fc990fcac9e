"""Accounts, providers and wants of a pool, for tests of the choice."""

from fastproxy.accounts.pool import Pool, Want
from fastproxy.providers.base import OAuth, Provider, Strategy
from fastproxy.secret import Secret
from fastproxy.snapshot import Account, Serves

NOW = 1_795_000_000.0
LAB = Provider(name="lab", title="The Lab", formats={}, own_client="lab-cli", oauth=OAuth())


def provider(strategy: Strategy) -> Provider:
    return Provider(name="lab", title="The Lab", formats={}, strategy=strategy, own_client="lab-cli", oauth=OAuth())


def account(label: str, *, weight: int = 1, position: int = 0, serves: Serves = "any", secret: str = "") -> Account:
    return Account("lab", f"lab:{label}", Secret(secret or label), "key", label, weight, position, serves)


def pool_of(*labels: str | Account, pin_seconds: float = 3600.0, pins: int = 1000) -> Pool:
    pool = Pool(pin_seconds=pin_seconds, pins=pins)
    pool.replace({"lab": tuple(account(each) if isinstance(each, str) else each for each in labels)}, {})
    return pool


def want(session: str = "", model: str = "opus-5", **fields: object) -> Want:
    return Want(LAB, model, session)._replace(**fields)
