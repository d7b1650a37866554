"""Alerts and their deliveries: the queue between deciding and sending.

A delivery is claimed under a lease and fenced by its lease owner and attempt number: whoever comes back late
changes nothing. The attempt row is written with the claim, so that a crash in mid-send leaves a trace. Sends
nothing. Who is claimed next is worked out in `monitor.store.claims`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from monitor.model import (
    Alert,
    Attempt,
    AttemptCause,
    Delivery,
    DeliveryState,
    SendOutcome,
    SendResult,
    Urgency,
)
from monitor.store.claims import (
    LEASE_RAN_OUT,
    PROCESS_ENDED,
    STOPPED,
    GivenUp,
    Lanes,
    claim,
    release_leases,
    sweep,
)
from monitor.store.columns import MICROSECOND, in_batches, micros
from monitor.store.connector import Transaction
from monitor.store.delivery_rows import DeliveryView, attempt_of, view_of
from monitor.store.recipients import cancel_stranded

__all__ = [
    "LEASE_RAN_OUT",
    "PROCESS_ENDED",
    "STOPPED",
    "DeliveryView",
    "GivenUp",
    "Lanes",
    "add_alert",
    "add_delivery",
    "ask_again",
    "attempts_of",
    "claim",
    "count_waiting",
    "finish",
    "list_deliveries",
    "outbox_counts",
    "release_leases",
    "sweep",
]

_FINAL = frozenset({DeliveryState.DONE, DeliveryState.DEAD, DeliveryState.CANCELLED})


def add_alert(tx: Transaction, alert: Alert) -> Alert:
    """Store an alert with its hits and return it with its id.

    Raises `StoreConflict` when its uid is taken.
    """
    row = tx.one(
        """
        INSERT INTO alerts (uid, kind, subscription_id, story_id, surge_id, reason, created_at)
        VALUES (:uid, :kind, :subscription_id, :story_id, :surge_id, :reason, :created_at) RETURNING id
        """,
        uid=alert.uid,
        kind=alert.kind.value,
        subscription_id=alert.subscription.id,
        story_id=alert.story.id,
        surge_id=alert.surges[0].id if alert.surges else None,
        reason=alert.reason,
        created_at=micros(alert.created_at),
    )
    assert row is not None
    tx.many(
        "INSERT INTO alert_hits (alert_id, position, hit_id) VALUES (:alert_id, :position, :hit_id)",
        [
            {"alert_id": row["id"], "position": position, "hit_id": each.hit.id}
            for position, each in enumerate(alert.hits)
        ],
    )
    return replace(alert, id=row["id"])


def add_delivery(
    tx: Transaction,
    *,
    uid: str,
    event: str,
    title: str,
    channel_id: int,
    payload: bytes,
    due_at: datetime,
    expires_at: datetime,
    now: datetime,
    alert_id: int | None = None,
    story_id: int | None = None,
    urgency: Urgency = Urgency.NORMAL,
    state: DeliveryState = DeliveryState.PENDING,
    reason: str = "",
) -> int:
    """Store a delivery with the exact bytes to send and return its id.

    `event` and `title` say what it is; `story_id` is given where it must not overtake earlier ones of its story.
    Raises `StoreConflict` when its uid is taken.
    """
    row = tx.one(
        """
        INSERT INTO deliveries (uid, event, title, alert_id, story_id, channel_id, urgency, state, due_at, expires_at,
          attempts, reason, created_at, done_at)
        VALUES (:uid, :event, :title, :alert_id, :story_id, :channel_id, :urgency, :state, :due_at, :expires_at,
          0, :reason, :now, :done_at)
        RETURNING id
        """,
        uid=uid,
        event=event,
        title=title,
        alert_id=alert_id,
        story_id=story_id,
        channel_id=channel_id,
        urgency=urgency.value,
        state=state.value,
        due_at=micros(due_at),
        expires_at=micros(expires_at),
        reason=reason,
        now=micros(now),
        done_at=micros(now) if state in _FINAL else None,
    )
    assert row is not None
    tx.run("INSERT INTO payloads (delivery_id, body) VALUES (:id, :body)", id=row["id"], body=payload)
    return int(row["id"])


def finish(
    tx: Transaction,
    delivery: Delivery,
    attempt: Attempt,
    result: SendResult,
    *,
    state: DeliveryState,
    due_at: datetime,
    reason: str,
    now: datetime,
    counts: bool = True,
) -> bool:
    """Close an attempt with its result and put the delivery into its next state; False when the lease was lost.

    One that would have to wait for a channel switched off meanwhile is cancelled instead. A failure that does not
    count leaves the delivery as many tries as before.
    """
    kept = tx.run(
        """
        UPDATE deliveries SET
          state = :state, due_at = :due_at, reason = :reason, done_at = :done_at, lease_owner = NULL,
          lease_until = NULL, tries = tries + :tries, unknowns = unknowns + :unknowns, cut_short = 0, cause = 'due'
        WHERE id = :id AND state = 'leased' AND lease_owner = :owner AND attempts = :number
        """,
        state=state.value,
        due_at=micros(due_at),
        reason=reason,
        done_at=micros(now) if state in _FINAL else None,
        tries=int(counts and result.outcome is SendOutcome.RETRY),
        unknowns=int(result.outcome is SendOutcome.UNKNOWN),
        id=delivery.id,
        owner=delivery.lease_owner,
        number=attempt.number,
    )
    if not kept:
        return False
    tx.run(
        """
        UPDATE attempts SET ended_at = :now, outcome = :outcome, status = :status, reason = :reason,
          reply = :reply
        WHERE delivery_id = :delivery_id AND number = :number
        """,
        now=micros(now),
        outcome=result.outcome.value,
        status=result.status,
        reason=result.reason,
        reply=result.reply,
        delivery_id=delivery.id,
        number=attempt.number,
    )
    if state is DeliveryState.PENDING:
        cancel_stranded(tx, now=now)
    if state is DeliveryState.DONE and delivery.urgency is Urgency.URGENT and delivery.alert_id is not None:
        _cancel_fallback(tx, delivery, now=now)
    return True


def _cancel_fallback(tx: Transaction, accepted: Delivery, *, now: datetime) -> None:
    """Call off the alert's delivery by another channel that was kept for the case that this one failed."""
    tx.run(
        """
        UPDATE deliveries SET state = 'cancelled', done_at = :now, reason = :reason
        WHERE alert_id = :alert_id AND channel_id <> :channel_id AND id > :id AND state = 'pending'
        """,
        now=micros(now),
        reason=f"not needed: {accepted.channel.slug} accepted the alert",
        alert_id=accepted.alert_id,
        channel_id=accepted.channel.id,
        id=accepted.id,
    )


