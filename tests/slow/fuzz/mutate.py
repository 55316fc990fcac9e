"""Small damage to bytes, each kind a function of the bytes, a chance and the words that hurt in that place. Pure."""

from collections.abc import Callable, Sequence
from random import Random

Damage = Callable[[bytes, Random, Sequence[bytes]], bytes]

SPAN_BYTES = 40  # of what is deleted or repeated at once

HEAD = (
    b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\0", b" ", b"\t", b"\x0b", b":", b",", b"\x7f", b"\xff", b"%0d%0a", b"%2e%2e",
    b"//", b"@evil.test", b"http://evil.test/", b"HTTP/1.0", b"HTTP/2.0", b"?key=1", b"#", b"\r\n ", b"\xc2\xb2",
    b"\r\ncontent-length: 5", b"\r\ncontent-length: +5", b"\r\nContent-Length : 5", b"\r\ncontent-length: 0",
    b"\r\ntransfer-encoding: chunked", b"\r\ntransfer-encoding: \x0bchunked", b"\r\ntransfer-encoding: gzip, chunked",
    b"\r\nTransfer-Encoding : chunked", b"\r\ntransfer-encoding: identity", b"\r\nhost: evil.test",
    b"\r\nhost: 127.0.0.1",
    b"\r\nconnection: close", b"\r\nconnection: host, x-lab", b"\r\nexpect: 100-continue", b"\r\nexpect: 200-ok",
    b"\r\nupgrade: websocket", b"\r\nupgrade: h2c", b"\r\norigin: http://evil.test", b"\r\nx-one: " + b"a" * 20_000,
    b"\r\ncontent-encoding: gzip", b"\r\nx: y" * 60,
)  # fmt: skip
CHUNKS = (
    b"\r\n", b"\n", b"\r", b"0\r\n\r\n", b"0\r\n", b"0x", b"+", b"-", b"_", b" ", b";a=b", b";a=\n", b";" + b"a" * 5000,
    b"ffffffffffffffff\r\n", b"fffffffffffffffff\r\n", b"00000000000000005", b"\0", b"g", b"5\r\nhello\r\n",
    b"\r\nx-trailer: 1\r\n", b"0\r\nhost: evil.test\r\n\r\n",
)  # fmt: skip
JSON = (
    b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"null", b"NaN", b"1e999", b"-", b"123456789012345678901234567890",
    b"\\ud83d", b"\\u0000", b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"[" * 300, b'{"a":' * 300, b"  \r\n\t",
    b'"model":"lab-1",', b'"stream":true,', b'"stream":false,', b'"stream":1,', b'"model":null,', b'"model":["x"],',
    b'"model":"../../x",', b'"model":"nobody/x",', b'"m\\u006fdel":"lab-1",', b"/**/", b"'", b"a" * 5000,
)  # fmt: skip
EVENTS = (
    b"\n", b"\r", b"\r\n", b"\n\n", b"\r\n\r\n", b"data:", b"data: {}\n\n", b"data: [DONE]\n\n", b": x\n\n",
    b"id: 1\n\n",
    b"event: error\n", b"event: message_stop\n", b"retry: 1\n", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\0", b"\xff",
    b'data: {"error":{"message":"x"}}\n\n', b'"finish_reason":"stop"', b'"finishReason":"STOP"', b"null", b"{", b"}",
    b'"', b"\\", b"a" * 70_000, b'"usage":{"prompt_tokens":-1}', b'"usage":{"input_tokens":1e400}',
    b"123456789012345678901",
)  # fmt: skip


def _flip(data: bytes, chance: Random, _words: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]


def _insert(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(words) + data[at:]


def _replace(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + chance.choice(words) + data[at + chance.randint(1, 8) :]


def _delete(data: bytes, chance: Random, _words: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + data[at + chance.randint(1, SPAN_BYTES) :]


def _repeat(data: bytes, chance: Random, _words: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(data))
    span = data[at : at + chance.randint(1, SPAN_BYTES)]
    return data[:at] + span * chance.randint(2, 4) + data[at + len(span) :]


def _at_line(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    """A word where a line ends: where most of them do most harm."""
    ends = [at for at in range(len(data)) if data[at : at + 1] in (b"\r", b"\n")] or [0]
    at = chance.choice(ends)
    return data[:at] + chance.choice(words) + data[at:]


def _shuffle_lines(data: bytes, chance: Random, _words: Sequence[bytes]) -> bytes:
    lines = data.split(b"\r\n")
    one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    return b"\r\n".join(lines)


def _cut(data: bytes, chance: Random, _words: Sequence[bytes]) -> bytes:
    return data[: chance.randrange(len(data))]


_DAMAGE: tuple[Damage, ...] = (
    _flip, _flip, _insert, _insert, _replace, _at_line, _at_line, _delete, _repeat, _shuffle_lines, _cut,
)  # fmt: skip


def damaged(data: bytes, chance: Random, words: Sequence[bytes]) -> bytes:
    """The bytes with one to five kinds of damage; mostly one or two."""
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5))):
        if data:
            data = chance.choice(_DAMAGE)(data, chance, words)
    return data


def pieces(data: bytes, chance: Random) -> list[bytes]:
    """The bytes in one to six writes."""
    at = sorted(chance.randrange(len(data) + 1) for _ in range(chance.choice((0, 0, 1, 2, 5))))
    cut = [data[start:end] for start, end in zip([0, *at], [*at, len(data)], strict=True)]
    return [piece for piece in cut if piece]
