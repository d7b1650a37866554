"""What subscribers decide by links in their own mail: stop, mute, snooze, pause, and change what they get.

What a file owns is shown and not edited here; stopping and pausing always work. Whoever acts holds a signed link, which
the caller has read; nothing here asks for a login.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from monitor.app import App
from monitor.errors import NotFound, Refused
from monitor.model import (
    Cadence,
    Channel,
    ChannelKind,
    Matcher,
    Quiet,
    Silence,
    Subscriber,
    Subscription,
    Timing,
)
from monitor.store import Transaction, audit, recipients, silences, stories, subscribers, watchlist

MUTE_DAYS = 60  # no story lives longer
SNOOZE_HOURS = (24, 7 * 24)
MAX_PAUSE_DAYS = 366
LANGUAGES = ("en", "es")  # that we write in, and that items can be asked for in

# What can be wrong with a form: the pages say it in the reader's language.
NO_DAY = "Choose a day between tomorrow and a year from now."
NO_HOURS = "Choose one of the times offered."
NO_TOPIC = "Choose at least one topic, or all of them."
NO_ZONE = "There is no such time zone; choose one from the list."
NO_CLOCK = "Write times as 07:00; quiet hours need a beginning and another end."
NO_CHOICE = "Choose one of the values offered."
OWNED = "This is kept in a file of the people who run the service, and cannot be changed here."


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicLine:
    """A topic of a subscription, and whether its subscriber stopped it."""

    slug: str
    name: str
    stopped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionCard:
    """One subscription as its subscriber sees it.

    `destination` does not show a whole address, since links are passed on with mails. `file` is the one that owns it,
    "" when it can be edited; `movable`: its mail address can be changed here. `topics` are those it takes.
    """

    subscription: Subscription
    destination: str
    file: str
    movable: bool
    stopped: bool
    topics: tuple[TopicLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Everything that a subscriber's pages show. `file` owns the subscriber, "" when they can be edited.

    `silences` are their own in force; `names` are those of all topics, `story_titles` of the stories that are muted.
    """

    subscriber: Subscriber
    file: str
    stopped_at: datetime | None
    cards: tuple[SubscriptionCard, ...]
    silences: tuple[Silence, ...]
    names: Mapping[str, str]
    story_titles: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a subscription is to be, as its subscriber filled it in; `topics` empty asks for all."""

    topics: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    timing: Timing = field(default_factory=Timing)


async def standing(app: App, slug: str) -> Standing:
    """Return how things stand for a subscriber. Raises NotFound."""
    return await app.store.read(_standing, slug, now=app.context.clock())


async def subscriber_of(app: App, subscription: str) -> str:
    """Return the slug of a subscription's subscriber. Raises NotFound."""
    found = await app.store.read(recipients.find_subscription, subscription)
    return found.subscriber.slug


async def story_title(app: App, uid: str) -> str:
    """Return the headline of a story. Raises NotFound."""
    return await app.store.read(_story_title, uid)


async def stop(app: App, slug: str, *, subscription: str = "", topic: str = "", how: str) -> None:
    """Stop a topic of a subscription, a subscription, or with neither everything, at once. Doing it again is no error.

    What waits to be sent is cancelled. Raises NotFound when the subscriber has no such subscription.
    """
    await app.store.write(_stop, slug, subscription, topic, how=how, now=app.context.clock())


async def resume(app: App, slug: str, *, subscription: str = "", topic: str = "") -> None:
    """Take back what `stop` did, in the same words."""
    await app.store.write(_resume, slug, subscription, topic, now=app.context.clock())


async def mute_story(app: App, slug: str, uid: str) -> Silence:
    """Tell a subscriber no more of a story. Raises NotFound."""
    title = await story_title(app, uid)
    end = app.context.clock() + timedelta(days=MUTE_DAYS)
    matcher = Matcher(subscribers=(slug,), stories=(uid,))
    return await _silence(app, slug, matcher, end, reason=f"muted the story: {title}"[:300])


async def snooze_topic(app: App, slug: str, topic: str, *, hours: int) -> Silence:
    """Tell a subscriber nothing of a topic for some hours. Raises NotFound and Refused."""
    if hours not in SNOOZE_HOURS:
        raise Refused(NO_HOURS)
    await app.store.read(watchlist.get_topic, topic)
    end = app.context.clock() + timedelta(hours=hours)
    matcher = Matcher(subscribers=(slug,), topics=(topic,))
    return await _silence(app, slug, matcher, end, reason=f"snoozed the topic {topic} for {hours} hours")


async def pause(app: App, slug: str, *, until: date) -> Silence:
    """Tell a subscriber nothing until a day begins in their time zone. Raises NotFound and Refused."""
    subscriber = await app.store.read(recipients.get_subscriber, slug)
    zone = ZoneInfo(subscriber.zone)
    today = app.context.clock().astimezone(zone).date()
    if not today < until <= today + timedelta(days=MAX_PAUSE_DAYS):
        raise Refused(NO_DAY)
    end = datetime.combine(until, time(), tzinfo=zone)
    return await _silence(app, slug, Matcher(subscribers=(slug,)), end, reason=f"paused until {until}")


