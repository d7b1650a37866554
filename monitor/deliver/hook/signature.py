"""Signing keys and signatures by Standard Webhooks 1.0.0, section "Signature scheme"."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix, not a secret
SECRET_BYTES = 32
GRACE: Final = timedelta(hours=24)  # for which the key before signs, too, unless somebody says otherwise


def generate_secret() -> str:
    """Return a new signing key as `whsec_` and the base64 of 32 random bytes."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def sign(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """Return one `v1,…` signature.

    Raises ValueError, without the key in its text, when the key is not `whsec_` and base64.
    """
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key or not secret.startswith(SECRET_PREFIX):
        raise ValueError("the channel's signing key is not whsec_ followed by base64")
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode("ascii")


def signed_headers(keys: Iterable[str], *, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers of a request, with one signature for each key.

    `timestamp` is that of the attempt, in seconds since 1970. Raises ValueError when there is no key, or as `sign`.
    """
    signatures = [sign(key, message_id=message_id, timestamp=timestamp, body=body) for key in keys]
    if not signatures:
        raise ValueError("the channel has no signing key: give it one and the next try will be signed")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
