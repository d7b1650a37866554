"""The decision ledger: what became of each hit for each subscription. Decides nothing and never revises."""

from collections.abc import Iterable
from datetime import datetime

from monitor.model import Decision, HoldCause, Verdict
from monitor.store.columns import micros, moment_or_none
from monitor.store.connector import Transaction


def told(tx: Transaction, story_id: int) -> set[int]:
    """Return the ids of the subscriptions that have an alert about the story; that of a surge is about many."""
    rows = tx.rows(
        "SELECT DISTINCT subscription_id FROM alerts WHERE story_id = :story_id AND surge_id IS NULL",
        story_id=story_id,
    )
    return {row["subscription_id"] for row in rows}


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
            Decision(
                hit_id=row["hit_id"],
                subscription_id=row["subscription_id"],
                verdict=Verdict(row["verdict"]),
                reason=row["reason"],
                cause=HoldCause(row["cause"]) if row["cause"] else None,
                held_until=moment_or_none(row["held_until"]),
                silence_id=row["silence_id"],
            ),
            row["subscription_slug"],
            row["topic_slug"],
        )
        for row in rows
    ]
