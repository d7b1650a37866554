"""Addresses that a document holds, made absolute (pure)."""

import re
from urllib.parse import urljoin

from monitor.text import gate

# Usable as it stands: neither relative nor anything to clean. So are most.
_PLAIN = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*/[!$-:=@-\[\]-~]*(?:\?[!$-:=?-\[\]-~]+)?")


def absolute(value: object, url: str) -> str | None:
    """Return an address of a document fetched from `url`, absolute and http or https, or None if it is none."""
    if not isinstance(value, str):
        return None
    if _PLAIN.fullmatch(value) and len(value) <= gate.LINK_LIMIT:
        return value
    address = value.strip()
    if not address:
        return None
    try:
        return gate.link(urljoin(url, address))
    except ValueError:
        return None
