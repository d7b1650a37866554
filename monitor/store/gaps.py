"""Gaps: windows of a feed that shared nothing with the one before, so that items between them may be missing."""

from dataclasses import dataclass
from datetime import datetime

from monitor.store.columns import micros, moment
from monitor.store.connector import Transaction

MOST_GAPS = 100  # of a feed: one that shows nothing twice has a gap at every poll


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What may be missing of a feed: what it published between `since` (the window before) and `found_at`.

    `recovered` counts items found on older pages; a `closed` gap was filled up to the window before.
    """

    found_at: datetime
    since: datetime
    recovered: int
    closed: bool
    reason: str


def add_gap(tx: Transaction, feed_id: int, gap: Gap) -> None:
    """Record a gap; of a feed's many the newest `MOST_GAPS` stay."""
    tx.run(
        """
        INSERT INTO gaps (feed_id, found_at, since, recovered, closed, reason)
        VALUES (:feed_id, :found_at, :since, :recovered, :closed, :reason)
        """,
        feed_id=feed_id,
        found_at=micros(gap.found_at),
        since=micros(gap.since),
        recovered=gap.recovered,
        closed=int(gap.closed),
        reason=gap.reason,
    )
    tx.run(
        """
        DELETE FROM gaps WHERE feed_id = :feed_id AND id NOT IN (
          SELECT id FROM gaps WHERE feed_id = :feed_id ORDER BY found_at DESC, id DESC LIMIT :most
        )
        """,
        feed_id=feed_id,
        most=MOST_GAPS,
    )


def gaps_of_feed(tx: Transaction, feed_id: int, *, limit: int) -> list[Gap]:
    """Return the newest gaps of a feed, newest first."""
    rows = tx.rows(
        "SELECT * FROM gaps WHERE feed_id = :feed_id ORDER BY found_at DESC, id DESC LIMIT :limit",
        feed_id=feed_id,
        limit=limit,
    )
    return [
        Gap(
            found_at=moment(row["found_at"]),
            since=moment(row["since"]),
            recovered=row["recovered"],
            closed=bool(row["closed"]),
            reason=row["reason"],
        )
        for row in rows
    ]


def open_gaps(tx: Transaction, *, after: datetime) -> dict[int, int]:
    """Return how many unfilled gaps each feed has had since a time, by feed id."""
    rows = tx.rows(
        "SELECT feed_id, COUNT(*) AS number FROM gaps WHERE closed = 0 AND found_at >= :after GROUP BY feed_id",
        after=micros(after),
    )
    return {row["feed_id"]: row["number"] for row in rows}
