"""What surges are judged by and what was found: when stories first appeared, how feeds were read, surges, trends.

Only hits that may alert count (`live`, `updated`), once the item belongs to a story. An item's hour is that of its
publication where its feed gave a believable one, else that of its first sight. Judges nothing.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from monitor.model import Surge
from monitor.store.columns import micros, moment
from monitor.store.connector import Row, Transaction

BELIEVED = timedelta(days=3)  # a publication longer before the first sight says nothing of when it was news
LOOK_BACK = timedelta(days=7)  # a story that appeared so long before the span is not new in it

_HOUR = 3_600_000_000  # in the unit of every time column
_DAY = 24 * _HOUR
_READ = "('new', 'same', 'not_modified')"  # outcomes of polls that were answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """The first time that a feed told a story of a topic, and with which hit."""

    story_id: int
    feed_id: int
    hit_id: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendDay:
    """New stories and items of a topic on a day (UTC)."""

    day: date
    stories: int
    items: int


def busy_topics(tx: Transaction, *, since: datetime, until: datetime, least: int) -> list[int]:
    """Return the ids of enabled topics with at least so many stories told in the span."""
    rows = tx.rows(
        f"""
        SELECT c.topic_id FROM ({_COUNTED} WHERE h.found_at >= :since {_MAY_ALERT}) AS c
        JOIN topics t ON t.id = c.topic_id AND t.enabled = 1
        WHERE c.at >= :since AND c.at < :until
        GROUP BY c.topic_id HAVING COUNT(DISTINCT c.story_id) >= :least ORDER BY c.topic_id
        """,  # noqa: S608 - constants of this module
        since=micros(since),
        until=micros(until),
        least=least,
        believed=_BELIEVED,
    )
    return [row["topic_id"] for row in rows]


def busy_places(tx: Transaction, topic_id: int, *, since: datetime, until: datetime, least: int) -> set[int]:
    """Return the ids of the enabled places with at least so many stories of a topic told in the span."""
    rows = tx.rows(
        f"""
        SELECT p.id FROM ({_COUNTED} WHERE h.topic_id = :topic_id AND h.found_at >= :since {_MAY_ALERT}) AS c
        JOIN item_places x ON x.item_id = c.item_id
        JOIN places p ON p.id = x.place_id AND p.enabled = 1
        WHERE c.at >= :since AND c.at < :until
        GROUP BY p.id HAVING COUNT(DISTINCT c.story_id) >= :least
        """,  # noqa: S608 - constants of this module
        topic_id=topic_id,
        since=micros(since),
        until=micros(until),
        least=least,
        believed=_BELIEVED,
    )
    return {row["id"] for row in rows}


def appearances(
    tx: Transaction, topic_id: int, *, place_id: int | None, since: datetime, until: datetime
) -> list[Appearance]:
    """Return when each feed first told each story of a topic (and place), from a week before the span on."""
    rows = tx.rows(
        f"""
        SELECT c.story_id, c.feed_id, MIN(c.at) AS at, MAX(c.hit_id) AS hit_id
        FROM ({_COUNTED} {_OF_PLACE if place_id else ""}
          WHERE h.topic_id = :topic_id AND h.found_at >= :since {_MAY_ALERT}) AS c
        WHERE c.at < :until GROUP BY c.story_id, c.feed_id ORDER BY at, c.story_id, c.feed_id
        """,  # noqa: S608 - constants of this module
        topic_id=topic_id,
        place_id=place_id,
        since=micros(since - LOOK_BACK),
        until=micros(until),
        believed=_BELIEVED,
    )
    return [
        Appearance(
            story_id=row["story_id"], feed_id=row["feed_id"], hit_id=row["hit_id"], at=moment(row["at"])
        )
        for row in rows
    ]


def silences(tx: Transaction, *, since: datetime, until: datetime, back: timedelta) -> dict[int, timedelta]:
    """Return for each feed the longest time without an answered poll that ended in the span, by feed id.

    Polls up to `back` before the span are looked at; a feed with none there has been silent for as long.
    """
    rows = tx.rows(
        f"""
        SELECT feed_id, MAX(ended_at - COALESCE(before, :first)) AS silence FROM (
          SELECT feed_id, ended_at, LAG(ended_at) OVER (PARTITION BY feed_id ORDER BY ended_at) AS before
          FROM polls WHERE ended_at >= :first AND ended_at < :until AND outcome IN {_READ}
        ) AS answered
        WHERE ended_at >= :since GROUP BY feed_id
        """,  # noqa: S608 - constant of this module
        first=micros(since - back),
        since=micros(since),
        until=micros(until),
    )
    return {row["feed_id"]: timedelta(microseconds=row["silence"]) for row in rows}


def feeds_with_gap(tx: Transaction, *, since: datetime, until: datetime) -> set[int]:
    """Return the ids of feeds of which a gap was found in the span."""
    rows = tx.rows(
        "SELECT DISTINCT feed_id FROM gaps WHERE found_at >= :since AND found_at < :until",
        since=micros(since),
        until=micros(until),
    )
    return {row["feed_id"] for row in rows}


def hours_with_polls(tx: Transaction, *, since: datetime, until: datetime) -> set[datetime]:
    """Return the hours in which any feed answered a poll; the span begins at a full hour."""
    rows = tx.rows(
        f"SELECT DISTINCT ended_at / :hour AS hour FROM polls "  # noqa: S608 - constant of this module
        f"WHERE ended_at >= :since AND ended_at < :until AND outcome IN {_READ}",
        hour=_HOUR,
        since=micros(since),
        until=micros(until),
    )
    return {moment(row["hour"] * _HOUR) for row in rows}


def asked_since(tx: Transaction, topic_id: int) -> datetime:
    """Return since when a topic asks what it asks now."""
    row = tx.one(
        """
        SELECT r.at FROM topics t JOIN topic_revisions r ON r.topic_id = t.id AND r.revision = t.revision
        WHERE t.id = :id
        """,
        id=topic_id,
    )
    assert row is not None
    return moment(row["at"])


def add_surge(tx: Transaction, surge: Surge) -> int | None:
    """Store a surge and return its id; None when its topic, place and time are stored already."""
    row = tx.one(
        """
        INSERT INTO surges (topic_id, place_id, until, hours, stories, usual, chance, reason, muted, found_at)
        SELECT t.id, (SELECT p.id FROM places p WHERE p.slug = :place), :until, :hours, :stories, :usual, :chance,
          :reason, :muted, :found_at
        FROM topics t WHERE t.slug = :topic
        ON CONFLICT DO NOTHING RETURNING id
        """,
        topic=surge.topic,
        place=surge.place,
        until=micros(surge.until),
        hours=surge.hours,
        stories=surge.stories,
        usual=None if surge.usual is None else round(surge.usual * 1000),
        chance=None if surge.chance is None else repr(surge.chance),
        reason=surge.reason,
        muted=surge.muted,
        found_at=micros(surge.found_at),
    )
    return None if row is None else int(row["id"])


def surges_since(tx: Transaction, since: datetime) -> list[Surge]:
    """Return the surges whose span ended later than a time, newest first."""
    return [
        _surge(row) for row in tx.rows(f"{_SURGES} WHERE s.until > :since {_NEWEST}", since=micros(since))
    ]


def list_surges(tx: Transaction, *, limit: int, topic: str | None = None) -> list[Surge]:
    """Return the newest surges, of one topic or of all, newest first."""
    where = "WHERE t.slug = :topic" if topic is not None else ""
    named = {} if topic is None else {"topic": topic}
    return [_surge(row) for row in tx.rows(f"{_SURGES} {where} {_NEWEST} LIMIT :limit", limit=limit, **named)]


def trend(
    tx: Transaction, topic_id: int, *, place_id: int | None, since: datetime, until: datetime
) -> list[TrendDay]:
    """Return the days of the span that have a new story or an item of a topic (and place), oldest first.

    A story counts on the day of its first item alone.
    """
    counted = (
        f"""({_COUNTED} {_OF_PLACE if place_id else ""} WHERE h.topic_id = :topic_id {_MAY_ALERT}) AS c"""
    )
    rows = tx.rows(
        f"""
        SELECT day, SUM(stories) AS stories, SUM(items) AS items FROM (
          SELECT at / :day AS day, 0 AS stories, COUNT(*) AS items FROM {counted}
          WHERE c.at >= :since AND c.at < :until GROUP BY at / :day
          UNION ALL
          SELECT first / :day, COUNT(*), 0 FROM (
            SELECT MIN(c.at) AS first FROM {counted} GROUP BY c.story_id
          ) AS f WHERE first >= :since AND first < :until GROUP BY first / :day
        ) AS days GROUP BY day ORDER BY day
        """,  # noqa: S608 - constants of this module
        topic_id=topic_id,
        place_id=place_id,
        day=_DAY,
        since=micros(since),
        until=micros(until),
        believed=_BELIEVED,
    )
    return [
        TrendDay(day=moment(row["day"] * _DAY).date(), stories=int(row["stories"]), items=int(row["items"]))
        for row in rows
    ]


_BELIEVED = BELIEVED // timedelta(microseconds=1)
_MAY_ALERT = "AND h.reason IN ('live', 'updated')"
_OF_PLACE = "JOIN item_places x ON x.item_id = h.item_id AND x.place_id = :place_id"
_COUNTED = """
SELECT h.id AS hit_id, h.topic_id, h.item_id, i.feed_id, m.story_id,
  CASE
    WHEN h.reason = 'updated' THEN h.found_at
    WHEN v.published <= i.first_seen AND v.published >= i.first_seen - :believed THEN v.published
    ELSE i.first_seen
  END AS at
FROM hits h
JOIN items i ON i.id = h.item_id
JOIN item_versions v ON v.item_id = h.item_id AND v.version = h.item_version
JOIN story_items m ON m.item_id = h.item_id
"""
_SURGES = """
SELECT s.*, t.slug AS topic_slug, t.name AS topic_name, p.slug AS place_slug, p.name AS place_name
FROM surges s JOIN topics t ON t.id = s.topic_id LEFT JOIN places p ON p.id = s.place_id
"""
_NEWEST = "ORDER BY s.until DESC, s.id DESC"


def _surge(row: Row) -> Surge:
    return Surge(
        id=row["id"],
        topic=row["topic_slug"],
        topic_name=row["topic_name"],
        place=row["place_slug"] or "",
        place_name=row["place_name"] or "",
        until=moment(row["until"]),
        hours=row["hours"],
        stories=row["stories"],
        usual=None if row["usual"] is None else row["usual"] / 1000,
        chance=None if row["chance"] is None else float(row["chance"]),
        reason=row["reason"],
        muted=row["muted"],
        found_at=moment(row["found_at"]),
    )
