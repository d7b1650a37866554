"""Why somebody was, or was not, told: an article's or an alert's way through every stage.

What is stored is shown as it was decided; what is not is worked out on demand, and says so. Changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.app import App
from monitor.desk.explain import (
    Found,
    ItemExplained,
    Watched,
    checked,
    explain_found,
    gather,
)
from monitor.desk.latency import Stretch, stretches
from monitor.desk.unseen import Unseen, why_unseen
from monitor.errors import NotFound
from monitor.model import Hit, Subscription
from monitor.pipeline.showing import show_hits
from monitor.route.wants import unasked
from monitor.store import Transaction, hits, journey, latency, recipients, watchlist
from monitor.store.journey import Decided, MadeAlert, Sending
from monitor.store.subscribers import opt_outs


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one hit for one subscription; `stored` tells the ledger's answer from one worked out now.

    `verdict` is the ledger's, or `undecided` (its turn is still to come) or `not_recorded` (there was no such
    subscription, or it was switched off, when the hit was decided). `alert` is the uid of the alert it went in.
    """

    hit: int
    topic: str
    subscription: str
    subscriber: str
    verdict: str
    reason: str
    stored: bool
    decided_at: datetime | None = None
    held_until: datetime | None = None
    settled_at: datetime | None = None
    silence: str | None = None
    alert: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertHitLine:
    """One hit of an alert: what matched, by which revision, and why it is in this alert."""

    item: int
    feed: str
    title: str
    link: str | None
    topic: str
    revision: int
    words: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWay:
    """An alert, its hits, its deliveries with every attempt, and how long each stretch of its way took, in seconds.

    `seconds` has the stretches of each delivery by its uid.
    """

    alert: MadeAlert
    hits: tuple[AlertHitLine, ...]
    deliveries: tuple[Sending, ...]
    seconds: dict[str, dict[Stretch, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemWhy:
    """A stored item under its topics, what each subscription was answered, and the alerts it went in."""

    item: ItemExplained
    published: datetime | None
    answers: tuple[Answer, ...]
    alerts: tuple[AlertWay, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The answer: for an address or item's id `items`, or why it is `unseen`; for a delivery `alert` or `notice`."""

    target: str
    items: tuple[ItemWhy, ...] = ()
    alert: AlertWay | None = None
    notice: Sending | None = None
    unseen: Unseen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gathered:
    watched: Watched
    items: tuple[tuple[Found, tuple[Answer, ...], tuple[AlertWay, ...]], ...] = ()
    rest: Why | None = None


async def why(app: App, target: str, *, subscription: str | None = None) -> Why:
    """Say why somebody was told, or not: of an address, an item's id, or a delivery's or alert's uid.

    `subscription` leaves out the answers of all others. Raises NotFound where there is no such subscription or item,
    and Refused for what is neither an address nor an id.
    """
    asked = checked(target)
    retention = timedelta(days=app.settings.retention.items_days)
    found = await app.store.read(
        _gather, asked, subscription=subscription, retention=retention, now=app.context.clock()
    )
    if found.rest is not None:
        return found.rest
    return Why(
        target=asked,
        items=tuple(
            ItemWhy(
                item=explain_found(entry, found.watched),
                published=entry.item.published,
                answers=answers,
                alerts=alerts,
            )
            for entry, answers, alerts in found.items
        ),
    )


def _gather(
    tx: Transaction, target: str, *, subscription: str | None, retention: timedelta, now: datetime
) -> _Gathered:
    known = recipients.list_subscriptions(tx, enabled_only=False)
    if subscription is not None and subscription not in {each.slug for each in known}:
        named = ", ".join(each.slug for each in known) or "none"
        raise NotFound(f"no subscription is called {subscription!r}; there are: {named}")
    wanted = [each for each in known if subscription in {None, each.slug}]
    asked, found = gather(tx, target)
    if found:
        return _Gathered(watched=asked, items=tuple(_item(tx, entry, wanted) for entry in found))
    if target.isdecimal():
        raise NotFound(f"no item has the id {target}; it may be past its retention of {retention.days} days")
    rest = _by_uid(tx, target) or Why(
        target=target, unseen=why_unseen(tx, target, retention=retention, now=now)
    )
    return _Gathered(watched=asked, rest=rest)


def _by_uid(tx: Transaction, uid: str) -> Why | None:
    """Answer for a delivery or alert, if there is one of that uid."""
    made = journey.find_alert(tx, uid)
    if made is not None:
        return Why(target=uid, alert=_way(tx, made))
    notice = journey.find_sending(tx, uid)
    return None if notice is None else Why(target=uid, notice=notice)


def _item(
    tx: Transaction, found: Found, wanted: Sequence[Subscription]
) -> tuple[Found, tuple[Answer, ...], tuple[AlertWay, ...]]:
    slugs = {each.slug for each in wanted}
    made = [
        alert
        for alert in journey.alerts_of_hits(tx, [hit.id for hit in found.hits])
        if alert.subscription in slugs
    ]
    answers = tuple(
        answer for hit in found.hits for answer in answers_of(tx, hit, found, subscriptions=wanted)
    )
    return (
        replace(found, decided=[each for each in found.decided if each.subscription in slugs]),
        answers,
        tuple(_way(tx, alert) for alert in made),
    )


def answers_of(
    tx: Transaction, hit: Hit, found: Found, *, subscriptions: Sequence[Subscription]
) -> list[Answer]:
    """Return exactly one answer for each of the subscriptions, in their order."""
    stored = {each.subscription: each for each in found.decided if each.hit == hit.id}
    topics = {topic.slug: topic for topic in watchlist.list_topics(tx, enabled_only=False)}
    (shown,) = show_hits(tx, [hit], topics=topics)
    answers = []
    for subscription in subscriptions:
        decided = stored.get(subscription.slug)
        if decided is not None:
            answers.append(_stored(decided))
            continue
        if hit.id in found.waiting:
            verdict, reason = "undecided", "not decided yet: its turn is still to come"
        else:
            now = unasked(subscription, shown, opt_outs=opt_outs(tx))
            verdict = "not_recorded"
            reason = "the subscription was not there, or was switched off, when the hit was decided" + (
                f"; by what it asks for now: {now}" if now else "; it asks for such hits now"
            )
        answers.append(
            Answer(
                hit=hit.id,
                topic=hit.topic_slug,
                subscription=subscription.slug,
                subscriber=subscription.subscriber.slug,
                verdict=verdict,
                reason=reason,
                stored=False,
            )
        )
    return answers


def _stored(decided: Decided) -> Answer:
    return Answer(
        hit=decided.hit,
        topic=decided.topic,
        subscription=decided.subscription,
        subscriber=decided.subscriber,
        verdict=decided.verdict.value,
        reason=decided.reason,
        stored=True,
        decided_at=decided.decided_at,
        held_until=decided.held_until,
        settled_at=decided.settled_at,
        silence=decided.silence,
        alert=decided.alert,
    )


def _way(tx: Transaction, made: MadeAlert) -> AlertWay:
    reasons = {
        each.hit: each.reason
        for each in journey.decided_of_hits(tx, made.hits, subscription=made.subscription)
    }
    known = {hit.id: hit for hit in hits.get_hits(tx, made.hits)}
    return AlertWay(
        alert=made,
        hits=tuple(_hit_line(known[each], reasons.get(each, made.reason)) for each in made.hits),
        deliveries=tuple(journey.sendings_of_alert(tx, made.uid)),
        seconds={passage.delivery: stretches(passage) for passage in latency.passages_of_alert(tx, made.uid)},
    )


def _hit_line(hit: Hit, reason: str) -> AlertHitLine:
    return AlertHitLine(
        item=hit.item.id,
        feed=hit.item.feed_slug,
        title=hit.item.text.title,
        link=hit.item.link,
        topic=hit.topic_slug,
        revision=hit.topic_revision,
        words=tuple(dict.fromkeys(span.text for span in hit.spans)),
        reason=reason,
    )
