"""The archive index: words of item versions, in batches behind the polls, and the items that may satisfy a query.

A version is queued by the schema when it is stored, and leaves the queue when its words are filed; what is still
queued is always among the candidates. Makes no words itself and decides nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from monitor.model import ItemText
from monitor.model.wanted import EVERYTHING, Every, Key, Wanted
from monitor.store.columns import from_json, in_batches, micros
from monitor.store.connector import Row, Transaction
from monitor.store.meta import get_meta, put_meta

_FOLDING: Final = "archive_folding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """An item version whose words are not filed yet."""

    item_id: int
    version: int
    text: ItemText


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """The words of an item version, each once, none with a space in it."""

    item_id: int
    version: int
    words: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexState:
    """How far the index is: `current` says that it was made with the folding asked about."""

    indexed: int
    queued: int
    current: bool


def next_queued(tx: Transaction, *, limit: int) -> list[Queued]:
    """Return versions to be indexed, oldest items first."""
    rows = tx.rows(
        """
        SELECT v.item_id, v.version, v.language, v.url, v.source, v.author, v.tags, v.title, v.summary, v.body
        FROM (SELECT item_id, version FROM archive_queue ORDER BY item_id, version LIMIT :limit) q
        JOIN item_versions v ON v.item_id = q.item_id AND v.version = q.version
        ORDER BY v.item_id, v.version
        """,
        limit=limit,
    )
    return [Queued(item_id=row["item_id"], version=row["version"], text=text_of(row)) for row in rows]


def file_words(tx: Transaction, filed: Iterable[Filed]) -> int:
    """File the words of queued versions and take these off the queue; return how many there were.

    A version that has gone since, or was indexed by another, is passed over.
    """
    total = 0
    for each in filed:
        place = {"item_id": each.item_id, "version": each.version}
        if tx.run("DELETE FROM archive_queue WHERE item_id = :item_id AND version = :version", **place):
            _ADD[tx.dialect](tx, " ".join(each.words), place)
            total += 1
    return total


def _add_to_sqlite(tx: Transaction, words: str, place: dict[str, int]) -> None:
    row = tx.one(
        "INSERT INTO archive_docs (item_id, version) VALUES (:item_id, :version) RETURNING id", **place
    )
    assert row is not None
    tx.run("INSERT INTO archive_words (rowid, words) VALUES (:id, :words)", id=row["id"], words=words)


def _add_to_postgres(tx: Transaction, words: str, place: dict[str, int]) -> None:
    tx.run(
        """
        INSERT INTO archive_docs (item_id, version, words)
        VALUES (:item_id, :version, array_to_tsvector(string_to_array(:words, ' ')))
        """,
        words=words,
        **place,
    )


_ADD: Final = {"sqlite": _add_to_sqlite, "postgres": _add_to_postgres}


def index_state(tx: Transaction, *, folding: str) -> IndexState:
    """Return how many versions are indexed and queued."""
    row = tx.one(
        "SELECT (SELECT COUNT(*) FROM archive_docs) AS indexed, (SELECT COUNT(*) FROM archive_queue) AS queued"
    )
    assert row is not None
    return IndexState(indexed=row["indexed"], queued=row["queued"], current=is_current(tx, folding=folding))


def is_current(tx: Transaction, *, folding: str) -> bool:
    """Say whether all that is indexed was folded that way; otherwise the index cannot be asked."""
    return get_meta(tx, _FOLDING) == folding


def renew(tx: Transaction, *, folding: str, limit: int) -> bool:
    """Bring an index of another folding a step of `limit` versions closer to this one; return whether it is done.

    What was indexed goes back into the queue, slice by slice, and only an empty index takes the new folding.
    """
    if is_current(tx, folding=folding):
        return True
    rows = tx.rows("SELECT id, item_id, version FROM archive_docs ORDER BY id LIMIT :limit", limit=limit)
    if not rows:
        put_meta(tx, _FOLDING, folding)
        return True
    put_meta(tx, _FOLDING, "")
    for batch in in_batches(row["id"] for row in rows):
        tx.run("DELETE FROM archive_docs WHERE id IN (:ids)", ids=batch)
    tx.many(
        "INSERT INTO archive_queue (item_id, version) VALUES (:item_id, :version) ON CONFLICT DO NOTHING",
        [{"item_id": row["item_id"], "version": row["version"]} for row in rows],
    )
    return False


def candidates(
    tx: Transaction,
    asked: Wanted,
    *,
    folding: str,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[int]:
    """Return, oldest first, the ids of items of which a version may have what is asked for.

    Only of items that have a version seen in [`since`, `until`). Everything is a candidate when the index was made
    with another folding than `folding`, and what is not indexed yet always is.
    """
    if asked == EVERYTHING or not is_current(tx, folding=folding):
        found = "SELECT id AS item_id FROM items"
    else:
        found = _FOUND[tx.dialect]
    window = "" if since is None and until is None else _IN_WINDOW
    rows = tx.rows(
        f"SELECT DISTINCT c.item_id FROM ({found}) AS c {window} ORDER BY c.item_id",  # noqa: S608 - constants
        asked=_WRITE[tx.dialect](asked),
        since=micros(since) if since else _EARLIEST,
        until=micros(until) if until else _LATEST,
    )
    return [row["item_id"] for row in rows]


_EARLIEST: Final = -(2**62)
_LATEST: Final = 2**62
_IN_WINDOW: Final = """
WHERE EXISTS (
  SELECT 1 FROM item_versions v WHERE v.item_id = c.item_id AND v.seen_at >= :since AND v.seen_at < :until
)
"""
_FOUND: Final = {
    "sqlite": """
        SELECT d.item_id FROM archive_words w JOIN archive_docs d ON d.id = w.rowid
        WHERE w.archive_words MATCH :asked
        UNION SELECT item_id FROM archive_queue
    """,
    "postgres": """
        SELECT d.item_id FROM archive_docs d WHERE d.words @@ CAST(:asked AS tsquery)
        UNION SELECT item_id FROM archive_queue
    """,
}


def _fts5(asked: Wanted) -> str:
    if isinstance(asked, Key):
        return f'"{asked.text}"{"*" if asked.prefix else ""}'
    return f"({(' AND ' if isinstance(asked, Every) else ' OR ').join(map(_fts5, asked.parts))})"


def _tsquery(asked: Wanted) -> str:
    if isinstance(asked, Key):
        return f"'{asked.text}'{':*' if asked.prefix else ''}"
    return f"({(' & ' if isinstance(asked, Every) else ' | ').join(map(_tsquery, asked.parts))})"


_WRITE: Final = {"sqlite": _fts5, "postgres": _tsquery}


def text_of(row: Row) -> ItemText:
    """Return the text of a row that has the text columns of an item version."""
    return ItemText(
        title=row["title"],
        summary=row["summary"],
        body=row["body"],
        language=row["language"],
        url=row["url"],
        source=row["source"],
        author=row["author"],
        tags=tuple(from_json(row["tags"])) if row["tags"] != "[]" else (),
    )