async def end_silence(app: App, slug: str, uid: str) -> None:
    """End one of a subscriber's own mutes; one that has ended stays so. Raises NotFound for anybody else's."""
    await app.store.write(_end, slug, uid, now=app.context.clock())


async def edit_person(app: App, slug: str, *, language: str, zone: str) -> None:
    """Change the language and the time zone of a subscriber. Raises NotFound, and Refused with one of the faults."""
    if language not in LANGUAGES:
        raise Refused(NO_CHOICE)
    if zone not in available_timezones():
        raise Refused(NO_ZONE)
    await app.store.write(_edit_person, slug, language, zone, now=app.context.clock())


async def edit_subscription(app: App, slug: str, subscription: str, wishes: Wishes) -> None:
    """Change what a subscription asks for, and when. Raises NotFound, and Refused with one of the faults."""
    await app.store.write(_edit_subscription, slug, subscription, wishes, now=app.context.clock())


def clock_minutes(text: str) -> int:
    """Read a time of day (07:00) as minutes after midnight. Raises Refused."""
    hours, colon, minutes = text.strip().partition(":")
    plain = colon and hours.isascii() and minutes.isascii() and hours.isdecimal() and minutes.isdecimal()
    if not plain or len(minutes) != 2 or int(hours) > 23 or int(minutes) > 59:
        raise Refused(NO_CLOCK)
    return int(hours) * 60 + int(minutes)


def quiet_of(begins: str, ends: str) -> Quiet | None:
    """Read quiet hours from two times of day; None when both are empty. Raises Refused."""
    if not begins.strip() and not ends.strip():
        return None
    quiet = Quiet(begins=clock_minutes(begins), ends=clock_minutes(ends))
    if quiet.begins == quiet.ends:
        raise Refused(NO_CLOCK)
    return quiet


def cadence_of(text: str) -> Cadence:
    """Read a cadence. Raises Refused."""
    if text not in set(Cadence):
        raise Refused(NO_CHOICE)
    return Cadence(text)


def chosen_topics(which: str, topics: tuple[str, ...]) -> tuple[str, ...]:
    """Read a choice between `all` topics (empty) and `these`. Raises Refused."""
    if which == "all":
        return ()
    if which != "these" or not topics:
        raise Refused(NO_TOPIC)
    return topics


