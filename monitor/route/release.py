"""What becomes of hits that waited, now that their time has come.

Pure. A bundle is checked again: whoever unsubscribed, or silenced the story meanwhile, is not told; what another alert
has told since is no news any more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from monitor.model import (
    AlertHit,
    AlertKind,
    Decision,
    HoldCause,
    News,
    Priority,
    Story,
    Subscription,
    Told,
    Verdict,
)
from monitor.route.decide import Present, clock, news_about, silenced_words
from monitor.route.hours import next_digest, quiet_until
from monitor.route.silence import silencing
from monitor.route.wants import unasked


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A decision that waited, with its hit and the hit's story."""

    decision: Decision
    shown: AlertHit
    story: Story


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """`tell` goes out in one alert of this `kind`; `revised` are the decisions that end otherwise, or wait on."""

    tell: tuple[Waiting, ...] = ()
    revised: tuple[Decision, ...] = ()
    kind: AlertKind = AlertKind.BUNDLE
    reason: str = ""
    news: tuple[News, ...] = ()


def release_held(
    waiting: Sequence[Waiting], subscription: Subscription, *, told: Mapping[int, Told], present: Present
) -> Release:
    """Rule on bundled and deferred hits whose time has come; `told` by story id."""
    tell: list[Waiting] = []
    revised: list[Decision] = []
    news: list[News] = []
    for each in waiting:
        ended = _ended(each, subscription, present) or _still_held(each, subscription, told, present)
        if ended is not None:
            revised.append(ended)
            continue
        tell.append(each)
        if before := told.get(each.story.id):
            news += news_about(each.shown, story=each.story, told=before)
    if not tell:
        return Release(revised=tuple(revised))
    stories = {each.story.id for each in tell}
    kind = AlertKind.BUNDLE
    if len(stories) == 1:
        kind = AlertKind.FOLLOW_UP if stories & told.keys() else AlertKind.FIRST
    return Release(
        tell=tuple(tell),
        revised=tuple(revised),
        kind=kind,
        reason=tell[0].decision.reason,
        news=tuple(dict.fromkeys(news)),
    )


def release_digest(waiting: Sequence[Waiting], subscription: Subscription, *, present: Present) -> Release:
    """Rule on what waited for a digest: nothing is new or old here, only what nobody wants any more is left out."""
    ended = {each.decision.hit_id: _ended(each, subscription, present) for each in waiting}
    tell = tuple(each for each in waiting if ended[each.decision.hit_id] is None)
    return Release(
        tell=tuple(sorted(tell, key=_importance)),
        revised=tuple(decision for decision in ended.values() if decision is not None),
        kind=AlertKind.DIGEST,
        reason=f"{subscription.timing.cadence} digest"
        if subscription.timing.cadence != "instant"
        else "daily digest of what was no alert of its own",
    )


def _importance(each: Waiting) -> tuple[object, ...]:
    """Order a digest: urgent topics first, then by topic, and within it the stories that most outlets tell."""
    urgency = list(Priority).index(each.shown.topic.priority)
    newest = each.shown.hit.item.first_seen.timestamp()
    return (
        urgency,
        each.shown.topic.slug,
        -each.story.independent,
        -each.story.outlets,
        each.story.id,
        newest,
    )


def _ended(each: Waiting, subscription: Subscription, present: Present) -> Decision | None:
    """Return the decision for a hit that nobody is to be told of any more."""
    if reason := unasked(subscription, each.shown, opt_outs=present.opt_outs):
        return _changed(each, Verdict.SUPPRESSED, f"{reason}; it had waited: {each.decision.reason}")
    silence = silencing(present.silences, subscription, each.shown, story=each.story.uid)
    if silence is not None:
        said = f"{silenced_words(silence)}; it had waited: {each.decision.reason}"
        return replace(_changed(each, Verdict.SUPPRESSED, said), silence_id=silence.id)
    return None


def _still_held(
    each: Waiting, subscription: Subscription, told: Mapping[int, Told], present: Present
) -> Decision | None:
    """Return the decision for a hit that waits on: for the end of quiet hours, or, being no news, for the digest."""
    now, timing = present.now, subscription.timing
    before = told.get(each.story.id)
    if before is not None and not news_about(each.shown, story=each.story, told=before):
        due = subscription.next_digest_at
        if due is None or due <= now:
            due = next_digest(now, timing, subscription.subscriber.zone)
        since, then = clock(before.last_at, subscription), clock(due, subscription)
        return replace(
            _changed(
                each, Verdict.DIGEST, f"nothing new since the alert of {since}: in the digest of {then}"
            ),
            cause=HoldCause.NO_NEWS,
            held_until=due,
        )
    ends = quiet_until(now, timing.quiet, subscription.subscriber.zone)
    if ends is None or (timing.pierce and each.shown.topic.priority is Priority.URGENT):
        return None
    return replace(
        _changed(
            each, Verdict.DEFERRED, f"quiet hours until {clock(ends, subscription)}; {each.decision.reason}"
        ),
        cause=HoldCause.QUIET,
        held_until=ends,
    )


def _changed(each: Waiting, verdict: Verdict, reason: str) -> Decision:
    return replace(each.decision, verdict=verdict, reason=reason, held_until=None)
