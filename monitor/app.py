"""class App: opens the store, the HTTP client, the parsers and the senders' tools, wires them, closes them.

Nothing else builds these. It holds the watchlist snapshot in force and the state of the configuration files; it
makes no decision about feeds, items or alerts.
"""

import asyncio
import base64
import os
import random
import secrets
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from functools import partial
from pathlib import Path
from typing import Self, TextIO

import filelock
import httpx
import structlog

from monitor import __version__
from monitor.config import Desired, Plan, Settings, apply_plan, load_desired
from monitor.deliver import SenderIdentity, SendTools, SmtpOptions
from monitor.errors import ConfigError, Problem, StoreBusy, StoreError
from monitor.fetch.cadence import Limits, pace
from monitor.fetch.pool import ParserPool
from monitor.fetch.request import FetchOptions
from monitor.fetch.rhythm import Rhythm, rate
from monitor.fetch.robots import Robots
from monitor.match import Watchlist, compile_watchlist
from monitor.model import Feed, Priority, Topic
from monitor.net.client import make_client
from monitor.pipeline import (
    ArticleOptions,
    ArticleReader,
    Context,
    Hosts,
    Poller,
    PollOptions,
    Pusher,
    PushOptions,
    Retention,
    SendOptions,
    Shipper,
    Stage,
    dispatch,
    make_robots,
    tidy,
)
from monitor.store import Sealer, Store, Transaction, feeds, meta, open_store, recipients, watchlist

log = structlog.get_logger()

LOCK_FILE = "monitor.lock"
KEY_FILE = "secret.key"
KEY_BYTES = 32
LEASE_SPARE = timedelta(minutes=2)  # between the end of the longest send and that of its lease
WEIGHTS = {Priority.URGENT: 4.0, Priority.NORMAL: 1.0, Priority.LOW: 0.25}  # twice, once, half as often
SPREAD_SECONDS = 2.0  # for each new feed: first polls are strewn over this many seconds together


def user_agent(contact: str) -> str:
    """Name the program to the servers it polls, with the operator's contact when there is one."""
    return f"news-monitor/{__version__}" + (f" (+{contact})" if contact else "")


@dataclass(slots=True)
class FilesState:
    """What became of the configuration files: when they were last applied, and what is wrong with them now."""

    applied_at: datetime | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Pace:
    """The factor between a feed's rate and its interval in force, in hours."""

    value: float = 1.0


