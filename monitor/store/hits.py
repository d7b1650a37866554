"""Hits: which item version satisfied which revision of a topic.

Reading one back gives the item as it was judged.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from monitor.model import Hit, HitReason, Span
from monitor.store.columns import from_json, in_batches, micros, moment, to_json
from monitor.store.connector import Row, Transaction
from monitor.store.items import ITEM_COLUMNS, item_of


def add_hit(tx: Transaction, hit: Hit) -> Hit | None:
    """Store a hit and return it with its id, or None when the item satisfied the topic before."""
    row = tx.one(
        """
        INSERT INTO hits (item_id, item_version, topic_id, topic_revision, engine, reason, spans, found_at)
        VALUES (:item_id, :item_version, :topic_id, :topic_revision, :engine, :reason, :spans, :found_at)
        ON CONFLICT (item_id, topic_id) DO NOTHING RETURNING id
        """,
        item_id=hit.item.id,
        item_version=hit.item.version,
        topic_id=hit.topic_id,
        topic_revision=hit.topic_revision,
        engine=hit.engine,
        reason=hit.reason.value,
        spans=to_json([[span.field, span.start, span.end, span.text] for span in hit.spans]),
        found_at=micros(hit.found_at),
    )
    return None if row is None else replace(hit, id=row["id"])


def undecided(tx: Transaction, *, limit_items: int) -> list[Hit]:
    """Return the undecided hits of the first `limit_items` items that have any, always all of an item's.

    In the order in which stories are made: (first_seen of the item, item id, topic slug).
    """
    return _hits(tx, _UNDECIDED, limit=limit_items)


def mark_decided(tx: Transaction, hit_ids: Collection[int], *, now: datetime) -> None:
    """Take hits off the queue of undecided ones; those already off keep their time."""
    for batch in in_batches(hit_ids):
        tx.run(
            "UPDATE hits SET decided_at = :now WHERE id IN (:ids) AND decided_at IS NULL",
            now=micros(now),
            ids=batch,
        )


def hits_of_item(tx: Transaction, item_id: int) -> list[Hit]:
    """Return an item's hits in order of topic slug."""
    return _hits(tx, _OF_ITEM, item_id=item_id)


def recent_hits(tx: Transaction, *, limit: int) -> list[Hit]:
    """Return the newest hits of all topics, newest first."""
    return _hits(tx, _RECENT, limit=limit)


def get_hits(tx: Transaction, ids: Collection[int]) -> list[Hit]:
    """Return hits by their ids, in order of them."""
    found = [hit for batch in in_batches(ids) for hit in _hits(tx, _BY_IDS, ids=batch)]
    return sorted(found, key=lambda hit: hit.id)


_SELECT = f"""
SELECT h.id AS hit_id, h.topic_id, t.slug AS topic_slug, h.topic_revision, h.engine, h.reason, h.spans,
  h.found_at,
  {ITEM_COLUMNS}
FROM hits h
JOIN topics t ON t.id = h.topic_id
JOIN items i ON i.id = h.item_id
JOIN feeds f ON f.id = i.feed_id
JOIN item_versions v ON v.item_id = h.item_id AND v.version = h.item_version
"""  # noqa: S608 - constants of these modules
_OF_ITEM = _SELECT + "WHERE h.item_id = :item_id ORDER BY t.slug"
_RECENT = _SELECT + "ORDER BY h.found_at DESC, h.id DESC LIMIT :limit"
_BY_IDS = _SELECT + "WHERE h.id IN (:ids)"
_WAITING_ITEMS = """
SELECT DISTINCT j.id, j.first_seen FROM hits u JOIN items j ON j.id = u.item_id WHERE u.decided_at IS NULL
ORDER BY j.first_seen, j.id LIMIT :limit
"""
_UNDECIDED = f"""{_SELECT}
WHERE h.decided_at IS NULL AND h.item_id IN (SELECT waiting.id FROM ({_WAITING_ITEMS}) AS waiting)
ORDER BY i.first_seen, i.id, t.slug
"""  # noqa: S608 - constants of this module


def _hits(tx: Transaction, sql: str, **params: object) -> list[Hit]:
    return [_hit(row) for row in tx.rows(sql, **params)]


def _hit(row: Row) -> Hit:
    return Hit(
        id=row["hit_id"],
        item=item_of(row),
        topic_id=row["topic_id"],
        topic_slug=row["topic_slug"],
        topic_revision=row["topic_revision"],
        engine=row["engine"],
        reason=HitReason(row["reason"]),
        spans=tuple(
            Span(field=field, start=start, end=end, text=text)
            for field, start, end, text in from_json(row["spans"])
        ),
        found_at=moment(row["found_at"]),
    )
