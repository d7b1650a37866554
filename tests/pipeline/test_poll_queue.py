"""Feeds that wait for a slow host while their next poll comes due."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from monitor.demo.loopback import HOST, LoopbackServer
from monitor.desk.feeds import list_feeds
from monitor.model import Feed, FetchState
from monitor.pipeline import Poller
from monitor.store import feeds
from tests.conftest import opened, small_stage, until
from tests.pipeline.conftest import by_clock

BODY = b'<rss version="2.0"><channel><title>T</title><item><guid>1</guid><title>One</title></item></channel></rss>'


async def test_feeds_of_a_slow_host_take_no_slots_and_are_not_claimed_twice(tmp_path: Path) -> None:
    """A second claim would cost the first poll all that it found."""
    asked, answer = 0, asyncio.Event()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        while await reader.readuntil(b"\r\n\r\n"):
            asked += 1
            await answer.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)
            await writer.drain()

    async with LoopbackServer(converse) as slow, small_stage(tmp_path) as stage, opened(stage) as app:
        clock = by_clock(app)
        app.poller = Poller(
            app.context,
            client=app.http,
            parsers=app.parsers,
            secrets=app.settings.secrets,
            options=replace(app.poller._options, per_host=1, concurrency=8),
        )
        for slug in ("first", "second"):
            due = FetchState(next_poll_at=datetime.now(UTC), interval=60)
            url = f"http://{HOST}:{slow.port}/{slug}"
            feed = Feed(slug=slug, url=url, title=slug, owner="api", fetch=due)
            await app.store.write(feeds.put_feed, feed)
        clock.advance(seconds=1)
        assert await app.poller.fill() == 1, "the second waits for its host, unclaimed"
        await until(lambda: asked == 1)
        clock.advance(hours=2)
        assert await app.poller.fill() == 0
        answer.set()
        await app.poller.poll_due()
        assert asked == 2
        assert [line.state for line in await list_feeds(app)] == ["ok", "ok"]
        clock.advance(hours=2)
        await app.poller.poll_due()
        assert asked == 4, "a poll that ended may be followed by the next"
