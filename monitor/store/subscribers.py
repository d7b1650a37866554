"""What subscribers do not want any more: a topic of a subscription, a subscription, or everything.

An opt-out holds until its person, or an administrator, takes it back; applying files does not touch it. Whoever routes
or sends asks here first. The suppression list, which knows addresses and not people, is `store.suppressions`.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.store import suppressions
from monitor.store.columns import in_batches, micros, moment
from monitor.store.connector import Row, Transaction

WHOLE = ""  # stands in the place of a topic: the subscription as a whole


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """Something a subscriber does not want: `topic` "" is the whole subscription. `how` says by what way it came."""

    subscription: str
    topic: str
    made_at: datetime
    how: str


def opt_outs(tx: Transaction) -> set[tuple[int, str]]:
    """Return every (subscription id, topic slug) that is not wanted any more; the topic "" is the whole subscription.

    All subscriptions of a subscriber who wants nothing at all are among them.
    """
    rows = tx.rows(
        """
        SELECT subscription_id, topic FROM opt_outs
        UNION SELECT s.id, '' FROM subscriptions s JOIN subscribers b ON b.id = s.subscriber_id
        WHERE b.opted_out_at IS NOT NULL
        """
    )
    return {(row["subscription_id"], row["topic"]) for row in rows}


def is_opted_out(taken_back: Collection[tuple[int, str]], subscription_id: int, topic: str) -> bool:
    """Whether, by what `opt_outs` returned, a topic of a subscription is not wanted any more."""
    return (subscription_id, WHOLE) in taken_back or (subscription_id, topic) in taken_back


def opt_out(tx: Transaction, subscription_id: int, topic: str = WHOLE, *, how: str, now: datetime) -> bool:
    """Stop a topic of a subscription, or all of it, and cancel what waits to be sent; False when it was so already."""
    added = tx.run(
        """
        INSERT INTO opt_outs (subscription_id, topic, made_at, how) VALUES (:subscription_id, :topic, :now, :how)
        ON CONFLICT (subscription_id, topic) DO NOTHING
        """,
        subscription_id=subscription_id,
        topic=topic,
        now=micros(now),
        how=how,
    )
    _cancel_unwanted(tx, [subscription_id], now=now)
    return bool(added)


def opt_in(tx: Transaction, subscription_id: int, topic: str = WHOLE) -> bool:
    """Take an opt-out back; False when there was none. What was cancelled stays cancelled."""
    return bool(
        tx.run(
            "DELETE FROM opt_outs WHERE subscription_id = :subscription_id AND topic = :topic",
            subscription_id=subscription_id,
            topic=topic,
        )
    )


def opt_out_all(tx: Transaction, subscriber_id: int, *, how: str, now: datetime) -> bool:
    """Stop everything for a subscriber and put their mail addresses on the suppression list.

    An address that other subscribers get mail at, too, stays off the list: it is not this one's alone. False when it
    was so already.
    """
    changed = tx.run(
        """
        UPDATE subscribers SET opted_out_at = :now, opted_out_how = :how
        WHERE id = :id AND opted_out_at IS NULL
        """,
        id=subscriber_id,
        now=micros(now),
        how=how,
    )
    _cancel_unwanted(tx, _subscriptions(tx, subscriber_id), now=now)
    for address in own_addresses(tx, subscriber_id):
        suppressions.suppress(tx, address, reason=suppressions.UNSUBSCRIBED, now=now)
    return bool(changed)


def opt_in_all(tx: Transaction, subscriber_id: int) -> bool:
    """Take back that a subscriber wants nothing; False when it was not so. Single opt-outs stay.

    Their addresses leave the suppression list where this alone had put them on it.
    """
    changed = tx.run(
        "UPDATE subscribers SET opted_out_at = NULL, opted_out_how = '' WHERE id = :id AND opted_out_at IS NOT NULL",
        id=subscriber_id,
    )
    for address in own_addresses(tx, subscriber_id):
        found = suppressions.suppression_of(tx, address)
        if found is not None and found.reason == suppressions.UNSUBSCRIBED:
            suppressions.unsuppress(tx, address)
    return bool(changed)


def opted_out_at(tx: Transaction, subscriber_id: int) -> datetime | None:
    """Return since when a subscriber wants nothing at all; None when they want something."""
    row = tx.one("SELECT opted_out_at FROM subscribers WHERE id = :id", id=subscriber_id)
    return moment(row["opted_out_at"]) if row is not None and row["opted_out_at"] is not None else None


def opt_outs_of(tx: Transaction, subscriber_id: int) -> list[OptOut]:
    """Return a subscriber's single opt-outs in order of subscription and topic."""
    rows = tx.rows(
        """
        SELECT s.slug, o.topic, o.made_at, o.how FROM opt_outs o JOIN subscriptions s ON s.id = o.subscription_id
        WHERE s.subscriber_id = :id ORDER BY s.slug, o.topic
        """,
        id=subscriber_id,
    )
    return [
        OptOut(subscription=row["slug"], topic=row["topic"], made_at=moment(row["made_at"]), how=row["how"])
        for row in rows
    ]


