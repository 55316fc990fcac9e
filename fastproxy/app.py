"""`fastproxy serve`: from a configuration to processes that answer. Wiring and start-up messages; no traffic."""

import asyncio
import gc
import logging
import os
import resource
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from fastproxy import __version__
from fastproxy.access.store import TokenStore
from fastproxy.access.tokens import TokenError
from fastproxy.accounts.inventory import Inventory, Stock
from fastproxy.accounts.login import AccountError
from fastproxy.accounts.store import AccountStore
from fastproxy.config import ConfigError
from fastproxy.current import Source
from fastproxy.server.listener import ListenError, address_of, open_socket
from fastproxy.service import activated_sockets
from fastproxy.snapshot import Snapshot
from fastproxy.supervisor import supervise
from fastproxy.usage.metrics import Shared
from fastproxy.worker import Worker

logger = logging.getLogger(__name__)

_TRY = (
    'curl {base}/v1/chat/completions -H "authorization: Bearer {token}" -H "content-type: application/json" '
    """-d '{{"model":"fastproxy/echo","messages":[{{"role":"user","content":"hello"}}]}}'"""
)
OPEN_FILES = 65536
SHOWN_ACCOUNTS = 8
_SHARED_PREFIX = "metrics-"


def serve(
    config_path: Path | None, overrides: Mapping[str, object], state_directory: Path, *, log_level: str = "INFO"
) -> int:
    """Serve until told to stop. The exit code: 0, 1 for a failure at run time, 2 for an unusable configuration."""
    os.umask(0o077)
    _allow_files()
    _log_to_stderr(log_level)
    source = Source(config_path, overrides)
    try:
        snapshot = source.load()
        state_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        per_worker = _open_sockets(snapshot)
        issued = TokenStore(state_directory).issue_first(snapshot.access)
        stock = _stock(state_directory, snapshot)
    except ConfigError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the command line speaks here
        return 2
    except (ListenError, TokenError, AccountError, OSError) as error:
        print(f"fastproxy: {error}", file=sys.stderr)  # noqa: T201 - as above
        return 1
    text = banner(snapshot, per_worker[0], issued.secret.reveal() if issued else None, stock)
    announce = partial(print, text, flush=True)
    try:
        return _run(source, snapshot, state_directory, per_worker, announce)
    finally:
        for address in snapshot.server.listen:
            if address.startswith("unix:"):
                Path(address.removeprefix("unix:")).unlink(missing_ok=True)


def _stock(state_directory: Path, snapshot: Snapshot) -> Stock:
    """All accounts as they are now. Raises: AccountError when the stored ones can't be read."""
    store = AccountStore(state_directory, snapshot.keeping.key)
    try:
        return Inventory(state_directory, store).exchange((), snapshot)
    finally:
        store.close()


def banner(snapshot: Snapshot, sockets: list[socket.socket], token: str | None, stock: Stock) -> str:
    """What a person sees at start: address, token (once, at the very first start), providers, one line to try."""
    snapshot = stock.within(snapshot)
    addresses = [address_of(one) for one in sockets]
    base = next((address for address in addresses if address.startswith("http")), "http://127.0.0.1:8484")
    base = base.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
    shown = token or ("$FASTPROXY_TOKEN" if snapshot.access.require_token else "none")
    idle = [name for name in snapshot.providers if snapshot.waits_for_login(name)]
    providers = ", ".join(name for name in snapshot.providers if name not in idle) or "none"
    lines = [f"fastproxy {__version__}", f"  listening  {'  '.join(addresses)}"]
    if token is not None:
        lines.append(f"  token      {token}   (shown this once; `fastproxy token issue LABEL` makes more)")
    elif snapshot.access.require_token:
        lines.append(
            "  token      as issued before, put into FASTPROXY_TOKEN; `fastproxy token issue LABEL` makes another"
        )
    lines.append(f"  providers  {providers}")
    if others := len(snapshot.unusable) + len(idle):
        lines.append(f"             {others} more are known; `fastproxy doctor` says what each one needs")
    if stock.stored:
        lines.append(f"  accounts   {_stored(stock)}")
    lines.append(f"  try        {_TRY.format(base=base, token=shown)}")
    return "\n".join(lines)


