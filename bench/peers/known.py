"""The peers: which version, and how each is started in front of the bench's upstream. A row each; nothing runs here.

Every peer is set up as its own documentation says, with one process, and without whatever of
its calling home can be turned off. Nothing here may name a host that isn't this machine.
Source: each package's README and start script at the version below, read and tried 2026-11-21.
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import msgspec
import orjson

from bench import wire

_LITELLM_QUIET = {
    "DISABLE_ADMIN_UI": "True",
    "DO_NOT_TRACK": "1",
    "LITELLM_DONT_SHOW_FEEDBACK_BOX": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_LOCAL_AUTOROUTER_PRESETS": "True",
    "LITELLM_LOCAL_BLOG_POSTS": "True",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_POLICY_TEMPLATES": "True",
    "LITELLM_LOG": "ERROR",
    "LITELLM_MODE": "PRODUCTION",
    "NO_DOCS": "True",
}
# As its dependencies resolve today, the gateway adds headers to an answer whose headers can't be changed, and every
# stream is a 500: an answer of our own making has headers that can. And it would listen on every address.
_PORTKEY_SHIM = b"""import { Server } from "node:net";
const { fetch, Response } = globalThis;
globalThis.fetch = async (...call) => {
  const answer = await fetch(...call);
  return new Response(answer.body, answer);
};
const { listen } = Server.prototype;
Server.prototype.listen = function (port, ...rest) {
  return listen.call(this, port, "127.0.0.1", rest.at(-1));
};
"""
# claude-code-router chooses the provider in such a hook, too.
_LLMS_START = """const Server = require(%s).default;
const server = new Server(%s);
server.addHook("preHandler", async (request) => {
  if (request.body) request.body.model = "bench," + request.body.model;
});
server.start();
"""


class Place(msgspec.Struct, frozen=True):
    """Where a peer is to run. installed: its own folder. files: a directory for its configuration and its HOME."""

    installed: Path
    files: Path
    port: int
    upstream_port: int


class Setting(msgspec.Struct, frozen=True):
    """How to start a peer. environ: beside PATH and HOME. files: to be written below Place.files first."""

    command: list[str]
    environ: Mapping[str, str] = {}
    files: Mapping[str, bytes] = {}


class Peer(msgspec.Struct, frozen=True):
    """A peer. package, version: in its registry.

    headers: what each request must say besides, for the upstream on a port. translates: whether it takes /v1/messages
    for a Chat upstream. note: what a reader of its figures should know.
    """

    name: str
    registry: Literal["pip", "npm"]
    package: str
    version: str
    setting: Callable[[Place], Setting]
    headers: Callable[[int], Mapping[str, str]]
    translates: bool
    note: str


def _litellm(place: Place) -> Setting:
    config = {
        "model_list": [
            {
                "model_name": "bench-*",
                "litellm_params": {
                    "model": "openai/bench-*",
                    "api_base": _base_url(place.upstream_port),
                    "api_key": wire.UPSTREAM_KEY,
                },
            },
        ],
        "litellm_settings": {
            "telemetry": False,
            "num_retries": 0,
            # Without it /v1/messages goes to /v1/responses, which a Chat host doesn't have.
            "use_chat_completions_url_for_anthropic_messages": True,
        },
        "general_settings": {"master_key": wire.TOKEN},
    }
    options = {"--config": place.files / "config.yaml", "--host": "127.0.0.1", "--port": place.port}
    more = {"--num_workers": 1, "--telemetry": False}
    return Setting(
        [
            str(place.installed / "bin" / "litellm"),
            *(str(part) for option in (options | more).items() for part in option),
        ],
        {**_LITELLM_QUIET, "HOME": str(place.files)},
        {"config.yaml": orjson.dumps(config)},  # YAML is a superset of JSON
    )


def _portkey(place: Place) -> Setting:
    program = place.installed / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    shim = str(place.files / "shim.mjs")
    return Setting(
        [_node(), "--import", shim, str(program), "--headless", f"--port={place.port}"],
        {"HOME": str(place.files), "NODE_ENV": "production", "TRUSTED_CUSTOM_HOSTS": "127.0.0.1"},
        {"shim.mjs": _PORTKEY_SHIM},
    )


def _portkey_headers(upstream_port: int) -> Mapping[str, str]:
    return {"x-portkey-provider": "openai", "x-portkey-custom-host": _base_url(upstream_port)}


def _llms(place: Place) -> Setting:
    provider = {
        "name": "bench",
        "api_base_url": f"{_base_url(place.upstream_port)}/chat/completions",
        "api_key": wire.UPSTREAM_KEY,
        "models": ["bench"],
        "transformer": {"use": ["openai"]},
    }
    config = {
        "logger": False,
        "initialConfig": {"PORT": str(place.port), "HOST": "127.0.0.1", "providers": [provider]},
    }
    package = str(place.installed / "node_modules" / "@musistudio" / "llms")
    start = _LLMS_START % (orjson.dumps(package).decode(), orjson.dumps(config).decode())
    return Setting(
        [_node(), str(place.files / "start.cjs")],
        {"HOME": str(place.files), "NODE_ENV": "production"},
        {"start.cjs": start.encode()},
    )


def _no_headers(upstream_port: int) -> Mapping[str, str]:  # noqa: ARG001 - as Peer.headers is called
    return {}


def _base_url(upstream_port: int) -> str:
    return f"http://127.0.0.1:{upstream_port}/v1"


def _node() -> str:
    return shutil.which("node") or "node"


PEERS = (
    Peer(
        name="LiteLLM",
        registry="pip",
        package="litellm[proxy]",
        version="1.106.2",
        setting=_litellm,
        headers=_no_headers,
        translates=True,
        note="one worker, a master key, no database",
    ),
    Peer(
        name="Portkey",
        registry="npm",
        package="@portkey-ai/gateway",
        version="1.15.2",
        setting=_portkey,
        headers=_portkey_headers,
        translates=False,
        note="checks no token; with a shim in front of its fetch, without which every stream is a 500",
    ),
    Peer(
        name="llms",
        registry="npm",
        package="@musistudio/llms",
        version="1.0.53",
        setting=_llms,
        headers=_no_headers,
        translates=True,
        note="the engine of claude-code-router, without the router; checks no token",
    ),
)


def write_files(directory: Path, files: Mapping[str, bytes]) -> None:
    """Put a peer's files where its setting expects them."""
    for name, content in files.items():
        (directory / name).write_bytes(content)
