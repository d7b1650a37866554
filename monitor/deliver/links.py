"""Signed links: what a subscriber can do from a mail without a login, carried in the address itself.

A token says what is to be done and is sealed with an HMAC, so that it need not be stored and never expires; following
it with GET only asks, the pages act on POST. Whoever holds a mail can use its links, and nothing else.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from enum import StrEnum

MAC_BYTES = 16  # of SHA-256: what guessing needs is 128 bits


class LinkKind(StrEnum):
    """What a link does, and what its `subject` and `object` name."""

    UNSUBSCRIBE = "unsubscribe"  # subject: subscription; object: topic, or empty for the whole subscription
    UNSUBSCRIBE_ALL = "unsubscribe-all"  # subject: subscriber
    PREFERENCES = "preferences"  # subject: subscriber
    MUTE_STORY = "mute-story"  # subject: subscriber; object: uid of the story
    SNOOZE_TOPIC = "snooze-topic"  # subject: subscriber; object: topic; hours are asked on the page
    PAUSE = "pause"  # subject: subscriber; until when is asked on the page
    CONFIRM = "confirm"  # subject: channel; object: the id of what is to be confirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a token says."""

    kind: LinkKind
    subject: str
    object: str = ""


def link_key(store_key: bytes) -> bytes:
    """Derive the key that signs links from the installation's sealing key."""
    return hmac.digest(store_key, b"news-monitor links 1", hashlib.sha256)


def make_token(key: bytes, link: Link) -> str:
    """Return the token of a link: letters, digits, - and _ only, with a dot before the seal."""
    said = json.dumps([link.kind.value, link.subject, link.object], separators=(",", ":")).encode()
    return f"{_encoded(said)}.{_encoded(_mac(key, said))}"


def read_token(key: bytes, token: str) -> Link | None:
    """Return what a token says, or None when it was not made with this key."""
    body, _, seal = token.partition(".")
    try:
        said, mac = _decoded(body), _decoded(seal)
    except (binascii.Error, ValueError):
        return None
    if not hmac.compare_digest(mac, _mac(key, said)):
        return None
    kind, subject, target = json.loads(said)
    return Link(kind=LinkKind(kind), subject=subject, object=target)


def link_to(base_url: str, key: bytes, link: Link) -> str:
    """Return the address of the page that a link leads to, "" where the installation has no address of its own."""
    return f"{base_url.rstrip('/')}/u/{make_token(key, link)}" if base_url and key else ""


def _mac(key: bytes, said: bytes) -> bytes:
    return hmac.digest(key, said, hashlib.sha256)[:MAC_BYTES]


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
