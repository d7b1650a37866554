"""The poll stage: bounds, politeness, fencing, and what it leaves behind when its commit fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from structlog.testing import capture_logs

from monitor.demo.loopback import HOST, LoopbackServer
from monitor.desk.feeds import list_feeds, poll_now
from monitor.fetch.pool import ParserPool
from monitor.model import Feed, FetchState, Outcome
from monitor.pipeline import Poller
from monitor.pipeline.poll import AHEAD
from monitor.store import Transaction, feeds, items, polls, windows
from tests.conftest import opened, pass_time, poll_all, recorded, recording, small_stage, until
from tests.pipeline.conftest import by_clock, fill_up, make_room

EMPTY = '<rss version="2.0"><channel><title>T</title></channel></rss>'
LONG = "Agents seize fentanyl. " * 4000
PAPER = recording("gazette", recorded("old", "Council meets"), recorded("new", "Fentanyl seized", LONG, at=5))


def document(*titles: str) -> bytes:
    entries = "".join(
        f"<item><guid>{title}</guid><title>{title}</title><description>{LONG}</description></item>"
        for title in titles
    )
    return EMPTY.replace("</channel>", f"{entries}</channel>").encode()


@asynccontextmanager
async def server(
    body: bytes, *, meanwhile: Callable[[], Awaitable[object]] | None = None
) -> AsyncIterator[LoopbackServer]:
    """Answer every request with `body`, after doing something else first."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            if meanwhile is not None:
                await meanwhile()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()

    async with LoopbackServer(converse) as running:
        yield running


def new_feed(port: int, *, slug: str = "gazette") -> Feed:
    return Feed(
        slug=slug,
        url=f"http://{HOST}:{port}/{slug}",
        title=slug,
        owner="api",
        fetch=FetchState(next_poll_at=datetime.now(UTC)),
    )


