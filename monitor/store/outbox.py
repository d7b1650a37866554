"""Alerts and their deliveries: the queue between deciding and sending.

A delivery is claimed under a lease and fenced by its lease owner and attempt number: whoever comes back late
changes nothing. The attempt row is written with the claim, so that a crash in mid-send leaves a trace. Sends
nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.model import (
    Alert,
    Attempt,
    AttemptCause,
    ChannelKind,
    Delivery,
    DeliveryState,
    SendOutcome,
    SendResult,
    Urgency,
)
from monitor.store.columns import micros, moment, moment_or_none
from monitor.store.connector import Row, Transaction, skip_locked
from monitor.store.recipients import cancel_stranded, channel_of

PROCESS_ENDED = "the process ended during this attempt"
LEASE_RAN_OUT = "the lease ran out during this attempt"

_FINAL = frozenset({DeliveryState.DONE, DeliveryState.DEAD, DeliveryState.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """A delivery as a list shows it; `title` is the story's, or says what else it is about.

    `alert_uid` and `subscription` are None for a notice.
    """

    id: int
    uid: str
    event: str
    alert_uid: str | None
    subscription: str | None
    channel: str
    kind: ChannelKind
    title: str
    state: DeliveryState
    attempts: int
    reason: str
    created_at: datetime
    due_at: datetime
    done_at: datetime | None


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
          attempts, reason, created_at, done_at, payload)
        VALUES (:uid, :event, :title, :alert_id, :story_id, :channel_id, :urgency, :state, :due_at, :expires_at,
          0, :reason, :now, :done_at, :payload)
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
        payload=payload,
    )
    assert row is not None
    return int(row["id"])


def claim(
    tx: Transaction, *, owner: str, now: datetime, lease: timedelta, limit: int
) -> list[tuple[Delivery, Attempt]]:
    """Lease up to `limit` deliveries that are due, or whose lease ran out, the longest due first.

    Each comes with the attempt that is open from now on; an attempt cut off by a lease that ran out is closed
    as unknown. Deliveries waiting for a channel that is switched off are cancelled, not claimed.
    """
    _reclaim_expired(tx, now=now)
    cancel_stranded(tx, now=now)
    due = tx.rows(
        skip_locked(tx, _DUE, of="deliveries"),
        now=micros(now),
        limit=limit,
    )
    ids = tuple(row["id"] for row in due)
    tx.run(
        """
        UPDATE deliveries SET state = 'leased', lease_owner = :owner, lease_until = :until,
          attempts = attempts + 1
        WHERE id IN (:ids)
        """,
        owner=owner,
        until=micros(now + lease),
        ids=ids,
    )
    tx.run(
        """
        INSERT INTO attempts (delivery_id, number, cause, started_at, reason)
        SELECT id, attempts, 'due', :now, '' FROM deliveries WHERE id IN (:ids)
        """,
        now=micros(now),
        ids=ids,
    )
    rows = {row["id"]: row for row in tx.rows(_CLAIMED, ids=ids)}
    return [(_delivery(tx, rows[each]), _attempt(rows[each], "attempt_")) for each in ids]


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
) -> bool:
    """Close an attempt with its result and put the delivery into its next state; False when the lease was lost.

    One that would have to wait for a channel switched off meanwhile is cancelled instead.
    """
    kept = tx.run(
        """
        UPDATE deliveries SET
          state = :state, due_at = :due_at, reason = :reason, done_at = :done_at, lease_owner = NULL,
          lease_until = NULL
        WHERE id = :id AND state = 'leased' AND lease_owner = :owner AND attempts = :number
        """,
        state=state.value,
        due_at=micros(due_at),
        reason=reason,
        done_at=micros(now) if state in _FINAL else None,
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
    return True


def release_leases(tx: Transaction, *, now: datetime) -> int:
    """Make every leased delivery due now and return how many there were.

    Only for a process that holds the store alone, at its start: every lease then belongs to a process that is
    gone.
    """
    rows = tx.rows("SELECT id FROM deliveries WHERE state = 'leased' ORDER BY lease_until, id")
    _give_back(tx, [row["id"] for row in rows], reason=PROCESS_ENDED, now=now, due_now=True)
    cancel_stranded(tx, now=now)
    return len(rows)


def list_deliveries(tx: Transaction, *, limit: int, state: DeliveryState | None = None) -> list[DeliveryView]:
    """Return the newest deliveries, newest first, in one state or in any."""
    if state is None:
        rows = tx.rows(_VIEWS + "ORDER BY d.created_at DESC, d.id DESC LIMIT :limit", limit=limit)
    else:
        rows = tx.rows(
            _VIEWS + "WHERE d.state = :state ORDER BY d.created_at DESC, d.id DESC LIMIT :limit",
            state=state.value,
            limit=limit,
        )
    return [_view(row) for row in rows]


def attempts_of(tx: Transaction, delivery_id: int) -> list[Attempt]:
    """Return a delivery's attempts, first to last."""
    rows = tx.rows("SELECT * FROM attempts WHERE delivery_id = :id ORDER BY number", id=delivery_id)
    return [_attempt(row) for row in rows]