def _stored(stock: Stock) -> str:
    ids = [f"{one.id} (disabled)" if one.id in stock.disabled else one.id for one in stock.stored]
    more = len(ids) - SHOWN_ACCOUNTS
    return ", ".join(ids[:SHOWN_ACCOUNTS]) + (f" and {more} more; see `fastproxy account list`" if more > 0 else "")


def _nothing() -> None:
    """What all workers but the only one have to announce: their parent has done it."""


def _open_sockets(snapshot: Snapshot) -> list[list[socket.socket]]:
    """For each worker its sockets.

    TCP ports are opened once per worker (SO_REUSEPORT), so that the kernel spreads connections; a unix socket and what
    systemd hands over are shared.
    Raises: ListenError.
    """
    workers = snapshot.server.workers
    per_worker: list[list[socket.socket]] = [[] for _ in range(workers)]
    for address in snapshot.server.listen:
        _open_one(address, per_worker)
    return per_worker


def _open_one(address: str, per_worker: list[list[socket.socket]]) -> None:
    """Add the sockets of one address to each worker's. Raises: ListenError."""
    if address == "systemd":
        inherited = activated_sockets(os.environ)
        if not inherited:
            raise ListenError('listen = "systemd", but systemd has handed over no socket')
        for sockets in per_worker:
            sockets.extend(inherited)
        return
    share = len(per_worker) > 1
    if share:  # a port that another program has must not be shared with it, even if that program would
        open_socket(address, share=False).close()
    first = open_socket(address, share=share)
    per_worker[0].append(first)
    for sockets in per_worker[1:]:
        unix = first.family == socket.AF_UNIX
        sockets.append(first if unix else open_socket(address_of(first).removeprefix("http://"), share=True))


def _run(
    source: Source,
    snapshot: Snapshot,
    state_directory: Path,
    per_worker: list[list[socket.socket]],
    announce: Callable[[], None],
) -> int:
    if len(per_worker) == 1:
        return _work(source, snapshot, state_directory, per_worker[0], None, announce)
    count = len(per_worker)
    for left_behind in state_directory.glob(f"{_SHARED_PREFIX}*"):  # by a parent that was killed
        shutil.rmtree(left_behind, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_SHARED_PREFIX, dir=state_directory) as directory:
        shares = [Shared(Path(directory), index, count) for index in range(count)]
        works = zip(per_worker, shares, strict=True)
        return supervise([partial(_work, source, snapshot, state_directory, *work) for work in works], announce)


def _work(
    source: Source,
    snapshot: Snapshot,
    state_directory: Path,
    sockets: list[socket.socket],
    shared: Shared | None,
    announce: Callable[[], None] = _nothing,
) -> int:
    """One worker process. shared: how workers sum up their metrics; None for the only one."""

    async def main() -> None:
        await Worker(source, snapshot, state_directory, shared).run(sockets, announce)

    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner(loop_factory=_loop_factory()))
        # What start-up made stays for ever, and one request makes about 90 containers: with the default thresholds the
        # collector took 16 % of the CPU of a small request (py-spy), with these 1 %.
        gc.freeze()
        gc.set_threshold(10_000, 20, 50)
        runner.run(main())
    return 0


def _allow_files() -> None:
    """As many open files as the system lets us have: the usual soft limit of 1024 is for programs that use select()."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _loop_factory() -> "type[asyncio.AbstractEventLoop] | None":
    """The loop of uvloop where there is one; plain asyncio works too (FASTPROXY_LOOP=asyncio asks for it)."""
    if os.environ.get("FASTPROXY_LOOP") == "asyncio":
        return None
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return None
    return uvloop.Loop


def _log_to_stderr(level: str) -> None:
    """Our own lines from `level` up; other libraries only from ERROR up, since theirs may quote what a client sent."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.ERROR, stream=sys.stderr)
    logging.getLogger("fastproxy").setLevel(level.upper())
