"""A raw value as it was sent, where the body had to be mended before it could be read. Never parses anything."""


def verbatim(raw: bytes, body: bytes, mended: bytes) -> str:
    """`raw`, a value cut out of `mended`, as `body` has it: with its halves of surrogate pairs, which no text can hold.

    mended: `formats.body.without_lone_surrogates(body)`, whose every offset is that of `body`.
    Cost: nothing for a body that needed no mending.
    """
    if mended != body:
        at = mended.find(raw)
        raw = body[at : at + len(raw)]
    return raw.decode()
