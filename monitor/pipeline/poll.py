"""The poll stage: due feeds are claimed, read and matched; one transaction keeps what came of each.

A claim moves `next_poll_at` on, so that a crash loop never asks a server more often than the interval. Polls that
found nothing are kept together with the next claims, since most polls do. It does not decide who is told.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import httpx
import structlog

from monitor import crash_point
from monitor.errors import MonitorError
from monitor.fetch.access import Secrets
from monitor.fetch.cadence import (
    MAX_BACKOFF,
    MAX_RETRY_AFTER,
    RATE_LIMITED_FLOOR,
    Limits,
    next_poll,
    retry_after,
)
from monitor.fetch.pool import ParserPool
from monitor.fetch.request import Fetched, FetchOptions
from monitor.fetch.window import still_shown
from monitor.match import TopicMatch, Watchlist
from monitor.model import Feed, FetchState, Hit, ItemDraft, Outcome, Poll
from monitor.pipeline import report
from monitor.pipeline.context import Context, Stage
from monitor.pipeline.crew import Crew
from monitor.pipeline.ending import Ending, conclude, gap_of, reasons, with_older
from monitor.pipeline.hosts import Hosts
from monitor.pipeline.intake import Intake, take_in
from monitor.pipeline.keep import Hold, Judged, Polled, keep, keep_quiet
from monitor.pipeline.lookup import LookedUp, look_up
from monitor.pipeline.network import Network
from monitor.pipeline.progress import Found, progress, taught
from monitor.pipeline.push import Pusher
from monitor.pipeline.push_rules import push_alive
from monitor.pipeline.reading import Reader, Reading
from monitor.store import Transaction, feeds, hosts, websub
from monitor.store.feed_rows import asked_host, host_of

log = structlog.get_logger()

MATCH_SLICE = 50  # items
MATCH_INLINE = 4  # items that cost the loop less to match than to hand to a thread and back
TURN_SECONDS = 0.02  # between two claims: what ends meanwhile is kept in one transaction
AHEAD = (
    3  # feeds claimed for each that is asked: so that a turn has much to keep, and no request waits for one
)
CLOCK_SECONDS = 60.0  # between two looks for schedules from a clock that ran ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOptions:
    """Bounds of polling: requests in flight overall and per host, fetch limits, and what cadence may do.

    `host_pause` is the number of seconds between two requests to a host; `limits` gives the bounds of a feed's
    interval, from the feed.
    """

    concurrency: int = 16
    per_host: int = 1
    host_pause: float = 1.0
    limits: Callable[[Feed], Limits]
    fetch: FetchOptions


class Poller:
    """Claims due feeds into free slots; `fill` returns at once, the polls run as tasks.

    A claimed feed waits until one of `concurrency` requests may be made, and its document until it is one of as many
    that are worked on: a slow server does not hold up parsers and store, nor these the next request.
    """

    def __init__(
        self,
        context: Context,
        *,
        client: httpx.AsyncClient,
        parsers: ParserPool,
        secrets: Secrets,
        options: PollOptions,
        pusher: Pusher | None = None,
        hosts_in_use: Hosts | None = None,
    ) -> None:
        self._context = context
        self._options = options
        self._pusher = pusher
        self._reader = Reader(context, client=client, parsers=parsers, secrets=secrets, options=options.fetch)
        self._hosts = hosts_in_use or Hosts(per_host=options.per_host, pause=options.host_pause)
        self._network = Network()
        self._polling: set[int] = set()
        self._quiet: list[Polled] = []
        self._turned_at = self._looked_at = float("-inf")
        self._matching = asyncio.Semaphore(1)  # it is all CPU: two at once would only take from the loop
        self._requests = asyncio.Semaphore(options.concurrency)
        self._documents = asyncio.Semaphore(options.concurrency)
        self.crew = Crew(options.concurrency * (1 + AHEAD), name="poll")

    async def fill(self) -> int:
        """Keep the quiet polls that ended, claim due feeds for the free slots, start them; return how many.

        A feed whose poll still runs is not claimed again, since that poll would lose its claim and all it found.
        """
        await asyncio.sleep(max(0.0, self._turned_at + TURN_SECONDS - time.monotonic()))
        if self._hosts.refused is None:
            self._hosts.refused = await self._context.store.read(hosts.held)
        async with self._hosts.turn:
            return await self._take_turn()

    async def _take_turn(self) -> int:
        quiet, self._quiet = self._quiet, []
        if not quiet and not self.crew.free:
            return 0
        try:
            claimed = await self._context.store.write(_turn, quiet, self._claim(), pusher=self._pusher)
        except BaseException:
            self._quiet = quiet + self._quiet  # a full disk loses nothing: they are kept once there is room
            raise
        self._turned_at = time.monotonic()
        self._polling.difference_update(polled.feed.id for polled in quiet)
        for feed in claimed:
            self._polling.add(feed.id)
            self._hosts.enter(asked_host(feed))
            self.crew.start(self._poll(feed))
        return len(claimed)

    async def finish(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the crew's
        """Wait for the polls in flight, `timeout` seconds at most, and keep what they found."""
        await self.crew.drain(timeout=timeout)
        quiet, self._quiet = self._quiet, []
        if quiet:
            try:
                await self._context.store.write(keep_quiet, quiet, self._pusher)
            except BaseException:
                self._quiet = quiet + self._quiet
                raise
            self._polling.difference_update(polled.feed.id for polled in quiet)

    async def poll_due(self) -> None:
        """Poll everything that is due, to the end: also what waits for the pause of its host."""
        while True:
            if await self.fill() or self.crew.busy:
                await self.finish()
                continue
            wait = self._hosts.wait()
            if wait is None or not await self._context.store.read(feeds.any_due, now=self._context.clock()):
                return
            await asyncio.sleep(wait)

    def _claim(self) -> "_Claim":
        """Say what may be claimed now."""
        look = time.monotonic() - self._looked_at >= CLOCK_SECONDS
        if look:
            self._looked_at = time.monotonic()
        return _Claim(
            now=self._context.clock(),
            limit=self.crew.free,
            but=tuple(self._polling),
            room=self._hosts.room(),
            per_host=self._hosts.per_host,
            look_at_clock=look,
        )

    async def _poll(self, feed: Feed) -> None:
        quiet = False
        try:
            quiet = await self.poll(feed)
        except MonitorError as error:  # a full disk, no parser process: the next poll finds the same items
            log.error("feed.unfinished", feed=feed.slug, reason=str(error))
        finally:
            self._hosts.leave(asked_host(feed))
            if not quiet:
                self._polling.discard(feed.id)
            self._context.wake(Stage.POLL)

    async def poll(self, feed: Feed) -> bool:
        """Poll one claimed feed from request to commit; True when its commit is left to the next turn."""
        async with self._requests:
            started, clock = self._context.clock(), time.monotonic()
            fetched = await self._reader.ask(feed)
            if fetched.outcome is None:
                await self._documents.acquire()  # before the next request: bodies must not pile up
        try:
            reading = await self._reader.read(feed, fetched)
            return await self._end(feed, reading, started=started, clock=clock)
        finally:
            if fetched.outcome is None:
                self._documents.release()

    async def _end(self, feed: Feed, reading: Reading, *, started: datetime, clock: float) -> bool:
        """Take a poll from its document to its commit."""
        looked = await self._look_up(feed, reading)
        intake = take_in(looked.drafts, looked.known, window=_size(reading))
        ending = conclude(feed, reading, looked, intake, now=self._context.clock())
        if ending.gap_since is not None:
            pause = self._hosts.pause(asked_host(feed))
            # Not as one of `concurrency` requests: those may wait for this document to be done with.
            ending = with_older(ending, await self._reader.read_older(feed, reading, pause=pause))
        watchlist = self._context.watchlist()
        judged = await self._judge(watchlist, feed, intake, ending)
        pushed = await self._pushed(feed)
        polled = self._polled(feed, reading, intake, ending, judged, started=started, pushed=pushed)
        made = await self._keep(polled, watchlist)
        self._network.note(polled.poll.outcome)
        if made is None:
            log.warning(
                "feed.unfinished", feed=feed.slug, reason="its address or access was changed meanwhile"
            )
            return False
        report.tell(polled, ending, made, ms=round((time.monotonic() - clock) * 1000))
        if made:
            self._context.wake(Stage.DISPATCH)
        if judged and feed.full_text:
            self._context.wake(Stage.READ)
        return polled.quiet

    async def _look_up(self, feed: Feed, reading: Reading) -> LookedUp:
        if not reading.identified.drafts:
            return LookedUp()
        return await self._context.store.read(
            look_up, feed.id, reading.identified.drafts, before=reading.slots_before
        )

    async def _judge(self, watchlist: Watchlist, feed: Feed, intake: Intake, ending: Ending) -> list[Judged]:
        """Match beside the event loop, one feed at a time; in slices, since only between them can it be stopped."""
        found = (*reversed(ending.older.drafts), *intake.new, *intake.changed)
        if not found:
            return []
        why = reasons(feed, intake, ending)
        judged: list[Judged] = []
        async with self._matching:
            for start in range(0, len(found), MATCH_SLICE):
                part = found[start : start + MATCH_SLICE]
                matches = (
                    _match(watchlist, part)
                    if len(found) <= MATCH_INLINE
                    else await asyncio.to_thread(_match, watchlist, part)
                )
                judged += [
                    Judged(draft=draft, reason=why[draft.key], matches=each)
                    for draft, each in zip(part, matches, strict=True)
                ]
        return judged

    def _polled(
        self,
        feed: Feed,
        reading: Reading,
        intake: Intake,
        ending: Ending,
        judged: Sequence[Judged],
        *,
        started: datetime,
        pushed: bool,
    ) -> Polled:
        """Put together all that is to be kept of a poll."""
        now = self._context.clock()
        found = _found(reading, intake, ending)
        # The host asked last: redirects may have led to another.
        host, refused = host_of(reading.fetched.url) or asked_host(feed), self._hosts.refused or {}
        answered = reading.fetched.status is not None and reading.fetched.status < 400
        return Polled(
            feed=feed,
            state=self._state(feed, found, ending, pushed=pushed, now=now),
            poll=_history(reading, intake, ending, started=started, now=now),
            judged=judged,
            known=intake.known,
            slots=ending.slots,
            touched_at=ending.touched_at or now,
            shown=ending.shown,
            gap=gap_of(ending, now=now),
            hold=_hold(host, ending.outcome, reading.fetched, refusals=refused.get(host, 0), now=now),
            hub=reading.hub,
            release=host if answered and host in refused else None,
        )

    def _state(self, feed: Feed, found: Found, ending: Ending, *, pushed: bool, now: datetime) -> FetchState:
        """Work out when the feed is due again, and its state until then."""
        state, limits = taught(feed.fetch, found, now=now), self._options.limits(feed)
        schedule = next_poll(
            state,
            outcome=ending.outcome,
            headers=found.fetched.headers,
            hints=state.hints,
            limits=replace(limits, push=True) if pushed else limits,
            now=now,
            jitter=self._context.random(),
        )
        return progress(
            state, outcome=ending.outcome, reason=ending.reason, found=found, schedule=schedule, now=now
        )

    async def _pushed(self, feed: Feed) -> bool:
        """Whether a hub tells us of the feed's new items, so that polling may slow down."""
        if self._pusher is None or feed.fetch.hints.hub is None:
            return False
        push = await self._context.store.read(websub.wanted, feed.id)
        return push_alive(push, feed, now=self._context.clock())

    async def _keep(self, polled: Polled, watchlist: Watchlist) -> list[Hit] | None:
        """Commit a poll that found something; leave one that did not to the next turn. None: the claim was lost."""
        if polled.quiet:
            self._quiet.append(polled)
            return []
        crash_point.passing(crash_point.INGEST_READ)
        made = await self._context.store.write(
            keep, polled, watchlist=watchlist, pusher=self._pusher, now=self._context.clock()
        )
        crash_point.passing(crash_point.INGEST_KEPT)
        if made is not None:
            if polled.hold is not None:
                self._hosts.refused = await self._context.store.read(hosts.held)
            elif polled.release is not None:
                self._hosts.release(polled.release)
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """What a turn may claim, as the event loop saw it: the writer's thread must not look at its sets."""

    now: datetime
    limit: int
    but: tuple[int, ...]
    room: Mapping[str, int]
    per_host: int
    look_at_clock: bool


