"""How the vendors' logins are made and kept fresh, as data: endpoints and the public client ids that they know.

A client id is public: it stands in every copy of the vendor's program. A client *secret* is never here, not even one
that its vendor calls public: it comes from the user's configuration or environment. Nothing of this is ever fetched.
Sources: the seeds of this project (1.6, 1.7) and the vendors' programs as their readers describe them, 2026-11-21.
Scopes are the fewest with which the vendor's API answers.
"""

from collections.abc import Mapping

import msgspec

from fastproxy.providers.base import OAuth
from fastproxy.secret import Secret

ANTHROPIC = OAuth(
    client_id="9d1c250a-e61b-44d9-88ed-5944d1962f5e",
    token_url="https://console.anthropic.com/v1/oauth/token",  # noqa: S106 - an address
    exchange="json",
    authorize_url="https://claude.ai/oauth/authorize",
    scopes=("user:profile", "user:inference"),
    redirect_ports=(54545,),
    parameters=(("code", "true"),),
    headers=(("anthropic-beta", "oauth-2025-04-20"),),
)

CODEX = OAuth(
    client_id="app_EMoamEEZ73f0CkXaXp7hrann",
    token_url="https://auth.openai.com/oauth/token",  # noqa: S106 - an address
    authorize_url="https://auth.openai.com/oauth/authorize",
    scopes=("openid", "email", "profile", "offline_access"),
    redirect_ports=(1455,),
    redirect_path="/auth/callback",
    parameters=(("id_token_add_organizations", "true"), ("codex_cli_simplified_flow", "true")),
)

GEMINI_CLI = OAuth(
    client_id="681255809395-oo8ft2oprdrnp9e3aqf6av3hmdib135j.apps.googleusercontent.com",
    secret_variable="GEMINI_OAUTH_CLIENT_SECRET",  # noqa: S106 - a name
    token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - an address
    authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
    scopes=(
        "https://www.googleapis.com/auth/cloud-platform",
        "https://www.googleapis.com/auth/userinfo.email",
        "https://www.googleapis.com/auth/userinfo.profile",
    ),
    redirect_path="/oauth2callback",
    redirect_host="127.0.0.1",
    parameters=(("access_type", "offline"), ("prompt", "consent")),
)

QWEN = OAuth(
    client_id="f0304373b74a44d2b584a3fb70ca9e56",
    token_url="https://chat.qwen.ai/api/v1/oauth2/token",  # noqa: S106 - an address
    device_url="https://chat.qwen.ai/api/v1/oauth2/device/code",
    device_pkce=True,
    scopes=("openid", "profile", "email", "model.completion"),
)

COPILOT = OAuth(
    client_id="Iv1.b507a08c87ecfe98",
    token_url="https://github.com/login/oauth/access_token",  # noqa: S106 - an address
    exchange="copilot",
    exchange_url="https://api.github.com/copilot_internal/v2/token",
    device_url="https://github.com/login/device/code",
    scopes=("read:user",),
)


def with_secret(oauth: OAuth, environ: Mapping[str, str]) -> OAuth:
    """The record with the client secret that the environment has, unless the configuration gave one."""
    found = environ.get(oauth.secret_variable, "") if oauth.secret_variable else ""
    if oauth.client_secret is not None or not found:
        return oauth
    return msgspec.structs.replace(oauth, client_secret=Secret(found))
