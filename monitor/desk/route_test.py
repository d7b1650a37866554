"""Who would be told of an item, when, how and why: a stored one that came again, or one made up. Stores nothing.

It goes through the functions that dispatch uses: the matcher in force, the silences, opt-outs and budgets of now, and
the one decision. Only the story is chosen by hand: a new one of its own, unless another is named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.app import App
from monitor.desk.explain import checked, find_items
from monitor.errors import NotFound, Refused
from monitor.match import ENGINE, Watchlist
from monitor.model import (
    AlertHit,
    AlertKind,
    Decision,
    Feed,
    Hit,
    HitReason,
    Item,
    ItemText,
    Priority,
    Story,
    Subscription,
    Told,
    Topic,
    Verdict,
)
from monitor.pipeline.dispatch import LATELY, Routing
from monitor.route import Ruling, decide
from monitor.store import Transaction, feeds, items, recipients, stories, watchlist
from monitor.store.told import told_of_story
from monitor.text.gate import plain
from monitor.text.gate import title as clean_title

SUMMARY_LIMIT = 16 * 1024
OWN = "own"  # as the story of a stored item: the one that it is in


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteAsked:
    """An item to route: a stored one (`item`, its address or id) or one made up, of which at least a title is known.

    `topics` are taken as hit whatever its words are; without them the matcher decides. `at` is the moment to decide at
    (None: now), `story` the uid of a story that it is a further report of, or `OWN`.
    """

    item: str = ""
    title: str = ""
    summary: str = ""
    language: str = "und"
    feed: str = ""
    published: datetime | None = None
    topics: tuple[str, ...] = ()
    story: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedHit:
    """What a subscription would be answered on one topic's hit."""

    topic: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """One subscription's part: `told` at `when` (`local` in its `zone`, as its clocks show it) or not at all.

    `how` names the channel and what would be made; `why` is the reason of the hit that decides.
    """

    subscription: str
    subscriber: str
    told: bool
    when: datetime | None
    local: str
    zone: str
    how: str
    why: str
    hits: tuple[RoutedHit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTest:
    """Who would be told of an item with these `topics`; `notes` say what to keep in mind."""

    title: str
    feed: str
    at: datetime
    topics: tuple[str, ...]
    routed: tuple[Routed, ...]
    notes: tuple[str, ...]


async def route_test(app: App, asked: RouteAsked) -> RouteTest:
    """Say for every subscription whether, when, how and why it would be told; those that are told come first.

    Raises NotFound for an item, feed, topic or story that there is not, and Refused for a question without an item.
    """
    if bool(asked.item.strip()) == bool(asked.title.strip()):
        raise Refused("name a stored item or give the title of one that is made up: one of the two")
    now = asked.at or app.context.clock()
    return await app.store.read(_route, asked, snapshot=app.watchlist, now=now)


def _route(tx: Transaction, asked: RouteAsked, *, snapshot: Watchlist, now: datetime) -> RouteTest:
    item, feed = _stored(tx, asked) if asked.item.strip() else _made_up(tx, asked, now=now)
    shown = _hits(tx, asked, item, feed, snapshot=snapshot, now=now)
    story, told = _story(tx, asked, item, now=now)
    subscriptions = recipients.list_subscriptions(tx, enabled_only=False)
    present = Routing(tx, subscriptions, now=now).present
    routed = [
        _routed(ruling, shown, now=now)
        for ruling in decide(shown, subscriptions, story=story, told=told, present=present)
    ]
    return RouteTest(
        title=item.text.title,
        feed=item.feed_slug,
        at=now,
        topics=tuple(each.topic.slug for each in shown),
        routed=tuple(sorted(routed, key=lambda each: (not each.told, each.when or now, each.subscription))),
        notes=tuple(_notes(tx, asked, item, shown, feed=feed)),
    )


def _stored(tx: Transaction, asked: RouteAsked) -> tuple[Item, Feed | None]:
    target = checked(asked.item)
    found = find_items(tx, target)
    if not found:
        raise NotFound(
            f"no stored item has the address or id {target}; see: monitor deliveries why '{target}'"
        )
    newest = items.get_item(tx, found[-1].id)
    return newest, next((feed for feed in feeds.list_feeds(tx) if feed.id == newest.feed_id), None)


def _made_up(tx: Transaction, asked: RouteAsked, *, now: datetime) -> tuple[Item, Feed | None]:
    feed = feeds.get_feed(tx, asked.feed) if asked.feed else None
    language = asked.language if asked.language != "und" or feed is None else feed.language
    text = ItemText(
        title=clean_title(asked.title),
        summary=plain(asked.summary, html=True, limit=SUMMARY_LIMIT),
        language=language,
        source=(feed.publisher or feed.title) if feed else "",
    )
    made = Item(
        id=0,
        feed_id=feed.id if feed else 0,
        feed_slug=feed.slug if feed else "",
        key="",
        version=1,
        link=None,
        canonical_link=None,
        first_seen=now,
        published=asked.published,
        updated=None,
        text=text,
    )
    return made, feed


def _hits(
    tx: Transaction, asked: RouteAsked, item: Item, feed: Feed | None, *, snapshot: Watchlist, now: datetime
) -> list[AlertHit]:
    """Return the hits that the item would make now, or those on the topics that were named."""
    topics = {topic.slug: topic for topic in watchlist.list_topics(tx, enabled_only=False)}
    unknown = [slug for slug in asked.topics if slug not in topics]
    if unknown:
        raise NotFound(f"no topic is named {unknown[0]}; see: monitor topics list")
    spans = {match.topic.slug: match.spans for match in snapshot.match(item.text)}
    return [
        AlertHit(
            hit=Hit(
                id=number,
                item=item,
                topic_id=topics[slug].id,
                topic_slug=slug,
                topic_revision=topics[slug].revision,
                engine=ENGINE,
                reason=HitReason.LIVE,
                spans=spans.get(slug, ()),
                found_at=now,
            ),
            topic=topics[slug],
            publisher=feed.publisher if feed else "",
            region=feed.region if feed else "",
        )
        for number, slug in enumerate(sorted(set(asked.topics) or set(spans) & set(topics)), start=1)
    ]


def _story(tx: Transaction, asked: RouteAsked, item: Item, *, now: datetime) -> tuple[Story, dict[int, Told]]:
    """Return the story that the item is to be a report of, and who was told what of it."""
    if not asked.story:
        title, language = item.text.title, item.text.language
        return Story(
            uid="", title=title, language=language, first_seen=now, last_seen=now, outlets=1, independent=1
        ), {}
    if asked.story == OWN:
        story = stories.story_of_item(tx, item.id)
        if story is None:
            raise NotFound("the item is in no story: an item gets one when a topic hits it")
    else:
        found = stories.find_by_uid(tx, asked.story)
        if found is None:
            raise NotFound(f"no story has the id {asked.story!r}")
        story = found
    return story, told_of_story(tx, story.id, since=now - LATELY)


def _routed(ruling: Ruling, shown: Sequence[AlertHit], *, now: datetime) -> Routed:
    subscription = ruling.subscription
    topics = {each.hit.id: each.topic for each in shown}
    decided = min(ruling.decisions, key=_soonest) if ruling.decisions else None
    when = (now if decided.verdict is Verdict.SENT_NOW else decided.held_until) if decided else None
    channel_on = subscription.channel.enabled
    zone = subscription.subscriber.zone
    return Routed(
        subscription=subscription.slug,
        subscriber=subscription.subscriber.slug,
        told=when is not None and channel_on,
        when=when if channel_on else None,
        local=f"{when.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M}" if when and channel_on else "",
        zone=zone,
        how=_how(ruling, decided, topics) if decided and when and channel_on else "",
        why=_why(subscription, decided, topics, would=when is not None),
        hits=tuple(
            RoutedHit(topic=topics[each.hit_id].slug, verdict=each.verdict, reason=each.reason)
            for each in ruling.decisions
        ),
    )


def _soonest(decision: Decision) -> tuple[int, datetime | int, int]:
    """Order decisions by when they tell: now, at a time, never; among the last, what is asked for comes first."""
    if decision.verdict is Verdict.SENT_NOW:
        return 0, 0, decision.hit_id
    if decision.held_until is not None:
        return 1, decision.held_until, decision.hit_id
    return 2, int(decision.verdict is Verdict.UNASKED), decision.hit_id


def _how(ruling: Ruling, decided: Decision, topics: dict[int, Topic]) -> str:
    subscription = ruling.subscription
    what = {
        Verdict.SENT_NOW: "follow-up" if ruling.kind is AlertKind.FOLLOW_UP else "first alert",
        Verdict.DIGEST: "digest",
    }.get(decided.verdict, "bundle")
    said = f"{what} by {subscription.channel.kind.value} to {subscription.channel.slug}"
    urgent = topics[decided.hit_id].priority is Priority.URGENT
    if urgent and what != "digest" and subscription.fallback is not None:
        said += f", then to {subscription.fallback.slug} if that is not accepted in time"
    return said


def _why(
    subscription: Subscription, decided: Decision | None, topics: dict[int, Topic], *, would: bool
) -> str:
    if decided is None:
        return "no topic matches"
    said = f"{topics[decided.hit_id].slug}: {decided.reason}"
    if would and not subscription.channel.enabled:
        off = subscription.channel.disabled_reason
        said += f"; but the channel {subscription.channel.slug} is switched off{f': {off}' if off else ''}"
    return said


def _notes(
    tx: Transaction, asked: RouteAsked, item: Item, shown: Sequence[AlertHit], *, feed: Feed | None
) -> list[str]:
    notes = []
    if not shown:
        notes.append("no topic matches; name topics with --topic, or ask monitor topics near-misses")
    if off := [each.topic.slug for each in shown if not each.topic.enabled]:
        notes.append(f"switched off, so that no item hits it: {', '.join(off)}")
    if not asked.story:
        notes.append("taken as the first report of a story; --story says of which it is a further one")
        own = stories.story_of_item(tx, item.id) if item.id else None
        if own is not None:
            notes.append(f"its own story is {own.uid}: {own.title}")
    if feed is None and not asked.item:
        notes.append("of no feed: filters by publisher, region and feed are asked about an empty one")
    return notes
