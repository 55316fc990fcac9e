"""Qwen Code's login: `oauth_creds.json`, which also says which host serves the account.

Source: seeds of this project, 2026-11-21. The host comes out of a file and a bearer token goes to it, so it is believed
only where it is one of those that the vendor is known to use.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from fastproxy.accounts.login import Login
from fastproxy.accounts.sources.base import Found, Source, home_of
from fastproxy.accounts.sources.file import CredentialFile, all_of, reopen
from fastproxy.accounts.sources.layout import Layout, document_of, login_in, with_login

_LAYOUT = Layout(expires=("expiry_date",), told=("resource_url", "id_token"))
# Whole names: *.aliyuncs.com would let in every customer's bucket.
BASE_URLS: Mapping[str, str] = MappingProxyType(
    {
        "portal.qwen.ai": "https://portal.qwen.ai/v1",
        "dashscope.aliyuncs.com": "https://dashscope.aliyuncs.com/compatible-mode/v1",
        "dashscope-intl.aliyuncs.com": "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        "dashscope-us.aliyuncs.com": "https://dashscope-us.aliyuncs.com/compatible-mode/v1",
    }
)


def _places(environ: Mapping[str, str], home: Path) -> tuple[CredentialFile, ...]:
    return all_of(home_of(environ, ("QWEN_HOME",), home / ".qwen"), "oauth_creds.json")


def _read(body: bytes) -> tuple[Found, ...]:
    login = login_in(document_of(body), _LAYOUT)
    return () if login is None else (Found("qwen", "login", login),)


def _write(body: bytes, login: Login, _which: str) -> bytes:
    return with_login(body, login, _LAYOUT)


def _facts(login: Login) -> Mapping[str, str]:
    """base_url of the host in `resource_url` (a bare name or a URL); nothing for one that we don't know."""
    told = login.kept.get("resource_url")
    base_url = BASE_URLS.get(_host(told)) if isinstance(told, str) else None
    return {} if base_url is None else {"base_url": base_url}


def _host(told: str) -> str:
    try:
        parts = urlsplit(told if "://" in told else f"https://{told}")
    except ValueError:
        return ""
    return parts.netloc.lower() if parts.scheme == "https" else ""


SOURCE = Source(name="qwen", provider="qwen", places=_places, reopen=reopen, read=_read, write=_write, facts=_facts)
