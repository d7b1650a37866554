"""The decision ledger: what became of each hit for each subscription. Decides nothing.

A decision that waits for its bundle or digest is settled once, with the alert that took it along or with another
verdict; one that does not wait is never changed.
"""

from collections.abc import Iterable
from datetime import datetime

from monitor.model import Decision, HoldCause, Verdict
from monitor.store.columns import micros, moment_or_none
from monitor.store.connector import Row, Transaction


def add_decisions(
    tx: Transaction, decisions: Iterable[Decision], *, alert_id: int | None, now: datetime
) -> None:
    """Store decisions, all of one alert or of none.

    Raises `StoreConflict` for a (hit, subscription) decided before.
    """
    tx.many(
        """
        INSERT INTO decisions (hit_id, subscription_id, verdict, reason, alert_id, decided_at, cause, held_until,
          silence_id)
        VALUES (:hit_id, :subscription_id, :verdict, :reason, :alert_id, :decided_at, :cause, :held_until,
          :silence_id)
        """,
        [
            {
                "hit_id": each.hit_id,
                "subscription_id": each.subscription_id,
                "verdict": each.verdict.value,
                "reason": each.reason,
                "alert_id": alert_id,
                "decided_at": micros(now),
                "cause": each.cause.value if each.cause else "",
                "held_until": micros(each.held_until),
                "silence_id": each.silence_id,
            }
            for each in decisions
        ],
    )


def decisions_of_item(tx: Transaction, item_id: int) -> list[tuple[Decision, str, str]]:
    """Return (decision, subscription slug, topic slug) for an item, in order of topic and subscription."""
    rows = tx.rows(
        """
        SELECT d.hit_id, d.subscription_id, d.verdict, d.reason, d.cause, d.held_until, d.silence_id,
          s.slug AS subscription_slug, t.slug AS topic_slug
        FROM decisions d
        JOIN hits h ON h.id = d.hit_id
        JOIN topics t ON t.id = h.topic_id
        JOIN subscriptions s ON s.id = d.subscription_id
        WHERE h.item_id = :item_id ORDER BY t.slug, s.slug
        """,
        item_id=item_id,
    )
    return [
        (
            _decision(row),
            row["subscription_slug"],
            row["topic_slug"],
        )
        for row in rows
    ]


def due_held(tx: Transaction, subscription_id: int, *, now: datetime) -> list[Decision]:
    """Return the bundled and deferred decisions of a subscription whose time has come, in order of hit."""
    return _held(tx, _DUE_HELD, subscription_id=subscription_id, now=micros(now))


def held_for_digest(tx: Transaction, subscription_id: int) -> list[Decision]:
    """Return the decisions that wait for a subscription's digest, in order of hit."""
    return _held(tx, _FOR_DIGEST, subscription_id=subscription_id)


def subscriptions_to_release(tx: Transaction, *, now: datetime) -> list[int]:
    """Return the ids of the subscriptions for which something that waited is due, or a digest."""
    rows = tx.rows(
        """
        SELECT d.subscription_id AS id FROM decisions d JOIN subscriptions s ON s.id = d.subscription_id
        WHERE d.held_until <= :now AND (d.verdict IN ('bundled', 'deferred') OR s.enabled = 0)
        UNION
        SELECT id FROM subscriptions WHERE enabled = 1 AND (next_digest_at IS NULL OR next_digest_at <= :now)
        ORDER BY id
        """,
        now=micros(now),
    )
    return [row["id"] for row in rows]


def settle(
    tx: Transaction, subscription_id: int, hit_ids: Iterable[int], *, alert_id: int, now: datetime
) -> None:
    """Let an alert take waiting decisions along; their verdicts and reasons stay."""
    tx.many(
        """
        UPDATE decisions SET held_until = NULL, settled_at = :now, alert_id = :alert_id
        WHERE subscription_id = :subscription_id AND hit_id = :hit_id AND held_until IS NOT NULL
        """,
        [
            {
                "subscription_id": subscription_id,
                "hit_id": hit_id,
                "alert_id": alert_id,
                "now": micros(now),
            }
            for hit_id in hit_ids
        ],
    )


def revise(tx: Transaction, decisions: Iterable[Decision], *, now: datetime) -> None:
    """Give waiting decisions another verdict: one that ends the wait, or a longer wait."""
    tx.many(
        """
        UPDATE decisions SET verdict = :verdict, reason = :reason, cause = :cause, held_until = :held_until,
          silence_id = :silence_id, settled_at = :settled_at
        WHERE subscription_id = :subscription_id AND hit_id = :hit_id AND held_until IS NOT NULL
        """,
        [
            {
                "hit_id": each.hit_id,
                "subscription_id": each.subscription_id,
                "verdict": each.verdict.value,
                "reason": each.reason,
                "cause": each.cause.value if each.cause else "",
                "held_until": micros(each.held_until),
                "silence_id": each.silence_id,
                "settled_at": None if each.held_until else micros(now),
            }
            for each in decisions
        ],
    )


def alerts_since(tx: Transaction, subscription_id: int, since: datetime) -> int:
    """Return how many alerts about stories a subscription had since then; digests and surges are not counted."""
    row = tx.one(
        """
        SELECT count(*) AS number FROM alerts
        WHERE subscription_id = :subscription_id AND created_at >= :since AND kind NOT IN ('digest', 'surge')
        """,
        subscription_id=subscription_id,
        since=micros(since),
    )
    assert row is not None
    return int(row["number"])


def last_alert_at(tx: Transaction, subscription_id: int) -> datetime | None:
    """Return when the subscription's newest alert of any kind was made."""
    row = tx.one(
        "SELECT max(created_at) AS last FROM alerts WHERE subscription_id = :subscription_id",
        subscription_id=subscription_id,
    )
    assert row is not None
    return moment_or_none(row["last"])


def prune_unasked(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Delete decisions that say no more than that nobody asked, made before a time; return how many went."""
    return tx.run(
        """
        DELETE FROM decisions WHERE (hit_id, subscription_id) IN (
          SELECT hit_id, subscription_id FROM decisions WHERE verdict = 'unasked' AND decided_at < :before
          ORDER BY decided_at LIMIT :limit
        )
        """,
        before=micros(before),
        limit=limit,
    )


_WAITING = """
SELECT hit_id, subscription_id, verdict, reason, cause, held_until, silence_id FROM decisions
WHERE subscription_id = :subscription_id AND held_until IS NOT NULL
"""
_DUE_HELD = _WAITING + "AND held_until <= :now AND verdict IN ('bundled', 'deferred') ORDER BY hit_id"
_FOR_DIGEST = _WAITING + "AND verdict = 'digest' ORDER BY hit_id"


def _held(tx: Transaction, sql: str, **params: object) -> list[Decision]:
    return [_decision(row) for row in tx.rows(sql, **params)]


def _decision(row: Row) -> Decision:
    return Decision(
        hit_id=row["hit_id"],
        subscription_id=row["subscription_id"],
        verdict=Verdict(row["verdict"]),
        reason=row["reason"],
        cause=HoldCause(row["cause"]) if row["cause"] else None,
        held_until=moment_or_none(row["held_until"]),
        silence_id=row["silence_id"],
    )
