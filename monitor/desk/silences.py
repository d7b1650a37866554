"""Silences as people handle them: list, add, end, and look at what one would have kept back. Decides nothing."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice

from monitor.app import App
from monitor.errors import Refused
from monitor.fetch.language import is_tag, primary
from monitor.model import AlertHit, Matcher, Priority, Silence, Subscription, Topic
from monitor.pipeline.showing import show_hits
from monitor.route.silence import covers
from monitor.store import Transaction, audit, feeds, hits, journey, recipients, silences, stories, watchlist
from monitor.store.columns import in_batches
from monitor.store.journey import Meant
from monitor.text.fold import words as folded

LONGEST = timedelta(days=366)
PREVIEW = timedelta(days=30)
MOST = 20_000  # hits x subscriptions that a preview looks at
HEADLINES = 10


class SilenceState(StrEnum):
    """Where a silence stands at a moment."""

    IN_FORCE = "in_force"
    COMING = "coming"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceLine:
    """One silence as a list shows it; `covers` has its filters that are set, `hits` how many it kept back so far."""

    uid: str
    state: SilenceState
    covers: dict[str, tuple[str, ...]]
    owner: str
    reason: str
    begins_at: datetime
    ends_at: datetime | None
    created_at: datetime
    hits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSilence:
    """A silence to add: from `begins_at` (None: now) until `ends_at`. One without any filter must say `everything`."""

    matcher: Matcher
    reason: str
    ends_at: datetime
    begins_at: datetime | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBack:
    """What would have been kept back from a subscription of a topic: `hits` of it."""

    subscription: str
    topic: str
    hits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """An item that would have been kept back, and from which subscriptions."""

    item: int
    title: str
    link: str | None
    feed: str
    found_at: datetime
    subscriptions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a silence would have kept back of what was told, or waits to be, since a time.

    `alerts` would not have been made, by subscription; `shortened` would have been made without some of their hits.
    With `cut` only the newest `examined` hits x subscriptions were looked at.
    """

    covers: dict[str, tuple[str, ...]]
    since: datetime
    examined: int
    cut: bool
    hits: int
    alerts: dict[str, int]
    shortened: int
    lines: tuple[KeptBack, ...]
    headlines: tuple[Headline, ...]


async def list_silences(app: App, *, everything: bool = False) -> list[SilenceLine]:
    """List the silences in force and to come, the newest first; with `everything` those that ended, too."""
    now = app.context.clock()
    lines = await app.store.read(_lines, now=now)
    return [line for line in lines if everything or line.state is not SilenceState.ENDED]


async def add_silence(app: App, new: NewSilence, *, actor: str) -> SilenceLine:
    """Add a silence that the actor owns, and write it into the audit trail.

    Raises Refused for one without a reason, that ends before it begins or in more than a year, that names what there is
    not, and for one without any filter that does not say that everything is meant.
    """
    now = app.context.clock()
    return await app.store.write(
        _add, new, uid=app.context.new_uid().replace("msg_", "sil_"), actor=actor, now=now
    )


async def end_silence(app: App, uid: str, *, actor: str) -> SilenceLine:
    """End a silence now, whoever made it. Raises NotFound, and Refused for one that has ended."""
    return await app.store.write(_end, uid, actor=actor, now=app.context.clock())


async def preview(app: App, matcher: Matcher) -> Preview:
    """Show what a silence would have kept back in the last 30 days; nothing is stored.

    Raises Refused for what there is not.
    """
    return await app.store.read(_preview, matcher, now=app.context.clock())


def _lines(tx: Transaction, *, now: datetime) -> list[SilenceLine]:
    known = silences.list_silences(tx)
    kept = {
        number: count
        for batch in in_batches(silence.id for silence in known)
        for number, count in silences.kept_back(tx, batch).items()
    }
    return [_line(silence, hits=kept.get(silence.id, 0), now=now) for silence in known]


