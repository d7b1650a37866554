"""Rows of deliveries and attempts as records. Runs no SQL."""

from dataclasses import dataclass
from datetime import datetime

from monitor.model import Attempt, AttemptCause, ChannelKind, Delivery, DeliveryState, SendOutcome, Urgency
from monitor.store.columns import moment, moment_or_none
from monitor.store.connector import Row, Transaction
from monitor.store.recipients import channel_of


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


def delivery_of(tx: Transaction, row: Row) -> Delivery:
    """Return the delivery of a row that holds its channel, too, in columns that begin with `channel_`."""
    return Delivery(
        id=row["id"],
        uid=row["uid"],
        event=row["event"],
        alert_id=row["alert_id"],
        story_id=row["story_id"],
        urgency=Urgency(row["urgency"]),
        channel=channel_of(tx, row, "channel_"),
        state=DeliveryState(row["state"]),
        payload=bytes(row["body"]),
        due_at=moment(row["due_at"]),
        expires_at=moment(row["expires_at"]),
        attempts=row["attempts"],
        tries=row["tries"],
        unknowns=row["unknowns"],
        reason=row["reason"],
        created_at=moment(row["created_at"]),
        lease_owner=row["lease_owner"],
    )


def attempt_of(row: Row, prefix: str = "") -> Attempt:
    """Return the attempt of a row whose columns carry the prefix."""
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


def view_of(row: Row) -> DeliveryView:
    """Return what a list shows of a row."""
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