def wanted_topics(tx: Transaction, topics: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the topics that there are, in order; empty asks for all. Raises Refused when none is left."""
    known = {topic.slug for topic in watchlist.list_topics(tx)}
    kept = tuple(sorted(set(topics) & known))
    if topics and not kept:
        raise Refused(NO_TOPIC)
    return kept


def shown_address(channel: Channel) -> str:
    """Show where a channel leads without telling all of it: an•••@example.org."""
    if channel.kind is not ChannelKind.EMAIL:
        return channel.kind.value
    local, _, domain = channel.address.rpartition("@")
    return f"{local[: min(2, len(local) - 1)]}•••@{domain}" if local else "—"


def file_of(owner: str) -> str:
    """Return the name of the file that owns something, or who does; "" when it can be edited here."""
    return "" if owner in {"ui", "api"} else owner.removeprefix("file:")


def _standing(tx: Transaction, slug: str, *, now: datetime) -> Standing:
    subscriber = recipients.get_subscriber(tx, slug)
    topics = {topic.slug: topic for topic in watchlist.list_topics(tx)}
    taken_back = subscribers.opt_outs(tx)
    own = tuple(silences.list_silences(tx, now=now, owner=_owner(slug)))
    cards = []
    for each in recipients.subscriptions_of(tx, subscriber.id):
        taken = [
            topic for topic in topics.values() if _takes(each, topic.slug, topic.tags, topic.priority.value)
        ]
        cards.append(
            SubscriptionCard(
                subscription=each,
                destination=shown_address(each.channel),
                file=file_of(each.owner),
                movable=each.channel.kind is ChannelKind.EMAIL and not file_of(each.channel.owner),
                stopped=(each.id, subscribers.WHOLE) in taken_back,
                topics=tuple(
                    TopicLine(slug=topic.slug, name=topic.name, stopped=(each.id, topic.slug) in taken_back)
                    for topic in taken
                ),
            )
        )
    return Standing(
        subscriber=subscriber,
        file=file_of(subscriber.owner),
        stopped_at=subscribers.opted_out_at(tx, subscriber.id),
        cards=tuple(card for card in cards if card.subscription.enabled),
        silences=own,
        names={topic.slug: topic.name for topic in topics.values()},
        story_titles={uid: _story_title(tx, uid) for silence in own for uid in silence.matcher.stories},
    )


def _takes(subscription: Subscription, slug: str, tags: tuple[str, ...], priority: str) -> bool:
    return (
        (not subscription.topics or slug in subscription.topics)
        and (not subscription.tags or bool(set(subscription.tags) & set(tags)))
        and (not subscription.priorities or priority in subscription.priorities)
    )


def _story_title(tx: Transaction, uid: str) -> str:
    story = stories.find_by_uid(tx, uid)
    if story is None:
        raise NotFound(f"there is no story {uid!r}")
    return story.title


def _owner(slug: str) -> str:
    return f"subscriber:{slug}"


def _own(tx: Transaction, slug: str, subscription: str) -> Subscription:
    """Return a subscription of the subscriber's own. Raises NotFound."""
    found = recipients.find_subscription(tx, subscription)
    if found.subscriber.slug != slug:
        raise NotFound(f"{slug} has no subscription {subscription!r}")
    return found


def _record(tx: Transaction, slug: str, action: str, about: str, *, now: datetime, **detail: object) -> None:
    audit.record(tx, actor=_owner(slug), action=action, object=about, detail=detail, now=now)


def _stop(tx: Transaction, slug: str, subscription: str, topic: str, *, how: str, now: datetime) -> None:
    if subscription:
        found = _own(tx, slug, subscription)
        changed = subscribers.opt_out(tx, found.id, topic, how=how, now=now)
        about = f"subscription:{subscription}"
    else:
        changed = subscribers.opt_out_all(tx, recipients.get_subscriber(tx, slug).id, how=how, now=now)
        about = f"subscriber:{slug}"
    if changed:
        _record(tx, slug, "unsubscribe", about, now=now, topic=topic, how=how)


def _resume(tx: Transaction, slug: str, subscription: str, topic: str, *, now: datetime) -> None:
    if subscription:
        changed = subscribers.opt_in(tx, _own(tx, slug, subscription).id, topic)
        about = f"subscription:{subscription}"
    else:
        changed = subscribers.opt_in_all(tx, recipients.get_subscriber(tx, slug).id)
        about = f"subscriber:{slug}"
    if changed:
        _record(tx, slug, "resubscribe", about, now=now, topic=topic)


async def _silence(app: App, slug: str, matcher: Matcher, end: datetime, *, reason: str) -> Silence:
    now = app.context.clock()
    made = Silence(
        uid=app.context.new_uid().replace("msg_", "sil_"),
        matcher=matcher,
        owner=_owner(slug),
        reason=reason,
        begins_at=now,
        ends_at=end,
        created_at=now,
    )
    return await app.store.write(_put_silence, slug, made)


def _put_silence(tx: Transaction, slug: str, made: Silence) -> Silence:
    """Let one take the place of any that the subscriber has for the same: pressing twice leaves one in force."""
    recipients.get_subscriber(tx, slug)
    for each in silences.list_silences(tx, now=made.begins_at, owner=made.owner):
        if each.matcher == made.matcher:
            silences.end_silence(tx, each.uid, now=made.begins_at)
    kept = silences.add_silence(tx, made)
    _record(tx, slug, "silence", f"silence:{kept.uid}", now=made.begins_at, reason=made.reason)
    return kept


def _end(tx: Transaction, slug: str, uid: str, *, now: datetime) -> None:
    silence = silences.get_silence(tx, uid)
    if silence.owner != _owner(slug):
        raise NotFound(f"{slug} has no silence {uid!r}")
    if silence.ends_at is None or silence.ends_at > now:
        silences.end_silence(tx, uid, now=now)
        _record(tx, slug, "end-silence", f"silence:{uid}", now=now)


def _edit_person(tx: Transaction, slug: str, language: str, zone: str, *, now: datetime) -> None:
    subscriber = recipients.get_subscriber(tx, slug)
    if file_of(subscriber.owner):
        raise Refused(OWNED)
    recipients.put_subscriber(tx, replace(subscriber, language=language, zone=zone))
    _record(tx, slug, "change", f"subscriber:{slug}", now=now, language=language, zone=zone)


def _edit_subscription(
    tx: Transaction, slug: str, subscription: str, wishes: Wishes, *, now: datetime
) -> None:
    found = _own(tx, slug, subscription)
    if file_of(found.owner):
        raise Refused(OWNED)
    if not set(wishes.languages) <= set(LANGUAGES):
        raise Refused(NO_CHOICE)
    changed = replace(
        found,
        topics=wanted_topics(tx, wishes.topics),
        languages=wishes.languages,
        timing=replace(
            found.timing,
            cadence=wishes.timing.cadence,
            digest_at=wishes.timing.digest_at,
            digest_day=wishes.timing.digest_day,
            quiet=wishes.timing.quiet,
            pierce=wishes.timing.pierce,
            all_quiet=wishes.timing.all_quiet,
        ),
    )
    recipients.put_subscription(tx, changed)
    _record(tx, slug, "change", f"subscription:{subscription}", now=now, topics=list(changed.topics))
