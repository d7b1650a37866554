"""What becomes of an alert that was decided on, or of a notice: its bytes are made and its delivery is queued."""

from datetime import datetime, timedelta

import structlog

from monitor.deliver import SENDERS, SenderIdentity
from monitor.model import Alert, AlertKind, DeliveryState, Notice, Subscription, Urgency
from monitor.store import Transaction, outbox

log = structlog.get_logger()

# How long an alert is worth sending: a receiver that is down may come back, but news does not keep.
_LIFETIMES = {
    Urgency.URGENT: timedelta(hours=24),
    Urgency.NORMAL: timedelta(hours=76),
    Urgency.LATER: timedelta(hours=76),
}
_IN_ORDER = {AlertKind.FIRST, AlertKind.FOLLOW_UP}


def queue_alert(tx: Transaction, alert: Alert, *, identity: SenderIdentity, now: datetime) -> str | None:
    """Queue the alert's delivery; return why it is dead on arrival, if its bytes could not be made."""
    payload, problem = _render(alert, identity)
    outbox.add_delivery(
        tx,
        uid=alert.uid,
        event=f"alert.{alert.kind.value}",
        title=alert.subject or alert.story.title,
        alert_id=alert.id,
        story_id=alert.story.id if alert.kind in _IN_ORDER else None,
        channel_id=alert.subscription.channel.id,
        urgency=alert.urgency,
        payload=payload,
        due_at=now,
        expires_at=now + _LIFETIMES[alert.urgency],
        now=now,
        state=DeliveryState.DEAD if problem else DeliveryState.PENDING,
        reason=problem or "",
    )
    return problem


def queue_notice(tx: Transaction, notice: Notice, *, identity: SenderIdentity, now: datetime) -> int:
    """Queue a notice for its channel, ahead of everything that is not urgent; return the delivery's id."""
    return outbox.add_delivery(
        tx,
        uid=notice.uid,
        event=notice.kind.value,
        title=notice.title,
        channel_id=notice.channel.id,
        urgency=Urgency.URGENT,
        payload=SENDERS[notice.channel.kind].render_notice(notice, identity),
        due_at=now,
        expires_at=now + _LIFETIMES[Urgency.URGENT],
        now=now,
    )


def _render(alert: Alert, identity: SenderIdentity) -> tuple[bytes, str | None]:
    """Make the bytes to send. One alert that cannot be written must not hold up the others."""
    try:
        return SENDERS[alert.subscription.channel.kind].render(alert, identity), None
    except Exception as error:
        log.exception("alert.unwritable", alert=alert.uid)
        return b"", f"the alert could not be written: {type(error).__name__}: {error}"


def tell(alert: Alert) -> None:
    """Log that an alert was made, and why."""
    subscription: Subscription = alert.subscription
    log.info(
        "alert.created",
        alert=alert.uid,
        subscription=subscription.slug,
        channel=subscription.channel.slug,
        story=alert.story.uid,
        title=alert.story.title,
        topics=list(dict.fromkeys(shown.topic.slug for shown in alert.hits)),
        reason=alert.reason,
    )
