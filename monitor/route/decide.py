"""Decide which subscriptions are told about the hits of one story, and say why.

Pure: it is given the hits, the subscriptions and who was told before, and returns rulings. It does not group
items into stories, render, or remember anything; the ledger (store) keeps what it decided.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from monitor.model import AlertHit, Decision, HitReason, Subscription, Verdict

NO_ALERT: dict[HitReason, str] = {
    HitReason.BASELINE: "found by the feed's first poll: kept as the starting point, alerts nobody",
    HitReason.HELD: "the feed issued its whole window again under new guids or addresses: alerts nobody",
    HitReason.BACKFILLED: "found on an older page of the feed, from before its gap: alerts nobody",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What one story's hits mean for one subscription.

    `decisions` has one entry for each hit that the subscription wants; `tell` holds the hits of the alert to
    send (empty: no alert), and `reason` says in words why it goes out.
    """

    subscription: Subscription
    decisions: tuple[Decision, ...]
    tell: tuple[AlertHit, ...] = ()
    reason: str = ""


def unwanted(subscription: Subscription, hit: AlertHit) -> str | None:
    """Say why a subscription does not ask for a hit, or return None when it does.

    An item of unknown language passes every language filter: a story must not be missed because its feed
    forgot to say what it speaks.
    """
    if not subscription.enabled:
        return "the subscription is switched off"
    if subscription.topics and hit.topic.slug not in subscription.topics:
        return f"the subscription does not include the topic {hit.topic.slug}"
    language = hit.hit.item.text.language
    if subscription.languages and language not in {*subscription.languages, "und"}:
        return f"the subscription takes {', '.join(subscription.languages)} only, the item is in {language}"
    return None


def decide(
    hits: Sequence[AlertHit], subscriptions: Sequence[Subscription], *, told: Collection[int]
) -> list[Ruling]:
    """Rule on all undecided hits of one story, for every subscription that wants at least one of them.

    `told` holds the ids of subscriptions that have an alert about this story. The first report of a story
    goes out at once with all its hits; whatever comes later to a subscription that was told is suppressed.
    """
    rulings = []
    for subscription in subscriptions:
        wanted = [hit for hit in hits if unwanted(subscription, hit) is None]
        if wanted:
            rulings.append(_rule(subscription, wanted, told=subscription.id in told))
    return rulings


def _rule(subscription: Subscription, wanted: Sequence[AlertHit], *, told: bool) -> Ruling:
    decisions: list[Decision] = []
    tell: list[AlertHit] = []
    for hit in wanted:
        reason = NO_ALERT.get(hit.hit.reason)
        if reason is None and told:
            reason = "this subscription was already told about the story"
        if reason is None:
            tell.append(hit)
        decisions.append(
            Decision(
                hit_id=hit.hit.id,
                subscription_id=subscription.id,
                verdict=Verdict.SUPPRESSED if reason else Verdict.SENT_NOW,
                reason=reason or _told_because(hit),
            )
        )
    return Ruling(
        subscription=subscription,
        decisions=tuple(decisions),
        tell=tuple(tell),
        reason=_told_because(tell[0]) if tell else "",
    )


def _told_because(hit: AlertHit) -> str:
    if hit.hit.reason is HitReason.UPDATED:
        return "a changed version of the item matched for the first time"
    return "first report of this story"
