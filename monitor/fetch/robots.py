"""robots.txt (RFC 9309): what a crawler may ask of one origin, and how slowly.

It applies to addresses that the program finds by itself. A feed that a person subscribed to, or an address that
a person typed, is that person's choice and is not asked about here.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from protego import Protego

from monitor.fetch.request import Fetched
from monitor.model import Outcome

PRODUCT = "news-monitor"  # our product token (RFC 9309, 2.2.1): how we begin our User-Agent
MAX_BYTES = 500 * 1024  # RFC 9309, 2.5: at least this much is read; what follows is ignored
MAX_DELAY = 10.0  # seconds; what a Crawl-delay asks beyond that would only be a long way to say no
LIFETIME = timedelta(hours=24)  # RFC 9309, 2.4
_RETRY = timedelta(hours=1)  # an origin that could not be asked is asked again sooner
_MOST_ORIGINS = 1000
_AGENT_LINE = re.compile(r"\s{0,99}user[ -]?agent\s{0,99}[: ](.{0,300})", re.IGNORECASE)
_TOKEN = re.compile(r"\s{0,99}(\*(?![^\s#])|[A-Za-z_-]{1,100})")
_OTHERS = "other"

Get = Callable[[str], Awaitable[Fetched]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What one origin's robots.txt says to us; `closed` tells why nothing may be asked, if so.

    `delay` is the Crawl-delay in seconds, at most MAX_DELAY; it is no part of RFC 9309, but many sites use it.
    """

    closed: str = ""
    delay: float = 0.0
    _rules: Protego | None = field(default=None, repr=False)

    def allows(self, url: str) -> bool:
        """Say whether this address of the origin may be asked."""
        if self.closed:
            return False
        return self._rules is None or bool(self._rules.can_fetch(url, PRODUCT))


def read_rules(body: bytes) -> Rules:
    """Read a robots.txt; the longest matching rule counts, and Allow on a tie (RFC 9309, 2.2.2). Never raises."""
    text = body[:MAX_BYTES].decode("utf-8-sig", "replace")
    lines = text.splitlines()
    if len(body) > MAX_BYTES:
        lines = lines[:-1]  # half a line could forbid, or allow, more than the whole one
    rules = Protego.parse("\n".join(_ours_or_not(line) for line in lines))
    return Rules(delay=min(rules.crawl_delay(PRODUCT) or 0.0, MAX_DELAY), _rules=rules)


def _ours_or_not(line: str) -> str:
    """Reduce a User-agent line to our token, `*` or somebody else's.

    Tokens are compared whole (RFC 9309, 2.2.1), which the library does not; and thousands of names over
    thousands of rules would cost it the product of both.
    """
    match = _AGENT_LINE.match(line)
    if not match:
        return line
    token = _TOKEN.match(match[1])
    name = token[1].lower() if token else ""
    return f"User-agent: {name if name in {PRODUCT, '*'} else _OTHERS}"


def judge(fetched: Fetched) -> Rules:
    """Turn the answer to a request for robots.txt into rules (RFC 9309, 2.3.1).

    There is none (4xx, too many redirects): everything may be asked. The server failed, asks for patience (429)
    or cannot be reached: nothing may.
    """
    if fetched.outcome is None:
        return read_rules(fetched.body)
    absent = fetched.status is not None and 400 <= fetched.status < 500 and fetched.status != 429
    if absent or fetched.outcome in {Outcome.EMPTY, Outcome.REDIRECT_LOOP}:
        return Rules()
    host = urlsplit(fetched.url).hostname or fetched.url
    return Rules(closed=f"the robots.txt of {host} cannot be read ({fetched.reason})")


@dataclass(slots=True)
class _Origin:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    until: datetime | None = None
    rules: Rules = field(default_factory=Rules)


class Robots:
    """Remembers the rules of each origin for a day; asks for them once, with `get`, when they are first needed.

    `get` asks for one address, unconditionally, following up to five redirects (RFC 9309, 2.3.1.2).
    """

    def __init__(self, get: Get, *, clock: Callable[[], datetime]) -> None:
        self._get = get
        self._clock = clock
        self._origins: OrderedDict[str, _Origin] = OrderedDict()

    async def rules(self, url: str) -> Rules:
        """Return the rules that hold for the origin of an http or https address."""
        address = origin(url)
        known = self._origins.setdefault(address, _Origin())
        self._origins.move_to_end(address)
        while len(self._origins) > _MOST_ORIGINS:
            self._origins.popitem(last=False)
        async with known.lock:
            now = self._clock()
            if known.until is None or now >= known.until:
                known.rules = judge(await self._get(f"{address}/robots.txt"))
                known.until = now + (_RETRY if known.rules.closed else LIFETIME)
            return known.rules


def origin(url: str) -> str:
    """Return scheme, host and port of an address, as rules are valid for them (RFC 9309, 2.3)."""
    parts = urlsplit(url)
    return f"{parts.scheme.lower()}://{parts.netloc.rpartition('@')[2].lower()}"
