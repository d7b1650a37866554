"""What becomes of an alert that was decided on, or of a notice: its bytes are made and its delivery is queued."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from monitor.deliver import SENDERS, SenderIdentity
from monitor.deliver.notes import say_silence_ended
from monitor.model import (
    Alert,
    AlertHit,
    AlertKind,
    DeliveryState,
    Notice,
    Story,
    Subscription,
    Told,
    Urgency,
)
from monitor.route import facts_of, rank
from monitor.store import Transaction, outbox, silences
from monitor.store.told import put_told

log = structlog.get_logger()

# How long an alert is worth sending: a receiver that is down may come back, but news does not keep.
LIFETIMES = {
    Urgency.URGENT: timedelta(hours=24),
    Urgency.NORMAL: timedelta(hours=76),
    Urgency.LATER: timedelta(hours=76),
}
_IN_ORDER = {AlertKind.FIRST, AlertKind.FOLLOW_UP}
_TELLING = {AlertKind.FIRST, AlertKind.FOLLOW_UP, AlertKind.BUNDLE}
FALLBACK_AFTER = timedelta(minutes=5)
MOST_FACTS = 400  # remembered of one story


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """As whom alerts are written, where new uids come from, and from when on they may be sent (None: at once)."""

    identity: SenderIdentity
    new_uid: Callable[[], str]
    due_at: datetime | None = None


def raise_alert(
    tx: Transaction, alert: Alert, *, told: Mapping[int, Told], outlook: Outlook
) -> tuple[Alert, str | None]:
    """Store an alert and queue it, and remember what it tells; return it, and why it is dead on arrival, if it is.

    `told` says by story id what the subscription was told before.
    """
    alert = outbox.add_alert(tx, replace(alert, notes=(*alert.notes, *_ended_silences(tx, alert))))
    if alert.kind in _TELLING:
        _remember(tx, alert, told)
    problem = queue_alert(tx, alert, identity=outlook.identity, now=alert.created_at, due_at=outlook.due_at)
    _queue_fallback(tx, alert, outlook)
    return alert, problem


def queue_alert(
    tx: Transaction,
    alert: Alert,
    *,
    identity: SenderIdentity,
    now: datetime,
    due_at: datetime | None = None,
) -> str | None:
    """Queue the alert's delivery; return why it is dead on arrival, if its bytes could not be made."""
    payload, problem = _render(alert, identity)
    due = due_at or now
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
        due_at=due,
        expires_at=due + LIFETIMES[alert.urgency],
        now=now,
        state=DeliveryState.DEAD if problem else DeliveryState.PENDING,
        reason=problem or "",
    )
    return problem


def _queue_fallback(tx: Transaction, alert: Alert, outlook: Outlook) -> None:
    """Let an urgent alert wait on the other channel, for the case that the first does not accept it in time."""
    fallback = alert.subscription.fallback
    if fallback is None or not fallback.enabled or alert.urgency is not Urgency.URGENT:
        return
    other = replace(alert, uid=outlook.new_uid(), subscription=replace(alert.subscription, channel=fallback))
    payload, problem = _render(other, outlook.identity)
    due = (outlook.due_at or alert.created_at) + FALLBACK_AFTER
    outbox.add_delivery(
        tx,
        uid=other.uid,
        event=f"alert.{alert.kind.value}",
        title=alert.subject or alert.story.title,
        alert_id=alert.id,
        channel_id=fallback.id,
        urgency=Urgency.URGENT,
        payload=payload,
        due_at=due,
        expires_at=due + LIFETIMES[Urgency.URGENT],
        now=alert.created_at,
        state=DeliveryState.DEAD if problem else DeliveryState.PENDING,
        reason=problem or f"only if {alert.subscription.channel.slug} does not accept it by then",
    )


def _ended_silences(tx: Transaction, alert: Alert) -> list[str]:
    """Say, once, that silences ended which had kept hits back from the subscription."""
    subscription = alert.subscription
    ended = silences.untold_ends(tx, subscription.id, now=alert.created_at)
    silences.mark_end_told(tx, [silence.id for silence, _ in ended], subscription_id=subscription.id)
    person = subscription.subscriber
    return [
        say_silence_ended(silence, count, language=person.language, zone=person.zone)
        for silence, count in ended
    ]


def _remember(tx: Transaction, alert: Alert, told: Mapping[int, Told]) -> None:
    of_story: dict[int, list[AlertHit]] = {}
    stories: dict[int, Story] = {}
    for shown in alert.hits:
        story = shown.story or alert.story
        of_story.setdefault(story.id, []).append(shown)
        stories[story.id] = story
    for story_id, hits in of_story.items():
        before = told.get(story_id)
        facts = {fact for shown in hits for fact in facts_of(shown.hit.item.text)}
        put_told(
            tx,
            Told(
                subscription_id=alert.subscription.id,
                story_id=story_id,
                subject=before.subject if before else stories[story_id].title,
                first_at=before.first_at if before else alert.created_at,
                last_at=alert.created_at,
                alerts=before.alerts + 1 if before else 1,
                facts=frozenset(sorted(facts | (before.facts if before else set()))[:MOST_FACTS]),
                languages=frozenset(shown.hit.item.text.language for shown in hits)
                | (before.languages if before else frozenset()),
                independent=stories[story_id].independent,
                priority=max(
                    [*(shown.topic.priority for shown in hits), *([before.priority] if before else [])],
                    key=rank,
                ),
            ),
        )


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
        expires_at=now + LIFETIMES[Urgency.URGENT],
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
