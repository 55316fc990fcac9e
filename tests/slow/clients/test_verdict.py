"""What counts as arriving whole, and what is seen when something did not."""

import pytest

from slow.clients import model
from slow.clients.verdict import compared, crossed
from slow.fuzz.strict import Header, Request
from support.relay import TOKEN, UPSTREAM_KEY
from support.script import Seen

BODY = b'{"model":"lab-1","messages":[]}'
BETA = (b"anthropic-beta", b"one,two")
SESSION = (b"x-session-id", b"1")
SENT = Request(
    b"POST",
    b"/v1/messages?beta=true",
    [(b"host", b"relay"), BETA, (b"x-api-key", TOKEN.encode()), SESSION, (b"accept-encoding", b"gzip")],
    BODY,
)


def arrived(
    *headers: Header, target: bytes = SENT.target, body: bytes = BODY, key: str = UPSTREAM_KEY, more: bytes = b""
) -> Seen:
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    head = b"POST %b HTTP/1.1\r\nhost: lab\r\n%bauthorization: Bearer %b\r\n%b\r\n" % (
        target,
        lines,
        key.encode(),
        more,
    )
    return Seen(1, head, body, 0.0)


def test_only_credential_host_encoding_and_framing_may_differ():
    whole = compared([SENT], [arrived(BETA, SESSION, more=b"accept-encoding: identity\r\ncontent-length: 31\r\n")])
    assert (whole.requests, whole.problems) == (1, [])


@pytest.mark.parametrize(
    "seen",
    [
        arrived(BETA),
        arrived(SESSION, BETA),
        arrived(BETA, SESSION, (b"user-agent", b"fastproxy")),
        arrived(BETA, (b"x-session-id", b"2")),
        arrived(BETA, SESSION, target=b"/v1/messages"),
        arrived(BETA, SESSION, body=BODY + b" "),
        arrived(BETA, SESSION, key=TOKEN),
    ],
)
def test_anything_else_is_seen(seen: Seen):
    assert compared([SENT], [seen]).problems != []


def test_what_nobody_asked_for_and_what_never_came_is_seen():
    assert len(compared([SENT], []).problems) == 1
    assert len(compared([], [arrived(BETA, SESSION)]).problems) == 1


def test_the_proof_stands_nowhere_in_the_command():
    assert model.PROOF not in model.COMMAND.encode()


def test_a_translated_request_has_nothing_of_the_clients_head_and_every_one_has_arrived():
    ours = arrived((b"user-agent", b"fastproxy/1"), (b"anthropic-version", b"2023-06-01"), body=b"{}")
    assert crossed([SENT], [ours]).problems == []
    assert crossed([SENT], []).problems == ["1 requests were made, 0 arrived"]
    assert crossed([SENT], [arrived(SESSION)]).problems == ["x-session-id of the client's went upstream"]
    assert len(crossed([SENT], [arrived(key=TOKEN)]).problems) == 1
