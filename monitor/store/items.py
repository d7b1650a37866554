"""Items and every version of them.

Judges nothing: identity, matching and retention periods are others' decisions.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from monitor.errors import NotFound
from monitor.model import Feed, HitReason, Item, ItemDraft, ItemText
from monitor.store.columns import (
    MICROSECOND,
    from_json,
    in_batches,
    index_key,
    micros,
    moment,
    moment_or_none,
    to_json,
)
from monitor.store.connector import Row, Transaction

MAX_VERSIONS = 25
TOUCH = timedelta(days=1)  # how exactly it is known when an item was last shown
_LINK_HEAD = 255  # code points of a link that its index holds; see the migration

# What `item_of` reads, of an item (i) of a feed (f) in one of its versions (v).
ITEM_COLUMNS: Final = """
  i.id, i.feed_id, f.slug AS feed_slug, i.key, i.first_seen, v.version, v.link, v.canonical_link,
  v.published, v.updated, v.language, v.url, v.source, v.author, v.tags, v.title, v.summary, v.body, v.full_text
"""
_NEWEST: Final = f"""
SELECT {ITEM_COLUMNS}
FROM items i JOIN feeds f ON f.id = i.feed_id
JOIN item_versions v ON v.item_id = i.id AND v.version = i.version
"""  # noqa: S608 - constants of this module
_ADD_VERSION: Final = """
INSERT INTO item_versions (
  item_id, version, seen_at, reason, watchlist_revision, engine, fingerprint, link, canonical_link,
  published, updated, language, url, source, author, tags, title, summary, body, full_text
) VALUES (
  :item_id, :version, :seen_at, :reason, :watchlist_revision, :engine, :fingerprint, :link, :canonical_link,
  :published, :updated, :language, :url, :source, :author, :tags, :title, :summary, :body, :full_text
)
"""
_PRUNE: Final = """
DELETE FROM items WHERE id IN (
  SELECT i.id FROM items i
  WHERE i.last_seen < :before AND NOT EXISTS (SELECT 1 FROM hits h WHERE h.item_id = i.id)
    AND EXISTS (SELECT 1 FROM items later WHERE later.feed_id = i.feed_id
      AND later.last_seen > i.last_seen + :grace)
  ORDER BY i.last_seen, i.id LIMIT :limit
)
"""
_THIN_OUT: Final = """
DELETE FROM item_versions WHERE item_id = :item_id AND version > 1 AND version < :kept
  AND NOT EXISTS (
    SELECT 1 FROM hits h WHERE h.item_id = item_versions.item_id AND h.item_version = item_versions.version
  )
