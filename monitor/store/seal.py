"""Sealing of secrets that must be stored (AES-256-GCM, bound to their place), and fingerprints of what must not be.

Keeps no key and reads none from anywhere: whoever opens the store brings it. Rotation of the key is not here.
"""

import hashlib
import hmac
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from monitor.errors import StoreError

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12  # what GCM is specified for (NIST SP 800-38D, 5.2.1.1)
_FORMAT: Final = b"\x01"  # first byte of a sealed value, so that another cipher can follow one day


class Sealer:
    """Seals, opens and fingerprints short texts with one 32-byte key."""

    __slots__ = ("_cipher", "_marks")

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise StoreError(
                f"the sealing key has {len(key)} bytes and needs {_KEY_BYTES}; make one with Sealer.new_key()"
            )
        self._cipher = AESGCM(key)
        self._marks = hmac.digest(key, b"news-monitor fingerprints 1", hashlib.sha256)

    @staticmethod
    def new_key() -> bytes:
        """Return 32 random bytes for a new installation."""
        return AESGCM.generate_key(bit_length=8 * _KEY_BYTES)

    def seal(self, plain: str, *, context: str) -> bytes:
        """Return `plain` encrypted; it opens only under the same key and the same `context`."""
        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, plain.encode(), context.encode())

    def open(self, sealed: bytes, *, context: str) -> str:
        """Return the text that `seal` was given.

        Raises `StoreError` when the key is another one, or the bytes were changed or belong elsewhere; which
        of these it was cannot be told apart, and the message never holds any of the secret.
        """
        if not sealed.startswith(_FORMAT):
            raise StoreError(f"the secret of {context} is not in a form this version knows; enter it again")
        nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, rest, context.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise StoreError(
                f"the secret of {context} cannot be opened: the sealing key is not the one it was sealed with, or the "
                "stored bytes were changed; start with the former key, or enter the secret again"
            ) from error

    def fingerprint(self, text: str, *, context: str) -> str:
        """Return 64 hex digits that only this key gives for a text: the same each time, and no way back.

        HMAC-SHA256, so that whoever has the database but not the key cannot try out guesses.
        """
        said = f"{context}\x00{text}".encode("utf-8", "surrogatepass")
        return hmac.new(self._marks, said, hashlib.sha256).hexdigest()
