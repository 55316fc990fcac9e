"""Where a Messages body holds signatures: on thinking blocks, which are nothing without. It never looks into one.

Source: anthropic 2.12.0 `types/thinking_block_param.py`, `types/redacted_thinking_block_param.py`, read 2026-11-21.
"""

import orjson

from fastproxy.formats.base import SignaturePlace


def _withheld(signature: str) -> bytes:
    return orjson.dumps({"type": "redacted_thinking", "data": signature})


SIGNATURES = SignaturePlace("messages", "content", ("signature", "data"), withheld=_withheld)
