"""The poll stage: due feeds are claimed, fetched, parsed and matched; one transaction keeps what came of it.

Feed state, item versions and hits commit together: a crash before the commit leaves the feed as it was (its
claim already moved `next_poll_at` on, so a crash loop never asks a server more often than the interval), and
the same items are found again. It does not decide who is told.
"""

import asyncio
import hashlib
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import httpx
import structlog

from monitor.errors import MonitorError
from monitor.fetch.cadence import Limits, next_poll
from monitor.fetch.identity import drafts
from monitor.fetch.parse import Parsed
from monitor.fetch.pool import ParserPool
from monitor.fetch.request import Fetched, FetchOptions, fetch
from monitor.match import ENGINE, TopicMatch, Watchlist
from monitor.model import Feed, FetchState, Hit, HitReason, Item, ItemDraft, Outcome, Poll
from monitor.pipeline.context import Context, Stage
from monitor.pipeline.crew import Crew
from monitor.pipeline.intake import Intake, progress, take_in
from monitor.pipeline.network import Network
from monitor.store import Transaction, feeds, hits, items
from monitor.store.items import KnownItem
from monitor.text.gate import link as clean_link

log = structlog.get_logger()

MATCH_SLICE = 50  # items


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOptions:
    """Bounds of polling: feeds in flight overall and per host, fetch limits, and the interval's floor.

    `floor` gives the shortest time between two polls of an address, in seconds.
    """

    concurrency: int = 16
    per_host: int = 1
    floor: Callable[[str], int]
    fetch: FetchOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    draft: ItemDraft
    matches: tuple[TopicMatch, ...]


