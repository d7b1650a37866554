"""Topics and the history of their queries. Parses no query."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.errors import NotFound
from monitor.model import Example, Priority, Topic
from monitor.store.columns import from_json, micros, to_json
from monitor.store.connector import Row, Transaction
from monitor.store.meta import get_meta

_REVISION = "watchlist_revision"


def list_topics(tx: Transaction, *, enabled_only: bool = True) -> list[Topic]:
    """Return the topics in order of slug."""
    sql = (
        "SELECT * FROM topics WHERE enabled = 1 ORDER BY slug"
        if enabled_only
        else "SELECT * FROM topics ORDER BY slug"
    )
    return [_topic(row) for row in tx.rows(sql)]


def get_topic(tx: Transaction, slug: str) -> Topic:
    """Return one topic. Raises `NotFound`."""
    row = tx.one("SELECT * FROM topics WHERE slug = :slug", slug=slug)
    if row is None:
        raise NotFound(f"no topic is called {slug!r}")
    return _topic(row)


def put_topic(tx: Transaction, topic: Topic, *, actor: str, now: datetime) -> Topic:
    """Insert a topic or update it by slug, and return what is stored.

    Another query, or another group that it uses, makes a new revision of the topic; any change at all makes a new
    revision of the watchlist.
    The `id` and `revision` of the argument are not looked at.
    """
    row = tx.one("SELECT * FROM topics WHERE slug = :slug", slug=topic.slug)
    columns = _columns(topic)
    if row is not None and all(row[name] == value for name, value in columns.items()):
        return _topic(row)
    if row is None:
        stored = tx.one(_INSERT, **columns, revision=1)
        new_query = True
    else:
        new_query = any(row[name] != columns[name] for name in ("query", "query_groups"))
        stored = tx.one(_UPDATE, **columns, revision=row["revision"] + int(new_query))
    assert stored is not None
    if new_query:
        tx.run(
            """
            INSERT INTO topic_revisions (topic_id, revision, query, query_groups, actor, at)
            VALUES (:topic_id, :revision, :query, :query_groups, :actor, :at)
            """,
            topic_id=stored["id"],
            revision=stored["revision"],
            query=topic.query,
            query_groups=columns["query_groups"],
            actor=actor,
            at=micros(now),
        )
    _bump(tx, stored)
    return _topic(stored)


def disable_topic(tx: Transaction, slug: str, *, actor: str, now: datetime) -> None:
    """Stop watching a topic; its hits and revisions stay. Raises `NotFound`."""
    get_topic(tx, slug)
    row = tx.one("UPDATE topics SET enabled = 0 WHERE slug = :slug AND enabled = 1 RETURNING *", slug=slug)
    if row is not None:
        _bump(tx, row)


def watchlist_revision(tx: Transaction) -> int:
    """Return a number that grows with every change of any topic; 0 before the first."""
    return int(get_meta(tx, _REVISION) or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicState:
    """From revision `since` of the watchlist on: was the topic watched for, and by which query of its own."""

    since: int
    revision: int
    enabled: bool
    query: str
    groups: tuple[tuple[str, str], ...]


def topic_history(tx: Transaction, topic_id: int) -> list[TopicState]:
    """Return how a topic stood in the watchlist, oldest first; before the first it was not there."""
    rows = tx.rows(
        """
        SELECT s.watchlist_revision, s.topic_revision, s.enabled, r.query, r.query_groups
        FROM topic_states s
        JOIN topic_revisions r ON r.topic_id = s.topic_id AND r.revision = s.topic_revision
        WHERE s.topic_id = :topic_id ORDER BY s.watchlist_revision
        """,
        topic_id=topic_id,
    )
    return [
        TopicState(
            since=row["watchlist_revision"],
            revision=row["topic_revision"],
            enabled=bool(row["enabled"]),
            query=row["query"],
            groups=tuple((name, text) for name, text in from_json(row["query_groups"])),
        )
        for row in rows
    ]


def history_begins(tx: Transaction) -> int:
    """Return the first watchlist revision of which it is known how every topic stood in it."""
    row = tx.one("SELECT MIN(watchlist_revision) AS first FROM topic_states")
    assert row is not None
    return int(row["first"] or 0)


def _bump(tx: Transaction, topic: Row) -> None:
    """Make a new revision of the watchlist, and write down how the topic that changed stands in it."""
    row = tx.one(
        """
        INSERT INTO meta (key, value) VALUES (:key, '1')
        ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(meta.value AS INTEGER) + 1 AS TEXT) RETURNING value
        """,
        key=_REVISION,
    )
    assert row is not None
    tx.run(
        """
        INSERT INTO topic_states (topic_id, watchlist_revision, topic_revision, enabled)
        VALUES (:topic_id, :watchlist_revision, :topic_revision, :enabled)
        """,
        topic_id=topic["id"],
        watchlist_revision=int(row["value"]),
        topic_revision=topic["revision"],
        enabled=topic["enabled"],
    )


_INSERT = """
INSERT INTO topics
  (slug, watchlist, name, description, priority, query, query_groups, tags, owner, revision, enabled, examples)
VALUES
  (:slug, :watchlist, :name, :description, :priority, :query, :query_groups, :tags, :owner, :revision, :enabled,
    :examples)
RETURNING *
"""

_UPDATE = """
UPDATE topics SET
  watchlist = :watchlist, name = :name, description = :description, priority = :priority, query = :query,
  query_groups = :query_groups, tags = :tags, owner = :owner, revision = :revision, enabled = :enabled,
  examples = :examples
WHERE slug = :slug RETURNING *
"""


def _columns(topic: Topic) -> dict[str, Any]:
    examples = [
        {"title": each.title, "summary": each.summary, "language": each.language, "match": each.match}
        for each in topic.examples
    ]
    return {
        "slug": topic.slug,
        "watchlist": topic.watchlist,
        "name": topic.name,
        "description": topic.description,
        "priority": topic.priority.value,
        "query": topic.query,
        "query_groups": to_json(topic.groups),
        "tags": to_json(topic.tags),
        "owner": topic.owner,
        "enabled": int(topic.enabled),
        "examples": to_json(examples),
    }


def _topic(row: Row) -> Topic:
    return Topic(
        id=row["id"],
        slug=row["slug"],
        watchlist=row["watchlist"],
        name=row["name"],
        description=row["description"],
        priority=Priority(row["priority"]),
        query=row["query"],
        groups=tuple((name, text) for name, text in from_json(row["query_groups"])),
        tags=tuple(from_json(row["tags"])),
        owner=row["owner"],
        revision=row["revision"],
        enabled=bool(row["enabled"]),
        examples=tuple(Example(**each) for each in from_json(row["examples"])),
    )