def ask_again(
    tx: Transaction, ids: Sequence[int], *, lifetimes: Mapping[Urgency, timedelta], now: datetime
) -> int:
    """Make deliveries that have ended due now, as new ones but for their uid and bytes; return how many.

    Their next attempt is a manual one, and each has its urgency's lifetime before it anew. What has not ended stays,
    and so does what has no bytes: it could not be written, or was erased with its reader.
    """
    return sum(
        tx.run(
            """
            UPDATE deliveries SET state = 'pending', due_at = :now, expires_at = :now + CASE urgency
                WHEN 0 THEN :urgent WHEN 1 THEN :normal ELSE :later END,
              tries = 0, unknowns = 0, cut_short = 0, cause = :cause, asked_at = :now, done_at = NULL,
              reason = 'asked for again'
            WHERE id IN (:ids) AND state IN ('done', 'dead', 'cancelled')
              AND EXISTS (SELECT 1 FROM payloads p WHERE p.delivery_id = deliveries.id AND p.body <> :nothing)
            """,
            now=micros(now),
            nothing=b"",
            cause=AttemptCause.MANUAL.value,
            ids=batch,
            **{each.name.lower(): lifetimes[each] // MICROSECOND for each in Urgency},
        )
        for batch in in_batches(ids)
    )


def list_deliveries(
    tx: Transaction, *, limit: int, state: DeliveryState | None = None, channel: str | None = None
) -> list[DeliveryView]:
    """Return the newest deliveries, newest first, in one state or in any, of one channel or of all."""
    wanted: dict[str, Any] = {}
    if state is not None:
        wanted["state"] = state.value
    if channel is not None:
        wanted["channel"] = channel
    columns = {"state": "d.state = :state", "channel": "c.slug = :channel"}
    where = " AND ".join(columns[name] for name in wanted)
    rows = tx.rows(
        f"{_VIEWS} {'WHERE ' + where if where else ''} ORDER BY d.created_at DESC, d.id DESC LIMIT :limit",
        limit=limit,
        **wanted,
    )
    return [view_of(row) for row in rows]


def attempts_of(tx: Transaction, delivery_id: int) -> list[Attempt]:
    """Return a delivery's attempts, first to last."""
    rows = tx.rows("SELECT * FROM attempts WHERE delivery_id = :id ORDER BY number", id=delivery_id)
    return [attempt_of(row) for row in rows]


def count_waiting(tx: Transaction, *, channel_id: int | None) -> int:
    """Return how many deliveries wait for a channel; None: for any email channel."""
    if channel_id is not None:
        row = tx.one(
            "SELECT count(*) AS number FROM deliveries WHERE channel_id = :id AND state = 'pending'",
            id=channel_id,
        )
    else:
        row = tx.one(
            """
            SELECT count(*) AS number FROM deliveries WHERE state = 'pending'
              AND channel_id IN (SELECT id FROM channels WHERE kind = 'email')
            """
        )
    assert row is not None
    return int(row["number"])


def outbox_counts(tx: Transaction) -> dict[str, int]:
    """Return how many deliveries stand in each state; every state is named."""
    rows = tx.rows("SELECT state, count(*) AS number FROM deliveries GROUP BY state")
    return {state.value: 0 for state in DeliveryState} | {row["state"]: row["number"] for row in rows}


_VIEWS = """
SELECT d.id, d.uid, d.event, a.uid AS alert_uid, s.slug AS subscription, c.slug AS channel, c.kind, d.title,
  d.state, d.attempts, d.reason, d.created_at, d.due_at, d.done_at
FROM deliveries d
LEFT JOIN alerts a ON a.id = d.alert_id
LEFT JOIN subscriptions s ON s.id = a.subscription_id
JOIN channels c ON c.id = d.channel_id
"""
