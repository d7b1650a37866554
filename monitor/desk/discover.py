"""Find the feeds of a site: ask the page, what it names, what it links to, and last the usual paths.

It adds nothing; adding is `monitor.desk.feeds`' own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from monitor.app import App
from monitor.config.values import is_loopback_host
from monitor.errors import Refused
from monitor.fetch import discover as pages
from monitor.fetch.crawl import Crawl, CrawlOptions
from monitor.fetch.discover import Candidate, How
from monitor.fetch.document import Parsed
from monitor.fetch.identity import canonical_link
from monitor.model import Feed, Outcome
from monitor.options import fetch_options
from monitor.store import feeds
from monitor.text.gate import without_credentials

_FRESH = (timedelta(days=2), timedelta(days=14), timedelta(days=90))
_LONGEST_ANSWER = 20.0  # seconds for one request: a page slower than that is no help to a person who waits
_MOST_REFUSALS = 3  # in a row: then the site does not want us, and asking on would be rude
_MOST_HUBS = 2
_ENDS_IT = frozenset(
    {
        Outcome.UNREACHABLE,
        Outcome.TIMEOUT,
        Outcome.FORBIDDEN_ADDRESS,
        Outcome.SERVER_ERROR,
        Outcome.RATE_LIMITED,
    }
)
_REFUSES = frozenset({Outcome.BLOCKED, Outcome.UNAUTHORIZED})


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverOptions:
    """How far to look: limits of the crawl, how many feeds are enough, whether aggregators are asked as well."""

    crawl: CrawlOptions = field(default_factory=CrawlOptions)
    enough: int = 8
    google_news: bool = False
    google_search: str = pages.GOOGLE_NEWS


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFeed:
    """A feed that was found and read.

    `how` names the way it was found (`monitor.fetch.discover.How`), `per_day` items a day in its window (None:
    unknown), `newest_at` the newest date in it; `known` is the slug of the feed that has this address already.
    """

    url: str
    title: str
    format: str
    language: str
    items: int
    per_day: float | None
    newest_at: datetime | None
    how: str
    comments: bool
    known: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """An address that led to no feed (or not to another one), and why."""

    url: str
    how: str
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """An address that was not asked, and what it would be."""

    url: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What looking came to: feeds, best first; where none was; and what to do when there are none."""

    url: str
    feeds: tuple[FoundFeed, ...]
    tried: tuple[Tried, ...]
    suggestions: tuple[Suggestion, ...]
    advice: str
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Feed:
    candidate: Candidate
    url: str
    parsed: Parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    url: str
    body: bytes
    candidates: tuple[Candidate, ...]


async def discover(app: App, text: str, *, options: DiscoverOptions | None = None) -> Discovery:
    """Find the feeds of a site by a host name, a page or a feed.

    Asks at most `options.crawl.max_requests` times, and stops early. Raises Refused for what is no web address.
    """
    options = options or DiscoverOptions()
    starts = pages.start_addresses(text)
    if not starts:
        raise Refused(
            f"{text.strip()!r} is no web address: give a host (elpasomatters.org) or an http(s) URL"
        )
    search = _Search(app, options)
    await search.run(starts)
    stored = await app.store.read(feeds.list_feeds)
    now = app.context.clock()
    found = sorted(
        (_line(each, _known(each, stored), pages.dates(each.parsed), now) for each in search.found),
        key=lambda line: _rank(line, now),
    )
    aggregators = () if options.google_news else pages.google_news(search.url, search=options.google_search)
    return Discovery(
        url=without_credentials(search.url),
        feeds=tuple(found),
        tried=tuple(search.tried),
        suggestions=tuple(
            Suggestion(url=each.url, what="Google News search for this site (an aggregator)")
            for each in aggregators
        ),
        advice=search.advice(),
        requests=search.requests,
    )


