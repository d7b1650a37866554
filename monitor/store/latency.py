"""How long alerts took: the moments of each on its way from the publisher to the receiver, and how many there were.

Reads them; works out nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from monitor.model import AlertKind, DeliveryState
from monitor.store.columns import micros, moment, moment_or_none
from monitor.store.connector import Row, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """The way of one delivery of an alert, by the hit that leads it.

    `published` is the feed's own date, None where it gave none. `seen` is when a poll found what matched: the item, or
    for an item that matched only after it had changed, that version; a text read from the article's page is no change,
    so the time for reading it counts as ours. `accepted` is when the receiver first took it, None while it has not.
    """

    alert: str
    kind: AlertKind
    delivery: str
    state: DeliveryState
    feed: str
    channel: str
    published: datetime | None
    seen: datetime
    matched: datetime
    queued: datetime
    accepted: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a time brought, by kind; a verdict is counted once for each subscription."""

    items: int
    hits: dict[str, int]
    verdicts: dict[str, int]
    alerts: dict[str, int]
    deliveries: dict[str, int]


def passages(tx: Transaction, *, since: datetime, limit: int) -> list[Passage]:
    """Return the ways of the newest `limit` deliveries of alerts made since then, newest first."""
    rows = tx.rows(
        f"{_PASSAGES} WHERE d.created_at >= :since ORDER BY d.created_at DESC, d.id DESC LIMIT :limit",
        since=micros(since),
        limit=limit,
    )
    return [_passage(row) for row in rows]


def passages_of_alert(tx: Transaction, uid: str) -> list[Passage]:
    """Return the ways of all deliveries of one alert, oldest first."""
    return [
        _passage(row)
        for row in tx.rows(f"{_PASSAGES} WHERE a.uid = :uid ORDER BY d.created_at, d.id", uid=uid)
    ]


def counts(tx: Transaction, *, since: datetime) -> Counts:
    """Count what was seen, matched, decided, made and sent since then."""
    at = micros(since)
    items = tx.one("SELECT count(*) AS number FROM items WHERE first_seen >= :since", since=at)
    assert items is not None
    return Counts(
        items=items["number"],
        hits=_by_kind(
            tx,
            "SELECT reason AS kind, count(*) AS number FROM hits WHERE found_at >= :since GROUP BY reason",
            at,
        ),
        verdicts=_by_kind(
            tx,
            "SELECT d.verdict AS kind, count(*) AS number FROM hits h JOIN decisions d ON d.hit_id = h.id "
            "WHERE h.found_at >= :since GROUP BY d.verdict",
            at,
        ),
        alerts=_by_kind(
            tx, "SELECT kind, count(*) AS number FROM alerts WHERE created_at >= :since GROUP BY kind", at
        ),
        deliveries=_by_kind(
            tx,
            "SELECT state AS kind, count(*) AS number FROM deliveries WHERE created_at >= :since GROUP BY state",
            at,
        ),
    )


def _by_kind(tx: Transaction, sql: str, since: int) -> dict[str, int]:
    return dict(sorted((row["kind"], row["number"]) for row in tx.rows(sql, since=since)))


_PASSAGES: Final = """
SELECT a.uid AS alert, a.kind, d.uid AS delivery, d.state, f.slug AS feed, c.slug AS channel,
  CASE WHEN h.item_version = 1 OR v.full_text = 1 THEN v.published ELSE v.updated END AS published,
  CASE WHEN h.item_version = 1 OR v.full_text = 1 THEN i.first_seen ELSE v.seen_at END AS seen,
  h.found_at AS matched, a.created_at AS queued,
  COALESCE(
    (SELECT min(t.ended_at) FROM attempts t WHERE t.delivery_id = d.id AND t.outcome = 'accepted'),
    CASE WHEN d.state = 'done' THEN d.done_at END
  ) AS accepted
FROM deliveries d
JOIN alerts a ON a.id = d.alert_id
JOIN channels c ON c.id = d.channel_id
JOIN alert_hits lead ON lead.alert_id = a.id AND lead.position = 0
JOIN hits h ON h.id = lead.hit_id
JOIN items i ON i.id = h.item_id
JOIN item_versions v ON v.item_id = h.item_id AND v.version = h.item_version
JOIN feeds f ON f.id = i.feed_id
"""


def _passage(row: Row) -> Passage:
    return Passage(
        alert=row["alert"],
        kind=AlertKind(row["kind"]),
        delivery=row["delivery"],
        state=DeliveryState(row["state"]),
        feed=row["feed"],
        channel=row["channel"],
        published=moment_or_none(row["published"]),
        seen=moment(row["seen"]),
        matched=moment(row["matched"]),
        queued=moment(row["queued"]),
        accepted=moment_or_none(row["accepted"]),
    )
