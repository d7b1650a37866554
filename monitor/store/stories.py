"""Stories, the items that belong to them and the keys they are found by.

Does not decide what belongs together.
"""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from monitor.errors import StoreConflict
from monitor.model import Item, Story
from monitor.store.columns import in_batches, index_key, micros, moment
from monitor.store.connector import Row, Transaction


def find_by_keys(tx: Transaction, keys: Sequence[str], *, since: datetime) -> Story | None:
    """Return the story that has any of the keys and an item since then.

    Of several, the one that moved last.
    """
    found = [
        story_of(row)
        for batch in in_batches(index_key(key) for key in keys)
        for row in tx.rows(
            """
            SELECT * FROM stories
            WHERE last_seen >= :since AND id IN (SELECT story_id FROM story_keys WHERE key IN (:keys))
            """,
            keys=batch,
            since=micros(since),
        )
    ]
    return max(found, key=lambda story: (story.last_seen, -story.id), default=None)


def find_by_address(tx: Transaction, item: Item, *, since: datetime) -> Story | None:
    """Return the story that has an item of another feed at the same canonical link, and an item since then.

    None where the link names no single item: a front page, or one link on several items of a feed. Of several
    stories, the one that moved last.
    """
    link = item.canonical_link
    if not link or urlsplit(link).path in {"", "/"}:
        return None
    rows = tx.rows(
        """
        SELECT i.feed_id, count(DISTINCT i.id) AS items, max(s.id) AS story_id
        FROM item_versions v JOIN items i ON i.id = v.item_id
        LEFT JOIN story_items m ON m.item_id = i.id
        LEFT JOIN stories s ON s.id = m.story_id AND s.last_seen >= :since
        WHERE substr(v.canonical_link, 1, 255) = :head AND v.canonical_link = :link
        GROUP BY i.feed_id
        """,
        head=link[:255],  # what the index holds
        link=link,
        since=micros(since),
    )
    if any(row["items"] > 1 for row in rows):
        return None
    ids = tuple(row["story_id"] for row in rows if row["story_id"] and row["feed_id"] != item.feed_id)
    found = [story_of(row) for row in tx.rows("SELECT * FROM stories WHERE id IN (:ids)", ids=ids)]
    return max(found, key=lambda story: (story.last_seen, -story.id), default=None)


def add_story(tx: Transaction, story: Story) -> Story:
    """Store a story and return it with its id. Raises `StoreConflict` when its uid is taken."""
    row = tx.one(
        """
        INSERT INTO stories (uid, title, language, first_seen, last_seen)
        VALUES (:uid, :title, :language, :first_seen, :last_seen) RETURNING *
        """,
        uid=story.uid,
        title=story.title,
        language=story.language,
        first_seen=micros(story.first_seen),
        last_seen=micros(story.last_seen),
    )
    assert row is not None
    return story_of(row)


def join_story(
    tx: Transaction,
    story: Story,
    item: Item,
    keys: Sequence[str],
    *,
    outlet: str = "",
    copied: bool = False,
    reason: str = "",
) -> Story:
    """Put an item and its keys into a story and return it as it is then.

    Its `last_seen` moves to the item's `first_seen` if that is later, and its outlets are counted anew: `outlet` is
    who published the item, `copied` says that it repeats the text of an earlier one, `reason` why it is here.
    Joining the same story again changes nothing. Raises `StoreConflict` when the item belongs to another story.
    """
    kept = tx.run(
        """
        INSERT INTO story_items (item_id, story_id, outlet, copied, reason)
        VALUES (:item_id, :story_id, :outlet, :copied, :reason) ON CONFLICT (item_id) DO NOTHING
        """,
        item_id=item.id,
        story_id=story.id,
        outlet=outlet,
        copied=int(copied),
        reason=reason,
    )
    if not kept:
        member = story_of_item(tx, item.id)
        if member is not None and member.id != story.id:
            raise StoreConflict(f"item {item.id} belongs to the story {member.uid} already")
    tx.many(
        "INSERT INTO story_keys (key, story_id) VALUES (:key, :story_id) ON CONFLICT (key, story_id) DO NOTHING",
        [{"key": index_key(key), "story_id": story.id} for key in keys],
    )
    row = tx.one(
        """
        UPDATE stories SET last_seen = CASE WHEN last_seen < :seen THEN :seen ELSE last_seen END,
          (items, outlets, independent) = (
            SELECT count(*), count(DISTINCT NULLIF(m.outlet, '')),
              count(DISTINCT CASE WHEN m.copied = 0 THEN NULLIF(m.outlet, '') END)
            FROM story_items m WHERE m.story_id = stories.id
          )
        WHERE id = :id RETURNING *
        """,
        id=story.id,
        seen=micros(item.first_seen),
    )
    assert row is not None
    return story_of(row)


def get_story(tx: Transaction, story_id: int) -> Story | None:
    """Return a story by its id, if there is one."""
    row = tx.one("SELECT * FROM stories WHERE id = :id", id=story_id)
    return story_of(row) if row else None


def find_by_uid(tx: Transaction, uid: str) -> Story | None:
    """Return the story that the outside knows by `uid`."""
    row = tx.one("SELECT * FROM stories WHERE uid = :uid", uid=uid)
    return None if row is None else story_of(row)


def story_of_item(tx: Transaction, item_id: int) -> Story | None:
    """Return the story an item belongs to, if any."""
    row = tx.one(
        "SELECT s.* FROM stories s JOIN story_items m ON m.story_id = s.id WHERE m.item_id = :item_id",
        item_id=item_id,
    )
    return story_of(row) if row else None


def why_in_story(tx: Transaction, item_id: int) -> str:
    """Return why an item is in its story; empty when it is in none, or nobody wrote it down."""
    row = tx.one("SELECT reason FROM story_items WHERE item_id = :item_id", item_id=item_id)
    return str(row["reason"]) if row else ""


def link_stories(tx: Transaction, story_id: int, other_id: int, *, similarity: float) -> None:
    """Link two stories of different languages; a link made before stays, with the greater likeness."""
    tx.run(
        """
        INSERT INTO story_links (story_id, other_id, similarity) VALUES (:story_id, :other_id, :similarity)
        ON CONFLICT (story_id, other_id) DO UPDATE SET similarity =
          CASE WHEN story_links.similarity < excluded.similarity THEN excluded.similarity
          ELSE story_links.similarity END
        """,
        story_id=min(story_id, other_id),
        other_id=max(story_id, other_id),
        similarity=round(similarity * 1000),
    )


def related_stories(tx: Transaction, story_id: int) -> list[tuple[Story, float]]:
    """Return the stories linked to one, with their likeness (0 to 1), the most alike first."""
    rows = tx.rows(
        """
        SELECT s.*, k.similarity FROM story_links k
        JOIN stories s ON s.id = CASE WHEN k.story_id = :id THEN k.other_id ELSE k.story_id END
        WHERE k.story_id = :id OR k.other_id = :id ORDER BY k.similarity DESC, s.id
        """,
        id=story_id,
    )
    return [(story_of(row), row["similarity"] / 1000) for row in rows]


def story_of(row: Row) -> Story:
    """Return the story of a row of `stories`."""
    return Story(
        id=row["id"],
        uid=row["uid"],
        title=row["title"],
        language=row["language"],
        first_seen=moment(row["first_seen"]),
        last_seen=moment(row["last_seen"]),
        items=row["items"],
        outlets=row["outlets"],
        independent=row["independent"],
    )
