"""Which stories of a topic count as new in which hour, what history may be compared, and when a surge is muted.

Pure: it is given when feeds told stories and how the feeds were read. `monitor.match.surge` does the test.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from monitor.match.surge import SurgeJudgement, SurgeRules, judge_surge
from monitor.store.surges import Appearance

HOUR = timedelta(hours=1)
MATURE = timedelta(days=8)  # a feed read for less long has no week of history beside this window
LEADING_SHARE = 0.1  # of the window's stories: a feed with as many sets how far back the history goes
OUTAGE = timedelta(hours=6)  # without an answer for longer, and longer than two of its intervals: it was away
NAMED = 5  # feeds named in a reason


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedWatch:
    """How one feed was read: since when, how often, its silence before it came back, and a gap in the window."""

    slug: str
    since: datetime | None
    interval: timedelta
    silence: timedelta = timedelta(0)
    gap: bool = False

    @property
    def trouble(self) -> bool:
        """Whether what it brings in this window may be older than the window."""
        return self.gap or self.silence > max(OUTAGE, 2 * self.interval)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A judgement, why it is told to nobody (or empty), and the new stories of the window, newest first."""

    judgement: SurgeJudgement
    muted: str
    stories: tuple[int, ...]


def weigh(
    told: Sequence[Appearance],
    feeds: Mapping[int, FeedWatch],
    *,
    asked_since: datetime,
    unwatched: Collection[datetime],
    until: datetime,
    rules: SurgeRules,
) -> Found:
    """Judge the window that ends at `until`, a full hour.

    Feeds read for less than about a week do not count, as their stories would look like more of them, and the history
    goes back no further than the leading feeds and the topic's present query do. While all of it is new, everything
    counts and only the fixed number makes a surge. What rests on feeds that just came back or had a gap is muted.
    """
    start = until - rules.hours * HOUR
    began = max(asked_since, min((feed.since for feed in feeds.values() if feed.since), default=until))
    if until - began >= MATURE:
        grown = {number for number, feed in feeds.items() if feed.since and until - feed.since >= MATURE}
        told = [each for each in told if each.feed_id in grown]
        began = max([began, *(_since(feeds, number) for number in _leading(told, start))])
    counts = _hourly(told, unwatched, began=began, until=until, rules=rules)
    judgement = judge_surge(counts, rules)
    new = _new_stories(told, start)
    muted = _muted(told, feeds, counts, new, start=start, rules=rules) if judgement.surge else ""
    return Found(judgement=judgement, muted=muted, stories=tuple(reversed(new)))


def unwatched_hours(polled: Collection[datetime], *, until: datetime, usual: timedelta) -> set[datetime]:
    """Return the hours inside stretches without any answered poll that are longer than an outage and than `usual`.

    Before the first known poll nothing is known, and taken for watched.
    """
    missing: set[datetime] = set()
    hours = [*sorted(polled), until]
    for before, after in pairwise(hours):
        if after - before > max(OUTAGE, usual) + HOUR:
            missing |= {before + number * HOUR for number in range(1, (after - before) // HOUR)}
    return missing


def _since(feeds: Mapping[int, FeedWatch], number: int) -> datetime:
    since = feeds[number].since
    assert since is not None  # only feeds that have one are asked about
    return since


def _first(told: Sequence[Appearance]) -> dict[int, datetime]:
    """Return when each story was first told, in that order."""
    first: dict[int, datetime] = {}
    for each in sorted(told, key=lambda each: (each.at, each.story_id)):
        first.setdefault(each.story_id, each.at)
    return first


def _new_stories(told: Sequence[Appearance], start: datetime) -> list[int]:
    return [story for story, at in _first(told).items() if at >= start]


def _leading(told: Sequence[Appearance], start: datetime) -> set[int]:
    """Return the feeds that told a good part of the window's new stories."""
    new = set(_new_stories(told, start))
    tellers: defaultdict[int, int] = defaultdict(int)
    for each in told:
        tellers[each.feed_id] += each.story_id in new
    return {feed for feed, number in tellers.items() if number and number >= LEADING_SHARE * len(new)}


def _hourly(
    told: Sequence[Appearance],
    unwatched: Collection[datetime],
    *,
    began: datetime,
    until: datetime,
    rules: SurgeRules,
) -> list[int | None]:
    """Count new stories by the hour, oldest first, from where the history begins."""
    known = min(max((until - began) // HOUR, rules.hours), rules.span)
    counts: list[int | None] = [
        None if until - number * HOUR in unwatched else 0 for number in range(known, 0, -1)
    ]
    for at in _first(told).values():
        back = -((at - until) // HOUR)  # 1: the last hour
        if back <= known:
            counts[-back] = (counts[-back] or 0) + 1
    return counts


def _muted(
    told: Sequence[Appearance],
    feeds: Mapping[int, FeedWatch],
    counts: Sequence[int | None],
    new: Sequence[int],
    *,
    start: datetime,
    rules: SurgeRules,
) -> str:
    """Say why a surge is told to nobody: without the stories of feeds in trouble alone it would be none."""
    sound = {each.story_id for each in told if not feeds[each.feed_id].trouble}
    doubtful = set(new) - sound
    if not doubtful:
        return ""
    left = len(new) - len(doubtful)
    without = [*counts[: -rules.hours], *[0] * (rules.hours - 1), left]
    if judge_surge(without, rules).surge:
        return ""
    behind = {each.feed_id for each in told if each.story_id in doubtful and each.at >= start}
    return (
        f"{len(doubtful)} of {len(new)} stories come only from {_named([feeds[number] for number in behind])}"
    )


def _named(feeds: Sequence[FeedWatch]) -> str:
    slugs = sorted(feed.slug for feed in feeds if feed.trouble)
    said = ", ".join(slugs[:NAMED]) + (f" and {len(slugs) - NAMED} more" if len(slugs) > NAMED else "")
    gaps = {feed.gap for feed in feeds if feed.trouble}
    what = {
        frozenset({True}): "had a gap",
        frozenset({False}): "came back after an outage",
    }.get(frozenset(gaps), "had a gap or came back after an outage")
    return f"{'a feed' if len(slugs) == 1 else 'feeds'} that just {what}: {said}"
