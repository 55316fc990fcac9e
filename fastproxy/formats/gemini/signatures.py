"""Where a generateContent body holds signatures: on thoughts, and on calls and texts, which can be without.

It never looks into one. Source: google-genai 3.4.0 `types.Part.thought_signature`, read 2026-11-21.
"""

from fastproxy.formats.base import SignaturePlace
from fastproxy.jsonedit import Fields, remove


def _bare(part: bytes, key: str) -> bytes | None:
    return None if Fields(part).value("thought") is True else remove(part, (key,))


SIGNATURES = SignaturePlace("contents", "parts", ("thoughtSignature", "thought_signature"), bare=_bare)
