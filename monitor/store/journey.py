"""The way of hits to people: what was decided for each subscription, in which alert it went, and where to.

Reads the ledger and the outbox together; decides and explains nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from monitor.model import AlertKind, Attempt, ChannelKind, DeliveryState, HoldCause, Verdict
from monitor.store.columns import in_batches, micros, moment, moment_or_none
from monitor.store.connector import Row, Transaction
from monitor.store.outbox import attempts_of

_HEAD = 255  # code points of a link that its index holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What the ledger says of one hit for one subscription, with the silence and the alert that it names.

    `alert` is the uid of the alert that took the hit along, `silence` that of the silence that kept it back.
    """

    hit: int
    topic: str
    subscription: str
    subscriber: str
    verdict: Verdict
    reason: str
    cause: HoldCause | None
    decided_at: datetime
    held_until: datetime | None
    settled_at: datetime | None
    silence: str | None
    alert: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A delivery with all its attempts; `alert` is None for a notice."""

    uid: str
    event: str
    title: str
    alert: str | None
    channel: str
    kind: ChannelKind
    state: DeliveryState
    reason: str
    created_at: datetime
    due_at: datetime
    expires_at: datetime
    done_at: datetime | None
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeAlert:
    """An alert as it was made, and the ids of its hits in their order."""

    uid: str
    kind: AlertKind
    subscription: str
    subscriber: str
    story: str
    title: str
    reason: str
    created_at: datetime
    hits: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Linking:
    """How many stored items of a feed lead to addresses that begin alike, and when the newest was first seen."""

    feed: str
    items: int
    newest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """A stored item whose address begins as another."""

    item: int
    feed: str
    title: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """A hit that a subscription was told of, or is to be: `alert` is None while it waits, `story` its story's uid."""

    hit: int
    subscription: int
    alert: str | None
    story: str


def meant_since(tx: Transaction, *, since: datetime, limit: int) -> list[Meant]:
    """Return the newest `limit` hits found since then that subscriptions were told of or are to be, newest first."""
    rows = tx.rows(
        """
        SELECT d.hit_id, d.subscription_id, a.uid AS alert, o.uid AS story
        FROM hits h
        JOIN decisions d ON d.hit_id = h.id
        LEFT JOIN alerts a ON a.id = d.alert_id
        LEFT JOIN story_items m ON m.item_id = h.item_id
        LEFT JOIN stories o ON o.id = m.story_id
        WHERE h.found_at >= :since AND (d.alert_id IS NOT NULL OR d.held_until IS NOT NULL)
        ORDER BY h.found_at DESC, h.id DESC, d.subscription_id LIMIT :limit
        """,
        since=micros(since),
        limit=limit,
    )
    return [
        Meant(
            hit=row["hit_id"],
            subscription=row["subscription_id"],
            alert=row["alert"],
            story=row["story"] or "",
        )
        for row in rows
    ]


def decided_of_item(tx: Transaction, item_id: int) -> list[Decided]:
    """Return what was decided about an item's hits, in order of topic and subscription."""
    rows = tx.rows(_DECIDED + "WHERE h.item_id = :item_id ORDER BY t.slug, s.slug", item_id=item_id)
    return [_decided(row) for row in rows]


def waiting_of_item(tx: Transaction, item_id: int) -> frozenset[int]:
    """Return the ids of an item's hits that are not decided yet."""
    rows = tx.rows("SELECT id FROM hits WHERE item_id = :id AND decided_at IS NULL", id=item_id)
    return frozenset(row["id"] for row in rows)


def decided_of_hits(tx: Transaction, hit_ids: Collection[int], *, subscription: str) -> list[Decided]:
    """Return what was decided about hits for one subscription, in order of hit."""
    found = [
        _decided(row)
        for batch in in_batches(hit_ids)
        for row in tx.rows(_DECIDED + "WHERE h.id IN (:ids) AND s.slug = :slug", ids=batch, slug=subscription)
    ]
    return sorted(found, key=lambda each: each.hit)


def alerts_of_hits(tx: Transaction, hit_ids: Collection[int]) -> list[MadeAlert]:
    """Return the alerts that any of the hits is in, those of surges too, oldest first."""
    uids = {
        row["uid"]
        for batch in in_batches(hit_ids)
        for row in tx.rows(
            "SELECT DISTINCT a.uid FROM alert_hits m JOIN alerts a ON a.id = m.alert_id WHERE m.hit_id IN (:ids)",
            ids=batch,
        )
    }
    found = [alert for uid in uids if (alert := find_alert(tx, uid)) is not None]
    return sorted(found, key=lambda alert: (alert.created_at, alert.uid))


def find_alert(tx: Transaction, uid: str) -> MadeAlert | None:
    """Return an alert by its uid, or by that of one of its deliveries."""
    row = tx.one(
        """
        SELECT a.id, a.uid, a.kind, s.slug AS subscription, b.slug AS subscriber, o.uid AS story, o.title, a.reason,
          a.created_at
        FROM alerts a
        JOIN subscriptions s ON s.id = a.subscription_id
        JOIN subscribers b ON b.id = s.subscriber_id
        JOIN stories o ON o.id = a.story_id
        WHERE a.uid = :uid OR a.id = (SELECT d.alert_id FROM deliveries d WHERE d.uid = :uid)
        """,
        uid=uid,
    )
    if row is None:
        return None
    hits = tx.rows("SELECT hit_id FROM alert_hits WHERE alert_id = :id ORDER BY position", id=row["id"])
    return MadeAlert(
        uid=row["uid"],
        kind=AlertKind(row["kind"]),
        subscription=row["subscription"],
        subscriber=row["subscriber"],
        story=row["story"],
        title=row["title"],
        reason=row["reason"],
        created_at=moment(row["created_at"]),
        hits=tuple(each["hit_id"] for each in hits),
    )