@dataclass(slots=True, kw_only=True)
class App:
    """One running installation. Build it with `App.open`, which is an async context manager."""

    settings: Settings
    store: Store
    context: Context
    poller: Poller
    articles: ArticleReader
    robots: Robots
    shipper: Shipper
    pusher: Pusher | None = None
    parsers: ParserPool
    http: httpx.AsyncClient
    tools: SendTools
    identity: SenderIdentity
    started_at: datetime
    files: FilesState = field(default_factory=FilesState)
    pace: Pace = field(default_factory=Pace)
    _snapshot: list[Watchlist] = field(default_factory=list)
    _wakers: list[Callable[[Stage], None]] = field(default_factory=list)
    _closing: AsyncExitStack = field(default_factory=AsyncExitStack)
    _applying: asyncio.Lock = field(default_factory=asyncio.Lock)
    _compiling: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    async def open(cls, settings: Settings, *, console: TextIO | None = None) -> Self:
        """Take the store's lock, open everything and load the watchlist last applied.

        Raises StoreBusy when another process holds the store, StoreError when it cannot be used.
        """
        closing = AsyncExitStack()
        try:
            return await cls._open(settings, closing, console=console or sys.stdout)
        except BaseException:
            await closing.aclose()
            raise

    @classmethod
    async def _open(cls, settings: Settings, closing: AsyncExitStack, *, console: TextIO) -> Self:
        state = prepare_state_dir(settings.state_dir)
        closing.callback(take_lock(state).release)
        sealer = Sealer(store_key(settings))
        store = await open_store(settings.store_url, sealer=sealer, backup_dir=state / "backups")
        closing.push_async_callback(store.close)
        await store.hold()
        http = http_client(settings)
        closing.push_async_callback(http.aclose)
        parsers = parser_pool(settings)
        closing.push_async_callback(parsers.close)
        snapshot = [compile_watchlist((), revision=0)]
        wakers: list[Callable[[Stage], None]] = []
        context = _context(store, snapshot, wakers)
        in_force = Pace()
        tools = SendTools(http=http, smtp=smtp_options(settings), console=console, clock=_now)
        pusher = make_pusher(settings, context, http)
        if pusher is not None:
            closing.push_async_callback(pusher.close)
        in_use = hosts_in_use(settings)
        robots = article_robots(settings, context, http, in_use)
        app = cls(
            settings=settings,
            store=store,
            context=context,
            poller=Poller(
                context,
                client=http,
                parsers=parsers,
                secrets=settings.secrets,
                options=poll_options(settings, in_force),
                pusher=pusher,
                hosts_in_use=in_use,
            ),
            articles=ArticleReader(
                context,
                client=http,
                parsers=parsers,
                secrets=settings.secrets,
                hosts_in_use=in_use,
                robots=robots,
                options=ArticleOptions(),
            ),
            robots=robots,
            shipper=Shipper(context, tools=tools, options=send_options(tools.smtp)),
            pusher=pusher,
            parsers=parsers,
            http=http,
            tools=tools,
            identity=sender_identity(settings),
            started_at=_now(),
            pace=in_force,
            _snapshot=snapshot,
            _wakers=wakers,
            _closing=closing,
        )
        await app.reload_watchlist()
        await app.set_pace()
        await _tell_locked_channels(store)
        return app

    async def close(self) -> None:
        """Close everything in reverse order and give the store back."""
        await self._closing.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def on_wake(self, waker: Callable[[Stage], None]) -> None:
        """Let a runner hear which stage has work."""
        self._wakers.append(waker)

    @property
    def watchlist(self) -> Watchlist:
        """The compiled watchlist in force."""
        return self._snapshot[0]

    async def reload_watchlist(self) -> None:
        """Compile the stored topics and put the snapshot in force by swapping one reference."""
        async with self._compiling:  # of two at once, the one that read first must not have the last word
            topics, revision = await self.store.read(_watchlist)
            self._snapshot[0] = await asyncio.to_thread(compile_watchlist, topics, revision=revision)

    async def set_pace(self) -> None:
        """Work out, from what is known of all feeds, how often each may be polled within the request budget."""
        polled = [feed for feed in await self.store.read(feeds.list_feeds) if feed.enabled]
        self.pace.value = await asyncio.to_thread(pace_of, self.settings, polled, now=_now())

    async def apply_files(self, *, actor: str) -> Plan:
        """Bring the store to what the configuration files say, in one transaction, and put it in force.

        Raises ConfigError, having changed nothing, when any file has a problem; `files` remembers them.
        """
        async with self._applying:  # whoever reads the files last applies last
            try:
                desired = await asyncio.to_thread(load_desired, self.settings)
                made = await self.apply(desired, actor=actor)
            except ConfigError as error:
                self.files.problems = error.problems
                raise
            self.files.problems = ()
            self.files.applied_at = _now()
            return made

    async def apply(self, desired: Desired, *, actor: str) -> Plan:
        """Apply a desired state and put it in force."""
        floor = self.settings.floor_seconds
        made = await self.store.write(
            apply_plan,
            desired,
            actor=actor,
            now=_now(),
            floor=floor,
            spread=min(floor, SPREAD_SECONDS * len(desired.feeds)),
        )
        await self.reload_watchlist()
        await self.set_pace()
        for stage in Stage:
            self.context.wake(stage)
        return made

    async def dispatch(self) -> int:
        """Decide all undecided hits."""
        return await dispatch(self.context, identity=self.identity)

    async def tidy(self) -> dict[str, int]:
        """Delete what is past its retention."""
        keep = self.settings.retention
        return await tidy(
            self.context,
            Retention(items=timedelta(days=keep.items_days), polls=timedelta(days=keep.polls_days)),
        )

    async def heartbeat(self) -> None:
        """Write to the store and read it back: proof that the writer lives."""
        await self.store.write(meta.put_meta, "heartbeat", _now().isoformat())