def _line(silence: Silence, *, hits: int, now: datetime) -> SilenceLine:
    if silence.ends_at is not None and silence.ends_at <= now:
        state = SilenceState.ENDED
    else:
        state = SilenceState.IN_FORCE if silence.begins_at <= now else SilenceState.COMING
    return SilenceLine(
        uid=silence.uid,
        state=state,
        covers=_set(silence.matcher),
        owner=silence.owner,
        reason=silence.reason,
        begins_at=silence.begins_at,
        ends_at=silence.ends_at,
        created_at=silence.created_at,
        hits=hits,
    )


def _set(matcher: Matcher) -> dict[str, tuple[str, ...]]:
    return {name: values for name, values in asdict(matcher).items() if values}


def _add(tx: Transaction, new: NewSilence, *, uid: str, actor: str, now: datetime) -> SilenceLine:
    begins = new.begins_at or now
    if not new.reason.strip():
        raise Refused("a silence needs a reason, which everybody sees whom it keeps something from")
    if new.ends_at <= max(begins, now):
        raise Refused(
            f"the silence would end at {new.ends_at:%Y-%m-%d %H:%M}Z, before it has begun or already"
        )
    if new.ends_at - now > LONGEST:
        raise Refused(f"a silence lasts {LONGEST.days} days at most; add another when it ends")
    matcher = _checked(tx, new.matcher)
    if not _set(matcher) and not new.everything:
        raise Refused(
            "without a filter nobody would be told of anything: give one, or say that everything is meant"
        )
    made = silences.add_silence(
        tx,
        Silence(
            uid=uid,
            matcher=matcher,
            owner=actor,
            reason=new.reason.strip(),
            begins_at=begins,
            ends_at=new.ends_at,
            created_at=now,
        ),
    )
    _record(tx, made, actor=actor, action="add", now=now)
    return _line(made, hits=0, now=now)


def _end(tx: Transaction, uid: str, *, actor: str, now: datetime) -> SilenceLine:
    ended = silences.end_silence(tx, uid, now=now)
    _record(tx, ended, actor=actor, action="end", now=now)
    return _line(ended, hits=silences.kept_back(tx, [ended.id]).get(ended.id, 0), now=now)


def _record(tx: Transaction, silence: Silence, *, actor: str, action: str, now: datetime) -> None:
    until = silence.ends_at.isoformat() if silence.ends_at else None
    detail = {"covers": _set(silence.matcher), "until": until, "reason": silence.reason}
    audit.record(tx, actor=actor, action=action, object=f"silence:{silence.uid}", detail=detail, now=now)


def _checked(tx: Transaction, matcher: Matcher) -> Matcher:
    """Return the matcher with languages as primary tags; a mistyped name must not look like a silence of something."""
    languages = tuple(primary(each) if is_tag(each) else each for each in matcher.languages)
    known = {name: set(values) for name, values in _known(tx).items()}
    for name, values in _set(matcher).items():
        for value in values:
            _check(tx, name, value, known)
    return Matcher(**{**asdict(matcher), "languages": languages})


def _check(tx: Transaction, name: str, value: str, known: dict[str, set[str]]) -> None:
    if name == "stories":
        if stories.find_by_uid(tx, value) is None:
            raise Refused(f"no story has the id {value!r}; monitor deliveries why shows an article's")
    elif name == "words":
        if not any(word.keys[0] for word in folded(value)):
            raise Refused(f"there is no word in {value!r}")
    elif name == "languages":
        if not is_tag(value):
            raise Refused(f"{value!r} is no language tag: give one such as en or es")
    elif value not in known[name]:
        there_are = ", ".join(sorted(known[name])[:20]) or "none"
        raise Refused(f"there are no {name} called {value!r}; there are: {there_are}")