class _Search:
    """One search: what was found, what was tried, and which addresses are still worth asking."""

    def __init__(self, app: App, options: DiscoverOptions) -> None:
        self.url = ""
        self.found: list[_Feed] = []
        self.tried: list[Tried] = []
        self._app = app
        self._options = options
        limits = fetch_options(app.settings)
        limits = replace(limits, total_timeout=min(limits.total_timeout, _LONGEST_ANSWER))
        self._crawl = Crawl(
            app.http,
            options=replace(options.crawl, fetch=limits),
            clock=app.context.clock,
            hurried=is_loopback_host,
        )
        self._asked: set[str] = set()
        self._refusals = 0
        self._stopped = ""
        self._last: Outcome | None = None

    @property
    def requests(self) -> int:
        return self._crawl.requests

    async def run(self, starts: Sequence[str]) -> None:
        """Look in the order of how sure each way is; leave off as soon as guessing would not add anything."""
        page = await self._start(starts)
        if not self.found:
            await self._look_around(page)
        if self._options.google_news:
            self._stopped = ""
            for each in pages.google_news(self.url, search=self._options.google_search):
                await self._visit(each, chosen=True)

    async def _look_around(self, page: _Page | None) -> None:
        if page is not None:
            await self._look_through(page)
        if self._wanting() and urlsplit(self.url).path.strip("/"):
            front = await self._visit(Candidate(url=pages.front(self.url), how=How.ADDRESS))
            if front is not None:
                page = front
                await self._look_through(front)
        for guess in pages.guesses(self.url, page=page.body if page else b""):
            if not self._wanting():
                break
            await self._visit(guess)

    async def _start(self, starts: Sequence[str]) -> _Page | None:
        """Ask for what was typed: http only where https is not spoken."""
        for number, url in enumerate(starts, start=1):
            self.url = url
            page = await self._visit(Candidate(url=url, how=How.ADDRESS), chosen=True)
            if page is not None:
                self.url = page.url
            if self._last not in {Outcome.UNREACHABLE, Outcome.TIMEOUT} or number == len(starts):
                return page
            self._stopped = ""
        return None

    async def _look_through(self, page: _Page) -> None:
        """Ask for what a page names and links to; of linked pages that are no feed, the first ones likewise."""
        waiting = list(page.candidates)
        hubs = 0
        while waiting and not self._stopped and len(self.found) < self._options.enough:
            candidate = waiting.pop(0)
            hub = await self._visit(candidate)
            if hub is not None and candidate.how is How.ANCHOR and hubs < _MOST_HUBS:
                hubs += 1
                waiting[:0] = hub.candidates

    def _wanting(self) -> bool:
        if self._stopped or self._crawl.over:
            return False
        return all(pages.is_comments(each.candidate, each.parsed.title) for each in self.found)

    async def _visit(self, candidate: Candidate, *, chosen: bool = False) -> _Page | None:
        """Ask for one candidate: a feed is kept, a page returned, all else is noted as tried."""
        if candidate.url in self._asked or self._stopped:
            return None
        self._asked.add(candidate.url)
        visit = await self._crawl.visit(candidate.url, chosen=chosen)
        fetched = visit.fetched
        if fetched is None:
            self._note(candidate, f"not asked: {visit.refused}")
            self._stopped = self._crawl.over
            return None
        self._last = fetched.outcome
        self._judge_refusal(candidate, fetched.outcome, fetched.reason)
        if fetched.outcome is not None:
            self._note(candidate, fetched.reason)
            return None
        self._asked.add(fetched.url)
        parsed = await self._app.parsers.parse(
            fetched.body, headers=fetched.headers, url=fetched.url, now=self._app.context.clock()
        )
        if parsed.outcome is Outcome.NEW:
            self._keep(_Feed(candidate=candidate, url=visit.url, parsed=parsed))
            return None
        self._note(candidate, parsed.reason)
        if parsed.outcome is not Outcome.NOT_A_FEED and not pages.is_page(fetched.body):
            return None
        body = fetched.body[: pages.PAGE_LIMIT]
        named = pages.page_candidates(body, url=fetched.url, headers=fetched.headers)
        return _Page(url=fetched.url, body=body, candidates=named)

    def _judge_refusal(self, candidate: Candidate, outcome: Outcome | None, reason: str) -> None:
        """Stop where the site cannot answer, or has said three times in a row that it will not."""
        self._refusals = self._refusals + 1 if outcome in _REFUSES else 0
        own = pages.same_site(candidate.url, self.url)
        if own and (outcome in _ENDS_IT or self._refusals >= _MOST_REFUSALS):
            self._stopped = reason

    def _keep(self, new: _Feed) -> None:
        for known in self.found:
            if _is_same(known, new):
                self._note(new.candidate, f"the same feed as {without_credentials(known.url)}")
                return
        self.found.append(new)

    def _note(self, candidate: Candidate, result: str) -> None:
        self.tried.append(
            Tried(url=without_credentials(candidate.url), how=candidate.how.value, result=result)
        )

    def advice(self) -> str:
        """Say what to do when nothing was found; empty when something was."""
        if self.found:
            return ""
        then = "if you know the feed's address: monitor feeds add URL"
        blocked = next((each.result for each in self.tried if "blocked" in each.result.lower()), "")
        if blocked:
            return f"the site does not let us look ({blocked}); its feeds may be open all the same: {then}"
        if self._stopped:
            return f"the search ended early: {self._stopped}; try again later, or {then}"
        return (
            f"no feed is named or linked there, nor at the usual paths; look for 'RSS' on the site, and {then}; "
            "or let Google News search it: monitor feeds discover URL --google-news"
        )


def _is_same(one: _Feed, other: _Feed) -> bool:
    """Whether two are one feed: its address, its items, or (sharing an item) the address it gives itself."""
    if canonical_link(one.url) == canonical_link(other.url) or pages.same_items(one.parsed, other.parsed):
        return True
    own = one.parsed.hints.self_url
    return (
        own is not None and own == other.parsed.hints.self_url and pages.share_items(one.parsed, other.parsed)
    )


def _known(found: _Feed, stored: Iterable[Feed]) -> str:
    addresses = {canonical_link(found.url), canonical_link(found.candidate.url)}
    for feed in stored:
        own = {canonical_link(url) for url in (feed.url, feed.fetch.moved_to) if url}
        if own & addresses:
            return feed.slug
    return ""


def _line(found: _Feed, known: str, moments: Sequence[datetime], now: datetime) -> FoundFeed:
    parsed = found.parsed
    return FoundFeed(
        url=without_credentials(found.url),
        title=parsed.title,
        format=parsed.format,
        language=parsed.language,
        items=len(parsed.entries),
        per_day=pages.per_day(moments),
        newest_at=min(moments[-1], now) if moments else None,
        how=found.candidate.how.value,
        comments=pages.is_comments(found.candidate, parsed.title),
        known=known,
    )


def _rank(line: FoundFeed, now: datetime) -> tuple[bool, bool, int, int]:
    """Order feeds: comments last, empty ones before them, the fresh first, of those the ones with most items."""
    age = now - line.newest_at if line.newest_at else timedelta.max
    return line.comments, not line.items, sum(age > limit for limit in _FRESH), -line.items
