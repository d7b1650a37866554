"""Stored item versions read back in bulk, and the hits recorded on them: what a back-test looks at.

Compares nothing.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from monitor.model import ItemText, Span
from monitor.store.archive import text_of
from monitor.store.columns import from_json, in_batches, micros, moment
from monitor.store.connector import Row, Transaction

_EARLIEST: Final = -(2**62)
_LATEST: Final = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVersion:
    """An item as it was judged once: when, by which revision of the watchlist, and by which engine."""

    item_id: int
    version: int
    feed: str
    link: str | None
    seen_at: datetime
    watchlist_revision: int
    engine: str
    text: ItemText


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedHit:
    """A hit as it was stored: on which version, by which revision of the topic."""

    item_id: int
    version: int
    seen_at: datetime
    topic_revision: int
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is stored of a stretch of time, and when its oldest version was seen (None: there is none)."""

    items: int
    versions: int
    oldest: datetime | None


def read_versions(tx: Transaction, item_ids: Collection[int]) -> Iterator[StoredVersion]:
    """Yield every stored version of these items, in batches by item, versions in their order."""
    for batch in in_batches(item_ids):
        for row in tx.rows(_VERSIONS, ids=batch):
            yield StoredVersion(
                item_id=row["item_id"],
                version=row["version"],
                feed=row["feed"],
                link=row["link"],
                seen_at=moment(row["seen_at"]),
                watchlist_revision=row["watchlist_revision"],
                engine=row["engine"],
                text=text_of(row),
            )


_VERSIONS: Final = """
SELECT v.item_id, v.version, f.slug AS feed, v.link, v.seen_at, v.watchlist_revision, v.engine, v.language, v.url,
  v.source, v.author, v.tags, v.title, v.summary, v.body
FROM item_versions v JOIN items i ON i.id = v.item_id JOIN feeds f ON f.id = i.feed_id
WHERE v.item_id IN (:ids) ORDER BY v.item_id, v.version
"""


def recorded_hits(tx: Transaction, topic_id: int) -> dict[int, RecordedHit]:
    """Return every hit of a topic, by item."""
    rows = tx.rows(
        """
        SELECT h.item_id, h.item_version, h.topic_revision, h.spans, v.seen_at
        FROM hits h JOIN item_versions v ON v.item_id = h.item_id AND v.version = h.item_version
        WHERE h.topic_id = :topic_id
        """,
        topic_id=topic_id,
    )
    return {row["item_id"]: _recorded(row) for row in rows}


def _recorded(row: Row) -> RecordedHit:
    return RecordedHit(
        item_id=row["item_id"],
        version=row["item_version"],
        seen_at=moment(row["seen_at"]),
        topic_revision=row["topic_revision"],
        spans=tuple(
            Span(field=field, start=start, end=end, text=text)
            for field, start, end, text in from_json(row["spans"])
        ),
    )


def extent(tx: Transaction, *, since: datetime | None, until: datetime | None) -> Extent:
    """Count what is stored of the versions seen in [`since`, `until`)."""
    if since is None and until is None:  # the indexes alone can say
        row = tx.one(
            "SELECT (SELECT COUNT(*) FROM items) AS items, (SELECT COUNT(*) FROM item_versions) AS versions, "
            "(SELECT MIN(first_seen) FROM items) AS oldest"
        )
    else:
        row = tx.one(
            """
            SELECT COUNT(DISTINCT item_id) AS items, COUNT(*) AS versions, MIN(seen_at) AS oldest
            FROM item_versions WHERE seen_at >= :since AND seen_at < :until
            """,
            since=_EARLIEST if since is None else micros(since),
            until=_LATEST if until is None else micros(until),
        )
    assert row is not None
    oldest = None if row["oldest"] is None else moment(row["oldest"])
    return Extent(items=row["items"], versions=row["versions"], oldest=oldest)


def gaps_between(tx: Transaction, *, since: datetime | None, until: datetime | None) -> dict[str, int]:
    """Return how many unfilled gaps each feed had in a stretch of time, by slug."""
    rows = tx.rows(
        """
        SELECT f.slug, COUNT(*) AS number FROM gaps g JOIN feeds f ON f.id = g.feed_id
        WHERE g.closed = 0 AND g.found_at >= :since AND g.since < :until GROUP BY f.slug ORDER BY f.slug
        """,
        since=_EARLIEST if since is None else micros(since),
        until=_LATEST if until is None else micros(until),
    )
    return {row["slug"]: row["number"] for row in rows}
