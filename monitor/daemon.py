"""The daemon's life: start in order, say ready, live until told to stop, stop in order.

Start: state folder and lock, store (migrations), configuration files, web, runner. Stop: no new work, work in
flight finishes (25 s), leases of what did not are given back at the next start, web, runner, store, lock.
"""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Sequence
from typing import TextIO
from urllib.parse import urlsplit

import structlog

from monitor import __version__
from monitor.app import App
from monitor.config import Settings, Start, applied_revision, decide_start
from monitor.desk.config import change_lines
from monitor.desk.feeds import FeedLine, list_feeds, poll_now
from monitor.errors import ConfigError, MonitorError, StoreError
from monitor.model import ChannelKind
from monitor.pipeline import Stage
from monitor.runner import LocalRunner
from monitor.store import Transaction, feeds, outbox, recipients
from monitor.web import create_site
from monitor.web.serve import SiteServer, tcp_listener, unix_listener

log = structlog.get_logger()

DRAIN_SECONDS = 25.0
_GARBAGE = 10_000  # new objects between two looks for circles of them


async def run_daemon(
    settings: Settings,
    *,
    stop: asyncio.Event,
    install_signals: bool = False,
    console: TextIO | None = None,
) -> int:
    """Run until `stop` is set; return the exit code (0 stopped in order, 1 could not start, 2 bad configuration)."""
    if install_signals:
        _listen(stop)
    try:
        app = await App.open(settings, console=console or sys.stdout)
    except MonitorError as error:
        log.error("daemon.refused", reason=str(error))
        return 1
    async with app:
        try:
            await bring_up(app)
            async with _serving(app), _running(app) as runner:
                if install_signals:
                    _listen_for_reload(app)
                await _say_ready(app)
                await stop.wait()
                await _stop(app, runner)
        except ConfigError as error:
            for problem in error.problems:
                log.error("config.problem", problem=str(problem))
            log.error(
                "daemon.refused", reason="the store is empty and the configuration files cannot be used"
            )
            return 2
        except MonitorError as error:
            log.error("daemon.refused", reason=str(error))
            return 1
    log.info("daemon.stopped")
    return 0


async def poll_once(settings: Settings, slugs: Sequence[str]) -> list[FeedLine]:
    """Do one round of all stages in this process: named, due and never polled feeds; return those polled.

    Raises NotFound for a name that no feed has, Refused for a feed that is switched off, StoreBusy beside a daemon.
    """
    async with await App.open(settings) as app:
        await bring_up(app)
        started = app.context.clock()
        await poll_now(app, slugs)
        await app.poller.poll_due()
        await app.articles.read_due()
        await app.dispatch()
        await app.release()
        while await app.shipper.fill():
            await app.shipper.crew.drain()
        return [
            line
            for line in await list_feeds(app)
            if line.last_polled_at is not None and line.last_polled_at >= started
        ]


async def bring_up(app: App) -> None:
    """Apply the configuration files, or go on with what was applied last and say so.

    Raises ConfigError only when the files have problems and the store was never filled.
    """
    released = await app.store.write(outbox.release_leases, now=app.context.clock())
    if released:
        log.info("delivery.released", count=released, reason="the last process ended while sending them")
    filled = await app.store.read(applied_revision) is not None
    try:
        made = await app.apply_files(actor="daemon")
    except ConfigError as error:
        if decide_start(error.problems, filled=filled) is Start.REFUSE:
            raise
        _say_problems(error.problems)
    else:
        log.info("config.applied", changes=len(change_lines(made)), topics=len(app.watchlist.topics))
    # What the start made lives as long as the process: no collection need walk it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE)  # a poll's objects are many, and nearly all gone before the next


async def reload(app: App) -> None:
    """Apply the configuration files to the running daemon; on any problem keep what is in force and say so."""
    _notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
    try:
        made = await app.apply_files(actor="daemon")
    except ConfigError as error:
        _say_problems(error.problems)
    except MonitorError as error:
        log.error("config.kept", reason=str(error))
    else:
        log.info("config.applied", changes=len(change_lines(made)), topics=len(app.watchlist.topics))
    _notify("READY=1", f"STATUS={_status_line(app)}")


def _say_problems(problems: tuple[object, ...]) -> None:
    for problem in problems:
        log.error("config.problem", problem=str(problem))
    log.error("config.kept", reason="the last applied configuration stays in force", problems=len(problems))


