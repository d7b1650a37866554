"""A feed that gives its old items new guids, as a change of publishing software does."""

from dataclasses import replace
from pathlib import Path

from monitor.demo.recordings import RecordedItem
from monitor.model import HitReason
from monitor.store import hits, items, outbox
from tests.conftest import opened, poll_all, recorded, recording, small_stage
from tests.pipeline.conftest import by_clock

ITEMS = [recorded(f"item-{n}", f"Agents seize fentanyl at gate number {n}") for n in range(3)]


def renamed(item: RecordedItem) -> RecordedItem:
    return replace(item, id=f"https://paper.example/?p={item.id}")


async def test_items_issued_again_under_new_guids_alert_nobody_even_after_their_stories_end(
    tmp_path: Path,
) -> None:
    async with small_stage(tmp_path, recording("gazette", *ITEMS)) as stage, opened(stage) as app:
        clock = by_clock(app)
        await poll_all(app)
        clock.advance(days=5)
        stage.feeds.recordings["gazette"] = recording("gazette", *map(renamed, ITEMS))
        await poll_all(app)
        found = await app.store.read(hits.recent_hits, limit=9)
        assert [hit.reason for hit in found] == [HitReason.BASELINE] * 3
        assert len(await app.store.read(items.recent_items, limit=9)) == 3, "no item is kept twice"
        assert not any((await app.store.read(outbox.outbox_counts)).values())
        stage.feeds.recordings["gazette"] = recording(
            "gazette", *map(renamed, ITEMS), recorded("news", "Border wall: fentanyl found in a truck")
        )
        await poll_all(app)
        newest, *_ = await app.store.read(hits.recent_hits, limit=9)
        assert newest.reason is HitReason.LIVE


async def test_the_same_headline_at_another_address_is_news(tmp_path: Path) -> None:
    async with small_stage(tmp_path, recording("gazette", *ITEMS)) as stage, opened(stage) as app:
        await poll_all(app)
        again = replace(renamed(ITEMS[0]), link="https://paper.example/another-day")
        stage.feeds.recordings["gazette"] = recording("gazette", *ITEMS, again)
        await poll_all(app)
        newest, *_ = await app.store.read(hits.recent_hits, limit=9)
    assert newest.reason is HitReason.LIVE
