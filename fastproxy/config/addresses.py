"""What is wrong with an address that somebody configured: one sentence, or None. Pure text; no name is looked up."""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~+=@:-]+)*/?")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[A-Za-z0-9._:\[\]-]+")
_LISTEN = re.compile(r"(\[[0-9A-Fa-f:.%A-Za-z0-9]+\]|[^:\[\]/\s]+):([0-9]{1,5})")
MAX_PORT = 65535


def listen_problem(text: str, *, require_token: bool) -> str | None:
    """For a listen address: "HOST:PORT", "[IPV6]:PORT", "unix:/PATH" or "systemd"."""
    if text.startswith("unix:"):
        return None if text.startswith("unix:/") else f"{text}: the path of a unix socket must be absolute"
    if text != "systemd":
        match = _LISTEN.fullmatch(text)
        if match is None or int(match[2]) > MAX_PORT:
            return f'{text!r} is not an address: write "127.0.0.1:8484", "[::1]:8484", "unix:/path" or "systemd"'
        if is_loopback(match[1].strip("[]")):
            return None
    if not require_token:
        return f"{text} can be reached from other machines, so [access] require_token must be true"
    return None


def base_url_problem(text: str) -> str | None:
    """For a provider's base URL: http or https, a host, perhaps a path, and nothing else."""
    url = _split(text)
    if url is None or url.scheme not in ("http", "https") or not url.hostname:
        return "must be a URL such as https://host/v1"
    if "@" in url.netloc:
        return "must not hold a user or a password; give the key as api_key"
    if "?" in text or "#" in text:
        return "must have no query and no fragment"
    if _HOST.fullmatch(url.netloc.rpartition(":")[0] if _has_port(url) else url.netloc) is None:
        return "has a host with characters that no host name has"
    if _PATH.fullmatch(url.path) is None or ".." in url.path:
        return "has a path that is not plain segments"
    return None


def login_url_problem(text: str) -> str | None:
    """For an address that logins and their tokens go to: as a base URL, and encrypted unless it is this machine."""
    if (problem := base_url_problem(text)) is not None:
        return problem
    url = urlsplit(text)
    if url.scheme == "http" and not is_loopback(url.hostname or ""):
        return "must begin with https://, since tokens go there"
    return None


def proxy_problem(text: str) -> str | None:
    """For [upstream] proxy. The text may hold a password, so the sentence never repeats it."""
    if text in ("env", "direct"):
        return None
    url = _split(text)
    if url is None or url.scheme not in ("http", "https") or not url.hostname:
        return 'proxy must be "env", "direct" or a URL such as http://host:3128'
    return None


def host_problem(text: str) -> str | None:
    """For [server] allowed_hosts: a name or address, with or without a port."""
    name, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        name, port = text, "0"
    if _HOST.fullmatch(name) is None or not port.isdecimal():
        return f"{text!r} is not a host: write a name, with a port where only that one is meant"
    return None


def origin_problem(text: str) -> str | None:
    """For [server] allowed_origins: scheme and host as browsers send them. There is no wildcard on purpose."""
    if _ORIGIN.fullmatch(text) is None:
        return f"{text!r} is not an origin: write scheme and host, such as https://app.example.com, one for each"
    return None


def _split(text: str) -> SplitResult | None:
    """The parts, or None for what no URL is; white space and control characters would be dropped in silence."""
    if not (text.isascii() and text.isprintable()) or " " in text:
        return None
    try:
        url = urlsplit(text)
        url.port  # noqa: B018 - the property raises for a port that is no number
    except ValueError:
        return None
    return url


def _has_port(url: SplitResult) -> bool:
    return url.netloc.rpartition(":")[2].isdecimal() and not url.netloc.endswith("]") and ":" in url.netloc


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's own. An IPv6 address without its brackets."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
