"""The systemd unit as text: what a relay needs, and nothing that it does not. Pure; writes and asks nothing.

Source: systemd.exec(5), systemd.service(5), systemd.unit(5) of systemd 252, read 2026-11-21. The tests run
`systemd-analyze verify` and `systemd-analyze security` over the result.
"""

from enum import StrEnum
from pathlib import Path

import msgspec

MARK = "# Written by `fastproxy service install`."
STOP_MARGIN_SECONDS = 15
WATCHDOG_SECONDS = 30


class Scope(StrEnum):
    """Whose service manager: the one of a user, or the machine's."""

    USER = "user"
    SYSTEM = "system"


class Unit(msgspec.Struct, frozen=True):
    """What differs from one installation to another.

    python: the interpreter that has fastproxy. config: the file to serve with; None for none.
    state: the state directory of a user's unit; a system unit has one of its own.
    drain_seconds: how long running streams may take to end.
    """

    scope: Scope
    python: Path
    config: Path | None
    state: Path
    drain_seconds: float


_COMMON = (
    "Type=notify",
    "# Each worker reports for itself.",
    "NotifyAccess=all",
    "ExecReload=/bin/kill -HUP $MAINPID",
    f"WatchdogSec={WATCHDOG_SECONDS}",
    "Restart=on-failure",
    "RestartSec=1",
    "# A configuration that can't be used will not get better by itself.",
    "RestartPreventExitStatus=2",
    "# SIGTERM goes to the first process, which tells its workers and lets streams end. The renewal of a login is a",
    "# process of its own that must come to its end: cut off, it would lose a token that can be used once.",
    "KillMode=process",
    "# Keys for providers, as NAME=value lines; the file may be 0600.",
    "EnvironmentFile=-%E/fastproxy/environment",
    "UMask=0077",
    "LimitNOFILE=65536",
    "LimitCORE=0",
)

# A user's manager has no privileges to set up name spaces with, so its unit has what works by seccomp and limits alone.
_CONFINED = (
    "NoNewPrivileges=yes",
    "LockPersonality=yes",
    "MemoryDenyWriteExecute=yes",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallErrorNumber=EPERM",
)

_OWN_USER = (
    "DynamicUser=yes",
    "StateDirectory=fastproxy",
    "StateDirectoryMode=0700",
    "RuntimeDirectory=fastproxy",
    'Environment="FASTPROXY_STATE_DIR=%S/fastproxy"',
    '# Secrets as credentials: LoadCredential=openai:/etc/fastproxy/openai.key, then api_key = "cred:openai".',
    "CapabilityBoundingSet=",
    "AmbientCapabilities=",
    "DevicePolicy=closed",
    "PrivateDevices=yes",
    "PrivateTmp=yes",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHome=read-only",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectProc=invisible",
    "ProtectSystem=strict",
    "PrivateUsers=yes",
    "RemoveIPC=yes",
    "KeyringMode=private",
)


def text(unit: Unit) -> str:
    """The whole unit file."""
    system = unit.scope is Scope.SYSTEM
    command = [str(unit.python), "-P", "-m", "fastproxy", "serve"]
    if unit.config is not None:
        command += ["--config", str(unit.config)]
    own = _OWN_USER if system else (f"Environment={_quoted(f'FASTPROXY_STATE_DIR={unit.state}')}",)
    ordering = ("Wants=network-online.target", "After=network-online.target") if system else ()
    lines = (
        MARK,
        "[Unit]",
        "Description=fastproxy, a relay for LLM APIs",
        *ordering,
        "StartLimitIntervalSec=60",
        "StartLimitBurst=5",
        "",
        "[Service]",
        f"ExecStart={' '.join(map(_argument, command))}",
        f"TimeoutStopSec={int(unit.drain_seconds) + STOP_MARGIN_SECONDS}",
        *_COMMON,
        *own,
        *_CONFINED,
        "",
        "[Install]",
        f"WantedBy={'multi-user.target' if system else 'default.target'}",
    )
    return "\n".join(lines) + "\n"


def _argument(value: str) -> str:
    """One argument of a command line: systemd would also put variables in the place of $NAME."""
    return _quoted(value).replace("$", "$$")


def _quoted(value: str) -> str:
    """A word that systemd reads back as `value`; "%" begins a specifier there."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'
