"""From a publisher's new item over the hub's ping to the item in the store, with every wire real."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor.config import load_settings
from monitor.daemon import run_daemon
from monitor.demo.loopback import LoopbackServer
from monitor.model import Hub, PushState
from monitor.pipeline.push_rules import push_alive
from monitor.runner import local as local_runner
from monitor.store import feeds, polls
from tests.conftest import opened, pass_time, poll_all, recorded, recording, round_trip, small_stage, until
from tests.hub import WebSubHub, with_websub, world

OLD = recorded("old", "Fentanyl case from last week goes to court")
NEW = recorded("new", "Agents seize fentanyl at Otay Mesa", at=5)


async def test_a_publishers_ping_brings_the_new_item_long_before_the_next_poll(tmp_path: Path) -> None:
    async with world(tmp_path, recording("gazette", OLD, NEW)) as here:
        await poll_all(here.app)
        push = await here.subscribe()
        assert push.state is PushState.ACTIVE
        await here.rest()
        pass_time(here.stage)
        await round_trip(here.app)
        assert here.stage.receiver.requests == [], "not due for an hour"

        await here.publish(b"<rss>a body that nobody reads, <item>fentanyl</item></rss>")
        assert here.hub.deliveries == [202]
        await round_trip(here.app)
        assert len(here.stage.receiver.requests) == 1

        feed = await here.feed()
        history = await here.app.store.read(polls.recent_polls, feed.id, limit=5)
        assert [poll.new_items for poll in reversed(history)] == [1, 1]
        assert push_alive(await here.push(), feed, now=here.clock())


async def test_a_forged_ping_brings_nothing(tmp_path: Path) -> None:
    async with world(tmp_path, recording("gazette", OLD, NEW)) as here:
        await poll_all(here.app)
        await here.subscribe()
        await here.rest()
        pass_time(here.stage)
        for subscriber in here.hub.subscribers.values():
            subscriber.secret = "guessed"
        await here.publish()
        await round_trip(here.app)
        assert here.stage.receiver.requests == []
        assert (await here.the_push()).bad_pings == 1


async def test_the_publishers_ping_of_an_unchanged_feed_costs_one_conditional_request(tmp_path: Path) -> None:
    async with world(tmp_path, recording("gazette", OLD)) as here:
        await poll_all(here.app)
        await here.subscribe()
        await here.rest()
        await here.publish()
        await here.publish()
        await round_trip(here.app)
        assert [(each.conditional, each.status) for each in here.stage.feeds.requests] == [
            (False, 200),
            (True, 304),
        ]


async def test_a_daemon_subscribes_takes_pings_and_stops_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One hub serves, another stalls until the stop: neither is an error in the log."""
    monkeypatch.setattr(local_runner, "MINUTE_SECONDS", 0.1)
    papers = (recording("gazette", OLD, NEW), recording("herald", OLD))

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read(-1)

    asked, stop = asyncio.Event(), asyncio.Event()
    async with (
        small_stage(tmp_path, *papers) as stage,
        WebSubHub() as hub,
        LoopbackServer(stall) as silent,
    ):
        with_websub(stage)
        async with opened(stage) as app:
            await poll_all(app)
            assert app.pusher is not None
            for slug, address in (("gazette", hub.url), ("herald", f"http://127.0.0.1:{silent.port}/")):
                feed = await app.store.read(feeds.get_feed, slug)
                await app.store.write(
                    app.pusher.discovered, feed, Hub(hub=address, topic=feed.url), now=app.context.clock()
                )
        with capture_logs() as logs:
            running = asyncio.create_task(run_daemon(load_settings(stage.config_path, {}), stop=stop))
            await until(lambda: hub.subscribers and asked.is_set())
            await hub.publish(stage.feeds.url("gazette"), b"<rss/>")
            await until(lambda: any(each["event"] == "websub.pinged" for each in logs))
            stop.set()
            assert await running == 0
    assert hub.deliveries == [202]
    assert [each for each in logs if each["log_level"] == "error"] == []