def _known(tx: Transaction) -> dict[str, Iterable[str]]:
    topics = watchlist.list_topics(tx, enabled_only=False)
    papers = feeds.list_feeds(tx)
    return {
        "subscribers": [each.slug for each in recipients.list_subscribers(tx)],
        "subscriptions": [each.slug for each in recipients.list_subscriptions(tx, enabled_only=False)],
        "topics": [each.slug for each in topics],
        "tags": [tag for each in topics for tag in each.tags],
        "priorities": list(Priority),
        "publishers": [each.publisher for each in papers if each.publisher],
        "regions": [each.region for each in papers if each.region],
        "feeds": [each.slug for each in papers],
    }


def _preview(tx: Transaction, matcher: Matcher, *, now: datetime) -> Preview:
    asked = _checked(tx, matcher)
    since = now - PREVIEW
    meant = journey.meant_since(tx, since=since, limit=MOST + 1)
    looked_at = meant[:MOST]
    subscriptions = {each.id: each for each in recipients.list_subscriptions(tx, enabled_only=False)}
    topics = {topic.slug: topic for topic in watchlist.list_topics(tx, enabled_only=False)}
    kept: list[tuple[Meant, AlertHit]] = []
    for batch in in_batches(looked_at):
        kept += _kept(tx, asked, batch, subscriptions=subscriptions, topics=topics)
    alerts, shortened = _alerts(looked_at, {(each.hit, each.subscription) for each, _ in kept}, subscriptions)
    numbers = Counter((subscriptions[each.subscription].slug, shown.topic.slug) for each, shown in kept)
    return Preview(
        covers=_set(asked),
        since=since,
        examined=len(looked_at),
        cut=len(meant) > MOST,
        hits=len({each.hit for each, _ in kept}),
        alerts=alerts,
        shortened=shortened,
        lines=tuple(
            KeptBack(subscription=slug, topic=topic, hits=number)
            for (slug, topic), number in sorted(numbers.items())
        ),
        headlines=_headlines(kept, subscriptions),
    )


def _kept(
    tx: Transaction,
    matcher: Matcher,
    meant: Iterable[Meant],
    *,
    subscriptions: dict[int, Subscription],
    topics: dict[str, Topic],
) -> list[tuple[Meant, AlertHit]]:
    """Return those that the matcher covers, in their order."""
    batch = list(meant)
    shown = {
        each.hit.id: each
        for each in show_hits(tx, hits.get_hits(tx, {each.hit for each in batch}), topics=topics)
    }
    return [
        (each, shown[each.hit])
        for each in batch
        if covers(matcher, subscriptions[each.subscription], shown[each.hit], story=each.story)
    ]


def _alerts(
    looked_at: Iterable[Meant], kept: set[tuple[int, int]], subscriptions: dict[int, Subscription]
) -> tuple[dict[str, int], int]:
    """Count the alerts of which nothing would have been left, by subscription, and those that would be shorter."""
    left, gone = Counter[tuple[str, int]](), Counter[tuple[str, int]]()
    for each in looked_at:
        if each.alert is not None:
            (gone if (each.hit, each.subscription) in kept else left)[each.alert, each.subscription] += 1
    whole = Counter(subscriptions[number].slug for alert, number in gone if (alert, number) not in left)
    return dict(sorted(whole.items())), sum(key in left for key in gone)


def _headlines(
    kept: Iterable[tuple[Meant, AlertHit]], subscriptions: dict[int, Subscription]
) -> tuple[Headline, ...]:
    """Return the newest items, each once."""
    by_item: dict[int, list[tuple[Meant, AlertHit]]] = {}
    for each in kept:
        by_item.setdefault(each[1].hit.item.id, []).append(each)
    return tuple(
        Headline(
            item=number,
            title=pairs[0][1].hit.item.text.title,
            link=pairs[0][1].hit.item.link,
            feed=pairs[0][1].hit.item.feed_slug,
            found_at=pairs[0][1].hit.found_at,
            subscriptions=tuple(sorted({subscriptions[each.subscription].slug for each, _ in pairs})),
        )
        for number, pairs in islice(by_item.items(), HEADLINES)
    )
