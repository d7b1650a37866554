"""The last document read of each feed, entry by entry: which were parsed already, and under which keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.model import Slot
from monitor.store.columns import from_json, micros, moment, to_json
from monitor.store.connector import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The slots of a document in its order, and when its items were last noted as still shown."""

    read_at: datetime
    slots: tuple[Slot, ...]


def get_window(tx: Transaction, feed_id: int) -> Window | None:
    """Return the window of a feed, or None before the first readable document."""
    row = tx.one("SELECT read_at, entries FROM feed_windows WHERE feed_id = :feed_id", feed_id=feed_id)
    if row is None:
        return None
    slots = tuple(Slot(*fields) for fields in from_json(row["entries"]))
    return Window(read_at=moment(row["read_at"]), slots=slots)


def put_window(tx: Transaction, feed_id: int, slots: Sequence[Slot], *, read_at: datetime) -> None:
    """Remember a document's entries, and when its items were last noted as shown."""
    tx.run(
        """
        INSERT INTO feed_windows (feed_id, read_at, entries) VALUES (:feed_id, :read_at, :entries)
        ON CONFLICT (feed_id) DO UPDATE SET read_at = excluded.read_at, entries = excluded.entries
        """,
        feed_id=feed_id,
        read_at=micros(read_at),
        entries=to_json([(slot.piece, slot.key, slot.guid, slot.link) for slot in slots]),
    )


def forget_window(tx: Transaction, feed_id: int) -> None:
    """Forget a feed's window: its address now leads to another document."""
    tx.run("DELETE FROM feed_windows WHERE feed_id = :feed_id", feed_id=feed_id)
