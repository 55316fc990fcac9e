"""How a test talks to the upstream process: one frame each way, four bytes of length and a msgpack value."""

import msgspec

from support.script import AnyAct, Seen


class Teach(msgspec.Struct, frozen=True, tag=True):
    """Play these for requests whose `x-lab` header is `name`: a turn for each, the last turn again and again."""

    name: str
    turns: list[list[AnyAct]]


class Recall(msgspec.Struct, frozen=True, tag=True):
    """Tell the last requests that came for `name`."""

    name: str


class Count(msgspec.Struct, frozen=True, tag=True):
    """Tell what has come in all."""


class Totals(msgspec.Struct, frozen=True):
    """connections: ever accepted; open: now; requests: ever whole; stray_bytes: sent to us where no request was due."""

    connections: int
    open: int
    requests: int
    stray_bytes: int


Order = Teach | Recall | Count
ORDER = msgspec.msgpack.Decoder(Order)
SEEN = msgspec.msgpack.Decoder(list[Seen])
TOTALS = msgspec.msgpack.Decoder(Totals)
encode = msgspec.msgpack.Encoder().encode

LENGTH_BYTES = 4


def framed(value: object) -> bytes:
    payload = encode(value)
    return len(payload).to_bytes(LENGTH_BYTES, "big") + payload
