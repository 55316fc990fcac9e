"""JSON that an upstream sends, and careful looks into it: hosts break every rule, so nothing here trusts a type.

It never raises anything but a Fault, and never changes a value.
"""

import orjson

from fastproxy.errors import Fault
from fastproxy.formats.body import without_lone_surrogates
from fastproxy.formats.openai_shared import Object


def parsed(data: bytes) -> Object:
    """The one JSON object in `data`; an empty one for JSON of another kind. Raises: Fault(upstream_garbage).

    Half of a surrogate pair, which hosts that cut text by UTF-16 units send, becomes U+FFFD: orjson refuses it.
    Cost: 0.5 us for an event of 200 bytes.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        value = mended(data)
    return value if type(value) is dict else {}


def index_in(holder: Object, key: str) -> int:
    """An integer value; 0 for anything else."""
    value = holder.get(key)
    return value if type(value) is int else 0


def objects_in(holder: Object, key: str) -> list[Object]:
    """The objects of a list value; [] for anything else."""
    value = holder.get(key)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def mended(data: bytes) -> object:
    """The value of what orjson refuses: half a pair is the one mistake that can be mended. Raises: as `parsed`."""
    try:
        return orjson.loads(without_lone_surrogates(data))
    except (orjson.JSONDecodeError, Fault):
        raise Fault("upstream_garbage", "the upstream sent an answer that is not JSON") from None
