"""Items and every version of them.

Judges nothing: identity, matching and retention periods are others' decisions.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from monitor.errors import NotFound
from monitor.model import Feed, HitReason, Item, ItemDraft, ItemText
from monitor.store.columns import (
    from_json,
    in_batches,
    index_key,
    micros,
    moment,
    moment_or_none,
    to_json,
)
from monitor.store.connector import Row, Transaction

_LINK_HEAD = 255  # code points of a link that its index holds; see the migration

# What `item_of` reads, of an item (i) of a feed (f) in one of its versions (v).
ITEM_COLUMNS: Final = """
  i.id, i.feed_id, f.slug AS feed_slug, i.key, i.first_seen, v.version, v.link, v.canonical_link,
  v.published, v.updated, v.language, v.url, v.source, v.author, v.tags, v.title, v.summary, v.body
"""
_NEWEST: Final = f"""
SELECT {ITEM_COLUMNS}
FROM items i JOIN feeds f ON f.id = i.feed_id
JOIN item_versions v ON v.item_id = i.id AND v.version = i.version
"""  # noqa: S608 - constants of this module
_PRUNE: Final = """
DELETE FROM items WHERE id IN (
  SELECT i.id FROM items i
  WHERE i.last_seen < :before AND NOT EXISTS (SELECT 1 FROM hits h WHERE h.item_id = i.id)
    AND EXISTS (SELECT 1 FROM items later WHERE later.feed_id = i.feed_id AND later.last_seen > i.last_seen)
  ORDER BY i.last_seen, i.id LIMIT :limit
)
"""
_WITH_LINK: Final = """
WHERE i.id IN (
  SELECT item_id FROM item_versions WHERE substr(canonical_link, 1, 255) = :head AND canonical_link = :link
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownItem:
    """What a poll must know of an item it meets again: `fingerprint` is its newest version's."""

    id: int
    version: int
    fingerprint: str


def known(tx: Transaction, feed_id: int, keys: Collection[str]) -> dict[str, KnownItem]:
    """Return the items of a feed that are stored already, by key."""
    wanted = {index_key(key): key for key in keys}
    found: dict[str, KnownItem] = {}
    for batch in in_batches(wanted):
        rows = tx.rows(
            "SELECT id, key, version, fingerprint FROM items WHERE feed_id = :feed_id AND key IN (:keys)",
            feed_id=feed_id,
            keys=batch,
        )
        for row in rows:
            found[wanted[row["key"]]] = KnownItem(
                id=row["id"], version=row["version"], fingerprint=row["fingerprint"]
            )
    return found


def shown(tx: Transaction, feed_id: int, fingerprints: Collection[str]) -> set[tuple[str, str]]:
    """Return (fingerprint, canonical link) of a feed's items with a link whose newest version has a fingerprint."""
    return {
        (row["fingerprint"], row["canonical_link"])
        for batch in in_batches(fingerprints)
        for row in tx.rows(
            """
            SELECT i.fingerprint, v.canonical_link
            FROM items i JOIN item_versions v ON v.item_id = i.id AND v.version = i.version
            WHERE i.feed_id = :feed_id AND i.fingerprint IN (:fingerprints) AND v.canonical_link IS NOT NULL
            """,
            feed_id=feed_id,
            fingerprints=batch,
        )
    }


def add_item(
    tx: Transaction,
    feed: Feed,
    draft: ItemDraft,
    *,
    now: datetime,
    reason: HitReason,
    watchlist_revision: int,
    engine: str,
) -> Item:
    """Store an item in its first version. Raises `StoreConflict` when the feed has the key already."""
    row = tx.one(
        """
        INSERT INTO items (feed_id, key, raw_id, version, fingerprint, first_seen, last_seen)
        VALUES (:feed_id, :key, :raw_id, 1, :fingerprint, :now, :now) RETURNING id
        """,
        feed_id=feed.id,
        key=index_key(draft.key),
        raw_id=draft.raw_id,
        fingerprint=draft.fingerprint,
        now=micros(now),
    )
    assert row is not None
    _add_version_row(
        tx, row["id"], 1, draft, now=now, reason=reason, watchlist_revision=watchlist_revision, engine=engine
    )
    return get_item(tx, row["id"])


def add_version(
    tx: Transaction,
    item_id: int,
    draft: ItemDraft,
    *,
    now: datetime,
    reason: HitReason,
    watchlist_revision: int,
    engine: str,
) -> Item:
    """Store what an item says now as its next version; the former ones stay. Raises `NotFound`."""
    row = tx.one(
        """
        UPDATE items SET version = version + 1, fingerprint = :fingerprint, last_seen = :now
        WHERE id = :id RETURNING version
        """,
        id=item_id,
        fingerprint=draft.fingerprint,
        now=micros(now),
    )
    if row is None:
        raise NotFound(f"no item has the id {item_id}")
    _add_version_row(
        tx,
        item_id,
        row["version"],
        draft,
        now=now,
        reason=reason,
        watchlist_revision=watchlist_revision,
        engine=engine,
    )
    return get_item(tx, item_id)


def touch(tx: Transaction, feed_id: int, keys: Collection[str], *, now: datetime) -> None:
    """Note that items are still in the feed's document, which keeps them from being pruned."""
    for batch in in_batches(index_key(key) for key in keys):
        tx.run(
            "UPDATE items SET last_seen = :now WHERE feed_id = :feed_id AND key IN (:keys) AND last_seen < :now",
            now=micros(now),
            feed_id=feed_id,
            keys=batch,
        )


def get_item(tx: Transaction, item_id: int) -> Item:
    """Return an item in its newest version. Raises `NotFound`."""
    row = tx.one(_NEWEST + "WHERE i.id = :id", id=item_id)
    if row is None:
        raise NotFound(f"no item has the id {item_id}")
    return item_of(row)


def find_by_link(tx: Transaction, canonical_link: str) -> list[Item]:
    """Return the items, each in its newest version, of which any version had this canonical link.

    Oldest first.
    """
    rows = tx.rows(
        _NEWEST + _WITH_LINK + "ORDER BY i.first_seen, i.id",
        head=canonical_link[:_LINK_HEAD],
        link=canonical_link,
    )
    return [item_of(row) for row in rows]


def recent_items(tx: Transaction, *, limit: int) -> list[Item]:
    """Return the newest items, each in its newest version, newest first."""
    rows = tx.rows(_NEWEST + "ORDER BY i.first_seen DESC, i.id DESC LIMIT :limit", limit=limit)
    return [item_of(row) for row in rows]


def prune_items(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Delete up to `limit` items, with all versions, last seen before a time; return how many.

    One with a hit stays, and so does what was last seen in the newest document read of its feed: a feed that
    answers "not modified" for months still shows it, and would bring it as new with its next change.
    """
    return tx.run(_PRUNE, before=micros(before), limit=limit)


def item_of(row: Row) -> Item:
    """Return the item of a row that has `ITEM_COLUMNS`."""
    return Item(
        id=row["id"],
        feed_id=row["feed_id"],
        feed_slug=row["feed_slug"],
        key=row["key"],
        version=row["version"],
        link=row["link"],
        canonical_link=row["canonical_link"],
        first_seen=moment(row["first_seen"]),
        published=moment_or_none(row["published"]),
        updated=moment_or_none(row["updated"]),
        text=ItemText(
            title=row["title"],
            summary=row["summary"],
            body=row["body"],
            language=row["language"],
            url=row["url"],
            source=row["source"],
            author=row["author"],
            tags=tuple(from_json(row["tags"])),
        ),
    )


def _add_version_row(
    tx: Transaction,
    item_id: int,
    version: int,
    draft: ItemDraft,
    **judged: Any,
) -> None:
    text = draft.text
    tx.run(
        """
        INSERT INTO item_versions (
          item_id, version, seen_at, reason, watchlist_revision, engine, fingerprint, link, canonical_link,
          published, updated, language, url, source, author, tags, title, summary, body
        ) VALUES (
          :item_id, :version, :seen_at, :reason, :watchlist_revision, :engine, :fingerprint, :link,
          :canonical_link,
          :published, :updated, :language, :url, :source, :author, :tags, :title, :summary, :body
        )
        """,
        item_id=item_id,
        version=version,
        seen_at=micros(judged["now"]),
        reason=judged["reason"].value,
        watchlist_revision=judged["watchlist_revision"],
        engine=judged["engine"],
        fingerprint=draft.fingerprint,
        link=draft.link,
        canonical_link=draft.canonical_link,
        published=micros(draft.published),
        updated=micros(draft.updated),
        language=text.language,
        url=text.url,
        source=text.source,
        author=text.author,
        tags=to_json(text.tags),
        title=text.title,
        summary=text.summary,
        body=text.body,
    )