def sendings_of_alert(tx: Transaction, uid: str) -> list[Sending]:
    """Return the deliveries of an alert with their attempts, oldest first."""
    rows = tx.rows(_SENDINGS + "WHERE a.uid = :uid ORDER BY d.created_at, d.id", uid=uid)
    return [_sending(tx, row) for row in rows]


def find_sending(tx: Transaction, uid: str) -> Sending | None:
    """Return a delivery by its uid."""
    row = tx.one(_SENDINGS + "WHERE d.uid = :uid", uid=uid)
    return None if row is None else _sending(tx, row)


def feeds_linking(tx: Transaction, prefix: str, *, limit: int) -> list[Linking]:
    """Return the feeds that have items whose canonical links begin so, those with most first.

    Of more than `limit` such versions only so many are looked at.
    """
    rows = tx.rows(
        """
        SELECT f.slug, count(DISTINCT i.id) AS items, max(i.first_seen) AS newest
        FROM (
          SELECT item_id FROM item_versions
          WHERE substr(canonical_link, 1, 255) >= :low AND substr(canonical_link, 1, 255) < :high LIMIT :limit
        ) AS found
        JOIN items i ON i.id = found.item_id JOIN feeds f ON f.id = i.feed_id
        GROUP BY f.slug ORDER BY 2 DESC, f.slug
        """,
        **_between(prefix),
        limit=limit,
    )
    return [Linking(feed=row["slug"], items=row["items"], newest=moment(row["newest"])) for row in rows]


def items_alike(tx: Transaction, prefix: str, *, limit: int) -> list[Alike]:
    """Return items any version of which has a canonical link that begins so, in order of link."""
    rows = tx.rows(
        """
        SELECT DISTINCT i.id, f.slug, newest.title, v.canonical_link
        FROM item_versions v
        JOIN items i ON i.id = v.item_id
        JOIN feeds f ON f.id = i.feed_id
        JOIN item_versions newest ON newest.item_id = i.id AND newest.version = i.version
        WHERE substr(v.canonical_link, 1, 255) >= :low AND substr(v.canonical_link, 1, 255) < :high
        ORDER BY v.canonical_link, i.id LIMIT :limit
        """,
        **_between(prefix),
        limit=limit,
    )
    return [
        Alike(item=row["id"], feed=row["slug"], title=row["title"], link=row["canonical_link"])
        for row in rows
    ]


def gaps_at(
    tx: Transaction, feed_id: int, *, since: datetime, until: datetime
) -> list[tuple[datetime, datetime]]:
    """Return the unfilled gaps of a feed that touch a stretch of time, as (since, found at), newest first."""
    rows = tx.rows(
        """
        SELECT since, found_at FROM gaps
        WHERE feed_id = :feed_id AND closed = 0 AND since < :until AND found_at > :since ORDER BY found_at DESC
        """,
        feed_id=feed_id,
        since=micros(since),
        until=micros(until),
    )
    return [(moment(row["since"]), moment(row["found_at"])) for row in rows]


def _between(prefix: str) -> dict[str, str]:
    head = prefix[:_HEAD]
    return {"low": head, "high": head + "\U0010ffff"}


_DECIDED: Final = """
SELECT d.hit_id, t.slug AS topic, s.slug AS subscription, b.slug AS subscriber, d.verdict, d.reason, d.cause,
  d.decided_at, d.held_until, d.settled_at, q.uid AS silence, a.uid AS alert
FROM decisions d
JOIN hits h ON h.id = d.hit_id
JOIN topics t ON t.id = h.topic_id
JOIN subscriptions s ON s.id = d.subscription_id
JOIN subscribers b ON b.id = s.subscriber_id
LEFT JOIN silences q ON q.id = d.silence_id
LEFT JOIN alerts a ON a.id = d.alert_id
"""

_SENDINGS: Final = """
SELECT d.id, d.uid, d.event, d.title, a.uid AS alert, c.slug AS channel, c.kind, d.state, d.reason, d.created_at,
  d.due_at, d.expires_at, d.done_at
FROM deliveries d
JOIN channels c ON c.id = d.channel_id
LEFT JOIN alerts a ON a.id = d.alert_id
"""


def _decided(row: Row) -> Decided:
    return Decided(
        hit=row["hit_id"],
        topic=row["topic"],
        subscription=row["subscription"],
        subscriber=row["subscriber"],
        verdict=Verdict(row["verdict"]),
        reason=row["reason"],
        cause=HoldCause(row["cause"]) if row["cause"] else None,
        decided_at=moment(row["decided_at"]),
        held_until=moment_or_none(row["held_until"]),
        settled_at=moment_or_none(row["settled_at"]),
        silence=row["silence"],
        alert=row["alert"],
    )


def _sending(tx: Transaction, row: Row) -> Sending:
    return Sending(
        uid=row["uid"],
        event=row["event"],
        title=row["title"],
        alert=row["alert"],
        channel=row["channel"],
        kind=ChannelKind(row["kind"]),
        state=DeliveryState(row["state"]),
        reason=row["reason"],
        created_at=moment(row["created_at"]),
        due_at=moment(row["due_at"]),
        expires_at=moment(row["expires_at"]),
        done_at=moment_or_none(row["done_at"]),
        attempts=tuple(attempts_of(tx, row["id"])),
    )
