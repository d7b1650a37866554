"""The release stage: what waited for quiet hours to end, for a bundle or for a digest goes out when its time has come.

A digest's due time is a column of its subscription: one that was missed while the program was off is made once, at the
start, and says that it is late. One subscription is one transaction.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from monitor.deliver import SenderIdentity
from monitor.deliver.notes import say_cause, say_late, say_news
from monitor.deliver.notice_quiet import all_quiet
from monitor.model import Alert, AlertHit, Decision, Subscription, Told
from monitor.pipeline.context import Context, Stage
from monitor.pipeline.feed_health import feed_health
from monitor.pipeline.outgoing import Outlook, queue_notice, raise_alert, tell
from monitor.pipeline.showing import show_hits
from monitor.route import Present, Release, Waiting, next_digest, release_digest, release_held
from monitor.store import Transaction, hits, ledger, recipients, silences, stories, watchlist
from monitor.store.subscribers import opt_outs
from monitor.store.told import told_of_story

log = structlog.get_logger()

LATE_AFTER = timedelta(minutes=30)
QUIET_AFTER = timedelta(days=7)
LATELY = timedelta(hours=24)  # in which a story's follow-ups are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Released:
    """What one subscription got: its alerts, those that could not be written, and whether a notice was queued."""

    alerts: tuple[Alert, ...] = ()
    unwritten: tuple[tuple[Alert, str], ...] = ()
    notices: int = 0


async def release(context: Context, *, identity: SenderIdentity) -> int:
    """Send what waited and is due, subscription by subscription; return how many alerts were created."""
    made = 0
    for number in await context.store.read(ledger.subscriptions_to_release, now=context.clock()):
        done = await context.store.write(_release, number, context=context, identity=identity)
        for alert in done.alerts:
            tell(alert)
        for alert, reason in done.unwritten:
            log.error("delivery.dead", delivery=alert.uid, alert=alert.uid, reason=reason)
        if done.alerts or done.notices:
            context.wake(Stage.SEND)
        made += len(done.alerts)
    return made


def _release(tx: Transaction, number: int, *, context: Context, identity: SenderIdentity) -> _Released:
    now = context.clock()
    subscription = recipients.get_subscription(tx, number)
    present = Present(now=now, silences=silences.list_silences(tx, now=now), opt_outs=opt_outs(tx))
    outlook = Outlook(identity=identity, new_uid=context.new_uid)
    made = [
        each
        for each in (
            _held(tx, subscription, present=present, outlook=outlook),
            _digest(tx, subscription, present=present, outlook=outlook),
        )
        if each is not None
    ]
    notices = _all_quiet(tx, subscription, outlook=outlook, now=now)
    return _Released(
        alerts=tuple(alert for alert, _ in made),
        unwritten=tuple((alert, problem) for alert, problem in made if problem),
        notices=notices,
    )


def _held(
    tx: Transaction, subscription: Subscription, *, present: Present, outlook: Outlook
) -> tuple[Alert, str | None] | None:
    """Send what quiet hours or a bundle window held back."""
    waiting = _waiting(tx, ledger.due_held(tx, subscription.id, now=present.now))
    told = _told(tx, subscription, waiting, now=present.now)
    made = release_held(waiting, subscription, told=told, present=present)
    ledger.revise(tx, made.revised, now=present.now)
    if not made.tell:
        return None
    return _raise(tx, subscription, made, told=told, outlook=outlook, now=present.now)


def _digest(
    tx: Transaction, subscription: Subscription, *, present: Present, outlook: Outlook
) -> tuple[Alert, str | None] | None:
    """Make the digest if it is due, and plan the next one; of nothing there is none."""
    now, due = present.now, subscription.next_digest_at
    if due is not None and due > now and subscription.enabled:
        return None
    following = next_digest(now, subscription.timing, subscription.subscriber.zone)
    if due is None and subscription.enabled:  # a new subscription, or one with another timing
        recipients.set_digest(
            tx, subscription.id, next_at=following, last_at=subscription.last_digest_at or now
        )
        return None
    made = release_digest(
        _waiting(tx, ledger.held_for_digest(tx, subscription.id)), subscription, present=present
    )
    ledger.revise(tx, made.revised, now=now)
    recipients.set_digest(tx, subscription.id, next_at=following, last_at=now if made.tell else None)
    if not made.tell:
        return None
    return _raise(tx, subscription, made, told={}, outlook=outlook, now=now)


def _raise(
    tx: Transaction,
    subscription: Subscription,
    made: Release,
    *,
    told: dict[int, Told],
    outlook: Outlook,
    now: datetime,
) -> tuple[Alert, str | None]:
    """Make the alert of a release, and let it take the waiting decisions along."""
    first = made.tell[0]
    before = told.get(first.story.id)
    alert = Alert(
        uid=outlook.new_uid(),
        kind=made.kind,
        subscription=subscription,
        story=first.story,
        hits=tuple(_shown(each, subscription) for each in made.tell),
        reason=made.reason,
        created_at=now,
        since=before.last_at if before else None,
        thread=before.alerts if before else 0,
        subject=before.subject if before else first.story.title,
        news=tuple(say_news(each, subscription.subscriber.language) for each in made.news),
    )
    if made.kind == "digest":
        alert = _with_period(tx, alert, made, now=now)
    alert, problem = raise_alert(tx, alert, told=told, outlook=outlook)
    ledger.settle(
        tx, subscription.id, [each.decision.hit_id for each in made.tell], alert_id=alert.id, now=now
    )
    return alert, problem


def _with_period(tx: Transaction, alert: Alert, made: Release, *, now: datetime) -> Alert:
    """Add what a digest says beside its stories: its period, what waited why, how the feeds stand, that it is late."""
    subscription = alert.subscription
    person, due = subscription.subscriber, subscription.next_digest_at
    since = subscription.last_digest_at or min(each.shown.hit.found_at for each in made.tell)
    late = due is not None and now - due > LATE_AFTER
    counts = Counter(each.decision.cause for each in made.tell if each.decision.cause)
    return replace(
        alert,
        since=since,
        held=tuple(counts.most_common()),
        health=feed_health(tx, now=now, since=since, language=person.language),
        notes=(say_late(due, language=person.language, zone=person.zone),) if late and due else (),
    )


def _all_quiet(tx: Transaction, subscription: Subscription, *, outlook: Outlook, now: datetime) -> int:
    """Say once a week without any alert that there was nothing, to those who want to know; return how often."""
    if not (subscription.timing.all_quiet and subscription.enabled and subscription.channel.enabled):
        return 0
    heard = [ledger.last_alert_at(tx, subscription.id), subscription.last_digest_at]
    last = max((each for each in heard if each is not None), default=None)
    if last is None or now - last < QUIET_AFTER:
        return 0
    person = subscription.subscriber
    health = feed_health(tx, now=now, since=last, language=person.language)
    notice = all_quiet(subscription, health, uid=outlook.new_uid(), since=last, now=now)
    queue_notice(tx, notice, identity=outlook.identity, now=now)
    following = next_digest(now, subscription.timing, person.zone)
    recipients.set_digest(tx, subscription.id, next_at=following, last_at=now)
    return 1


def _shown(each: Waiting, subscription: Subscription) -> AlertHit:
    cause = each.decision.cause
    note = say_cause(cause, subscription.subscriber.language) if cause else ""
    return replace(each.shown, story=each.story, cause=cause, note=note)


def _waiting(tx: Transaction, decisions: Sequence[Decision]) -> list[Waiting]:
    """Return waiting decisions with their hits and stories, in the order in which the items were first seen."""
    if not decisions:
        return []
    by_hit = {each.hit_id: each for each in decisions}
    topics = {topic.slug: topic for topic in watchlist.list_topics(tx, enabled_only=False)}
    found = sorted(
        hits.get_hits(tx, by_hit), key=lambda hit: (hit.item.first_seen, hit.item.id, hit.topic_slug)
    )
    waiting = []
    for shown in show_hits(tx, found, topics=topics):
        story = stories.story_of_item(tx, shown.hit.item.id)
        assert story is not None  # dispatch gives every item with a hit its story
        waiting.append(Waiting(decision=by_hit[shown.hit.id], shown=shown, story=story))
    return waiting


def _told(
    tx: Transaction, subscription: Subscription, waiting: Sequence[Waiting], *, now: datetime
) -> dict[int, Told]:
    found = {}
    for story_id in {each.story.id for each in waiting}:
        told = told_of_story(tx, story_id, since=now - LATELY).get(subscription.id)
        if told is not None:
            found[story_id] = told
    return found