def _now() -> datetime:
    return datetime.now(UTC)


def _context(
    store: Store, snapshot: Sequence[Watchlist], wakers: Sequence[Callable[[Stage], None]]
) -> Context:
    """Give the stages a real clock and real chance, the snapshot then in force, and whoever listens by then."""

    def wake(stage: Stage) -> None:
        for waker in wakers:
            waker(stage)

    return Context(
        store=store,
        clock=_now,
        random=random.random,
        watchlist=lambda: snapshot[0],
        wake=wake,
        new_uid=lambda: f"msg_{secrets.token_hex(16)}",
    )


async def _tell_locked_channels(store: Store) -> None:
    for slug in await store.read(recipients.locked_channels):
        log.error(
            "channel.locked",
            channel=slug,
            reason="its signing key was sealed under another store key: bring that back, or give the channel a "
            "secret in its file; until then its deliveries are tried again and not sent",
        )


def _watchlist(tx: Transaction) -> tuple[list[Topic], int]:
    return watchlist.list_topics(tx), watchlist.watchlist_revision(tx)


def prepare_state_dir(path: Path) -> Path:
    """Make the state folder, readable by us alone."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(
            f"the state folder {path} cannot be made: {error.strerror}; "
            "set [store] state_dir to a folder this user can write"
        ) from error
    return path


def take_lock(state: Path) -> filelock.FileLock:
    """Take the lock of a state folder; it ends with the process, however that dies.

    Raises StoreBusy naming the holder, when another process has it.
    """
    lock = filelock.FileLock(state / LOCK_FILE, mode=0o600)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout as error:
        raise StoreBusy(
            f"another monitor process uses {state}; stop it first, or point [store] state_dir elsewhere"
        ) from error
    except OSError as error:
        raise StoreError(
            f"the state folder {state} cannot be written: {error.strerror}; check its owner and the disk"
        ) from error
    return lock


def store_key(settings: Settings) -> bytes:
    """Read the key that seals stored secrets: the configured one, else one made once in the state folder.

    Raises StoreError when the key file cannot be written or does not hold 32 bytes in base64.
    """
    if settings.store_key is not None:
        return settings.store_key
    path = settings.state_dir / KEY_FILE
    try:
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(base64.b64encode(Sealer.new_key()) + b"\n")
        key = base64.b64decode(path.read_bytes().strip(), validate=True)
    except OSError as error:
        raise StoreError(
            f"the key file {path} cannot be used: {error.strerror}; check its owner and the disk"
        ) from error
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise StoreError(
            f"the key file {path} does not hold 32 bytes in base64; put it back from a backup, or remove it: "
            "then a new key is made, and webhook channels need a new secret in their file"
        )
    return key


def http_client(settings: Settings) -> httpx.AsyncClient:
    """Make the one client of polls, articles, webhooks and hubs, with room for as many of each as run at once."""
    return make_client(
        user_agent=user_agent(settings.service.contact),
        allow_networks=settings.fetch.allow_networks,
        max_connections=settings.fetch.concurrency
        + ArticleOptions().concurrency
        + SendOptions(owner="").concurrency
        + PushOptions(base_url="").concurrency,
    )


def parser_pool(settings: Settings) -> ParserPool:
    """Make the pool of parser processes with the configured limits."""
    return ParserPool(
        settings.fetch.parser_workers,
        cpu_seconds=settings.fetch.parser_cpu_seconds,
        memory_bytes=settings.fetch.parser_memory_mib * 1024 * 1024,
    )


def poll_options(settings: Settings, in_force: Pace) -> PollOptions:
    """Cut the poll stage's options out of the settings; intervals follow the pace then `in_force`."""
    fetch = settings.fetch
    return PollOptions(
        concurrency=fetch.concurrency,
        per_host=fetch.per_host,
        host_pause=fetch.host_spacing_seconds,
        limits=partial(limits, settings, in_force),
        fetch=fetch_options(settings),
    )


