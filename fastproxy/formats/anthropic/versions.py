"""Which `anthropic-version` a request of ours needs, as data. Never touches one that a client sent.

Source: wire format notes 0 (what 2026-10-21 refuses); for turns of the system, the vendor's page on mid-conversation
system messages and the reports of its 400s in public issues; read 2026-11-21.
"""

import re
from collections.abc import Set as AbstractSet

import msgspec

from fastproxy.errors import Header


class Version(msgspec.Struct, frozen=True):
    """A version of the API. needed_for: the body's fields that only it takes. why: what decides for it."""

    name: bytes
    needed_for: frozenset[str]
    why: str

    @property
    def header(self) -> Header:
        """The header that asks for it."""
        return (b"anthropic-version", self.name)


OLD = Version(
    b"2023-06-01",
    frozenset({"temperature", "top_p", "top_k"}),
    "2026-10-21 answers 400 to any sampling parameter; models that take them still answer to this version",
)
NEW = Version(
    b"2026-10-21", frozenset(), "what the vendor's own SDK sends since 2.0, and what its newest models expect"
)

# The first models that take `role: "system"` between turns; every other one, and every other host's, answers 400 ("role
# 'system' is not supported on this model"), so that an unknown name means no.
_SYSTEM_TURNS = re.compile(r"claude-(?:opus-4-[89]|(?:opus|sonnet|haiku|fable|mythos)-[5-9])(?![0-9])")


def version_of(fields: AbstractSet[str]) -> Version:
    """The version for a body that has these fields."""
    return OLD if fields & OLD.needed_for else NEW


def takes_system_turns(model: str, version: Version) -> bool:
    """Whether a conversation with `model` may have turns of the system in its middle."""
    return version is NEW and _SYSTEM_TURNS.search(model.replace(".", "-")) is not None
