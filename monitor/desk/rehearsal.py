"""Go through what was hit as dispatch and release would have, and count the alerts of each subscription (pure).

The decisions are those of `monitor.route`; silences are left out, since they were of their time.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache

from monitor.model import AlertHit, Decision, Story, Subscription, Told, Verdict
from monitor.route import Present, Waiting, decide, facts_of, rank, release_held
from monitor.route.hours import local_day

LATELY = timedelta(hours=24)

_facts = lru_cache(maxsize=20_000)(facts_of)  # the same items, for each subscription and side


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The hits of one item at the time it was judged, for its story; `copied`: it repeats what another outlet had."""

    seen_at: datetime
    story: Story
    outlet: str
    copied: bool
    hits: tuple[AlertHit, ...]


@dataclass(slots=True, kw_only=True)
class Sent:
    """What one subscription would have got: alerts and digests by its local days, and the hits in digests."""

    alerts: Counter[date] = field(default_factory=Counter)
    digests: set[datetime] = field(default_factory=set)
    in_digests: int = 0


def rehearse(
    reports: Iterable[Report],
    subscriptions: Sequence[Subscription],
    *,
    opt_outs: Collection[tuple[int, str]] = (),
) -> dict[int, Sent]:
    """Route reports in order of time, those of one moment and story together; return what was sent, by subscription."""
    people = [_Person(subscription, opt_outs) for subscription in subscriptions]
    for at, story, hits in _together(reports):
        for person in people:
            person.release(at)
            person.tell(at, story, hits)
    for person in people:
        person.release(None)
    return {person.subscription.id: person.sent for person in people}


@dataclass(slots=True)
class _Story:
    outlets: set[str] = field(default_factory=set)
    independent: set[str] = field(default_factory=set)
    items: int = 0


def _together(reports: Iterable[Report]) -> Iterable[tuple[datetime, Story, list[AlertHit]]]:
    """Yield what one poll brought of one story, with the story as it was then."""
    counted: dict[int, _Story] = {}
    groups: dict[tuple[datetime, int], list[Report]] = {}
    for report in sorted(reports, key=lambda each: (each.seen_at, each.hits[0].hit.item.id)):
        groups.setdefault((report.seen_at, report.story.id), []).append(report)
    for (at, number), members in groups.items():
        known = counted.setdefault(number, _Story())
        for report in members:
            known.items += 1
            known.outlets.add(report.outlet)
            if not report.copied:
                known.independent.add(report.outlet)
        story = replace(
            members[0].story,
            last_seen=at,
            items=known.items,
            outlets=len(known.outlets),
            independent=len(known.independent),
        )
        yield at, story, [hit for report in members for hit in report.hits]


class _Person:
    """One subscription: what it was told, what waits for it, and what it got."""

    def __init__(self, subscription: Subscription, opt_outs: Collection[tuple[int, str]]) -> None:
        self.subscription = replace(subscription, next_digest_at=None)
        self.sent = Sent()
        self._opt_outs = opt_outs
        self._told: dict[int, Told] = {}
        self._times: dict[int, list[datetime]] = {}
        self._waiting: list[Waiting] = []

    def tell(self, at: datetime, story: Story, hits: Sequence[AlertHit]) -> None:
        """Decide on what came of a story."""
        told = self._known(story.id, at)
        (ruling,) = decide(
            hits, [self.subscription], story=story, told={self.subscription.id: told} if told else {},
            present=self._present(at),
        )  # fmt: skip
        if ruling.tell:
            self._alert(at, [(story, shown) for shown in ruling.tell])
        shown = {each.hit.id: each for each in hits}
        for decision in ruling.decisions:
            self._hold(Waiting(decision=decision, shown=shown[decision.hit_id], story=story))

    def release(self, until: datetime | None) -> None:
        """Let what waited until then (None: for whatever time) go, each at its time."""
        while self._waiting:
            at = min(_due(each.decision) for each in self._waiting)
            if until is not None and at > until:
                return
            ready = [each for each in self._waiting if _due(each.decision) <= at]
            self._waiting = [each for each in self._waiting if _due(each.decision) > at]
            told = {
                number: known
                for number in {each.story.id for each in ready}
                if (known := self._known(number, at)) is not None
            }
            released = release_held(ready, self.subscription, told=told, present=self._present(at))
            if released.tell:
                self._alert(at, [(each.story, each.shown) for each in released.tell])
            waited = {each.decision.hit_id: each for each in ready}
            for decision in released.revised:
                self._hold(replace(waited[decision.hit_id], decision=decision))

    def _hold(self, waiting: Waiting) -> None:
        decision = waiting.decision
        if decision.held_until is None:
            return
        if decision.verdict is Verdict.DIGEST:
            self.sent.digests.add(decision.held_until)
            self.sent.in_digests += 1
        else:
            self._waiting.append(waiting)

    def _present(self, at: datetime) -> Present:
        today = self.sent.alerts[self._day(at)]
        return Present(now=at, opt_outs=self._opt_outs, sent_today={self.subscription.id: today})

    def _day(self, at: datetime) -> date:
        return local_day(at, self.subscription.subscriber.zone)

    def _known(self, story: int, at: datetime) -> Told | None:
        told = self._told.get(story)
        if told is None:
            return None
        return replace(told, lately=sum(each > at - LATELY for each in self._times[story]))

    def _alert(self, at: datetime, hits: Sequence[tuple[Story, AlertHit]]) -> None:
        """Count an alert, and remember what it told of each story."""
        self.sent.alerts[self._day(at)] += 1
        by_story: dict[int, list[AlertHit]] = {}
        stories: Mapping[int, Story] = {story.id: story for story, _ in hits}
        for story, shown in hits:
            by_story.setdefault(story.id, []).append(shown)
        for number, told_by in by_story.items():
            self._times.setdefault(number, []).append(at)
            self._told[number] = _after(
                self._told.get(number), stories[number], told_by, at=at, subscription=self.subscription.id
            )


def _due(decision: Decision) -> datetime:
    assert decision.held_until is not None
    return decision.held_until


def _after(
    before: Told | None, story: Story, hits: Sequence[AlertHit], *, at: datetime, subscription: int
) -> Told:
    """Return what a subscription was told of a story after an alert with these hits."""
    facts = frozenset[str]().union(*(_facts(shown.hit.item.text) for shown in hits))
    languages = frozenset(shown.hit.item.text.language for shown in hits)
    priority = max((shown.topic.priority for shown in hits), key=rank)
    if before is None:
        return Told(
            subscription_id=subscription, story_id=story.id, subject=story.title, first_at=at, last_at=at, facts=facts,
            languages=languages, independent=story.independent, priority=priority,
        )  # fmt: skip
    return replace(
        before,
        last_at=at,
        alerts=before.alerts + 1,
        facts=facts | before.facts,
        languages=languages | before.languages,
        independent=story.independent,
        priority=max(priority, before.priority, key=rank),
    )