class Poller:
    """Claims due feeds into free slots; `fill` returns at once, the polls run as tasks."""

    def __init__(
        self, context: Context, *, client: httpx.AsyncClient, parsers: ParserPool, options: PollOptions
    ) -> None:
        self._context = context
        self._client = client
        self._parsers = parsers
        self._options = options
        self._hosts: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(options.per_host)
        )
        self._network = Network()
        self._polling: set[int] = set()
        self._matching = asyncio.Semaphore(1)  # it is all CPU: two at once would only take from the loop
        self.crew = Crew(options.concurrency, name="poll")

    async def fill(self) -> int:
        """Claim as many due feeds as there are free slots and start polling them; return how many.

        A feed that still waits for its host's slow server is not claimed again, since its first poll would lose
        its claim and all that it found.
        """
        if not self.crew.free:
            return 0
        claimed = await self._context.store.write(
            feeds.claim_due, now=self._context.clock(), limit=self.crew.free, but=tuple(self._polling)
        )
        for feed in claimed:
            self._polling.add(feed.id)
            self.crew.start(self._poll(feed))
        return len(claimed)

    async def _poll(self, feed: Feed) -> None:
        try:
            async with self._hosts[urlsplit(feed.url).hostname or ""]:
                await self.poll(feed)
        except MonitorError as error:  # a full disk, no parser process: the next poll finds the same items
            log.error("feed.unfinished", feed=feed.slug, reason=str(error))
        finally:
            self._polling.discard(feed.id)
            self._context.wake(Stage.POLL)

    async def poll(self, feed: Feed) -> Outcome:
        """Poll one claimed feed from request to commit and return how it ended."""
        started, clock = self._context.clock(), time.monotonic()
        fetched = await fetch(self._client, feed.url, feed.fetch, options=self._options.fetch)
        parsed, digest = await self._read(feed, fetched)
        watchlist = self._context.watchlist()
        found = drafts(parsed, feed_language=feed.language, source=feed.publisher or feed.title)
        intake = await self._take_in(feed, found)
        judged = await self._match(watchlist, (*intake.new, *intake.changed))
        now = self._context.clock()
        outcome, reason = _ending(feed, fetched, parsed, intake)
        poll = Poll(
            started_at=started,
            ended_at=now,
            outcome=outcome,
            reason=reason,
            status=fetched.status,
            size=fetched.size,
            items=len(found),
            new_items=len(intake.new),
        )
        state = self._progress(feed, poll, fetched, digest=digest, damaged=parsed.damaged)
        made = await self._context.store.write(
            _commit,
            feed=feed,
            state=state,
            poll=poll,
            intake=intake,
            judged=judged,
            watchlist=watchlist,
            now=now,
        )
        self._tell(feed, poll, made, moved=_moved(fetched, outcome), started=clock)
        return outcome

    async def _read(self, feed: Feed, fetched: Fetched) -> tuple[Parsed, str | None]:
        """Parse a new body; a body that is byte for byte the last one is not parsed again."""
        if fetched.outcome is not None:
            return Parsed(outcome=fetched.outcome, reason=fetched.reason), None
        digest = hashlib.sha256(fetched.body).hexdigest()
        if digest == feed.fetch.body_hash:
            return Parsed(outcome=Outcome.SAME, reason="the same bytes as last time"), digest
        return await self._parsers.parse(
            fetched.body, headers=fetched.headers, url=fetched.url, now=self._context.clock()
        ), digest

    async def _take_in(self, feed: Feed, found: tuple[ItemDraft, ...]) -> Intake:
        if not found:
            return Intake()
        known, shown = await self._context.store.read(_known, feed.id, found)
        return take_in(found, known, shown=shown)

    async def _match(self, watchlist: Watchlist, found: Sequence[ItemDraft]) -> list[_Judged]:
        """Match beside the event loop, one feed at a time; in slices, since only between them can it be stopped."""
        judged: list[_Judged] = []
        async with self._matching:
            for start in range(0, len(found), MATCH_SLICE):
                part = found[start : start + MATCH_SLICE]
                judged += await asyncio.to_thread(_judge, watchlist, part)
        return judged

    def _progress(
        self, feed: Feed, poll: Poll, fetched: Fetched, *, digest: str | None, damaged: bool
    ) -> FetchState:
        """Work out when the feed is due again, and its state until then."""
        floor = max(self._options.floor(feed.url), feed.min_interval)
        schedule = next_poll(
            feed.fetch,
            outcome=poll.outcome,
            headers=fetched.headers,
            hints=feed.fetch.hints,
            limits=Limits(floor=floor, pace=floor / 3600),
            now=poll.ended_at,
            jitter=self._context.random(),
        )
        return progress(
            feed.fetch,
            outcome=poll.outcome,
            reason=poll.reason,
            fetched=fetched,
            digest=digest,
            damaged=damaged,
            schedule=schedule,
            now=poll.ended_at,
        )

    def _tell(self, feed: Feed, poll: Poll, made: list[Hit], *, moved: str | None, started: float) -> None:
        self._network.note(poll.outcome)
        log.log(
            logging.INFO if poll.outcome.ok else logging.WARNING,
            "feed.polled",
            feed=feed.slug,
            outcome=poll.outcome.value,
            status=poll.status,
            items=poll.items,
            new=poll.new_items,
            baseline=feed.fetch.baseline_at is None and poll.outcome.ok,
            ms=round((time.monotonic() - started) * 1000),
            reason=poll.reason,
        )
        if moved is not None:
            log.info("feed.moved", feed=feed.slug, to=moved)
        for hit in made:
            log.info(
                "item.matched",
                item=hit.item.id,
                feed=feed.slug,
                topic=hit.topic_slug,
                title=hit.item.text.title,
                words=list(dict.fromkeys(span.text for span in hit.spans)),
                reason=hit.reason.value,
            )
        if made:
            self._context.wake(Stage.DISPATCH)


def _known(
    tx: Transaction, feed_id: int, found: Sequence[ItemDraft]
) -> tuple[dict[str, KnownItem], set[tuple[str, str]]]:
    known = items.known(tx, feed_id, [draft.key for draft in found])
    unseen = {draft.fingerprint for draft in found if draft.key not in known}
    return known, items.shown(tx, feed_id, unseen)


