"""How many alerts a day an edit of a topic would cause, by subscriber: before and after, over what is stored.

Runs inside a child process like `monitor.desk.sweep`. Items that are in a story stay in it; what only one side hits and
was in none is grouped as dispatch would have. Both sides are then rehearsed by the rules of routing.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from monitor.desk.rehearsal import Report, Sent, rehearse
from monitor.match import StoryRules, StoryWindow, story_text
from monitor.model import AlertHit, Hit, Item, Story, Subscription, Topic
from monitor.store import Transaction, recipients, rehearsal, stories, subscribers, watchlist
from monitor.store.rehearsal import JudgedItem, Membership
from monitor.text.fold import folded_words

MOST = 5_000  # items that the topic hits on either side, and four times as many hits of others: seconds
DAY = timedelta(days=1)

Version = tuple[int, int]  # item, version


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """The versions of an item by which either side hits it, within the time asked about; None: it does not."""

    item: int
    before: int | None
    after: int | None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsADay:
    """What a subscriber would get a day, of all their topics, before and after: alerts, and digests beside.

    `busiest` is the most alerts of one local day; `subscriptions` are those that take the topic.
    """

    subscriber: str
    subscriptions: tuple[str, ...]
    before: float
    after: float
    busiest_before: int
    busiest_after: int
    digests_before: float
    digests_after: float
    in_digests_before: int
    in_digests_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """The alerts by subscriber, over how many days; `notes` say how stories were told apart and what was left out."""

    days: float
    subscribers: tuple[AlertsADay, ...]
    notes: tuple[str, ...]


def foretell(
    tx: Transaction, slug: str, firsts: Sequence[First], *, since: datetime | None, until: datetime
) -> Volume:
    """Rehearse both sides of an edit from `since` (None: from the first hit on) until then."""
    topic = watchlist.get_topic(tx, slug)
    opt_outs = subscribers.opt_outs(tx)
    asking = [each for each in recipients.list_subscriptions(tx) if _may_ask(each, topic)]
    if not asking or not firsts:
        return Volume(days=0, subscribers=(), notes=())
    notes: list[str] = []
    own = sorted(firsts, key=lambda first: first.item, reverse=True)
    if len(own) > MOST:
        own, cut = own[:MOST], len(own) - MOST
        notes.append(f"alerts a day rest on the newest {MOST} items; {cut} older ones were left out")
    judged = rehearsal.judged_items(tx, {pair for first in own for pair in _versions(first)})
    begins = min(each.seen_at for each in judged.values())
    if since is not None and len(own) == len(firsts):
        begins = min(begins, since)
    topics = {each.id: each for each in watchlist.list_topics(tx, enabled_only=False)}
    others = _others(tx, topic, topics, asking, judged, since=begins, until=until)
    told = _group(tx, judged, {first.item: first.words for first in own})
    sides = [
        rehearse(
            _reports(judged, told.memberships, _side(own, others, topic, after=after)),
            asking,
            opt_outs=opt_outs,
        )
        for after in (False, True)
    ]
    days = max((until - begins) / DAY, 1.0)
    notes.append(
        f"alerts a day rest on stored stories for {told.known} items and on grouping anew for {told.grouped}; "
        "silences are left out"
    )
    return Volume(
        days=round(days, 2), subscribers=tuple(_sums(asking, *sides, days=days)), notes=tuple(notes)
    )


def _may_ask(subscription: Subscription, topic: Topic) -> bool:
    """Whether the filters by topic let the topic pass; those by item are asked for each hit."""
    return (
        (not subscription.topics or topic.slug in subscription.topics)
        and (not subscription.tags or bool(set(subscription.tags) & set(topic.tags)))
        and (not subscription.priorities or topic.priority.value in subscription.priorities)
    )


def _versions(first: First) -> list[Version]:
    return [(first.item, number) for number in {first.before, first.after} if number is not None]


def _others(
    tx: Transaction,
    topic: Topic,
    topics: Mapping[int, Topic],
    asking: Sequence[Subscription],
    judged: dict[Version, JudgedItem],
    *,
    since: datetime,
    until: datetime,
) -> dict[Version, list[Topic]]:
    """Return the recorded hits of other topics that somebody who asks for the topic takes, and read their items."""
    found: dict[Version, list[Topic]] = {}
    wanted = {number for number, other in topics.items() if any(_may_ask(each, other) for each in asking)}
    for item, version, number in rehearsal.hits_between(
        tx, since=since, until=until, but=topic.id, limit=4 * MOST
    ):
        if number in wanted:
            found.setdefault((item, version), []).append(topics[number])
    judged.update(rehearsal.judged_items(tx, found.keys() - judged.keys()))
    return found


def _side(
    own: Iterable[First], others: Mapping[Version, list[Topic]], topic: Topic, *, after: bool
) -> dict[Version, list[Topic]]:
    """Return the topics by which one side hits each version."""
    side = {version: list(found) for version, found in others.items()}
    for first in own:
        number = first.after if after else first.before
        if number is not None:
            side.setdefault((first.item, number), []).append(topic)
    return side


def _reports(
    judged: Mapping[Version, JudgedItem],
    memberships: Mapping[int, Membership],
    side: Mapping[Version, list[Topic]],
) -> list[Report]:
    reports, number = [], 0
    for version, topics in side.items():
        each = judged[version]
        shown = []
        for topic in sorted(topics, key=lambda topic: topic.slug):
            number += 1
            shown.append(_shown(number, each, topic))
        member = memberships[each.item.id]
        reports.append(
            Report(
                seen_at=each.seen_at,
                story=member.story,
                outlet=member.outlet,
                copied=member.copied,
                hits=tuple(shown),
            )
        )
    return reports


def _shown(number: int, judged: JudgedItem, topic: Topic) -> AlertHit:
    hit = Hit(
        id=number,
        item=judged.item,
        topic_id=topic.id,
        topic_slug=topic.slug,
        topic_revision=topic.revision,
        engine="",
        reason=judged.reason,
        spans=(),
        found_at=judged.seen_at,
    )
    return AlertHit(hit=hit, topic=topic, publisher=judged.publisher, region=judged.region)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grouped:
    memberships: Mapping[int, Membership]
    known: int
    grouped: int


def _group(
    tx: Transaction, judged: Mapping[Version, JudgedItem], words: Mapping[int, tuple[str, ...]]
) -> _Grouped:
    """Return every item's story: the stored one, or for an item in none the one that dispatch would have chosen."""
    items = {each.item.id: each.item for each in judged.values()}
    stored = rehearsal.memberships(tx, items.keys())
    strangers = sorted(items[number].first_seen for number in items.keys() - stored.keys())
    found = dict(stored)
    grouping = _Grouping(tx)
    for item in sorted(items.values(), key=lambda item: (item.first_seen, item.id)):
        known = stored.get(item.id)
        if known is None:
            found[item.id] = grouping.place(item, words.get(item.id, ()))
        elif _soon(strangers, item.first_seen, grouping.rules.window):
            grouping.keep(item, known.story)
    return _Grouped(memberships=found, known=len(stored), grouped=len(strangers))