async def test_a_poll_is_kept_with_its_history(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        await poll_all(app)
        pass_time(stage)
        await poll_all(app)
        feed = await app.store.read(feeds.get_feed, "gazette")
        newest, first = await app.store.read(polls.recent_polls, feed.id, limit=5)
    assert (first.outcome, first.items, first.new_items, first.status) == (Outcome.NEW, 1, 1, 200)
    assert (newest.outcome, newest.items, newest.new_items) == (Outcome.NEW, 2, 1)
    assert newest.size > len(LONG)
    assert newest.started_at <= newest.ended_at
    assert feed.fetch.claimed_at is None
    assert feed.fetch.next_poll_at > newest.ended_at


async def test_a_feed_is_due_again_no_sooner_than_the_longest_floor_says(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage:
        file = stage.folder / "feeds.toml"
        file.write_text(file.read_text() + "min_interval_minutes = 45\n")
        async with opened(stage) as app:
            clock = by_clock(app)
            await poll_all(app)
            (line,) = await list_feeds(app)
            assert line.next_poll_at is not None
            assert (line.next_poll_at - clock.now).total_seconds() == 45 * 60
            assert await app.poller.fill() == 0
            clock.advance(minutes=44, seconds=59)
            assert await app.poller.fill() == 0
            clock.advance(seconds=2)
            assert await app.poller.fill() == 1
            await app.poller.finish()


async def test_no_more_feeds_are_claimed_than_wait_for_a_moment(tmp_path: Path) -> None:
    papers = [recording(f"paper-{n}", recorded("old", "Council meets")) for n in range(2 * (1 + AHEAD) + 1)]
    async with small_stage(tmp_path, *papers) as stage, opened(stage) as app:
        app.poller = Poller(
            app.context,
            client=app.http,
            parsers=app.parsers,
            secrets=app.settings.secrets,
            options=replace(app.poller._options, concurrency=2, per_host=100),
        )
        await poll_now(app, [line.slug for line in await list_feeds(app)])
        claimed = []
        while number := await app.poller.fill():
            claimed.append(number)
            await app.poller.finish()
    assert claimed == [2 * (1 + AHEAD), 1]


async def test_no_more_feeds_are_asked_at_once_than_configured(tmp_path: Path) -> None:
    running, most = 0, 0

    async def count() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1

    async with (
        server(document("Council meets"), meanwhile=count) as one,
        small_stage(tmp_path) as stage,
        opened(stage) as app,
    ):
        app.poller = Poller(
            app.context,
            client=app.http,
            parsers=app.parsers,
            secrets=app.settings.secrets,
            options=replace(app.poller._options, concurrency=3, per_host=100),
        )
        for n in range(12):
            await app.store.write(feeds.put_feed, new_feed(one.port, slug=f"paper-{n}"))
        await poll_all(app)
        assert {line.state for line in await list_feeds(app)} == {"ok"}
    assert most == 3


async def test_no_feeds_are_asked_while_documents_pile_up(tmp_path: Path) -> None:
    """Bodies are large: as many as may be asked for may wait, and be held by those that were."""
    asked, parsers = 0, ParserPool(1)

    async def count() -> None:
        nonlocal asked
        asked += 1

    async with (
        server(document("Council meets"), meanwhile=count) as one,
        small_stage(tmp_path) as stage,
        opened(stage) as app,
    ):
        app.poller = Poller(
            app.context,
            client=app.http,
            parsers=parsers,
            secrets=app.settings.secrets,
            options=replace(app.poller._options, concurrency=2, per_host=100),
        )
        for n in range(2 * (1 + AHEAD)):
            await app.store.write(feeds.put_feed, new_feed(one.port, slug=f"paper-{n}"))
        async with parsers._slots:
            assert await app.poller.fill() == 2 * (1 + AHEAD)
            await until(lambda: asked == 4)
            await asyncio.sleep(0.2)
            assert asked == 4
        await app.poller.finish()
        assert asked == 2 * (1 + AHEAD)
        assert {line.state for line in await list_feeds(app)} == {"ok"}
    await parsers.close()


async def test_one_host_is_asked_only_so_many_times_at_once(tmp_path: Path) -> None:
    running, most = 0, 0

    async def count() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1

    async with (
        server(document("Council meets"), meanwhile=count) as one,
        small_stage(tmp_path, PAPER) as stage,
    ):
        config = stage.config_path
        config.write_text(config.read_text().replace("per_host = 6", "per_host = 2"))
        async with opened(stage) as app:
            for n in range(6):
                await app.store.write(feeds.put_feed, new_feed(one.port, slug=f"paper-{n}"))
            await poll_all(app)
            polled = [line for line in await list_feeds(app) if line.state == "ok"]
    assert len(polled) == 7
    assert most == 2


async def test_a_poll_whose_feed_moved_meanwhile_writes_nothing_and_says_so(tmp_path: Path) -> None:
    """Its items belong to the address that was left."""
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:

        async def move() -> None:
            feed = await app.store.read(feeds.get_feed, "gazette")
            await app.store.write(feeds.put_feed, replace(feed, url=stage.feeds.url("gazette")))

        async with server(document("Fentanyl elsewhere"), meanwhile=move) as other:
            await app.store.write(feeds.put_feed, new_feed(other.port))
            await poll_now(app, ["gazette"])
            with capture_logs() as logged:
                await app.poller.fill()
                await app.poller.finish()
        (told,) = [line for line in logged if line["event"].startswith("feed.")]
        assert (told["event"], told["feed"]) == ("feed.unfinished", "gazette")
        assert "address or access was changed meanwhile" in told["reason"]
        assert await app.store.read(items.recent_items, limit=5) == []
        moved = await app.store.read(feeds.get_feed, "gazette")
        assert moved.fetch.baseline_at is None
        assert await app.store.read(polls.recent_polls, moved.id, limit=9) == []
        assert await app.store.read(windows.get_window, moved.id) is None
        assert moved.url == stage.feeds.url("gazette")


async def test_a_commit_without_room_says_so_keeps_nothing_and_loses_nothing(tmp_path: Path) -> None:
    async with small_stage(tmp_path) as stage, opened(stage) as app:
        full = False

        async def fill() -> None:
            if full:
                await app.store.write(fill_up)

        async with server(document("Council meets", "Fentanyl seized"), meanwhile=fill) as paper:
            async with server(document("Council meets"), meanwhile=fill) as before:
                await app.store.write(feeds.put_feed, new_feed(before.port))
                await poll_all(app)
            await app.store.write(_move, paper.port)
            full = True
            with capture_logs() as logged:
                await poll_all(app)
            (line,) = (line for line in logged if line["event"] == "feed.unfinished")
            assert line["feed"] == "gazette"
            assert "no room left" in line["reason"]
            assert len(await app.store.read(items.recent_items, limit=9)) == 1
            full = False
            await app.store.write(make_room)
            await poll_all(app)
        assert len(stage.receiver.requests) == 1
        assert len(await app.store.read(items.recent_items, limit=9)) == 2


def _move(tx: Transaction, port: int) -> None:
    """The publisher's server changed its port: same feed, same state."""
    tx.run("UPDATE feeds SET url = :url", url=f"http://{HOST}:{port}/gazette")


async def test_a_poll_without_a_parser_says_so_and_the_others_go_on(tmp_path: Path) -> None:
    papers = (PAPER, recording("quiet", recorded("old", "Council meets")))
    async with small_stage(tmp_path, *papers) as stage, opened(stage) as app:
        await poll_all(app)
        pass_time(stage)
        await app.parsers.close()
        with capture_logs() as logged:
            await poll_all(app)
    ended = {line["feed"]: line["event"] for line in logged if line["event"].startswith("feed.")}
    assert ended == {"gazette": "feed.unfinished", "quiet": "feed.polled"}
