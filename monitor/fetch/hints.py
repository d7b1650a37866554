"""What a document says of its own polling and whereabouts (pure). Garbage is no hint; nothing here is obeyed.

Sources: RSS 2.0 (ttl, skipHours, skipDays), the RSS 1.0 syndication module (sy:), WebSub 4 (hub and self links),
RFC 5005 (prev-archive, next), JSON Feed 1.1 (hubs, next_url). A link with no scheme is relative to the document.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from monitor.fetch.address import absolute
from monitor.model import Hints

_LONGEST = 366 * 24 * 3600  # seconds; what asks for more is a slip of the pen
_PERIODS = {
    "hourly": 3600,
    "daily": 24 * 3600,
    "weekly": 7 * 24 * 3600,
    "monthly": 30 * 24 * 3600,
    "yearly": 365 * 24 * 3600,
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HEAD = 256 * 1024  # bytes searched; feeds without their entries are smaller
_LIST = 8 * 1024
_HOUR = re.compile(rb"<hour>\s{0,99}(\d{1,2})\s{0,99}</hour>")
# What feedparser keeps under a name, without its search for second ones; nothing asked for here has one.
_get: Callable[..., Any] = dict.get
_DAY = re.compile(rb"<day>\s{0,99}([a-z]{6,9})\s{0,99}</day>")


def of_feed(feed: Mapping[str, Any], head: bytes, *, url: str) -> Hints:
    """Read hints from what feedparser made of a feed, and from the feed's bytes what it does not keep.

    `head` is the document, best without its entries: feedparser keeps only the last of the hours and days to skip.
    """
    links = [(str(_get(link, "rel")).lower().split(), _get(link, "href")) for link in feed.get("links", ())]
    low = head[:_HEAD].lower()
    named = (
        _DAYS.index(day.decode()) for day in _DAY.findall(_inside(low, b"skipdays")) if day.decode() in _DAYS
    )
    return Hints(
        min_interval=max(_ttl(feed.get("ttl")), _syndication(feed)),
        skip_hours=_skipped((int(hour) for hour in _HOUR.findall(_inside(low, b"skiphours"))), 24),
        skip_days=_skipped(named, 7),
        hub=_first(links, "hub", url),
        self_url=_first(links, "self", url),
        older=_first(links, "prev-archive", url) or _first(links, "next", url),
    )


def of_json_feed(feed: Mapping[str, Any], *, url: str) -> Hints:
    """Read hints from a JSON Feed."""
    hubs = feed.get("hubs")
    named = [hub for hub in hubs if isinstance(hub, dict)] if isinstance(hubs, list) else []
    found = (absolute(hub.get("url"), url) for hub in named if str(hub.get("type")).lower() == "websub")
    return Hints(
        hub=next(filter(None, found), None),
        self_url=absolute(feed.get("feed_url"), url),
        older=absolute(feed.get("next_url"), url),
    )


def _ttl(value: object) -> int:
    """Return an RSS ttl, which is in minutes, in seconds."""
    return _in_range(_number(value) * 60)


def _syndication(feed: Mapping[str, Any]) -> int:
    """Return the seconds between two updates by the sy: module; 0 unless a period is named."""
    period = _PERIODS.get(str(feed.get("sy_updateperiod") or "").strip().lower(), 0)
    stated = feed.get("sy_updatefrequency")
    frequency = _number(stated) if stated else 1
    return _in_range(period // frequency) if frequency else 0


def _number(value: object) -> int:
    text = value.strip() if isinstance(value, str) else ""
    return int(text) if len(text) <= 9 and text.isascii() and text.isdigit() else 0


def _in_range(seconds: int) -> int:
    return seconds if seconds <= _LONGEST else 0


def _inside(low: bytes, name: bytes) -> bytes:
    """Return what stands in the first element of a name, if it is short enough to be a list of hours or days."""
    start = low.find(b"<" + name + b">")
    end = low.find(b"</" + name, start, start + _LIST)
    return low[start:end] if 0 <= start < end else b""


def _skipped(found: Iterable[int], count: int) -> tuple[int, ...]:
    """Return hours or days in order; 24 is midnight (RSS 0.9x). A list of all of them says never, so it is none."""
    numbers = sorted({number % count for number in found if number <= 24})
    return tuple(numbers) if len(numbers) < count else ()


def _first(links: Iterable[tuple[Sequence[str], object]], rel: str, url: str) -> str | None:
    """Return the first usable address among the links of a relation (a link may name several)."""
    found = (absolute(href, url) for rels, href in links if rel in rels)
    return next(filter(None, found), None)