def _soon(moments: Sequence[datetime], at: datetime, span: timedelta) -> bool:
    """Whether one of the moments, which are in order, follows within the span: only then may it be put beside."""
    after = bisect_right(moments, at)
    return after < len(moments) and moments[after] <= at + span


class _Grouping:
    """Gives items that are in no story the one that dispatch would have: of a copy, of one alike, or their own."""

    def __init__(self, tx: Transaction) -> None:
        self.rules = StoryRules()
        self._tx = tx
        self._window = StoryWindow(self.rules)
        self._stories: dict[int, Story] = {}
        self._by_key: dict[str, Story] = {}

    def keep(self, item: Item, story: Story) -> None:
        """Put an item beside which others may be placed."""
        placed = self._window.place(story_text(item.text), seen=item.first_seen, known=story)
        self._window.add(placed, item_id=item.id, story=story)
        self._stories[story.id] = story

    def place(self, item: Item, matched: tuple[str, ...]) -> Membership:
        """Choose an item's story."""
        text = story_text(item.text, matched=matched)
        copy = self._copied(item, text.keys)
        placed = self._window.place(text, seen=item.first_seen, known=copy)
        story = copy or self._stories.get(placed.story_id or 0) or _own_story(item)
        self._window.add(placed, item_id=item.id, story=story)
        self._stories[story.id] = story
        self._by_key |= dict.fromkeys(text.keys, story)
        named = " ".join(folded_words(item.text.source))  # as dispatch names outlets
        outlet = named or urlsplit(item.link or "").hostname or item.feed_slug
        return Membership(story=story, outlet=outlet, copied=placed.copied)

    def _copied(self, item: Item, keys: tuple[str, ...]) -> Story | None:
        since = item.first_seen - self.rules.window
        story = next((self._by_key[key] for key in keys if key in self._by_key), None)
        if story is None and keys:
            story = stories.find_by_keys(self._tx, keys, since=since)
        if story is not None and item.first_seen - story.first_seen <= self.rules.story_age:
            return story
        return stories.find_by_address(self._tx, item, since=since)


def _own_story(item: Item) -> Story:
    """Return a story that is in no store: its number is below 0."""
    seen = item.first_seen
    return Story(
        id=-1 - item.id,
        uid=f"of item {item.id}",
        title=item.text.title,
        language=item.text.language,
        first_seen=seen,
        last_seen=seen,
    )


def _sums(
    asking: Sequence[Subscription], before: Mapping[int, Sent], after: Mapping[int, Sent], *, days: float
) -> Iterable[AlertsADay]:
    """Add up the subscriptions of each subscriber."""
    for slug in sorted({each.subscriber.slug for each in asking}):
        own = [each for each in asking if each.subscriber.slug == slug]
        sides = [[side[each.id] for each in own] for side in (before, after)]
        alerts = [sum(sum(sent.alerts.values()) for sent in side) / days for side in sides]
        digests = [sum(len(sent.digests) for sent in side) / days for side in sides]
        busiest = [
            max(
                (sum(sent.alerts[day] for sent in side) for day in {d for s in side for d in s.alerts}),
                default=0,
            )
            for side in sides
        ]
        inside = [sum(sent.in_digests for sent in side) for side in sides]
        yield AlertsADay(
            subscriber=slug,
            subscriptions=tuple(each.slug for each in own),
            before=round(alerts[0], 2),
            after=round(alerts[1], 2),
            busiest_before=busiest[0],
            busiest_after=busiest[1],
            digests_before=round(digests[0], 2),
            digests_after=round(digests[1], 2),
            in_digests_before=inside[0],
            in_digests_after=inside[1],
        )
