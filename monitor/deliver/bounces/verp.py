"""The envelope sender of each mail: an address of its own, so that a report about it names the delivery by itself.

`bounces+UID-SEAL@domain` (variable envelope return path). The seal keeps a stranger from making up reports about
readers. It knows neither mails nor reports.
"""

import hashlib
import hmac
import re

SEAL_LENGTH = 12  # hexadecimal digits: 48 bits, of which somebody who guesses learns nothing
LOCAL_LIMIT = 64  # RFC 5321, 4.5.3.1.1


def bounce_key(store_key: bytes) -> bytes:
    """Derive the key that seals return addresses from the installation's sealing key."""
    return hmac.digest(store_key, b"news-monitor bounces 1", hashlib.sha256)


def return_address(bounces: str, uid: str, *, key: bytes) -> str:
    """Return the envelope sender of a delivery; `bounces` itself where the local part would grow too long."""
    local, _, domain = bounces.rpartition("@")
    made = f"{local}+{uid}-{_seal(key, uid)}"
    return f"{made}@{domain}" if len(made) <= LOCAL_LIMIT else bounces


def sealed_uids(bounces: str, text: str, *, key: bytes) -> tuple[list[str], list[str]]:
    """Find the return addresses in a text: the deliveries' uids, and the tokens whose seal is not ours.

    Letters may have lost their case on the way: local parts are compared without it (uids are lower case).
    """
    local, _, domain = bounces.rpartition("@")
    begin, end = re.escape(local.lower()), re.escape(domain.lower())
    pattern = rf"(?<![\w.+-]){begin}\+([a-z0-9_]+)-([0-9a-f]{{{SEAL_LENGTH}}})@{end}"
    good: dict[str, None] = {}
    forged: dict[str, None] = {}
    for uid, seal in re.findall(pattern, text.lower()):
        found = good if hmac.compare_digest(seal, _seal(key, uid)) else forged
        found.setdefault(uid if found is good else f"{uid}-{seal}")
    return list(good), list(forged)


def _seal(key: bytes, uid: str) -> str:
    return hmac.new(key, uid.lower().encode(), hashlib.sha256).hexdigest()[:SEAL_LENGTH]
