"""The command line clients: which version, and how each is pointed at an address. A row each; nothing runs here.

Source: each client's own documentation and --help, and what it was seen to send to a local gateway on 2026-11-21.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import orjson

from support.exchange import Format
from support.relay import TOKEN

MODEL = "lab-1"
QUIET = {"NO_COLOR": "1", "CI": "1", "DO_NOT_TRACK": "1"}


class Setting(msgspec.Struct, frozen=True):
    """How to run a client once. arguments: after the program. environ: beside PATH and HOME. files: below HOME."""

    arguments: list[str]
    environ: Mapping[str, str] = {}
    files: Mapping[str, bytes] = {}


class Known(msgspec.Struct, frozen=True):
    """A client. speaks: its format. package, version: on npm. setting: relay's address, prompt -> how to run it."""

    name: str
    speaks: Format
    package: str
    version: str
    program: str
    setting: Callable[[str, str], Setting]


def _claude(url: str, prompt: str) -> Setting:
    return Setting(
        ["-p", prompt, "--model", MODEL, "--dangerously-skip-permissions"],
        {
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_AUTH_TOKEN": TOKEN,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "CLAUDE_CODE_MAX_RETRIES": "1",
            "IS_SANDBOX": "1",  # the namespace makes us root, and root may not skip permissions otherwise
        },
    )


def _codex(url: str, prompt: str) -> Setting:
    provider = {"name": "relay", "base_url": f"{url}/v1", "env_key": "RELAY_TOKEN", "wire_api": "responses"}
    settings = {
        "model_provider": "relay",
        **{f"model_providers.relay.{key}": value for key, value in provider.items()},
    }
    off = ("analytics.enabled", "features.plugins", "features.apps", "check_for_update_on_startup")
    flags = [f"{key}={orjson.dumps(value).decode()}" for key, value in settings.items()]
    flags += [f"{key}=false" for key in off]
    options = [part for flag in flags for part in ("-c", flag)]
    bypass = "--dangerously-bypass-approvals-and-sandbox"
    return Setting(["exec", "--skip-git-repo-check", bypass, "-m", MODEL, *options, prompt], {"RELAY_TOKEN": TOKEN})


def _gemini(url: str, prompt: str) -> Setting:
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
    }
    return Setting(
        ["-m", MODEL, "--yolo", "-p", prompt],
        {"GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": TOKEN, "GEMINI_CLI_TRUST_WORKSPACE": "true"},
        {".gemini/settings.json": orjson.dumps(settings)},
    )


def _opencode(url: str, prompt: str) -> Setting:
    models = {MODEL: {"name": MODEL, "tool_call": True}}
    options = {"baseURL": f"{url}/v1", "apiKey": TOKEN}
    provider = {"npm": "@ai-sdk/openai-compatible", "name": "Relay", "options": options, "models": models}
    settings = {
        "provider": {"relay": provider},
        "model": f"relay/{MODEL}",
        "small_model": f"relay/{MODEL}",
        "permission": {"bash": "allow"},
        "autoupdate": False,
    }
    return Setting(
        ["run", "-m", f"relay/{MODEL}", prompt],
        {"OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_AUTOUPDATE": "1"},
        {".config/opencode/opencode.json": orjson.dumps(settings)},
    )


CLIENTS = (
    Known("Claude Code", "anthropic", "@anthropic-ai/claude-code", "2.1.330", "claude", _claude),
    Known("Codex", "openai-responses", "@openai/codex", "0.169.0", "codex", _codex),
    Known("Gemini CLI", "gemini", "@google/gemini-cli", "0.61.0", "gemini", _gemini),
    Known("opencode", "openai-chat", "opencode-ai", "1.18.33", "opencode", _opencode),
)


def write_files(home: Path, files: Mapping[str, bytes]) -> None:
    """Put a client's settings where it looks for them."""
    for name, content in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
