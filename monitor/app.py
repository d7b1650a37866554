"""class App: opens the store, the HTTP client, the parsers and the senders' tools, wires them, closes them.

Nothing else builds these. It holds the watchlist snapshot in force and the state of the configuration files; it
makes no decision about feeds, items or alerts.
"""

import asyncio
import random
import secrets
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self, TextIO

import httpx
import structlog

from monitor.config import Desired, Plan, Settings, apply_plan, load_desired
from monitor.deliver import RelayPool, SenderIdentity, SendTools
from monitor.deliver.links import link_key
from monitor.errors import ConfigError, Problem
from monitor.fetch.pool import ParserPool
from monitor.match import Watchlist, compile_watchlist
from monitor.model import Topic
from monitor.options import (
    Pace,
    article_robots,
    bounce_options,
    hosts_in_use,
    http_client,
    make_pusher,
    pace_of,
    parser_pool,
    poll_options,
    send_options,
    send_tools,
    sender_identity,
    surge_options,
)
from monitor.pipeline import (
    ArticleOptions,
    ArticleReader,
    BounceReader,
    Context,
    Poller,
    Pusher,
    Retention,
    Shipper,
    Stage,
    StoryAssigner,
    Surges,
    dispatch,
    index_archive,
    release,
    tidy,
)
from monitor.state_folder import prepare_state_dir, store_key, take_lock
from monitor.store import Sealer, Store, Transaction, feeds, meta, open_store, recipients, watchlist

log = structlog.get_logger()

SPREAD_SECONDS = 2.0  # for each new feed: first polls are strewn over this many seconds together
APART_AT_ONCE = 2  # back-tests and the like, each a process of its own


@dataclass(slots=True)
class FilesState:
    """What became of the configuration files: when they were last applied, and what is wrong with them now."""

    applied_at: datetime | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True, kw_only=True)
class App:
    """One running installation. Build it with `App.open`, which is an async context manager."""

    settings: Settings
    store: Store
    context: Context
    poller: Poller
    articles: ArticleReader
    shipper: Shipper
    surges: Surges
    pusher: Pusher | None = None
    bounces: BounceReader | None = None
    parsers: ParserPool
    http: httpx.AsyncClient
    tools: SendTools
    identity: SenderIdentity
    started_at: datetime
    files: FilesState = field(default_factory=FilesState)
    pace: Pace = field(default_factory=Pace)
    assigner: StoryAssigner = field(default_factory=StoryAssigner)
    apart: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(APART_AT_ONCE))
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
        store = await _hold_store(settings, closing)
        http = http_client(settings)
        closing.push_async_callback(http.aclose)
        parsers = parser_pool(settings)
        closing.push_async_callback(parsers.close)
        snapshot = [compile_watchlist((), revision=0)]
        wakers: list[Callable[[Stage], None]] = []
        context = _context(store, snapshot, wakers)
        in_force = Pace()
        tools = send_tools(settings, key=store_key(settings), http=http, console=console, clock=_now)
        if isinstance(tools.relay, RelayPool):
            closing.push_async_callback(tools.relay.close)
        pusher = make_pusher(settings, context, http)
        if pusher is not None:
            closing.push_async_callback(pusher.close)
        reports = bounce_options(settings, key=store_key(settings))
        in_use = hosts_in_use(settings)
        identity = sender_identity(settings, key=link_key(store_key(settings)))
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
                robots=article_robots(settings, context, http, in_use),
                options=ArticleOptions(),
            ),
            shipper=Shipper(context, tools=tools, options=send_options(tools.smtp), identity=identity),
            surges=Surges(context, identity=identity, options=surge_options(settings)),
            pusher=pusher,
            bounces=BounceReader(context, options=reports) if reports else None,
            parsers=parsers,
            http=http,
            tools=tools,
            identity=identity,
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
    def is_ticking(self) -> bool:
        """Whether a runner hears of work; without one, whoever makes work must do it."""
        return bool(self._wakers)

    @property
    def watchlist(self) -> Watchlist:
        """The compiled watchlist in force."""
        return self._snapshot[0]

    async def reload_watchlist(self) -> None:
        """Put the stored topics in force by swapping one reference, compiling those alone that changed."""
        async with self._compiling:  # of two at once, the one that read first must not have the last word
            topics, revision = await self.store.read(_watchlist)
            changed = await asyncio.to_thread(self.watchlist.brought_to, topics, revision=revision)
            self._snapshot[0] = changed
            if changed.fragmented:
                self._snapshot[0] = await asyncio.to_thread(changed.folded)

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
        return await dispatch(self.context, identity=self.identity, assigner=self.assigner)

    async def release(self) -> int:
        """Send what waited for quiet hours, a bundle or a digest, and is due."""
        return await release(self.context, identity=self.identity)

    async def tidy(self) -> dict[str, int]:
        """Delete what is past its retention."""
        keep = self.settings.retention
        return await tidy(
            self.context,
            Retention(items=timedelta(days=keep.items_days), polls=timedelta(days=keep.polls_days)),
        )

    async def index_archive(self) -> int:
        """File the words of what was stored since, for queries over the archive."""
        return await index_archive(self.context)

    async def heartbeat(self) -> None:
        """Write to the store and read it back: proof that the writer lives."""
        await self.store.write(meta.put_meta, "heartbeat", _now().isoformat())


async def _hold_store(settings: Settings, closing: AsyncExitStack) -> Store:
    """Take the state folder's lock, open the store and keep it for this process alone."""
    state = prepare_state_dir(settings.state_dir)
    closing.callback(take_lock(state).release)
    sealer = Sealer(store_key(settings))
    store = await open_store(settings.store_url, sealer=sealer, backup_dir=state / "backups")
    closing.push_async_callback(store.close)
    await store.hold()
    return store


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
