"""Which items of a whole response its stream has not told. An item is never told twice: that would run a call twice.

Places in the list prove nothing, because hosts may leave items out of it; nor does another id, because OpenRouter names
a thought anew in its last event. A call's own id is what its result goes by, and stays.
Source: recorded stream of OpenRouter; that the list may be empty: see `gather`; read 2026-11-21.
"""

from collections import Counter
from collections.abc import Iterable

from fastproxy.formats.openai_shared import Object, text_of

ItemName = tuple[str, str]  # an item's type and its id, of a call that of the call; "" where it has none


def name_of(item: Object) -> ItemName:
    """What an item is known by in all the places where it is told."""
    return text_of(item, "type"), text_of(item, "call_id") or text_of(item, "id")


def untold(told: Iterable[ItemName], output: list[Object]) -> list[Object]:
    """The items of `output`, in order, that are none of those `told`.

    First by their names; what was told under another name stands for the first item of its type that is left.
    """
    known = [*told]
    if known == [name_of(item) for item in output]:  # as nearly always
        return []
    names = Counter(known)
    left: list[Object] = []
    for item in output:
        name = name_of(item)
        if names[name] and name[1]:
            names[name] -= 1
        else:
            left.append(item)
    types = Counter[str]()
    for (type_, _), count in names.items():
        types[type_] += count
    new: list[Object] = []
    for item in left:
        type_ = text_of(item, "type")
        if types[type_]:
            types[type_] -= 1
        else:
            new.append(item)
    return new
