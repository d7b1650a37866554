"""A feed that says nothing new for longer than items are kept."""

from pathlib import Path

from monitor.store import feeds, polls
from tests.conftest import opened, pass_time, poll_all, recorded, recording, small_stage
from tests.pipeline.conftest import by_clock

PAPER = recording("gazette", recorded("old", "Council meets"), recorded("new", "Bakery opens", at=5))


async def test_what_a_quiet_feed_still_shows_is_not_new_after_its_retention(tmp_path: Path) -> None:
    async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
        clock = by_clock(app)
        await poll_all(app)
        clock.advance(days=app.settings.retention.items_days + 10)
        await poll_all(app)
        await app.tidy()
        pass_time(stage)
        await poll_all(app)
        feed = await app.store.read(feeds.get_feed, "gazette")
        newest, *_ = await app.store.read(polls.recent_polls, feed.id, limit=5)
    assert (newest.items, newest.new_items) == (2, 1)
