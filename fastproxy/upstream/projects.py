"""Which project a Code Assist login works in: asked of Google when the login is made, or first used. A cold path.

Google gives every person a project of its own, which nobody could know otherwise; an organisation configures its own.
Never: a plan chosen or a project made for somebody, or the name of another program.
Source, read 2026-11-21: google-gemini/gemini-cli, code_assist/setup.ts; other clients also meet an object with an id.
"""

from collections.abc import Callable, Mapping

import msgspec
import orjson

from fastproxy.accounts.facts import AskFacts
from fastproxy.accounts.login import Login
from fastproxy.accounts.sources.tokens import fact_text
from fastproxy.errors import Fault
from fastproxy.providers.base import Provider
from fastproxy.secret import Secret
from fastproxy.snapshot import Account, Snapshot
from fastproxy.upstream.once import OwnRequest, ask

_PATH = "/v1internal:loadCodeAssist"
# Of the words that it takes for who asks, those that name nobody.
_BODY = orjson.dumps(
    {
        "metadata": {
            "ideType": "IDE_UNSPECIFIED",
            "platform": "PLATFORM_UNSPECIFIED",
            "pluginType": "PLUGIN_UNSPECIFIED",
        }
    }
)
_PROJECT = "project"


async def with_project(provider: Provider, login: Login, proxy: str) -> Login:
    """The login with its project in `kept`, where Gemini CLI's files have it too. proxy: as `[upstream] proxy`.

    As it is where the provider has no use for one, or one is configured. Raises: Fault when Google names none.
    """
    if _PROJECT in provider.facts or _PROJECT not in dict(provider.fact_variables):
        return login
    project = await _project_of(provider, login.access, proxy)
    return msgspec.structs.replace(login, kept={**login.kept, "project_id": project})


def project_asker(snapshot: Callable[[], Snapshot]) -> AskFacts:
    """What asks for the projects of logins whose file does not name them. snapshot: the configuration in effect."""

    async def ask_facts(account: Account) -> Mapping[str, str]:
        now = snapshot()
        provider = now.providers.get(account.provider) or now.keyless.get(account.provider)
        if provider is None or account.secret is None or _PROJECT not in dict(provider.fact_variables):
            return {}
        return {_PROJECT: await _project_of(provider, account.secret, now.upstream.proxy)}

    return ask_facts


async def _project_of(provider: Provider, access: Secret, proxy: str) -> str:
    """Raises: Fault."""
    bearer = f"Bearer {access.reveal()}".encode()
    headers = ((b"authorization", bearer), (b"content-type", b"application/json"))
    url = next(iter(provider.formats.values())).rstrip("/") + _PATH
    answer = await ask(OwnRequest("POST", url, headers, _BODY), proxy)
    project = _named_in(answer.body) if answer.status == 200 else ""
    if not project:
        raise Fault("upstream_garbage", f"{provider.title} names no project for this login ({answer.status})")
    return project


def _named_in(body: bytes) -> str:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    told = document.get("cloudaicompanionProject") if isinstance(document, Mapping) else None
    return fact_text(told.get("id") if isinstance(told, Mapping) else told)
