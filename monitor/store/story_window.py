"""The items among which new ones look for their story, in the order in which they were given theirs.

Keeps what it is handed as bytes; what they mean is the matcher's business.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.model import Story
from monitor.store.columns import MICROSECOND, micros, moment
from monitor.store.connector import Transaction
from monitor.store.stories import story_of


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowItem:
    """An item of the window. `position` is its place in the order; `engine` says who can read `trace`."""

    position: int
    item_id: int
    story_id: int
    language: str
    seen_at: datetime
    engine: str
    trace: bytes


def add_to_window(tx: Transaction, item: WindowItem) -> None:
    """Keep an item in the window. Raises `StoreConflict` when its position is taken or it is there already."""
    tx.run(
        """
        INSERT INTO story_window (position, item_id, story_id, language, seen_at, engine, trace)
        VALUES (:position, :item_id, :story_id, :language, :seen_at, :engine, :trace)
        """,
        position=item.position,
        item_id=item.item_id,
        story_id=item.story_id,
        language=item.language,
        seen_at=micros(item.seen_at),
        engine=item.engine,
        trace=item.trace,
    )


def last_position(tx: Transaction) -> int:
    """Return the place of the item that came last, 0 for an empty window."""
    row = tx.one("SELECT max(position) AS last FROM story_window")
    return int(row["last"] or 0) if row else 0


def window_items(tx: Transaction, *, engine: str, span: timedelta) -> list[tuple[WindowItem, Story]]:
    """Return the items of the last `span` before the newest one that an engine can read, with their stories."""
    rows = tx.rows(
        """
        SELECT w.position, w.item_id, w.language AS spoken, w.seen_at, w.engine, w.trace, s.* FROM story_window w
        JOIN stories s ON s.id = w.story_id
        WHERE w.engine = :engine AND w.seen_at >= (SELECT max(seen_at) FROM story_window) - :span
        ORDER BY w.position
        """,
        engine=engine,
        span=span // MICROSECOND,
    )
    return [
        (
            WindowItem(
                position=row["position"],
                item_id=row["item_id"],
                story_id=row["id"],
                language=row["spoken"],
                seen_at=moment(row["seen_at"]),
                engine=row["engine"],
                trace=bytes(row["trace"]),
            ),
            story_of(row),
        )
        for row in rows
    ]


def prune_window(tx: Transaction, *, span: timedelta, limit: int) -> int:
    """Delete up to `limit` items that no new one can be compared with any more; return how many.

    The last position stays, whatever its age: the order goes on from it.
    """
    return tx.run(
        """
        DELETE FROM story_window WHERE position IN (
          SELECT position FROM story_window
          WHERE seen_at < (SELECT max(seen_at) FROM story_window) - :span
            AND position < (SELECT max(position) FROM story_window)
          ORDER BY position LIMIT :limit
        )
        """,
        span=span // MICROSECOND,
        limit=limit,
    )
