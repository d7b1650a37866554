"""The end of a poll: feed state, items, versions, hits and gaps go into the store in one transaction.

A crash before it leaves the feed as it was, and the same items are found again. What changes nothing but the feed's
own row ("quiet") may share a transaction with others of its kind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitor import crash_point
from monitor.match import ENGINE, TopicMatch, Watchlist
from monitor.model import Feed, FetchState, Hit, HitReason, Hub, Item, ItemDraft, Poll, Slot
from monitor.pipeline.push import Pusher
from monitor.store import Transaction, articles, feeds, gaps, hits, hosts, items, windows
from monitor.store.gaps import Gap
from monitor.store.items import KnownItem

READ_IN_FULL = (HitReason.LIVE, HitReason.UPDATED)  # what may alert: nobody waits for the text of the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An unseen or changed item, what it matched, and in which situation it was found."""

    draft: ItemDraft
    reason: HitReason
    matches: tuple[TopicMatch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A host that asked us to wait: none of its feeds is asked before `until`."""

    host: str
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """One finished poll with all that it found; `slots` is the window to remember, None when it stays.

    `hub` is the one that the feed names. `touched_at` is when the window's items were last noted as shown, `shown` are
    the keys of those to note now.
    """

    feed: Feed
    state: FetchState
    poll: Poll
    judged: Sequence[Judged] = ()
    known: Mapping[str, KnownItem] = field(default_factory=dict)
    slots: Sequence[Slot] | None = None
    touched_at: datetime
    shown: Sequence[str] = ()
    gap: Gap | None = None
    hold: Hold | None = None
    release: str | None = None
    hub: Hub | None = None

    @property
    def quiet(self) -> bool:
        """Whether nothing but the feed's own row and its history changes."""
        return not (self.judged or self.shown or self.gap or self.hold or self.release) and self.slots is None


def keep(
    tx: Transaction, polled: Polled, *, watchlist: Watchlist, pusher: Pusher | None, now: datetime
) -> list[Hit] | None:
    """Keep a poll and return the hits that are new; None when the claim was lost, and nothing is kept.

    It is lost when the feed's address changed, or another process took over.
    """
    feed = polled.feed
    if not feeds.finish_poll(tx, feed, polled.state, polled.poll):
        return None
    _hear(tx, polled, pusher)
    if polled.hold is not None:
        hosts.hold(tx, polled.hold.host, until=polled.hold.until, reason=polled.hold.reason, now=now)
    if polled.release is not None:
        hosts.release(tx, polled.release)
    if polled.shown:
        items.touch(tx, feed.id, polled.shown, now=now)
    if polled.slots is not None:
        windows.put_window(tx, feed.id, polled.slots, read_at=polled.touched_at)
    if polled.gap is not None:
        gaps.add_gap(tx, feed.id, polled.gap)
    made: list[Hit] = []
    for entry, item in _keep_items(tx, polled, revision=watchlist.revision, now=now):
        made += keep_hits(tx, item, entry, now=now)
        if feed.full_text and entry.reason in READ_IN_FULL:
            articles.enqueue(tx, item, now=now)
    crash_point.passing(crash_point.INGEST_OPEN)
    return made


def keep_quiet(tx: Transaction, quiet: Sequence[Polled], pusher: Pusher | None) -> None:
    """Keep many polls that found nothing."""
    kept = feeds.finish_polls(tx, [(polled.feed, polled.state, polled.poll) for polled in quiet])
    for polled in quiet:
        if polled.feed.id in kept:
            _hear(tx, polled, pusher)


def _hear(tx: Transaction, polled: Polled, pusher: Pusher | None) -> None:
    """Let push know which hub a feed names, where the feed answered."""
    if pusher is not None and polled.poll.outcome.ok:
        pusher.discovered(tx, polled.feed, polled.hub, now=polled.poll.ended_at)


def _keep_items(
    tx: Transaction, polled: Polled, *, revision: int, now: datetime
) -> list[tuple[Judged, Item]]:
    """Keep what was found, as new items or as versions of known ones; return it in the order in which it was."""
    new = [entry for entry in polled.judged if entry.draft.key not in polled.known]
    added = items.add_items(
        tx,
        polled.feed,
        [(entry.draft, entry.reason) for entry in new],
        now=now,
        watchlist_revision=revision,
        engine=ENGINE,
    )
    by_key = {entry.draft.key: item for entry, item in zip(new, added, strict=True)}
    return [
        (
            entry,
            by_key.get(entry.draft.key)
            or items.add_version(
                tx,
                polled.known[entry.draft.key].id,
                entry.draft,
                now=now,
                reason=entry.reason,
                watchlist_revision=revision,
                engine=ENGINE,
            ),
        )
        for entry in polled.judged
    ]


def keep_hits(tx: Transaction, item: Item, entry: Judged, *, now: datetime) -> list[Hit]:
    """Keep what a version of an item matched; return the hits on topics that no version matched before."""
    found = (
        hits.add_hit(
            tx,
            Hit(
                item=item,
                topic_id=match.topic.id,
                topic_slug=match.topic.slug,
                topic_revision=match.topic.revision,
                engine=ENGINE,
                reason=entry.reason,
                spans=match.spans,
                found_at=now,
            ),
        )
        for match in entry.matches
    )
    return [hit for hit in found if hit is not None]
