"""What a rehearsal of routing needs from the store: items as they were judged, hits of a time, and their stories.

Decides nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from monitor.model import HitReason, Item, Story
from monitor.store.columns import in_batches, micros, moment
from monitor.store.connector import Transaction
from monitor.store.items import ITEM_COLUMNS, item_of
from monitor.store.stories import story_of


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedItem:
    """A version of an item: when it was judged and in which situation, and whose feed it is from."""

    item: Item
    seen_at: datetime
    reason: HitReason
    publisher: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """In which story an item is, for which outlet, and whether it only repeats another's text."""

    story: Story
    outlet: str
    copied: bool


def hits_between(
    tx: Transaction, *, since: datetime, until: datetime, but: int, limit: int
) -> list[tuple[int, int, int]]:
    """Return (item, version, topic id) of the newest `limit` hits found in [`since`, `until`), not those of `but`."""
    rows = tx.rows(
        """
        SELECT item_id, item_version, topic_id FROM hits
        WHERE found_at >= :since AND found_at < :until AND topic_id <> :but
        ORDER BY found_at DESC, id DESC LIMIT :limit
        """,
        since=micros(since),
        until=micros(until),
        but=but,
        limit=limit,
    )
    return [(row["item_id"], row["item_version"], row["topic_id"]) for row in rows]


def judged_items(tx: Transaction, versions: Collection[tuple[int, int]]) -> dict[tuple[int, int], JudgedItem]:
    """Return items in these versions, without their bodies, by (item, version)."""
    wanted = set(versions)
    found: dict[tuple[int, int], JudgedItem] = {}
    for batch in in_batches({item for item, _ in wanted}):
        for row in tx.rows(_JUDGED, ids=batch):
            if (row["id"], row["version"]) in wanted:
                found[row["id"], row["version"]] = JudgedItem(
                    item=item_of(row),
                    seen_at=moment(row["seen_at"]),
                    reason=HitReason(row["found_as"]),
                    publisher=row["publisher"],
                    region=row["region"],
                )
    return found


def memberships(tx: Transaction, item_ids: Collection[int]) -> dict[int, Membership]:
    """Return in which stories items are, by item."""
    return {
        row["item_id"]: Membership(story=story_of(row), outlet=row["outlet"], copied=bool(row["copied"]))
        for batch in in_batches(item_ids)
        for row in tx.rows(
            """
            SELECT m.item_id, m.outlet, m.copied, s.* FROM story_items m JOIN stories s ON s.id = m.story_id
            WHERE m.item_id IN (:ids)
            """,
            ids=batch,
        )
    }


_JUDGED: Final = f"""
SELECT {ITEM_COLUMNS.replace("v.body", "'' AS body")}, v.seen_at, v.reason AS found_as, f.publisher, f.region
FROM items i JOIN feeds f ON f.id = i.feed_id JOIN item_versions v ON v.item_id = i.id
WHERE i.id IN (:ids)
"""  # noqa: S608 - constants of these modules
