"""The read stage: pages of items whose feed wants their full text are asked for, read and matched again.

The text makes a new version of its item, so that a topic which the summary did not satisfy can be satisfied by it; who
is told stays route's. A claim moves `due_at` on, so that a crash loop never asks a server again and again.
"""

import asyncio
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import httpx
import structlog

from monitor.errors import MonitorError
from monitor.fetch.access import Secrets
from monitor.fetch.article import Article, from_wire
from monitor.fetch.pool import ParserPool, TaskKilled
from monitor.fetch.request import Fetched, FetchOptions
from monitor.fetch.robots import Robots
from monitor.match import ENGINE
from monitor.model import Hit, ItemDraft
from monitor.pipeline.context import Context, Stage
from monitor.pipeline.crew import Crew
from monitor.pipeline.hosts import Hosts
from monitor.pipeline.keep import Hold, Judged, keep_hits
from monitor.pipeline.pages import Pages, Visit
from monitor.pipeline.report import tell_hits
from monitor.store import Transaction, articles, hosts, items
from monitor.store.articles import MAX_ATTEMPTS, ArticleState, ClaimedArticle

log = structlog.get_logger()

RETRIES = (timedelta(minutes=10), timedelta(minutes=60))  # after the first and the second attempt
LOST = "the item has changed meanwhile: its page is read again later"
PAGE = FetchOptions(
    max_raw=2 * 1024 * 1024,
    max_decoded=4 * 1024 * 1024,
    total_timeout=20.0,
    accept="text/html, application/xhtml+xml;q=0.9, */*;q=0.1",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleOptions:
    """Bounds of reading: pages at a time, the seconds of one with its redirects and waits, limits of a request."""

    concurrency: int = 4
    total_seconds: float = 60.0
    fetch: FetchOptions = PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """A text to keep as the item's next version."""

    judged: Judged
    watchlist_revision: int


class ArticleReader:
    """Claims due pages into free slots, one of a host at a time; `fill` returns at once, the readings run as tasks.

    `hosts_in_use` is the one that the polls use: no host is asked by both at once.
    """

    def __init__(
        self,
        context: Context,
        *,
        client: httpx.AsyncClient,
        parsers: ParserPool,
        secrets: Secrets,
        hosts_in_use: Hosts,
        robots: Robots,
        options: ArticleOptions,
    ) -> None:
        self._context = context
        self._parsers = parsers
        self._hosts = hosts_in_use
        self._options = options
        self._pages = Pages(
            context, client=client, secrets=secrets, hosts=hosts_in_use, robots=robots, options=options.fetch
        )
        self._reading: set[int] = set()
        self._matching = asyncio.Lock()  # it is all CPU: two at once would only take from the loop
        self.crew = Crew(options.concurrency, name="read")

    async def fill(self) -> int:
        """Claim due pages for the free slots and start reading them; return how many."""
        if not self.crew.free or not await self._any_due():
            return 0
        async with self._hosts.turn:
            claimed = await self._context.store.write(
                _claim,
                now=self._context.clock(),
                limit=self.crew.free,
                but=tuple(self._reading),
                room=self._hosts.room(),
            )
            for each in claimed:
                self._reading.add(each.item.id)
                self._hosts.enter(each.host)
                self.crew.start(self._read(each))
        return len(claimed)

    async def read_due(self) -> None:
        """Read everything that is due, to the end: also what waits for the pause of its host."""
        while True:
            if await self.fill() or self.crew.busy:
                await self.crew.drain()
                continue
            wait = self._hosts.wait()
            if wait is None or not await self._context.store.read(
                articles.any_due, now=self._context.clock()
            ):
                return
            await asyncio.sleep(wait)

    async def _any_due(self) -> bool:
        full = [host for host, left in self._hosts.room().items() if left <= 0]
        return await self._context.store.read(articles.any_due, now=self._context.clock(), full=full)

    async def _read(self, claimed: ClaimedArticle) -> None:
        try:
            await self.read(claimed)
        except MonitorError as error:  # a full disk, no parser process: the claim comes due again
            log.error("article.unfinished", item=claimed.item.id, feed=claimed.feed.slug, reason=str(error))
        finally:
            self._reading.discard(claimed.item.id)
            self._context.wake(Stage.READ)

    async def read(self, claimed: ClaimedArticle) -> None:
        """Read one claimed page from request to commit. Its host, which was entered, is left."""
        began = time.monotonic()
        visit = await self._visit(claimed)
        if visit.fetched is None:
            await self._without(claimed, visit)
            return
        article = await self._extract(visit.fetched)
        if article.refusal:
            await self._without(claimed, Visit(refused=article.refusal))
            return
        text = await self._judge(claimed, article.text) if _brings_more(claimed, article.text) else None
        made = await self._context.store.write(_keep, claimed, text, now=self._context.clock())
        if made is None:
            log.info("article.dropped", item=claimed.item.id, feed=claimed.feed.slug, reason=LOST)
            return
        log.info(
            "article.read",
            item=claimed.item.id,
            feed=claimed.feed.slug,
            characters=len(article.text),
            new=text is not None,
            ms=round((time.monotonic() - began) * 1000),
        )
        tell_hits(made)
        if made:
            self._context.wake(Stage.DISPATCH)

    async def _visit(self, claimed: ClaimedArticle) -> Visit:
        try:
            async with asyncio.timeout(self._options.total_seconds):
                return await self._pages.visit(claimed.url, claimed.feed)
        except TimeoutError:
            reason = f"no complete answer within {self._options.total_seconds:g} s"
            return Visit(refused=reason, passing=True)

    async def _extract(self, fetched: Fetched) -> Article:
        kind = {name: value for name, value in fetched.headers.items() if name == "content-type"}
        try:
            return from_wire(await self._parsers.run("article", {"headers": kind}, fetched.body))
        except TaskKilled as killed:
            return Article(refusal=f"the page is hostile: {killed}")

    async def _judge(self, claimed: ClaimedArticle, text: str) -> _Text:
        """Match the item with its full text beside the event loop."""
        watchlist = self._context.watchlist()
        draft = with_full_text(claimed.draft, text)
        async with self._matching:
            matches = await asyncio.to_thread(watchlist.match, draft.text)
        judged = Judged(draft=draft, reason=claimed.found_as, matches=tuple(matches))
        return _Text(judged=judged, watchlist_revision=watchlist.revision)

    async def _without(self, claimed: ClaimedArticle, visit: Visit) -> None:
        """Keep why there is no text, and when to try again, if at all."""
        again = visit.passing and claimed.attempts < MAX_ATTEMPTS
        due_at = self._context.clock() + RETRIES[claimed.attempts - 1] if again else None
        reason = visit.refused
        if visit.passing and not again:
            reason = f"given up after {claimed.attempts} attempts; {reason}"
        now = self._context.clock()
        await self._context.store.write(
            _keep_refusal, claimed, reason, due_at=due_at, hold=visit.hold, now=now
        )
        if visit.hold is not None:
            self._hosts.refused = await self._context.store.read(hosts.held)
        facts = {"item": claimed.item.id, "feed": claimed.feed.slug, "url": claimed.url, "reason": reason}
        if again:
            log.info("article.postponed", **facts)
        else:
            log.info("article.refused", **facts)


def with_full_text(draft: ItemDraft, text: str) -> ItemDraft:
    """Return an item with its full text as the body.

    Its fingerprint stays that of the feed's own text: the next poll must not take that for a change.
    """
    return replace(draft, text=replace(draft.text, body=text))


def _brings_more(claimed: ClaimedArticle, text: str) -> bool:
    own = claimed.draft.text
    return len(text) > max(len(own.body), len(own.summary))


def _claim(
    tx: Transaction, *, now: datetime, limit: int, but: tuple[int, ...], room: dict[str, int]
) -> list[ClaimedArticle]:
    articles.give_up(tx, now=now)
    return articles.claim_due(tx, now=now, limit=limit, but=but, room=room)


def _keep(tx: Transaction, claimed: ClaimedArticle, text: _Text | None, *, now: datetime) -> list[Hit] | None:
    """Keep a reading; return the hits that are new, or None when the claim was lost, and nothing is kept."""
    reason = "" if text else "the page has no more text than the feed gives"
    if items.get_item(tx, claimed.item.id).version != claimed.item.version:
        return None
    if not articles.settle(tx, claimed, state=ArticleState.READ, reason=reason):
        return None
    if text is None:
        return []
    item = items.add_version(
        tx,
        claimed.item.id,
        text.judged.draft,
        now=now,
        reason=text.judged.reason,
        watchlist_revision=text.watchlist_revision,
        engine=ENGINE,
        full_text=True,
    )
    return keep_hits(tx, item, text.judged, now=now)


def _keep_refusal(
    tx: Transaction,
    claimed: ClaimedArticle,
    reason: str,
    *,
    due_at: datetime | None,
    hold: Hold | None,
    now: datetime,
) -> None:
    if hold is not None:
        hosts.hold(tx, hold.host, until=hold.until, reason=hold.reason, now=now)
    if due_at is not None:
        articles.postpone(tx, claimed, due_at=due_at, reason=reason)
    else:
        articles.settle(tx, claimed, state=ArticleState.REFUSED, reason=reason)
