"""How a feed becomes a row of the feeds table and back; the columns are named once, here.

Runs no SQL and decides nothing.
"""

import functools
from dataclasses import asdict
from typing import Any, Final
from urllib.parse import urlsplit

from monitor.model import Feed, FetchState, Hints, Outcome, Priority
from monitor.store.access_column import access_of, access_text
from monitor.store.columns import from_json, micros, moment, moment_or_none, to_json
from monitor.store.connector import Row

_TIMES: Final = (
    "last_polled_at",
    "last_ok_at",
    "baseline_at",
    "last_new_at",
    "failing_since",
    "empty_since",
    "full_at",
    "retired_at",
    "moved_since",
)
_PLAIN: Final = (
    "etag",
    "last_modified",
    "validator_url",
    "body_hash",
    "failures",
    "gone",
    "reason",
    "plan",
    "rhythm",
    "moved_to",
    "moved_polls",
)


_NO_HINTS: Final = Hints()


@functools.lru_cache(maxsize=8192)
def host_of(url: str) -> str:
    """Return the host that a URL's requests go to, in lower case; empty for what is no URL."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def asked_host(feed: Feed) -> str:
    """Return the host that a poll of the feed asks first."""
    return host_of(asked_address(feed.url, feed.fetch))


def asked_address(url: str, fetch: FetchState) -> str:
    """Return the address that a poll asks first: the configured `url`, or where it is known to have moved."""
    return fetch.moved_to if fetch.follows_move and fetch.moved_to else url


def edited(feed: Feed) -> dict[str, Any]:
    """Return the columns that people edit."""
    return {
        "slug": feed.slug,
        "url": feed.url,
        "title": feed.title,
        "language": feed.language,
        "region": feed.region,
        "publisher": feed.publisher,
        "kind": feed.kind,
        "enabled": int(feed.enabled),
        "disabled_reason": feed.disabled_reason,
        "min_interval": feed.min_interval,
        "priority": feed.priority.value,
        "full_text": int(feed.full_text),
        "alert_newest": feed.alert_newest,
        "alert_since": micros(feed.alert_since),
        "access": access_text(feed.access),
        "owner": feed.owner,
    }


def progressed(fetch: FetchState) -> dict[str, Any]:
    """Return the columns that polling moves on, but for the claim."""
    return {
        "next_poll_at": micros(fetch.next_poll_at),
        "outcome": fetch.outcome.value if fetch.outcome else None,
        "poll_interval": fetch.interval,
        "window_size": fetch.window,
        "follows_move": int(fetch.follows_move),
        "hints": "{}" if fetch.hints == _NO_HINTS else to_json(_given(fetch.hints)),
        **{name: micros(getattr(fetch, name)) for name in _TIMES},
        **{name: getattr(fetch, name) for name in _PLAIN},
    }


def feed_of(row: Row) -> Feed:
    """Return the feed of a whole row."""
    return Feed(
        id=row["id"],
        slug=row["slug"],
        url=row["url"],
        title=row["title"],
        language=row["language"],
        region=row["region"],
        publisher=row["publisher"],
        kind=row["kind"],
        enabled=bool(row["enabled"]),
        disabled_reason=row["disabled_reason"],
        min_interval=row["min_interval"],
        priority=Priority(row["priority"]),
        full_text=bool(row["full_text"]),
        alert_newest=row["alert_newest"],
        alert_since=moment_or_none(row["alert_since"]),
        access=access_of(row["access"]),
        owner=row["owner"],
        revision=row["revision"],
        fetch=_fetch_of(row),
    )


def _fetch_of(row: Row) -> FetchState:
    named: dict[str, Any] = {name: row[name] for name in _PLAIN}
    named |= {name: moment_or_none(row[name]) for name in _TIMES}
    return FetchState(
        next_poll_at=moment(row["next_poll_at"]),
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        interval=row["poll_interval"],
        claimed_at=moment_or_none(row["claimed_at"]),
        window=row["window_size"],
        follows_move=bool(row["follows_move"]),
        hints=_hints_of(row["hints"]),
        **named,
    )


def _given(hints: Hints) -> dict[str, Any]:
    """Leave out what a document did not say: most say nothing."""
    return {name: value for name, value in asdict(hints).items() if value}


def _hints_of(text: str) -> Hints:
    if text == "{}":
        return Hints()
    fields: dict[str, Any] = from_json(text)
    for name in ("skip_hours", "skip_days"):
        fields[name] = tuple(fields.get(name, ()))
    return Hints(**fields)