"""
_WITH_LINK: Final = """
WHERE i.id IN (
  SELECT item_id FROM item_versions WHERE substr(canonical_link, 1, 255) = :head AND canonical_link = :link
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownItem:
    """What a poll must know of an item it meets again: `fingerprint`, link and title are its newest version's.

    Link and title are read by `describe` alone.
    """

    id: int
    version: int
    fingerprint: str
    canonical_link: str | None = None
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An item that a feed has had with a certain text: its key, and its newest version's link."""

    key: str
    fingerprint: str
    canonical_link: str | None


def any_of(tx: Transaction, feed_id: int) -> bool:
    """Say whether anything of a feed is stored: if not, nothing else need be asked of its items."""
    return (
        tx.one("SELECT 1 AS found FROM items WHERE feed_id = :feed_id LIMIT 1", feed_id=feed_id) is not None
    )


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


def describe(tx: Transaction, known_items: Collection[KnownItem]) -> dict[int, KnownItem]:
    """Return items, by id, with link and title of their newest version."""
    found: dict[int, KnownItem] = {}
    by_id = {item.id: item for item in known_items}
    for batch in in_batches(by_id):
        rows = tx.rows(
            """
            SELECT v.item_id, v.canonical_link, v.title
            FROM items i JOIN item_versions v ON v.item_id = i.id AND v.version = i.version
            WHERE i.id IN (:ids)
            """,
            ids=batch,
        )
        for row in rows:
            found[row["item_id"]] = replace(
                by_id[row["item_id"]], canonical_link=row["canonical_link"], title=row["title"]
            )
    return found


def shown(tx: Transaction, feed_id: int, fingerprints: Collection[str]) -> list[Shown]:
    """Return a feed's items whose newest version has one of these fingerprints, oldest first."""
    return [
        Shown(key=row["key"], fingerprint=row["fingerprint"], canonical_link=row["canonical_link"])
        for batch in in_batches(fingerprints)
        for row in tx.rows(
            """
            SELECT i.key, i.fingerprint, v.canonical_link
            FROM items i JOIN item_versions v ON v.item_id = i.id AND v.version = i.version
            WHERE i.feed_id = :feed_id AND i.fingerprint IN (:fingerprints)
            ORDER BY i.id
            """,
            feed_id=feed_id,
            fingerprints=batch,
        )
    ]


def links_shown(tx: Transaction, feed_id: int, links: Collection[str]) -> set[str]:
    """Return those of the canonical links that any version of a feed's items has had."""
    found: set[str] = set()
    for link in links:
        row = tx.one(
            "SELECT 1 AS found FROM item_versions v JOIN items i ON i.id = v.item_id "
            "WHERE substr(v.canonical_link, 1, 255) = :head AND v.canonical_link = :link AND i.feed_id = :feed_id",
            head=link[:_LINK_HEAD],
            link=link,
            feed_id=feed_id,
        )
        if row is not None:
            found.add(link)
    return found


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
    (item,) = add_items(
        tx, feed, [(draft, reason)], now=now, watchlist_revision=watchlist_revision, engine=engine
    )
    return item


def add_items(
    tx: Transaction,
    feed: Feed,
    judged: Sequence[tuple[ItemDraft, HitReason]],
    *,
    now: datetime,
    watchlist_revision: int,
    engine: str,
) -> list[Item]:
    """Store items in their first version, each with its reason, with ids in the order given; return them.

    A first document has dozens, so these are three statements however many there are. Raises `StoreConflict` when the
    feed has one of the keys already.
    """
    keys = [index_key(draft.key) for draft, _ in judged]
    tx.many(
        """
        INSERT INTO items (feed_id, key, raw_id, version, fingerprint, first_seen, last_seen)
        VALUES (:feed_id, :key, :raw_id, 1, :fingerprint, :now, :now)
        """,
        (
            {
                "feed_id": feed.id,
                "key": key,
                "raw_id": draft.raw_id,
                "fingerprint": draft.fingerprint,
                "now": micros(now),
            }
            for key, (draft, _) in zip(keys, judged, strict=True)
        ),
    )
    ids = {
        row["key"]: row["id"]
        for batch in in_batches(keys)
        for row in tx.rows(
            "SELECT id, key FROM items WHERE feed_id = :feed_id AND key IN (:keys)",
            feed_id=feed.id,
            keys=batch,
        )
    }
    tx.many(
        _ADD_VERSION,
        (
            _version_row(
                ids[key],
                1,
                draft,
                now=now,
                reason=reason,
                watchlist_revision=watchlist_revision,
                engine=engine,
            )
            for key, (draft, reason) in zip(keys, judged, strict=True)
        ),
    )
    return [_made(feed, draft, ids[key], now=now) for key, (draft, _) in zip(keys, judged, strict=True)]


def add_version(
    tx: Transaction,
    item_id: int,
    draft: ItemDraft,
    *,
    now: datetime,
    reason: HitReason,
    watchlist_revision: int,
    engine: str,
    full_text: bool = False,
) -> Item:
    """Store what an item says now as its next version; the former ones stay. Raises `NotFound`.

    `full_text` says that the body was read from the article's page, not from the feed.
    Of an item that changes at every poll only the first and the latest versions stay, and those that made a hit.
    """
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
    version = row["version"]
    values = _version_row(
        item_id,
        version,
        draft,
        now=now,
        reason=reason,
        watchlist_revision=watchlist_revision,
        engine=engine,
        full_text=full_text,
    )
    tx.run(_ADD_VERSION, **values)
    if version > MAX_VERSIONS:
        tx.run(_THIN_OUT, item_id=item_id, kept=version - MAX_VERSIONS + 1)
    return get_item(tx, item_id)


def touch(tx: Transaction, feed_id: int, keys: Collection[str], *, now: datetime) -> None:
    """Note that items are still in the feed's document, which keeps them from being pruned; once in `TOUCH` will do."""
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
    return tx.run(_PRUNE, before=micros(before), limit=limit, grace=2 * TOUCH // MICROSECOND)


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
        full_text=bool(row["full_text"]),
    )


def _made(feed: Feed, draft: ItemDraft, item_id: int, *, now: datetime) -> Item:
    """Return a new item as it would be read back."""
    return Item(
        id=item_id,
        feed_id=feed.id,
        feed_slug=feed.slug,
        key=index_key(draft.key),
        version=1,
        link=draft.link,
        canonical_link=draft.canonical_link,
        first_seen=now,
        published=draft.published,
        updated=draft.updated,
        text=draft.text,
    )


def _version_row(
    item_id: int, version: int, draft: ItemDraft, *, full_text: bool = False, **judged: Any
) -> dict[str, Any]:
    """Return the columns of a version, named as in `_ADD_VERSION`."""
    text = draft.text
    return {
        "item_id": item_id,
        "version": version,
        "seen_at": micros(judged["now"]),
        "reason": judged["reason"].value,
        "watchlist_revision": judged["watchlist_revision"],
        "engine": judged["engine"],
        "fingerprint": draft.fingerprint,
        "link": draft.link,
        "canonical_link": draft.canonical_link,
        "published": micros(draft.published),
        "updated": micros(draft.updated),
        "language": text.language,
        "url": text.url,
        "source": text.source,
        "author": text.author,
        "tags": to_json(text.tags) if text.tags else "[]",
        "title": text.title,
        "summary": text.summary,
        "body": text.body,
        "full_text": int(full_text),
    }
