"""The history of polls."""

from collections.abc import Sequence
from datetime import datetime

from monitor.model import Outcome, Poll
from monitor.store.columns import micros, moment
from monitor.store.connector import Row, Transaction


def add_polls(tx: Transaction, finished: Sequence[tuple[int, Poll]]) -> None:
    """Append finished polls, each with the id of its feed."""
    tx.many(
        """
        INSERT INTO polls (feed_id, started_at, ended_at, outcome, reason, status, size, items, new_items)
        VALUES (:feed_id, :started_at, :ended_at, :outcome, :reason, :status, :size, :items, :new_items)
        """,
        (
            {
                "feed_id": feed_id,
                "started_at": micros(poll.started_at),
                "ended_at": micros(poll.ended_at),
                "outcome": poll.outcome.value,
                "reason": poll.reason,
                "status": poll.status,
                "size": poll.size,
                "items": poll.items,
                "new_items": poll.new_items,
            }
            for feed_id, poll in finished
        ),
    )


def recent_polls(tx: Transaction, feed_id: int, *, limit: int) -> list[Poll]:
    """Return the newest polls of a feed, newest first."""
    rows = tx.rows(
        "SELECT * FROM polls WHERE feed_id = :feed_id ORDER BY started_at DESC, id DESC LIMIT :limit",
        feed_id=feed_id,
        limit=limit,
    )
    return [_poll(row) for row in rows]


def prune_polls(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Delete up to `limit` polls that ended before a time, oldest first; return how many."""
    return tx.run(
        """
        DELETE FROM polls WHERE id IN (
          SELECT id FROM polls WHERE ended_at < :before ORDER BY ended_at, id LIMIT :limit
        )
        """,
        before=micros(before),
        limit=limit,
    )


def _poll(row: Row) -> Poll:
    return Poll(
        started_at=moment(row["started_at"]),
        ended_at=moment(row["ended_at"]),
        outcome=Outcome(row["outcome"]),
        reason=row["reason"],
        status=row["status"],
        size=row["size"],
        items=row["items"],
        new_items=row["new_items"],
    )
