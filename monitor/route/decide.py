"""Decide which subscriptions are told about the hits of one story, when, and say why.

Pure: it is given the hits, the subscriptions, and who was told what before, and returns rulings. It does not group
items into stories, render, or remember anything; the ledger (store) keeps what it decided.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.model import (
    AlertHit,
    AlertKind,
    Cadence,
    Decision,
    HitReason,
    HoldCause,
    Item,
    News,
    NewsKind,
    Priority,
    Silence,
    Story,
    Subscription,
    Told,
    Verdict,
)
from monitor.route.hours import next_digest, quiet_until
from monitor.route.news import news_of
from monitor.route.silence import silencing
from monitor.route.wants import unasked
from monitor.text.duration import words as in_words

NO_ALERT: dict[HitReason, str] = {
    HitReason.BASELINE: "found by the feed's first poll: kept as the starting point, alerts nobody",
    HitReason.HELD: "the feed issued its whole window again under new guids or addresses: alerts nobody",
    HitReason.BACKFILLED: "found on an older page of the feed, from before its gap: alerts nobody",
}
FOLLOW_UPS_A_DAY = 5  # of one story
_RANK = {Priority.LOW: 0, Priority.NORMAL: 1, Priority.URGENT: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What a ruling depends on beside the hits.

    `silences` are those in force; `opt_outs` holds (subscription id, topic slug, or "" for all); `sent_today` counts
    the alerts of a subscription's present local day, for those that have a budget.
    """

    now: datetime
    silences: Sequence[Silence] = ()
    opt_outs: Collection[tuple[int, str]] = ()
    sent_today: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What one story's hits mean for one subscription.

    `decisions` has one entry for each hit. `tell` holds the hits of the alert to send now (empty: none), `kind` and
    `reason` say what kind it is and why it goes out, `news` what is new in it.
    """

    subscription: Subscription
    decisions: tuple[Decision, ...]
    tell: tuple[AlertHit, ...] = ()
    kind: AlertKind = AlertKind.FIRST
    reason: str = ""
    news: tuple[News, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What becomes of one hit: a verdict with its reason, and what is new in it when it is sent or bundled."""

    verdict: Verdict
    reason: str
    cause: HoldCause | None = None
    until: datetime | None = None
    silence: int | None = None
    news: tuple[News, ...] = ()


def decide(
    hits: Sequence[AlertHit],
    subscriptions: Sequence[Subscription],
    *,
    story: Story,
    told: Mapping[int, Told],
    present: Present,
) -> list[Ruling]:
    """Rule on all undecided hits of one story, for every subscription.

    `told` says by subscription id what was told of the story. The first report goes out at once with all its hits; what
    comes later goes out when it brings news: together at the end of the bundle window, or at once after it.
    """
    return [
        _rule(hits, subscription, story=story, told=told.get(subscription.id), present=present)
        for subscription in subscriptions
    ]


def rank(priority: Priority) -> int:
    """Order priorities: the more urgent, the larger."""
    return _RANK[priority]


def clock(moment: datetime, subscription: Subscription) -> str:
    """Say a moment as the subscriber's clocks show it, for a reason: `2025-03-09 07:00 America/Tijuana`."""
    zone = subscription.subscriber.zone
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}"


def _rule(
    hits: Sequence[AlertHit],
    subscription: Subscription,
    *,
    story: Story,
    told: Told | None,
    present: Present,
) -> Ruling:
    answers: list[tuple[AlertHit, _Answer]] = []
    for shown in hits:
        answer = _refused(shown, subscription, story=story, present=present) or _timed(
            shown, subscription, story=story, told=told, present=present
        )
        answers.append((shown, answer))
    tell = tuple(shown for shown, answer in answers if answer.verdict is Verdict.SENT_NOW)
    sent = [answer for _, answer in answers if answer.verdict is Verdict.SENT_NOW]
    return Ruling(
        subscription=subscription,
        decisions=tuple(_decision(shown, subscription, answer) for shown, answer in answers),
        tell=tell,
        kind=AlertKind.FOLLOW_UP if told else AlertKind.FIRST,
        reason=sent[0].reason if sent else "",
        news=tuple(dict.fromkeys(news for answer in sent for news in answer.news)),
    )


def _decision(shown: AlertHit, subscription: Subscription, answer: _Answer) -> Decision:
    return Decision(
        hit_id=shown.hit.id,
        subscription_id=subscription.id,
        verdict=answer.verdict,
        reason=answer.reason,
        cause=answer.cause,
        held_until=answer.until,
        silence_id=answer.silence,
    )


def _refused(
    shown: AlertHit, subscription: Subscription, *, story: Story, present: Present
) -> _Answer | None:
    """Answer for a hit that nobody is told of: not asked for, not new, or silenced."""
    if reason := unasked(subscription, shown, opt_outs=present.opt_outs):
        return _Answer(verdict=Verdict.UNASKED, reason=reason)
    if no_alert := NO_ALERT.get(shown.hit.reason):
        return _Answer(verdict=Verdict.SUPPRESSED, reason=no_alert)
    silence = silencing(present.silences, subscription, shown, story=story.uid)
    if silence is not None:
        return _Answer(verdict=Verdict.SUPPRESSED, reason=silenced_words(silence), silence=silence.id)
    return None