def _judge(watchlist: Watchlist, found: Sequence[ItemDraft]) -> list[_Judged]:
    return [_Judged(draft=draft, matches=tuple(watchlist.match(draft.text))) for draft in found]


def _ending(feed: Feed, fetched: Fetched, parsed: Parsed, intake: Intake) -> tuple[Outcome, str]:
    """Say how the poll ended, and where the publisher says that the feed is now."""
    outcome, reason = _outcome(fetched, parsed, intake)
    moved = _moved(fetched, outcome)
    if moved is None:
        return outcome, reason
    advice = (
        "change the address in its file" if feed.owner.startswith("file:") else "add it under that address"
    )
    return outcome, f"{reason}; the publisher has moved it to {moved}: {advice}"


def _moved(fetched: Fetched, outcome: Outcome) -> str | None:
    """Return the lasting new address of a feed that was read there, fit to be shown.

    A permanent redirect is taken at its word (RFC 9110, 15.4.2 and 15.4.9) only by people: the address is theirs,
    and a parked or captured domain redirects for good as well.
    """
    return clean_link(fetched.permanent_url) if outcome in {Outcome.NEW, Outcome.SAME} else None


def _outcome(fetched: Fetched, parsed: Parsed, intake: Intake) -> tuple[Outcome, str]:
    """Take the outcome from the fetch, else from the parse, else from what the items turned out to be."""
    if fetched.outcome is not None:
        return fetched.outcome, fetched.reason
    if parsed.outcome is not Outcome.NEW:
        return parsed.outcome, parsed.reason
    if not intake.new and not intake.changed:
        return Outcome.SAME, parsed.reason or "every item was known"
    changed = f", {len(intake.changed)} changed" if intake.changed else ""
    return Outcome.NEW, parsed.reason or f"{len(intake.new)} new{changed}"


def _commit(
    tx: Transaction,
    *,
    feed: Feed,
    state: FetchState,
    poll: Poll,
    intake: Intake,
    judged: list[_Judged],
    watchlist: Watchlist,
    now: datetime,
) -> list[Hit]:
    """Keep feed state, item versions and hits in one transaction; return the hits that are new.

    Nothing is kept when the claim is no longer ours (the feed's address changed, or another process took over).
    """
    if not feeds.finish_poll(tx, feed, state, poll):
        return []
    if intake.seen:
        items.touch(tx, feed.id, intake.seen, now=now)
    made: list[Hit] = []
    for entry in judged:
        item, reason = _keep(tx, feed, entry.draft, intake, watchlist, now=now)
        for match in entry.matches:
            hit = hits.add_hit(
                tx,
                Hit(
                    item=item,
                    topic_id=match.topic.id,
                    topic_slug=match.topic.slug,
                    topic_revision=match.topic.revision,
                    engine=ENGINE,
                    reason=reason,
                    spans=match.spans,
                    found_at=now,
                ),
            )
            if hit is not None:
                made.append(hit)
    return made


def _keep(
    tx: Transaction, feed: Feed, draft: ItemDraft, intake: Intake, watchlist: Watchlist, *, now: datetime
) -> tuple[Item, HitReason]:
    known = intake.known.get(draft.key)
    if feed.fetch.baseline_at is None:
        reason = HitReason.BASELINE
    elif known:
        reason = HitReason.UPDATED
    else:
        reason = HitReason.HELD if draft.key in intake.reissued else HitReason.LIVE
    if known:
        return items.add_version(
            tx, known.id, draft, now=now, reason=reason, watchlist_revision=watchlist.revision, engine=ENGINE
        ), reason
    return items.add_item(
        tx, feed, draft, now=now, reason=reason, watchlist_revision=watchlist.revision, engine=ENGINE
    ), reason
