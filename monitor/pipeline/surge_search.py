"""The search for surges in one view of the store: what is read of topics, places and feeds, and judged.

Writes nothing, and decides nothing about subscriptions.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.match.surge import SurgeRules
from monitor.model import AlertHit, Hit, Place, Surge, Topic
from monitor.pipeline.surge_rules import HOUR, FeedWatch, Found, unwatched_hours, weigh
from monitor.store import Transaction, feeds, hits, places, surges, watchlist
from monitor.store.surges import Appearance

SILENCE_BACK = timedelta(days=8)  # how far back a feed's last answer is looked for
CANDIDATES = 40  # newest stories of a surge, of which each subscription is shown some


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A surge that is not stored yet, with the topic's hits on each of its newest stories, the newest story first."""

    surge: Surge
    stories: tuple[tuple[AlertHit, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """What all judgements of one check share."""

    start: datetime
    until: datetime
    first: datetime
    feeds: dict[int, FeedWatch]
    unwatched: set[datetime]
    rules: SurgeRules


def search_surges(tx: Transaction, *, until: datetime, now: datetime, rules: SurgeRules) -> list[Draft]:
    """Judge the window that ends at `until` for every topic with enough stories in it, and for its places.

    What was found in the time of quiet before is left out; so is what was muted then, if it would be again.
    """
    start = until - rules.hours * HOUR
    busy = surges.busy_topics(tx, since=start, until=until, least=rules.least)
    if not busy:
        return []
    topics = {topic.id: topic for topic in watchlist.list_topics(tx)}
    recent = {
        (each.topic, each.place, bool(each.muted))
        for each in surges.surges_since(tx, until - rules.refractory)
    }
    window = _window(tx, until=until, rules=rules)
    drafts = []
    for topic_id in busy:
        topic = topics[topic_id]
        asked_since = surges.asked_since(tx, topic_id)
        for place in (None, *_busy_places(tx, topic_id, window)):
            told = surges.appearances(
                tx, topic_id, place_id=place.id if place else None, since=window.first, until=until
            )
            found = weigh(
                told,
                window.feeds,
                asked_since=asked_since,
                unwatched=window.unwatched,
                until=until,
                rules=rules,
            )
            slug = place.slug if place else ""
            quiet = {(topic.slug, slug, False), (topic.slug, slug, bool(found.muted))} & recent
            if found.judgement.surge and not quiet:
                shown = () if found.muted else tuple(_stories(tx, topic, told, found.stories[:CANDIDATES]))
                drafts.append(Draft(surge=_surge(topic, place, found, until=until, now=now), stories=shown))
    return drafts


def _window(tx: Transaction, *, until: datetime, rules: SurgeRules) -> _Window:
    start, first = until - rules.hours * HOUR, until - rules.span * HOUR
    read = feeds_read(tx, since=start, until=until)
    usual = min((feed.interval for feed in read.values()), default=timedelta(0))
    polled = surges.hours_with_polls(tx, since=first, until=until)
    return _Window(
        start=start,
        until=until,
        first=first,
        feeds=read,
        unwatched=unwatched_hours(polled, until=until, usual=usual),
        rules=rules,
    )


def feeds_read(tx: Transaction, *, since: datetime, until: datetime) -> dict[int, FeedWatch]:
    """Return how each feed was read in a span, by its id."""
    silent = surges.silences(tx, since=since, until=until, back=SILENCE_BACK)
    gaps = surges.feeds_with_gap(tx, since=since, until=until)
    found = {}
    for feed in feeds.list_feeds(tx):
        began = feed.fetch.baseline_at
        # Before its first poll a feed was not silent: it was not ours yet.
        longest = max(until - began, timedelta(0)) if began else timedelta(0)
        found[feed.id] = FeedWatch(
            slug=feed.slug,
            since=began,
            interval=timedelta(seconds=feed.fetch.interval),
            silence=min(silent.get(feed.id, timedelta(0)), longest),
            gap=feed.id in gaps,
        )
    return found


def _busy_places(tx: Transaction, topic_id: int, window: _Window) -> list[Place]:
    busy = surges.busy_places(tx, topic_id, since=window.start, until=window.until, least=window.rules.least)
    return [place for place in places.list_places(tx) if place.id in busy] if busy else []


def _stories(
    tx: Transaction, topic: Topic, told: Sequence[Appearance], chosen: Sequence[int]
) -> Iterator[tuple[AlertHit, ...]]:
    """Yield the hits on each story, the earliest first, with the revision that made each."""
    of_story: defaultdict[int, list[int]] = defaultdict(list)
    for each in told:
        of_story[each.story_id].append(each.hit_id)
    known: dict[int, Hit] = {
        hit.id: hit for hit in hits.get_hits(tx, [number for story in chosen for number in of_story[story]])
    }
    for story in chosen:
        yield tuple(
            AlertHit(hit=known[number], topic=replace(topic, revision=known[number].topic_revision))
            for number in sorted(of_story[story])
        )


def _surge(topic: Topic, place: Place | None, found: Found, *, until: datetime, now: datetime) -> Surge:
    judgement = found.judgement
    return Surge(
        topic=topic.slug,
        topic_name=topic.name,
        place=place.slug if place else "",
        place_name=place.name if place else "",
        until=until,
        hours=judgement.hours,
        stories=judgement.stories,
        usual=judgement.usual,
        chance=judgement.chance,
        reason=judgement.reason,
        muted=found.muted,
        found_at=now,
    )
