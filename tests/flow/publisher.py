"""A publisher on loopback that notes what it is asked and when, and an installation that lives by a moved clock.

The poll stage is the real one: claim, request, parse, commit, schedule. Time is let pass from one due poll to the
next, with a look a second before each, so that a poll which comes too soon is seen by the publisher.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path

import pytest

from monitor.app import App
from monitor.demo.stage import DemoStage
from monitor.model import Feed, FetchState
from monitor.options import poll_options
from monitor.pipeline import Poller
from monitor.store import Transaction, feeds, hosts, items
from monitor.store.feed_rows import host_of
from tests.conftest import opened, small_stage
from tests.pipeline.conftest import Clock, by_clock

TITLES = tuple(f"Council meets, part {number}" for number in range(12))
TICK = timedelta(seconds=1)
TLS_HANDSHAKE = b"\x16"  # how a client that wants TLS begins (RFC 8446, 5.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as the publisher saw it; field names in lower case."""

    at: datetime
    method: str
    target: str
    host: str
    fields: Mapping[str, str]

    @property
    def conditional(self) -> bool:
        return bool({"if-none-match", "if-modified-since"} & set(self.fields))


Answer = bytes | Callable[[Asked], bytes]


@dataclass(kw_only=True)
class Publisher:
    """Answers the n-th request of a path with its n-th answer, and all later ones with the last.

    `pause` is how long it thinks, in real seconds; `began` and `ended` are by the real clock, too. With `drip` it sends
    byte after byte, so many seconds apart; after some answers it hangs up, and after each `after_answer` is called.
    Who wants TLS gets `to_tls`, and is left.
    """

    port: int = 0
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    most_open: int = 0
    pause: float = 0.0
    busy: int = 0
    most_busy: int = 0
    began: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    hangs_up_after: tuple[bytes, ...] = ()
    drip: float = 0.0
    to_tls: bytes = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    after_answer: Callable[[], None] = lambda: None
    _open: dict[asyncio.StreamWriter, "asyncio.Task[None] | None"] = field(default_factory=dict)

    def on(self, path: str, *answers: Answer, host: str = "127.0.0.1") -> str:
        """Answer a path; return its URL."""
        self.answers[path] = list(answers)
        return f"http://{host}:{self.port}{path}"

    def of(self, path: str) -> list[Asked]:
        """Return the requests of a path."""
        return [each for each in self.asked if each.target == path]

    def times(self, path: str) -> list[float]:
        """Return when a path was asked, in seconds since it first was."""
        moments = [each.at for each in self.of(path)]
        return [(moment - moments[0]).total_seconds() for moment in moments]

    def waits(self, path: str) -> list[float]:
        """Return the seconds between each two requests of a path."""
        times = self.times(path)
        return [later - sooner for sooner, later in pairwise(times)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open[writer] = asyncio.current_task()
        self.connections += 1
        self.most_open = max(self.most_open, len(self._open))
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while (first := await reader.readexactly(1)) != TLS_HANDSHAKE:
                await self._converse(first + await reader.readuntil(b"\r\n\r\n"), writer)
            writer.write(self.to_tls)
            await writer.drain()
        writer.close()
        del self._open[writer]

    @property
    def open(self) -> int:
        return len(self._open)

    async def _converse(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        asked = self._read(head.decode("latin-1"))
        self.asked.append(asked)
        self.began.append(time.monotonic())
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        await asyncio.sleep(self.pause)
        left = self.answers[asked.target]
        answer = left.pop(0) if len(left) > 1 else left[0]
        self.busy -= 1
        self.ended.append(time.monotonic())
        await self._write(answer(asked) if callable(answer) else answer, writer)

    async def _write(self, answer: bytes, writer: asyncio.StreamWriter) -> None:
        for part in [answer[n : n + 1] for n in range(len(answer))] if self.drip else [answer]:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(self.drip)
        self.after_answer()
        if answer in self.hangs_up_after:
            raise ConnectionAbortedError

    def _read(self, head: str) -> Asked:
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, target, _ = first.split(" ", 2)
        pairs = (line.split(": ", 1) for line in lines)
        fields = {name.lower(): value for name, value in pairs}
        host = fields["host"].partition(":")[0]
        return Asked(at=self.now(), method=method, target=target, host=host, fields=fields)

    async def hang_up(self) -> None:
        for writer in self._open:
            writer.transport.abort()
        await asyncio.gather(*(task for task in self._open.values() if task))


@contextlib.asynccontextmanager
async def publishing(*addresses: str) -> AsyncIterator[Publisher]:
    """Let a publisher listen on one port of several loopback addresses, which are hosts of their own to us."""
    publisher = Publisher()
    async with contextlib.AsyncExitStack() as listening:
        for address in addresses or ("127.0.0.1",):
            listener = await asyncio.start_server(publisher.serve, address, publisher.port)
            await listening.enter_async_context(listener)
            publisher.port = listener.sockets[0].getsockname()[1]
        yield publisher
        await publisher.hang_up()


@dataclass(kw_only=True)
class Life:
    """An installation whose time passes when a test lets it."""

    app: App
    clock: Clock
    publisher: Publisher

    async def live(self, **span: float) -> None:
        """Let so much time pass (as `timedelta` takes it), polling whatever becomes due."""
        end = self.clock.now + timedelta(**span)
        while (due := await self._due()) <= end:
            before = len(self.publisher.asked)
            if due - TICK > self.clock.now:
                self.clock.now = due - TICK
                await self.app.poller.poll_due()
            self.clock.now = max(self.clock.now, due)
            await self.app.poller.poll_due()
            assert len(self.publisher.asked) > before, "a feed was due, and nobody was asked"
        self.clock.now = end
        await self.app.poller.poll_due()

    async def polls(self, count: int, *, within: float = 30.0) -> None:
        """Let time pass until so many more requests were made; fail when that takes more than `within` days."""
        end = self.clock.now + timedelta(days=within)
        wanted = len(self.publisher.asked) + count
        while len(self.publisher.asked) < wanted:
            due = await self._due()
            assert due <= end, f"only {count - wanted + len(self.publisher.asked)} of {count} requests"
            await self.live(seconds=max(0.0, (due - self.clock.now).total_seconds()))

    async def feed(self, slug: str = "paper") -> Feed:
        return await self.app.store.read(feeds.get_feed, slug)

    async def state(self, slug: str = "paper") -> FetchState:
        return (await self.feed(slug)).fetch

    async def titles(self) -> set[str]:
        """Return the titles of all items kept."""
        return {item.text.title for item in await self.app.store.read(items.recent_items, limit=200)}

    def by_chance(self, seed: int) -> None:
        """Let jitter be what it is outside of tests."""
        chance = random.Random(seed)
        self.app.context = replace(self.app.context, random=chance.random)
        self._poll_anew()

    def _poll_anew(self) -> None:
        self.app.poller = Poller(
            self.app.context,
            client=self.app.http,
            parsers=self.app.parsers,
            secrets=self.app.settings.secrets,
            options=poll_options(self.app.settings, self.app.pace),
        )

    async def _due(self) -> datetime:
        return await self.app.store.read(_next_due)


def _next_due(tx: Transaction) -> datetime:
    def due(feed: Feed) -> datetime:
        wait = hosts.wait_of(tx, host_of(feed.url))
        return max(feed.fetch.next_poll_at, wait.until if wait else feed.fetch.next_poll_at)

    return min(due(feed) for feed in feeds.list_feeds(tx) if feed.enabled)


@contextlib.asynccontextmanager
async def living(
    stage: DemoStage, publisher: Publisher, *, now: datetime | None = None
) -> AsyncIterator[Life]:
    """Open an installation, at a time; closing and opening it again on one stage is a restart.

    Nothing ends beside the polls of a moment, so there is no turn to wait for: that is real time, which stands still.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("monitor.pipeline.poll.TURN_SECONDS", 0.0)
        async with _living(stage, publisher, now=now) as life:
            yield life


@contextlib.asynccontextmanager
async def _living(stage: DemoStage, publisher: Publisher, *, now: datetime | None) -> AsyncIterator[Life]:
    async with opened(stage) as app:
        clock = by_clock(app)
        clock.now = now or clock.now
        publisher.now = clock
        yield Life(app=app, clock=clock, publisher=publisher)


def subscribe(
    stage: DemoStage, addresses: Mapping[str, str], *, spacing: float = 0, fetch: str = "", feed: str = ""
) -> None:
    """Write the feeds' file, and settings as they are outside of tests, but for `spacing` and lines of `fetch`.

    The floor is five minutes and a new feed is polled each hour, so that what a server asks for is what shows.
    """
    tables = [f'[[feed]]\nslug = "{slug}"\nurl = "{url}"\n{feed}\n' for slug, url in addresses.items()]
    (stage.folder / "feeds.toml").write_text("\n".join(tables))
    text = stage.config_path.read_text()
    for usual, ours in (
        ("min_interval_seconds = 1\n", "min_interval_minutes = 5\n"),
        ("requests_per_feed_hour = 3600", "requests_per_feed_hour = 1"),
        ("per_host = 6", "per_host = 1"),
        ("host_spacing_seconds = 0\n", f"host_spacing_seconds = {spacing}\n{fetch}\n"),
        ("127.0.0.1/32", "127.0.0.0/8"),
    ):
        assert usual in text, usual
        text = text.replace(usual, ours)
    stage.config_path.write_text(text)


def answer(status: str, *fields: str, body: bytes = b"") -> bytes:
    """Make a complete answer; a 304 has no length."""
    length = [] if status.startswith("304") else [f"Content-Length: {len(body)}"]
    return "\r\n".join([f"HTTP/1.1 {status}", *fields, *length, "", ""]).encode("latin-1") + body


def document(*titles: str, channel: str = "") -> bytes:
    """Make an RSS document; without titles, of twelve items, so that its size asks for no haste."""
    entries = "".join(
        f"<item><guid>{title}</guid><title>{title}</title></item>" for title in titles or TITLES
    )
    return f'<rss version="2.0"><channel><title>Paper</title>{channel}{entries}</channel></rss>'.encode()


def ok(*fields: str, body: bytes | None = None) -> bytes:
    """Answer 200 with a document."""
    return answer("200 OK", *fields, body=document() if body is None else body)


@contextlib.asynccontextmanager
async def reading(folder: Path, *answers: Answer, fetch: str = "") -> AsyncIterator[Life]:
    """Live with one feed, "paper", whose publisher gives these answers."""
    async with publishing() as publisher, small_stage(folder) as stage:
        subscribe(stage, {"paper": publisher.on("/feed", *answers)}, fetch=fetch)
        async with living(stage, publisher) as life:
            yield life


@contextlib.asynccontextmanager
async def reading_each(folder: Path, answers: Mapping[str, Answer], *, hours: float) -> AsyncIterator[Life]:
    """Live for some hours with one feed for each answer, asked at "/" and its name."""
    async with publishing() as publisher, small_stage(folder) as stage:
        subscribe(stage, {slug: publisher.on(f"/{slug}", each) for slug, each in answers.items()})
        async with living(stage, publisher) as life:
            await life.live(hours=hours)
            yield life


def http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)
