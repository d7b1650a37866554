"""From a publisher's new item over the hub's ping to the item in the store, with every wire real."""

from pathlib import Path

from monitor.model import PushState
from monitor.pipeline.push_rules import push_alive
from monitor.store import feeds
from tests.conftest import pass_time, poll_all, recorded, recording, round_trip
from tests.hub import world

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
        polls = await here.app.store.read(feeds.recent_polls, feed.id, limit=5)
        assert [poll.new_items for poll in reversed(polls)] == [1, 1]
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
