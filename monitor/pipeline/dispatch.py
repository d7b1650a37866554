"""The dispatch stage: undecided hits become story, decision, alert and deliveries, in one transaction.

One at a time per installation, in order of (first_seen, item id), so that replaying the stored order gives the
same stories. The exact bytes to send are made here, once: every retry sends and signs the same.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from monitor.deliver import SenderIdentity
from monitor.match import StoryWindow
from monitor.model import Alert, AlertHit, Hit, Story, Topic
from monitor.pipeline.assign import StoryAssigner, assign
from monitor.pipeline.context import Context, Stage
from monitor.pipeline.outgoing import queue_alert, tell
from monitor.route import NO_ALERT, Ruling, decide
from monitor.store import Transaction, hits, ledger, outbox, recipients, watchlist

log = structlog.get_logger()

BATCH_ITEMS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dispatched:
    """What one batch made: how many hits were decided, the alerts, and those that could not be written."""

    decided: int
    window: StoryWindow
    alerts: tuple[Alert, ...]
    suppressed: tuple[tuple[Story, Ruling], ...]
    unwritten: tuple[tuple[Alert, str], ...]


async def dispatch(context: Context, *, identity: SenderIdentity, assigner: StoryAssigner) -> int:
    """Decide all undecided hits, a batch to a transaction; return how many alerts were created."""
    created = 0
    while True:
        await assigner.load(context.store)
        done = await context.store.write(_decide_batch, context=context, identity=identity, assigner=assigner)
        if done is None:
            continue
        assigner.settle(done.window)
        for alert in done.alerts:
            tell(alert)
        for story, ruling in done.suppressed:
            _tell_suppressed(story, ruling)
        for alert, reason in done.unwritten:
            log.error("delivery.dead", delivery=alert.uid, alert=alert.uid, reason=reason)
        created += len(done.alerts)
        if done.alerts:
            context.wake(Stage.SEND)
        if not done.decided:
            return created


def _decide_batch(
    tx: Transaction, *, context: Context, identity: SenderIdentity, assigner: StoryAssigner
) -> _Dispatched | None:
    """Decide the hits of the next items; None when the stories in memory are not those of the store."""
    window = assigner.begin(tx)
    if window is None:
        return None
    pending = hits.undecided(tx, limit_items=BATCH_ITEMS)
    if not pending:
        return _Dispatched(decided=0, window=window, alerts=(), suppressed=(), unwritten=())
    now = context.clock()
    topics = {topic.slug: topic for topic in watchlist.list_topics(tx, enabled_only=False)}
    subscriptions = recipients.list_subscriptions(tx)
    alerts: list[Alert] = []
    suppressed: list[tuple[Story, Ruling]] = []
    unwritten: list[tuple[Alert, str]] = []
    for story, members in _stories(tx, pending, window=window, context=context):
        shown = [AlertHit(hit=hit, topic=_as_judged(topics[hit.topic_slug], hit)) for hit in members]
        for ruling in decide(shown, subscriptions, told=ledger.told(tx, story.id)):
            alert = _keep_ruling(tx, ruling, story, uid=context.new_uid(), now=now)
            if alert is None:
                suppressed.append((story, ruling))
            else:
                alerts.append(alert)
                problem = queue_alert(tx, alert, identity=identity, now=now)
                if problem:
                    unwritten.append((alert, problem))
    hits.mark_decided(tx, [hit.id for hit in pending], now=now)
    return _Dispatched(
        decided=len(pending),
        window=window,
        alerts=tuple(alerts),
        suppressed=tuple(suppressed),
        unwritten=tuple(unwritten),
    )


def _as_judged(topic: Topic, hit: Hit) -> Topic:
    """Show the topic with the revision that made the hit, even when it was edited since."""
    return replace(topic, revision=hit.topic_revision)


def _stories(
    tx: Transaction, pending: Sequence[Hit], *, window: StoryWindow, context: Context
) -> list[tuple[Story, list[Hit]]]:
    """Assign each item to its story, in order, and group the hits by story, as it is when all have joined."""
    joined: dict[int, Story] = {}
    members: dict[int, list[Hit]] = {}
    placed: dict[int, int] = {}
    matched: dict[int, set[str]] = {}
    for hit in pending:
        matched.setdefault(hit.item.id, set()).update(span.text for span in hit.spans)
    for hit in pending:
        if hit.item.id not in placed:
            story = assign(tx, window, hit.item, matched=matched[hit.item.id], new_uid=context.new_uid)
            placed[hit.item.id], joined[story.id] = story.id, story
        members.setdefault(placed[hit.item.id], []).append(hit)
    return [(joined[story_id], found) for story_id, found in members.items()]


def _keep_ruling(tx: Transaction, ruling: Ruling, story: Story, *, uid: str, now: datetime) -> Alert | None:
    """Write the ledger's rows for one subscription, and the alert if there is one."""
    alert = None
    if ruling.tell:
        alert = outbox.add_alert(
            tx,
            Alert(
                uid=uid,
                subscription=ruling.subscription,
                story=story,
                hits=ruling.tell,
                reason=ruling.reason,
                created_at=now,
            ),
        )
    told = {shown.hit.id for shown in ruling.tell}
    ledger.add_decisions(
        tx,
        [decision for decision in ruling.decisions if decision.hit_id in told],
        alert_id=alert.id if alert else None,
        now=now,
    )
    ledger.add_decisions(
        tx, [decision for decision in ruling.decisions if decision.hit_id not in told], alert_id=None, now=now
    )
    return alert


def _tell_suppressed(story: Story, ruling: Ruling) -> None:
    """Log what a subscription was not told; the many of a first poll only when debugging."""
    quiet = all(decision.reason in NO_ALERT.values() for decision in ruling.decisions)
    log.log(
        logging.DEBUG if quiet else logging.INFO,
        "alert.suppressed",
        subscription=ruling.subscription.slug,
        story=story.uid,
        title=story.title,
        hits=len(ruling.decisions),
        reason=ruling.decisions[-1].reason,
    )
