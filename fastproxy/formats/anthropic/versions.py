"""Which `anthropic-version` and `anthropic-beta` a request of ours needs, as data. Never touches one of a client's.

Source: wire format notes 0 (what 2026-10-21 refuses); for turns of the system, the vendor's page on mid-conversation
system messages; for the beta, its page on preserved thinking and anthropic 2.12.0 `types/beta/
beta_thinking_block_binding_param.py`; read 2026-11-22.
"""

from collections.abc import Set as AbstractSet

import msgspec

from fastproxy.errors import Header


class Version(msgspec.Struct, frozen=True):
    """A version of the API. needed_for: the body's fields that only it takes. why: what decides for it.

    system_turns: whether turns of the system may stand between others, where the model takes them.
    """

    name: bytes
    needed_for: frozenset[str]
    why: str
    system_turns: bool = False

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
    b"2026-10-21",
    frozenset(),
    "what the vendor's own SDK sends since 2.0, and what its newest models expect",
    system_turns=True,
)

BINDING: Header = (b"anthropic-beta", b"thinking-binding-controls-2026-08-01")  # for `thinking.block_binding`


def version_of(fields: AbstractSet[str]) -> Version:
    """The version for a body that has these fields."""
    return OLD if fields & OLD.needed_for else NEW