def silenced_words(silence: Silence) -> str:
    """Say which silence keeps a hit back: whose it is, why, and until when."""
    until = f"until {silence.ends_at:%Y-%m-%d %H:%M}Z" if silence.ends_at else "until somebody ends it"
    return f"silence {silence.uid} of {silence.owner}, {until}: {silence.reason}"


def _timed(
    shown: AlertHit, subscription: Subscription, *, story: Story, told: Told | None, present: Present
) -> _Answer:
    """Answer for a hit that the subscriber is to see: now, with others of its story, or later."""
    timing, now = subscription.timing, present.now
    age = _age(shown.hit.item)
    if age is not None and age > timedelta(hours=timing.max_age_hours):
        old = f"published {in_words(age.total_seconds())} before it was found"
        return _digest(subscription, now, HoldCause.OLD, old)
    if timing.cadence is not Cadence.INSTANT:
        return _digest(
            subscription, now, HoldCause.CADENCE, f"the subscription takes {timing.cadence} digests"
        )
    if told is None:
        answer = _Answer(verdict=Verdict.SENT_NOW, reason=_first_because(shown))
    else:
        answer = _again(shown, subscription, story=story, told=told, now=now)
    if answer.verdict is not Verdict.SENT_NOW:
        return answer
    return _held(shown, subscription, answer, present)


def _held(shown: AlertHit, subscription: Subscription, answer: _Answer, present: Present) -> _Answer:
    """Hold what would go out now back for quiet hours, or for a budget that is used up."""
    timing, now = subscription.timing, present.now
    urgent = shown.topic.priority is Priority.URGENT
    ends = quiet_until(now, timing.quiet, subscription.subscriber.zone)
    if ends is not None and not (urgent and timing.pierce):
        return _Answer(
            verdict=Verdict.DEFERRED,
            reason=f"quiet hours until {clock(ends, subscription)}; {answer.reason}",
            cause=HoldCause.QUIET,
            until=ends,
            news=answer.news,
        )
    sent = present.sent_today.get(subscription.id, 0)
    if timing.budget and sent >= timing.budget and not urgent:
        used = f"the day's {timing.budget} alerts are used up"
        return _digest(subscription, now, HoldCause.BUDGET, used)
    return answer


def _again(
    shown: AlertHit, subscription: Subscription, *, story: Story, told: Told, now: datetime
) -> _Answer:
    """Answer for a further hit of a story that was told: only what is new goes out."""
    since = clock(told.last_at, subscription)
    news = news_about(shown, story=story, told=told)
    if not news:
        return _digest(subscription, now, HoldCause.NO_NEWS, f"nothing new since the alert of {since}")
    said = "; ".join(_news_words(each) for each in news)
    if told.lately > FOLLOW_UPS_A_DAY:
        return _digest(
            subscription,
            now,
            HoldCause.TOO_MUCH,
            f"{told.lately} alerts about this story in 24 hours; new: {said}",
        )
    window_ends = told.last_at + timedelta(minutes=subscription.timing.bundle_minutes)
    if now < window_ends:
        return _Answer(
            verdict=Verdict.BUNDLED,
            reason=f"bundled until {clock(window_ends, subscription)}; new since {since}: {said}",
            cause=HoldCause.SOON,
            until=window_ends,
            news=news,
        )
    return _Answer(verdict=Verdict.SENT_NOW, reason=f"new since {since}: {said}", news=news)


def news_about(shown: AlertHit, *, story: Story, told: Told) -> tuple[News, ...]:
    """Return what a hit adds to a told story: a fact, a language, a first confirmation, or a higher priority."""
    text = shown.hit.item.text
    found = list(news_of(text, told.facts))
    if text.language not in {*told.languages, "und"} and told.languages - {"und"}:
        found.append(News(kind=NewsKind.LANGUAGE, text=text.language))
    if told.independent == 1 and story.independent > 1:
        found.append(News(kind=NewsKind.CONFIRMED, text=shown.publisher or text.source))
    if rank(shown.topic.priority) > rank(told.priority):
        found.append(News(kind=NewsKind.ESCALATED, text=shown.topic.name))
    return tuple(found)


def _news_words(news: News) -> str:
    match news.kind:
        case NewsKind.LANGUAGE:
            return f"first report in {news.text}"
        case NewsKind.CONFIRMED:
            return f"a second outlet has a text of its own: {news.text}"
        case NewsKind.ESCALATED:
            return f"now it concerns {news.text}"
        case _:
            return f"{news.text} (was {news.before})" if news.before else news.text


def _digest(subscription: Subscription, now: datetime, cause: HoldCause, why: str) -> _Answer:
    due = subscription.next_digest_at
    if due is None or due <= now:
        due = next_digest(now, subscription.timing, subscription.subscriber.zone)
    return _Answer(
        verdict=Verdict.DIGEST,
        reason=f"{why}: in the digest of {clock(due, subscription)}",
        cause=cause,
        until=due,
    )


def _age(item: Item) -> timedelta | None:
    """Return how old an item was when it was first seen; None when its date is unknown."""
    return item.first_seen - item.published if item.published is not None else None


def _first_because(shown: AlertHit) -> str:
    if shown.hit.reason is HitReason.UPDATED:
        return "a changed version of the item matched for the first time"
    return "first report of this story"
