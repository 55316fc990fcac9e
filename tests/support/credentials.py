"""Credential files as vendors' tools write them, with made-up tokens, and the user who must not be root."""

import base64
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

NOBODY = 65534


def jwt(**claims: object) -> str:
    """A token that says `claims` of itself."""
    parts = (orjson.dumps({"alg": "none"}), orjson.dumps(claims), b"signature")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def claude_body(access: str = "at-1", refresh: str = "rt-1", expires_at_ms: int = 4102444800000) -> bytes:
    """As Claude Code writes it, with what it keeps for MCP servers, spaces and a number that no float can hold."""
    return (
        b'{ "mcpOAuth" : {"s|1":{"accessToken":"mcp-secret","n":12345678901234567890123}},\n  "claudeAiOauth":'
        b'{"accessToken":"%b","refreshToken":"%b","expiresAt":%d,"scopes":["user:inference"],'
        b'"subscriptionType":"max","note":"caf\\u00e9"} }\n'
    ) % (access.encode(), refresh.encode(), expires_at_ms)


def codex_body(access: str = "", refresh: str = "rt-1") -> bytes:
    """As Codex writes it."""
    auth = {"chatgpt_account_id": "acc-7", "chatgpt_plan_type": "pro"}
    id_token = jwt(**{"email": "person@example.com", "https://api.openai.com/auth": auth})
    return orjson.dumps(
        {
            "OPENAI_API_KEY": None,
            "tokens": {
                "id_token": id_token,
                "access_token": access or jwt(exp=4102444800, iat=1700000000),
                "refresh_token": refresh,
                "account_id": "acc-7",
            },
            "last_refresh": "2025-12-28T12:34:56.123456789Z",
        },
        option=orjson.OPT_INDENT_2,
    )


@contextmanager
def directory_of_somebody() -> Iterator[Path]:
    """A directory in which permission bits hold: the block runs as a user who is not root."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        directory = Path(name)
        if os.geteuid() != 0:
            try:
                yield directory
            finally:
                _open_again(directory)
            return
        os.chown(directory, NOBODY, NOBODY)
        os.setegid(NOBODY)
        os.seteuid(NOBODY)
        try:
            yield directory
        finally:
            os.seteuid(0)
            os.setegid(0)
            _open_again(directory)


def _open_again(directory: Path) -> None:
    for inside in directory.rglob("*"):
        if inside.is_dir():
            inside.chmod(0o700)