@contextlib.asynccontextmanager
async def _serving(app: App) -> AsyncIterator[None]:
    web = app.settings.web
    async with contextlib.AsyncExitStack() as servers:
        commands = SiteServer(create_site(app, trusted=True), unix_listener(app.settings.socket_path))
        servers.push_async_callback(commands.stop)
        await commands.start()
        if web.enabled:
            site = create_site(app, trusted=False, hosts=public_hosts(app.settings))
            pages = SiteServer(site, tcp_listener(web.host, web.port))
            servers.push_async_callback(pages.stop)
            await pages.start()
        yield


def public_hosts(settings: Settings) -> tuple[str, ...]:
    """Return the names that the public site answers to: this machine's, and the one that a proxy passes on."""
    ours = urlsplit(settings.service.base_url).hostname or ""
    named = ("localhost", "127.0.0.1", "[::1]", settings.web.host, f"[{ours}]" if ":" in ours else ours)
    return tuple(dict.fromkeys(name for name in named if name))


@contextlib.asynccontextmanager
async def _running(app: App) -> AsyncIterator[LocalRunner]:
    async def beat() -> None:
        await app.heartbeat()
        _notify("WATCHDOG=1", f"STATUS={_status_line(app)}")

    await app.heartbeat()
    runner = LocalRunner(
        {
            Stage.POLL: app.poller.fill,
            Stage.READ: app.articles.fill,
            Stage.DISPATCH: app.dispatch,
            Stage.RELEASE: app.release,
            Stage.SEND: app.shipper.fill,
            Stage.SURGE: app.surges.check_due,
        },
        heartbeat=beat,
        hourly={"tidy": app.tidy, "pace": app.set_pace},
        minutely={"archive": app.index_archive}
        | ({"push": app.pusher.run_due} if app.pusher else {})
        | ({"bounces": app.bounces.read_due} if app.bounces else {}),
    )
    app.on_wake(runner.wake)
    runner.start()
    try:
        yield runner
    finally:
        await runner.stop()


async def _stop(app: App, runner: LocalRunner) -> None:
    """Take no new work, then let polls, readings, one last dispatch and sends come to their end."""
    _notify("STOPPING=1")
    log.info(
        "daemon.stopping",
        polls=app.poller.crew.busy,
        articles=app.articles.crew.busy,
        sends=app.shipper.crew.busy,
    )
    await runner.stop()
    try:
        await asyncio.gather(
            app.poller.finish(timeout=DRAIN_SECONDS / 2), app.articles.crew.drain(timeout=DRAIN_SECONDS / 2)
        )
        await app.dispatch()
        await app.shipper.finish(timeout=DRAIN_SECONDS / 2)
        await app.store.write(outbox.release_leases, now=app.context.clock(), orderly=True)
    except StoreError as error:  # a full disk must not turn an orderly stop into a refusal
        log.error("daemon.left_over", reason=str(error), then="the next start goes on with it")


def _listen(stop: asyncio.Event) -> None:
    """Hear signals from the first moment on: a stop during the start is an ordered stop, too."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)  # the start reads the files anyway


def _listen_for_reload(app: App) -> None:
    running: set[asyncio.Task[None]] = set()

    def start() -> None:
        task = asyncio.create_task(reload(app), name="reload")
        running.add(task)
        task.add_done_callback(running.discard)

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, start)


async def _say_ready(app: App) -> None:
    settings = app.settings
    enabled, only_console = await app.store.read(_shape)
    log.info(
        "daemon.ready",
        version=__version__,
        state=str(settings.state_dir),
        web=f"http://{settings.web.host}:{settings.web.port}" if settings.web.enabled else "off",
        feeds=enabled,
        topics=len(app.watchlist.topics),
    )
    if not settings.service.contact:
        log.warning(
            "config.no_contact",
            reason="feeds are polled at most once in 60 minutes until [service] contact says who runs this",
        )
    if only_console:
        log.info(
            "config.console_only", reason="alerts are printed here until a recipients file names somebody"
        )
    _notify("READY=1", f"STATUS={_status_line(app)}")


def _shape(tx: Transaction) -> tuple[int, bool]:
    subscriptions = recipients.list_subscriptions(tx)
    return (
        sum(feed.enabled for feed in feeds.list_feeds(tx)),
        all(each.channel.kind is ChannelKind.CONSOLE for each in subscriptions),
    )


def _status_line(app: App) -> str:
    busy = f"{app.poller.crew.busy} polls and {app.shipper.crew.busy} sends running"
    state = f"{len(app.watchlist.topics)} topics, {busy}"
    problems = len(app.files.problems)
    return f"{state}; {problems} configuration problems, the last good one is in force" if problems else state


def _notify(*lines: str) -> None:
    """Tell systemd (sd_notify protocol); without it this does nothing."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel, contextlib.suppress(OSError):
        channel.connect(address)
        channel.sendall("\n".join(lines).encode())
