"""Why an address is not among the stored items: which feeds are near it, how they fared, and what was missed.

Reads the store alone and fetches nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from monitor.desk.feeds import ORDER, FeedLine, feed_line
from monitor.errors import Refused
from monitor.fetch.discover import same_site
from monitor.fetch.identity import canonical_link
from monitor.model import Feed, HealthState, Poll
from monitor.store import Transaction, feeds, hosts, journey, polls
from monitor.store.feed_rows import asked_host
from monitor.store.journey import Alike, Linking

LOOKED_AT = 5000  # stored addresses of one host
NEAR = 5  # feeds shown
POLLS = 3
ALIKE = 3
_DATE = re.compile(r"(?<!\d)(20\d\d)[/-]?(0[1-9]|1[0-2])[/-]?(0[1-9]|[12]\d|3[01])(?!\d)")
_TROUBLE = {HealthState.OFF, HealthState.RETIRED, HealthState.FAILING, HealthState.LATE, HealthState.EMPTY}


@dataclass(frozen=True, slots=True, kw_only=True)
class NearFeed:
    """A feed that could have brought the address, and what speaks for it.

    `items` of it that are stored lead to that host; `gaps` are unfilled ones that touch the day in the address, or the
    newest when the address names no day.
    """

    feed: FeedLine
    near: str
    items: int
    read_since: datetime | None
    polls: tuple[Poll, ...]
    gaps: tuple[tuple[datetime, datetime], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """What is known of an address that no stored item has: `sentence` says the likeliest reason, `then` what to do.

    `day` is the day that stands in the address, if one does; `alike` are stored items at addresses that begin so.
    """

    address: str
    day: datetime | None
    sentence: str
    then: str
    feeds: tuple[NearFeed, ...]
    alike: tuple[Alike, ...]


def why_unseen(tx: Transaction, target: str, *, retention: timedelta, now: datetime) -> Unseen:
    """Find out why no stored item has an address; raises Refused for what is none."""
    address = canonical_link(target)
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname:
        raise Refused(
            f"no item, delivery or alert has the id {target!r}, and it is no http or https address either: give the "
            "address of an article, an item's number, or the id of a delivery (monitor deliveries list)"
        )
    day = _day(parts.path)
    near = _near(tx, address, day=day, now=now)
    sentence, then = _likeliest(address, near, day=day, retention=retention, now=now)
    return Unseen(
        address=address,
        day=day,
        sentence=sentence,
        then=then,
        feeds=near[:NEAR],
        alike=_alike(tx, address),
    )


def _day(path: str) -> datetime | None:
    found = _DATE.search(path)
    if found is None:
        return None
    year, month, day = map(int, found.groups())
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:  # 31 February
        return None


def _near(tx: Transaction, address: str, *, day: datetime | None, now: datetime) -> tuple[NearFeed, ...]:
    """Return the feeds of the address's site and those that link to it; those that bring most of it first."""
    linking = {each.feed: each for each in _linking(tx, address)}
    waits = hosts.waits(tx)
    found = []
    for feed in feeds.list_feeds(tx):
        own = same_site(feed.url, address)
        if not own and feed.slug not in linking:
            continue
        line = feed_line(feed, now=now, wait=waits.get(asked_host(feed)))
        found.append(_near_feed(tx, feed, line, linking.get(feed.slug), own=own, day=day))
    found.sort(key=lambda each: (-each.items, ORDER.index(HealthState(each.feed.state)), each.feed.slug))
    return tuple(found)


def _linking(tx: Transaction, address: str) -> list[Linking]:
    host = urlsplit(address).netloc
    other = host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"
    return [
        each
        for name in (host, other)
        for each in journey.feeds_linking(tx, f"https://{name}/", limit=LOOKED_AT)
    ]


def _near_feed(
    tx: Transaction, feed: Feed, line: FeedLine, linking: Linking | None, *, own: bool, day: datetime | None
) -> NearFeed:
    said = ["it is a feed of this site"] if own else []
    if linking is not None:
        said.append(
            f"{linking.items} of its items lead there, the newest seen {linking.newest:%Y-%m-%d %H:%M}Z"
        )
    begins = day or datetime(1970, 1, 1, tzinfo=UTC)
    ends = day + timedelta(days=2) if day else datetime(9999, 1, 1, tzinfo=UTC)  # a feed may be a day late
    return NearFeed(
        feed=line,
        near=" and ".join(said),
        items=linking.items if linking else 0,
        read_since=feed.fetch.baseline_at,
        polls=tuple(polls.recent_polls(tx, feed.id, limit=POLLS)),
        gaps=tuple(journey.gaps_at(tx, feed.id, since=begins, until=ends)[:POLLS]),
    )


def _likeliest(
    address: str, near: Sequence[NearFeed], *, day: datetime | None, retention: timedelta, now: datetime
) -> tuple[str, str]:
    """Say in one sentence why it was most likely not seen, and what a person can do."""
    discover = f"monitor feeds discover {address}"
    if not near:
        host = urlsplit(address).hostname
        return f"not fetched: no feed here is of {host}, and none links to it", f"find its feeds: {discover}"
    first = near[0]
    if day and now - day > retention:
        kept = f"items without a hit are kept for {retention.days} days"
        return f"not stored: it is of {day:%Y-%m-%d}, and {kept}", "longer ago cannot be told any more"
    missed = _of_that_day(first, day) if day else ""
    missed = missed or _in_trouble(first, near)
    if missed:
        return f"not fetched: {missed}", f"see monitor feeds why {first.feed.slug}"
    return (
        f"in no polled window of the feed {first.feed.slug}, read since {_minute(first.read_since)}: sites do not put "
        f"everything into their feeds; or it is past its retention of {retention.days} days without a hit"
    ), f"find further feeds of the site: {discover}"


def _of_that_day(first: NearFeed, day: datetime) -> str:
    """Say what was the matter with the feed on the day of the address, if anything was."""
    slug = first.feed.slug
    if first.gaps:
        since, found_at = map(_minute, first.gaps[0])
        return (
            f"between {since} and {found_at} the feed {slug} has a gap: what it published then may be missing"
        )
    if first.read_since and day + timedelta(days=1) < first.read_since:
        return f"it is of {day:%Y-%m-%d}, and the feed {slug} is read only since {_minute(first.read_since)}"
    return ""


def _in_trouble(first: NearFeed, near: Sequence[NearFeed]) -> str:
    """Say what is the matter with the feeds now, if something is with all of them."""
    line = first.feed
    if all(HealthState(each.feed.state) in _TROUBLE for each in near):
        since = f" since {_minute(line.since)}" if line.since else ""
        return f"the feed {line.slug} is {line.state}{since}: {line.reason}"
    if first.read_since is None:
        return f"the feed {line.slug} has not been read yet: {line.reason}"
    return ""


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z" if at else "never"


def _alike(tx: Transaction, address: str) -> tuple[Alike, ...]:
    """Return stored items at this path with another query, or below it, on this host with and without `www.`."""
    parts = urlsplit(address)
    path = parts.path.rstrip("/")
    if not path:
        return ()
    host = parts.netloc
    other = host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"
    found = [
        each
        for name in (host, other)
        for each in journey.items_alike(tx, f"https://{name}{path}", limit=ALIKE)
    ]
    return tuple(found[:ALIKE])