def _turn(tx: Transaction, quiet: Sequence[Polled], claim: _Claim, *, pusher: Pusher | None) -> list[Feed]:
    keep_quiet(tx, quiet, pusher)
    if claim.look_at_clock:
        feeds.forgive_clock(tx, now=claim.now)
        hosts.prune_waits(tx, now=claim.now)
    if not claim.limit:
        return []
    return feeds.claim_due(
        tx, now=claim.now, limit=claim.limit, but=claim.but, room=claim.room, per_host=claim.per_host
    )


def _found(reading: Reading, intake: Intake, ending: Ending) -> Found:
    """Return what the feed's own state depends on; a window issued again teaches nothing."""
    return Found(
        fetched=reading.fetched,
        digest=reading.digest,
        damaged=reading.parsed.damaged,
        hints=reading.parsed.hints if reading.read else None,
        window=_size(reading) if reading.read else None,
        new=[draft for draft in intake.new if draft.key not in intake.held],
        familiar=ending.outcome is not Outcome.NEW
        or bool(intake.seen or still_shown(reading.parsed, reading.slots_before)),
    )


def _history(reading: Reading, intake: Intake, ending: Ending, *, started: datetime, now: datetime) -> Poll:
    """Return the poll as the history keeps it."""
    return Poll(
        started_at=started,
        ended_at=now,
        outcome=ending.outcome,
        reason=ending.reason,
        status=reading.fetched.status,
        size=reading.fetched.size,
        items=_size(reading),
        new_items=len(intake.new) + len(ending.older.drafts),
    )


def _size(reading: Reading) -> int:
    """Return how many entries the document has."""
    return len(reading.parsed.pieces or reading.identified.keys)


def _match(watchlist: Watchlist, found: Sequence[ItemDraft]) -> list[tuple[TopicMatch, ...]]:
    return [tuple(watchlist.match(draft.text)) for draft in found]


def _hold(host: str, outcome: Outcome, fetched: Fetched, *, refusals: int, now: datetime) -> Hold | None:
    """Return how long a host's other feeds wait, too: it has refused us, not this feed.

    As long as it asks; else ten minutes, doubled with each of its `refusals` so far, whichever feeds met with them.
    This feed's own interval is no matter of theirs.
    """
    busy = outcome is Outcome.SERVER_ERROR and fetched.status == 503 and "retry-after" in fetched.headers
    if not host or not (outcome is Outcome.RATE_LIMITED or busy):
        return None
    told = retry_after(fetched.headers, now)
    guess = min(RATE_LIMITED_FLOOR * 2 ** min(refusals, 20), MAX_BACKOFF)
    seconds = guess if told is None else min(told, MAX_RETRY_AFTER)
    return Hold(host=host, until=now + timedelta(seconds=seconds), reason=fetched.reason)