def own_addresses(tx: Transaction, subscriber_id: int) -> list[str]:
    """Return the mail addresses that this subscriber and nobody else has subscriptions at."""
    rows = tx.rows(
        """
        SELECT DISTINCT c.address FROM subscriptions s JOIN channels c ON c.id IN (s.channel_id, s.fallback_channel_id)
        WHERE s.subscriber_id = :id AND c.kind = 'email' AND c.address <> '' AND NOT EXISTS (
          SELECT 1 FROM subscriptions o
          WHERE o.subscriber_id <> :id AND c.id IN (o.channel_id, o.fallback_channel_id)
        ) ORDER BY c.address
        """,
        id=subscriber_id,
    )
    return [row["address"] for row in rows]


def unwanted(tx: Transaction, delivery_ids: Iterable[int]) -> dict[int, str]:
    """Return which of the deliveries must not be sent any more, and why.

    Those to a suppressed address, those of a subscription that was unsubscribed, and those of which every topic was.
    """
    taken_back = opt_outs(tx)
    found: dict[int, str] = {}
    for batch in in_batches(sorted(delivery_ids)):
        rows = tx.rows(_CARRIED + "WHERE d.id IN (:ids) ORDER BY d.id", ids=batch)
        listed = suppressions.suppressed_of(tx, {row["address"] for row in rows if row["kind"] == "email"})
        for row in rows:
            if row["address"] in listed:
                found[row["id"]] = "the address is on the suppression list"
        found |= {each: reason for each, reason in _unasked(rows, taken_back).items() if each not in found}
    return found


_CARRIED = """
SELECT d.id, c.kind, c.address, a.subscription_id, COALESCE(t.slug, u.slug) AS topic
FROM deliveries d
JOIN channels c ON c.id = d.channel_id
LEFT JOIN alerts a ON a.id = d.alert_id
LEFT JOIN alert_hits x ON x.alert_id = a.id
LEFT JOIN hits h ON h.id = x.hit_id
LEFT JOIN topics t ON t.id = h.topic_id
LEFT JOIN surges g ON g.id = a.surge_id
LEFT JOIN topics u ON u.id = g.topic_id
"""


def _cancel_unwanted(tx: Transaction, subscription_ids: Sequence[int], *, now: datetime) -> None:
    """Cancel the pending deliveries of subscriptions as far as nothing in them is wanted any more."""
    taken_back = opt_outs(tx)
    for batch in in_batches(subscription_ids):
        rows = tx.rows(
            _CARRIED + "WHERE d.state = 'pending' AND a.subscription_id IN (:ids) ORDER BY d.id", ids=batch
        )
        for delivery_id, reason in _unasked(rows, taken_back).items():
            _cancel(tx, delivery_id, reason=reason, now=now)


def _cancel(tx: Transaction, delivery_id: int, *, reason: str, now: datetime) -> None:
    tx.run(
        """
        UPDATE deliveries SET state = 'cancelled', done_at = :now, reason = :reason
        WHERE id = :id AND state = 'pending'
        """,
        now=micros(now),
        reason=reason,
        id=delivery_id,
    )


def _unasked(rows: Iterable[Row], taken_back: Collection[tuple[int, str]]) -> dict[int, str]:
    """Return the deliveries of which no topic is wanted any more, from rows of `_CARRIED`."""
    topics: dict[int, tuple[int, set[str]]] = {}
    for row in rows:
        if row["subscription_id"] is not None:
            topics.setdefault(row["id"], (row["subscription_id"], set()))[1].add(row["topic"] or WHOLE)
    found: dict[int, str] = {}
    for delivery_id, (subscription_id, carried) in topics.items():
        if (subscription_id, WHOLE) in taken_back:
            found[delivery_id] = "unsubscribed meanwhile"
        elif all((subscription_id, topic) in taken_back for topic in carried):
            found[delivery_id] = f"unsubscribed from {', '.join(sorted(carried))} meanwhile"
    return found


def _subscriptions(tx: Transaction, subscriber_id: int) -> list[int]:
    rows = tx.rows("SELECT id FROM subscriptions WHERE subscriber_id = :id ORDER BY id", id=subscriber_id)
    return [row["id"] for row in rows]
