"""The dispatch stage: undecided hits become story, decision, alert and deliveries, in one transaction.

One at a time per installation, in order of (first_seen, item id), so that replaying the stored order gives the
same stories. The exact bytes to send are made here, once: every retry sends and signs the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from monitor import crash_point
from monitor.deliver import SenderIdentity
from monitor.deliver.notes import say_news
from monitor.match import StoryWindow
from monitor.model import Alert, Hit, Story, Subscription, Told, Verdict
from monitor.pipeline.assign import StoryAssigner, assign
from monitor.pipeline.context import Context, Stage
from monitor.pipeline.outgoing import Outlook, raise_alert, tell
from monitor.pipeline.showing import show_hits
from monitor.route import NO_ALERT, Present, Ruling, day_began, decide
from monitor.store import Transaction, hits, ledger, recipients, silences, watchlist
from monitor.store.ledger import alerts_since
from monitor.store.subscribers import opt_outs
from monitor.store.told import told_of_story

log = structlog.get_logger()

BATCH_ITEMS = 50
LATELY = timedelta(hours=24)  # in which a story's follow-ups are counted


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
        if done.decided:
            crash_point.passing(crash_point.DISPATCH_KEPT)
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
    crash_point.passing(crash_point.DISPATCH_BEGUN)
    now = context.clock()
    topics = {topic.slug: topic for topic in watchlist.list_topics(tx, enabled_only=False)}
    shown = {each.hit.id: each for each in show_hits(tx, pending, topics=topics)}
    subscriptions = recipients.list_subscriptions(tx)
    routing = Routing(tx, subscriptions, now=now)
    alerts: list[Alert] = []
    suppressed: list[tuple[Story, Ruling]] = []
    unwritten: list[tuple[Alert, str]] = []
    for story, members in _stories(tx, pending, window=window, context=context):
        told = told_of_story(tx, story.id, since=now - LATELY)
        found = [shown[hit.id] for hit in members]
        for ruling in decide(found, subscriptions, story=story, told=told, present=routing.present):
            before = told.get(ruling.subscription.id)
            alert, problem = _keep_ruling(
                tx,
                ruling,
                story,
                before,
                outlook=Outlook(identity=identity, new_uid=context.new_uid),
                now=now,
            )
            if alert is None:
                suppressed.append((story, ruling))
                continue
            routing.count(ruling.subscription)
            alerts.append(alert)
            if problem:
                unwritten.append((alert, problem))
    crash_point.passing(crash_point.DISPATCH_OPEN)
    hits.mark_decided(tx, [hit.id for hit in pending], now=now)
    return _Dispatched(
        decided=len(pending),
        window=window,
        alerts=tuple(alerts),
        suppressed=tuple(suppressed),
        unwritten=tuple(unwritten),
    )


class Routing:
    """What rulings of one batch depend on, kept up to date while the batch makes alerts."""

    def __init__(self, tx: Transaction, subscriptions: Sequence[Subscription], *, now: datetime) -> None:
        self._sent = {
            each.id: alerts_since(tx, each.id, day_began(now, each.subscriber.zone))
            for each in subscriptions
            if each.timing.budget
        }
        self.present = Present(
            now=now,
            silences=silences.list_silences(tx, now=now),
            opt_outs=opt_outs(tx),
            sent_today=self._sent,
        )

    def count(self, subscription: Subscription) -> None:
        """Count an alert against its subscription's budget."""
        if subscription.id in self._sent:
            self._sent[subscription.id] += 1


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


def _keep_ruling(
    tx: Transaction, ruling: Ruling, story: Story, before: Told | None, *, outlook: Outlook, now: datetime
) -> tuple[Alert | None, str | None]:
    """Write the ledger's rows for one subscription, and the alert if there is one, with why it cannot be sent."""
    alert, problem = None, None
    if ruling.tell:
        language = ruling.subscription.subscriber.language
        alert, problem = raise_alert(
            tx,
            Alert(
                uid=outlook.new_uid(),
                kind=ruling.kind,
                subscription=ruling.subscription,
                story=story,
                hits=ruling.tell,
                reason=ruling.reason,
                created_at=now,
                since=before.last_at if before else None,
                thread=before.alerts if before else 0,
                subject=before.subject if before else story.title,
                news=tuple(say_news(each, language) for each in ruling.news),
            ),
            told={story.id: before} if before else {},
            outlook=outlook,
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
    return alert, problem


def _tell_suppressed(story: Story, ruling: Ruling) -> None:
    """Log what a subscription was not told now; what it never asked for, and a first poll, only when debugging."""
    held = [decision for decision in ruling.decisions if decision.held_until]
    details = {
        "subscription": ruling.subscription.slug,
        "story": story.uid,
        "title": story.title,
        "hits": len(ruling.decisions),
        "reason": (held or ruling.decisions)[-1].reason,
    }
    if held:
        log.info("alert.held", **details)
    elif all(
        decision.verdict is Verdict.UNASKED or decision.reason in NO_ALERT.values()
        for decision in ruling.decisions
    ):
        log.debug("alert.suppressed", **details)
    else:
        log.info("alert.suppressed", **details)
