"""Ask for one page that a feed links to, politely: robots.txt of each origin on the way, and each host in its turn.

A link is discovered, not chosen by a person, so robots.txt counts; redirects are followed here, for each hop is judged
and waits like the first. The feed's own fields and credentials go to their own origin only. It reads no page.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import httpx

from monitor.fetch.access import NOTHING, AccessError, Reach, Secrets, resolve
from monitor.fetch.cadence import retry_after
from monitor.fetch.discover import urljoin_or_none
from monitor.fetch.request import Fetched, FetchOptions, fetch
from monitor.fetch.robots import Robots, Rules
from monitor.model import Feed, FetchState, Outcome
from monitor.pipeline.context import Context
from monitor.pipeline.hosts import Hosts
from monitor.pipeline.keep import Hold
from monitor.store import hosts as stored_hosts
from monitor.store.feed_rows import host_of
from monitor.text.gate import without_credentials

HOPS = 5
HOLD = timedelta(hours=1)  # for a host that does not say how long
LONGEST_HOLD = timedelta(days=7)  # as for polls

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset(
    {Outcome.TIMEOUT, Outcome.UNREACHABLE, Outcome.SERVER_ERROR, Outcome.RATE_LIMITED, Outcome.EMPTY}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What came of a page: an answer with a body, or in `refused` why there is none.

    `passing` says that another time may bring it; `hold` is set when its host asked us to wait.
    """

    fetched: Fetched | None = None
    refused: str = ""
    passing: bool = False
    hold: Hold | None = None


def make_robots(
    client: httpx.AsyncClient,
    *,
    options: FetchOptions,
    pause: Callable[[str], float],
    clock: Callable[[], datetime],
    reach: Reach = NOTHING,
) -> Robots:
    """Make a memory of robots.txt files; after each request for one it keeps its host's pause, in seconds."""

    async def get(url: str) -> Fetched:
        state = FetchState(next_poll_at=clock())
        fetched = await fetch(client, url, state, options=options, reach=reach)
        await asyncio.sleep(pause(host_of(url)))
        return fetched

    return Robots(get, clock=clock)


class Pages:
    """Visits pages through one client; `robots` is used for what is reached without a proxy or an own authority."""

    def __init__(
        self,
        context: Context,
        *,
        client: httpx.AsyncClient,
        secrets: Secrets,
        hosts: Hosts,
        robots: Robots,
        options: FetchOptions,
    ) -> None:
        self._context = context
        self._client = client
        self._secrets = secrets
        self._hosts = hosts
        self._robots = robots
        self._robots_by_way: dict[object, Robots] = {}
        self._options = options

    async def visit(self, url: str, feed: Feed) -> Visit:
        """Ask for a page and where it redirects to; the caller has entered its host, which is left here.

        Never raises for what servers do.
        """
        seen = {url}
        while True:
            visit = await self._stop(url, feed)
            if visit.fetched is None or visit.fetched.status not in _REDIRECTS:
                return visit
            target = urljoin_or_none(url, _text(visit.fetched.headers.get("location", "")))
            target = without_credentials(target) if target else None
            if target is None:
                return Visit(refused=f"{url} redirects to no address that can be asked")
            if target in seen or len(seen) > HOPS:
                return Visit(refused=f"the redirects lead nowhere, the last to {target}")
            seen.add(target)
            url = target
            wait = await self._context.store.read(stored_hosts.wait_of, host_of(url))
            if wait is not None and wait.until > self._context.clock():
                return Visit(refused=f"{host_of(url)} has asked us to wait: {wait.reason}", passing=True)
            await self._hosts.enter_in_turn(host_of(url))

    async def _stop(self, url: str, feed: Feed) -> Visit:
        """Ask for one address, and leave its host."""
        delay = 0.0
        try:
            reach = resolve(feed.access, self._secrets, url=feed.url)
            rules = await self._rules(url, reach)
            delay = rules.delay
            if not rules.allows(url):
                said = rules.closed or f"the robots.txt of {host_of(url)} asks crawlers not to"
                return Visit(refused=said, passing=bool(rules.closed))
            return self._judge(url, await self._send(url, reach))
        except AccessError as error:
            return Visit(refused=f"nothing was sent: {error}", passing=True)
        finally:
            self._hosts.leave(host_of(url), at_least=delay)

    async def _rules(self, url: str, reach: Reach) -> Rules:
        robots = self._robots
        if reach.proxy or reach.tls:
            way = Reach(proxy=reach.proxy, tls=reach.tls)
            robots = self._robots_by_way.setdefault(
                (way.proxy, way.tls),
                make_robots(
                    self._client,
                    options=self._options,
                    pause=self._hosts.pause,
                    clock=self._context.clock,
                    reach=way,
                ),
            )
        return await robots.rules(url)

    async def _send(self, url: str, reach: Reach) -> Fetched:
        return await fetch(
            self._client,
            url,
            FetchState(next_poll_at=self._context.clock()),
            options=replace(self._options, max_redirects=0),
            reach=reach,
        )

    def _judge(self, url: str, fetched: Fetched) -> Visit:
        if fetched.outcome is None or fetched.status in _REDIRECTS:
            return Visit(fetched=fetched)
        return Visit(
            refused=_words(fetched, host_of(url)),
            passing=fetched.outcome in _PASSING,
            hold=_hold(fetched, host_of(url), now=self._context.clock()),
        )


def _words(fetched: Fetched, host: str) -> str:
    """Say why there is no page; what a missing feed's status advises is not said of an article."""
    if fetched.outcome in {Outcome.NOT_FOUND, Outcome.GONE, Outcome.HTTP_ERROR}:
        return f"HTTP {fetched.status} from {host}: no page is there"
    return fetched.reason


def _hold(fetched: Fetched, host: str, *, now: datetime) -> Hold | None:
    """Return how long a host's feeds and articles wait, when it has asked us to come less often."""
    told = retry_after(fetched.headers, now)
    busy = fetched.status == 503 and told is not None
    if fetched.outcome is not Outcome.RATE_LIMITED and not busy:
        return None
    wait = min(timedelta(seconds=told), LONGEST_HOLD) if told else HOLD
    return Hold(host=host, until=now + wait, reason=f"{fetched.reason}; asked for an article")


def _text(field_value: str) -> str:
    """Read a Location: some servers put raw UTF-8 into it, which the header rule (latin-1) took apart."""
    return field_value.encode("latin-1", "replace").decode("utf-8", "replace")
