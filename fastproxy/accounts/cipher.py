"""Secrets at rest: AES-256-GCM under one key, each sealed for one name. Keeps nothing; must never show what it opens.

`cryptography` is imported when the first cipher is made, since a relay without logins needs none (decision 14).
"""

import os

from fastproxy.accounts.login import AccountError

KEY_BYTES = 32
_NONCE_BYTES = 12  # chosen by chance: good for 2**32 seals under one key, NIST SP 800-38D 8.3
_FORM = b"\x01"  # of what is sealed; authenticated with it


class Cipher:
    """Seals and opens bytes. Thread-safe. Cost: 2 us for 2 KiB; the first one made imports for 9 ms and 8 MiB."""

    def __init__(self, key: bytes) -> None:
        """key: 32 random bytes. Raises: ValueError for another length."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - see the module's docstring

        if len(key) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes")
        self._aead = AESGCM(key)

    def __repr__(self) -> str:
        return "Cipher(...)"

    def seal(self, data: bytes, about: str) -> bytes:
        """Bytes that only `open` with the same key and the same `about` turns back. Different each time."""
        nonce = os.urandom(_NONCE_BYTES)
        return _FORM + nonce + self._aead.encrypt(nonce, data, _FORM + about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """What was sealed. Raises: AccountError when it was damaged, or sealed with another key or about another."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as above

        form, nonce, body = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            if form != _FORM:
                raise InvalidTag
            return self._aead.decrypt(nonce, body, _FORM + about.encode())
        except (InvalidTag, ValueError):  # ValueError: cut off within the nonce
            raise AccountError(f"the secret of {about} is damaged or was sealed with another key") from None