def outbox_counts(tx: Transaction) -> dict[str, int]:
    """Return how many deliveries stand in each state; every state is named."""
    rows = tx.rows("SELECT state, count(*) AS number FROM deliveries GROUP BY state")
    return {state.value: 0 for state in DeliveryState} | {row["state"]: row["number"] for row in rows}


def _reclaim_expired(tx: Transaction, *, now: datetime) -> None:
    rows = tx.rows(skip_locked(tx, _EXPIRED, of="deliveries"), now=micros(now))
    _give_back(
        tx,
        [row["id"] for row in rows],
        reason=LEASE_RAN_OUT,
        now=now,
        due_now=False,
    )


def _give_back(tx: Transaction, ids: list[int], *, reason: str, now: datetime, due_now: bool) -> None:
    """Turn leased deliveries into pending ones and close their open attempts as unknown."""
    if not ids:
        return
    tx.run(
        """
        UPDATE attempts SET ended_at = :now, outcome = :outcome, reason = :reason
        WHERE delivery_id IN (:ids) AND outcome IS NULL
        """,
        now=micros(now),
        outcome=SendOutcome.UNKNOWN.value,
        reason=reason,
        ids=tuple(ids),
    )
    tx.run(
        "UPDATE deliveries SET state = 'pending', lease_owner = NULL, lease_until = NULL WHERE id IN (:ids)",
        ids=tuple(ids),
    )
    if due_now:
        tx.run("UPDATE deliveries SET due_at = :now WHERE id IN (:ids)", now=micros(now), ids=tuple(ids))


_DUE = """
SELECT id FROM deliveries WHERE state = 'pending' AND due_at <= :now ORDER BY due_at, id LIMIT :limit
"""

_EXPIRED = "SELECT id FROM deliveries WHERE state = 'leased' AND lease_until <= :now ORDER BY lease_until, id"

_CLAIMED = """
SELECT d.id, d.uid, d.event, d.alert_id, d.story_id, d.urgency, d.state, d.payload, d.due_at, d.expires_at,
  d.attempts, d.reason, d.created_at, d.lease_owner,
  c.id AS channel_id, c.slug AS channel_slug, c.kind AS channel_kind, c.address AS channel_address,
  c.secret AS channel_secret, c.enabled AS channel_enabled, c.disabled_reason AS channel_disabled_reason,
  c.owner AS channel_owner, c.old_secret AS channel_old_secret, c.old_secret_until AS channel_old_secret_until,
  c.format AS channel_format,
  a.id AS attempt_id, d.id AS attempt_delivery_id, a.number AS attempt_number,
  a.cause AS attempt_cause, a.started_at AS attempt_started_at,
  a.ended_at AS attempt_ended_at, a.outcome AS attempt_outcome, a.status AS attempt_status,
  a.reason AS attempt_reason, a.reply AS attempt_reply
FROM deliveries d
JOIN channels c ON c.id = d.channel_id
JOIN attempts a ON a.delivery_id = d.id AND a.number = d.attempts
WHERE d.id IN (:ids)
"""

_VIEWS = """
SELECT d.id, d.uid, d.event, a.uid AS alert_uid, s.slug AS subscription, c.slug AS channel, c.kind, d.title,
  d.state, d.attempts, d.reason, d.created_at, d.due_at, d.done_at
FROM deliveries d
LEFT JOIN alerts a ON a.id = d.alert_id
LEFT JOIN subscriptions s ON s.id = a.subscription_id
JOIN channels c ON c.id = d.channel_id
"""


def _delivery(tx: Transaction, row: Row) -> Delivery:
    return Delivery(
        id=row["id"],
        uid=row["uid"],
        event=row["event"],
        alert_id=row["alert_id"],
        story_id=row["story_id"],
        urgency=Urgency(row["urgency"]),
        channel=channel_of(tx, row, "channel_"),
        state=DeliveryState(row["state"]),
        payload=bytes(row["payload"]),
        due_at=moment(row["due_at"]),
        expires_at=moment(row["expires_at"]),
        attempts=row["attempts"],
        reason=row["reason"],
        created_at=moment(row["created_at"]),
        lease_owner=row["lease_owner"],
    )


def _attempt(row: Row, prefix: str = "") -> Attempt:
    outcome = row[f"{prefix}outcome"]
    return Attempt(
        id=row[f"{prefix}id"],
        delivery_id=row[f"{prefix}delivery_id"],
        number=row[f"{prefix}number"],
        cause=AttemptCause(row[f"{prefix}cause"]),
        started_at=moment(row[f"{prefix}started_at"]),
        ended_at=moment_or_none(row[f"{prefix}ended_at"]),
        outcome=None if outcome is None else SendOutcome(outcome),
        status=row[f"{prefix}status"],
        reason=row[f"{prefix}reason"],
        reply=row[f"{prefix}reply"],
    )


def _view(row: Row) -> DeliveryView:
    return DeliveryView(
        id=row["id"],
        uid=row["uid"],
        event=row["event"],
        alert_uid=row["alert_uid"],
        subscription=row["subscription"],
        channel=row["channel"],
        kind=ChannelKind(row["kind"]),
        title=row["title"],
        state=DeliveryState(row["state"]),
        attempts=row["attempts"],
        reason=row["reason"],
        created_at=moment(row["created_at"]),
        due_at=moment(row["due_at"]),
        done_at=moment_or_none(row["done_at"]),
    )
