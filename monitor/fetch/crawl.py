"""Ask for addresses that nobody subscribed to, politely: robots.txt, spacing, few requests, one deadline.

One crawl is one run over few addresses, one request at a time. Redirects are followed here, so that each hop is
judged by the robots.txt of its own origin and counts. It parses nothing.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

import httpx

from monitor.fetch.discover import urljoin_or_none
from monitor.fetch.request import Fetched, FetchOptions, fetch
from monitor.fetch.robots import Robots
from monitor.model import FetchState

_HOPS = 5
_PERMANENT = frozenset({301, 308})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlOptions:
    """Limits of one crawl: requests in all (robots.txt and redirects included), seconds in all.

    `spacing` is the pause in seconds between two requests to one host; a Crawl-delay prolongs it.
    """

    max_requests: int = 15
    total_seconds: float = 90.0
    spacing: float = 1.0
    fetch: FetchOptions = field(default_factory=FetchOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What became of an address: the answer, or in `refused` why it was not asked (to its end).

    `url` is where permanent redirects led: the address to keep.
    """

    url: str
    fetched: Fetched | None = None
    refused: str = ""


class Crawl:
    """One run: `visit` addresses one after the other; `requests` counts what was sent so far.

    `hurried(host)` names hosts that need no spacing (those of this machine).
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        options: CrawlOptions,
        clock: Callable[[], datetime],
        hurried: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.requests = 0
        self._client = client
        self._options = options
        self._clock = clock
        self._hurried = hurried
        self._robots = Robots(self._get_robots, clock=clock)
        self._ends_at = time.monotonic() + options.total_seconds
        self._free_at: dict[str, float] = {}

    @property
    def over(self) -> str:
        """Why nothing more will be asked; empty while the crawl may go on."""
        if self.requests >= self._options.max_requests:
            return f"the limit of {self._options.max_requests} requests in one run was reached"
        if time.monotonic() >= self._ends_at:
            return f"the {self._options.total_seconds:g} s of one run were over"
        return ""

    async def visit(self, url: str, *, chosen: bool = False) -> Visit:
        """Ask for one address and where it redirects to; never raises for what servers do.

        `chosen` says that a person named this very address: then neither robots.txt nor the limit of requests
        is asked.
        """
        try:
            async with asyncio.timeout(max(self._ends_at - time.monotonic(), 0)):
                return await self._follow(url, chosen=chosen)
        except TimeoutError:
            return Visit(url=url, refused=f"the {self._options.total_seconds:g} s of one run were over")

    async def _follow(self, url: str, *, chosen: bool) -> Visit:
        kept, unbroken, seen = url, True, {url}
        while True:
            fetched = await self._ask(url, chosen=chosen)
            if isinstance(fetched, str):
                return Visit(url=kept, refused=fetched)
            target = urljoin_or_none(fetched.url, _text(fetched.headers.get("location", "")))
            if fetched.status not in _REDIRECTS or target is None:
                return Visit(url=kept, fetched=fetched)
            if target in seen or len(seen) > _HOPS:
                reason = (
                    "the redirects lead in a circle" if target in seen else f"more than {_HOPS} redirects"
                )
                return Visit(url=kept, fetched=replace(fetched, reason=f"{reason}, the last to {target}"))
            seen.add(target)
            unbroken = unbroken and fetched.status in _PERMANENT
            url, kept = target, target if unbroken else kept

    async def _ask(self, url: str, *, chosen: bool) -> Fetched | str:
        """Send one request, or say why not."""
        if chosen:
            return await self._send(url, delay=0.0, redirects=0)
        if self.over:
            return self.over
        rules = await self._robots.rules(url)
        if not rules.allows(url):
            return rules.closed or f"the robots.txt of {urlsplit(url).hostname} asks crawlers not to"
        return self.over or await self._send(url, delay=rules.delay, redirects=0)

    async def _get_robots(self, url: str) -> Fetched:
        return await self._send(url, delay=0.0, redirects=_HOPS)

    async def _send(self, url: str, *, delay: float, redirects: int) -> Fetched:
        host = urlsplit(url).hostname or ""
        pause = max(delay, 0.0 if self._hurried(host) else self._options.spacing)
        await asyncio.sleep(max(0.0, self._free_at.get(host, 0.0) + pause - time.monotonic()))
        self.requests += 1
        state = FetchState(next_poll_at=self._clock())
        try:
            return await fetch(
                self._client, url, state, options=replace(self._options.fetch, max_redirects=redirects)
            )
        finally:
            self._free_at[host] = time.monotonic()


def _text(field_value: str) -> str:
    """Read a Location: some servers put raw UTF-8 into it, which the header rule (latin-1) took apart."""
    return field_value.encode("latin-1", "replace").decode("utf-8", "replace")