def hosts_in_use(settings: Settings) -> Hosts:
    """Make what polls and the reading of articles share, so that together they keep each host's bounds."""
    return Hosts(per_host=settings.fetch.per_host, pause=settings.fetch.host_spacing_seconds)


def article_robots(settings: Settings, context: Context, http: httpx.AsyncClient, in_use: Hosts) -> Robots:
    """Make the memory of what sites ask of crawlers, for links that no person chose."""
    return make_robots(http, options=fetch_options(settings), pause=in_use.pause, clock=context.clock)


def fetch_options(settings: Settings) -> FetchOptions:
    """Cut the limits of one request out of the settings."""
    fetch = settings.fetch
    return FetchOptions(
        max_raw=fetch.max_body_mib * 1024 * 1024,
        max_decoded=4 * fetch.max_body_mib * 1024 * 1024,
        total_timeout=fetch.total_timeout_seconds,
    )


def pace_of(settings: Settings, polled: Sequence[Feed], *, now: datetime) -> float:
    """Work out the pace at which feeds together keep to the request budget, from what is known of each."""
    return pace(
        (
            (rate(Rhythm.from_text(feed.fetch.rhythm), now), WEIGHTS[feed.priority])
            for feed in polled
            if feed.fetch.retired_at is None
        ),
        budget=settings.fetch.requests_per_feed_hour,
        floor=settings.floor_seconds,
        ceiling=settings.fetch.max_interval_hours * 3600,
    )


def limits(settings: Settings, in_force: Pace, feed: Feed) -> Limits:
    """Return the bounds of a feed's interval."""
    floor = max(settings.floor_for(feed.url), feed.min_interval)
    return Limits(
        floor=floor,
        ceiling=max(floor, settings.fetch.max_interval_hours * 3600),
        pace=in_force.value,
        budget=settings.fetch.requests_per_feed_hour,
        weight=WEIGHTS[feed.priority],
    )


def make_pusher(settings: Settings, context: Context, http: httpx.AsyncClient) -> Pusher | None:
    """Make the push stage; None where hubs are not wanted."""
    if not settings.fetch.websub:
        return None
    return Pusher(context, client=http, options=PushOptions(base_url=settings.service.base_url))


def smtp_options(settings: Settings) -> SmtpOptions | None:
    """Cut the mail relay's options out of the settings; None when there is no [smtp]."""
    smtp = settings.smtp
    if smtp is None:
        return None
    return SmtpOptions(
        host=smtp.host,
        port=smtp.port,
        tls=smtp.tls,
        username=smtp.username,
        password=smtp.password,
        ca_file=smtp.ca_file,
        timeout=smtp.timeout_seconds,
    )


def send_options(smtp: SmtpOptions | None) -> SendOptions:
    """Name this process in leases, which outlast the longest conversation that the relay's limits allow."""
    options = SendOptions(owner=f"{os.getpid()}-{secrets.token_hex(4)}")
    longest = timedelta(seconds=smtp.longest_send if smtp else 0.0)
    return replace(options, lease=max(options.lease, longest + LEASE_SPARE))


def sender_identity(settings: Settings) -> SenderIdentity:
    """Say who alerts come from."""
    sender = settings.smtp.mail_from if settings.smtp else ""
    return SenderIdentity(
        instance=settings.service.name,
        mail_from=sender,
        mail_domain=parseaddr(sender)[1].rpartition("@")[2] or "localhost",
        base_url=settings.service.base_url,
        contact=settings.service.contact,
        version=__version__,
    )
