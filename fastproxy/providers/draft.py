"""A request on its way to a provider, as the provider may still change it: passed or translated, both take this step.

What a `shape` function gets and gives. It must be pure, and it can't leak or send anywhere: neither a secret nor a host
is in here. Raises nothing but `Fault(bad_request)`, for what can't be left out without changing what was asked.
"""

from collections.abc import Callable, Mapping

import msgspec

from fastproxy.errors import Header
from fastproxy.formats.base import Action, FormatName


class Draft(msgspec.Struct, frozen=True):
    """One upstream request but for its address and its credential.

    format, action: of the request as it goes out. model: as the provider knows it. stream: whether the client wants
    one. sent: lower-case names of the headers that it brings along (the client's own, or the format's).
    path, query: below the base URL, each without its "?". body: JSON.
    headers: what is set, in place of what the request brings under the same names.
    without: lower-case names of the client's headers that mean its own credential, and go up with no other.
    dropped: what the client said and the provider is not told, by the client's names.
    """

    format: FormatName
    action: Action
    model: str
    stream: bool
    path: str
    body: bytes
    query: bytes = b""
    sent: frozenset[bytes] = frozenset()
    headers: tuple[Header, ...] = ()
    without: frozenset[bytes] = frozenset()
    dropped: tuple[str, ...] = ()

    def unless_sent(self, *headers: Header) -> tuple[Header, ...]:
        """Those of the headers that the request does not bring along itself."""
        return tuple(header for header in headers if header[0] not in self.sent)


Shape = Callable[[Draft, Mapping[str, str]], Draft]
"""(draft, facts of the account: account_id, project, ...) -> the draft as the provider takes it."""
