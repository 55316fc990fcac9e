"""The relays that are compared, each as a running process in front of the same upstream."""

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import wire
from .processes import Started, listening, python

_CONFIG = """
[server]
listen = ["127.0.0.1:0"]
[access]
tokens = ["env:BENCH_TOKEN"]
[upstream]
proxy = "direct"
[providers.bench]
format = "openai-chat"
base_url = "http://127.0.0.1:{upstream_port}/v1"
api_key = "env:BENCH_UPSTREAM_KEY"
models = ["bench-*"]
[providers.bench-responses]
format = "openai-responses"
base_url = "http://127.0.0.1:{upstream_port}/v1"
api_key = "env:BENCH_UPSTREAM_KEY"
[providers.bench-anthropic]
format = "anthropic"
base_url = "http://127.0.0.1:{upstream_port}"
api_key = "env:BENCH_UPSTREAM_KEY"
[providers.bench-gemini]
format = "gemini"
base_url = "http://127.0.0.1:{upstream_port}"
api_key = "env:BENCH_UPSTREAM_KEY"
"""
PROVIDERS = {  # by the one format that each speaks
    "openai-chat": "bench",
    "openai-responses": "bench-responses",
    "anthropic": "bench-anthropic",
    "gemini": "bench-gemini",
}


@contextlib.contextmanager
def product(upstream_port: int, core: int | None) -> Iterator[Started]:
    """The relay itself, as a user runs it: `fastproxy serve` with a configuration file, tokens and usage records."""
    with tempfile.TemporaryDirectory(prefix="bench-relay-") as directory:
        config = write_config(Path(directory), upstream_port)
        command = [sys.executable, "-m", "fastproxy", "serve", "--config", str(config)]
        with listening("fastproxy", command, core=core, environ=product_environ(Path(directory))) as started:
            yield started


def reference(upstream_port: int, core: int | None) -> contextlib.AbstractContextManager[Started]:
    """The frozen yardstick."""
    return listening("reference", python("reference", str(upstream_port)), core=core)


def write_config(directory: Path, upstream_port: int) -> Path:
    """The product's configuration file for one upstream on this machine."""
    config = directory / "config.toml"
    config.write_text(_CONFIG.format(upstream_port=upstream_port))
    return config


def product_environ(directory: Path) -> dict[str, str]:
    """An environment in which the product finds its bench credentials, and nothing of the user's."""
    return {
        "HOME": str(directory),
        "FASTPROXY_STATE_DIR": str(directory / "state"),
        "BENCH_TOKEN": wire.TOKEN,
        "BENCH_UPSTREAM_KEY": wire.UPSTREAM_KEY,
    }
