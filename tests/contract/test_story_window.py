"""The stories' window in the store: read back as it was kept, in order, without what no new item can meet."""

from datetime import timedelta

import pytest

from monitor.errors import StoreConflict
from monitor.store import Store, Transaction, stories, story_window
from monitor.store.story_window import WindowItem
from tests.contract.conftest import Clock, Seed

SPAN = timedelta(minutes=60)


def fill(tx: Transaction, seed: Seed, minutes: list[float]) -> list[WindowItem]:
    feed, story = seed.feed(tx), seed.story(tx)
    kept = []
    for position, at in enumerate(minutes, 1):
        item = seed.item(tx, feed, f"item-{position}", at=at)
        stories.join_story(tx, story, item, [])
        kept.append(
            WindowItem(
                position=position,
                item_id=item.id,
                story_id=story.id,
                language="es",
                seen_at=item.first_seen,
                engine="1" if position != 2 else "0",
                trace=b"\x00\xff" * position,
            )
        )
        story_window.add_to_window(tx, kept[-1])
    return kept


async def test_the_window_reads_back_in_order_and_within_its_span(store: Store, seed: Seed, t: Clock) -> None:
    assert await store.read(story_window.last_position) == 0
    kept = await store.write(fill, seed, [30, 31, -1, 0, 60, 20])
    read = await store.read(story_window.window_items, engine="1", span=SPAN)
    assert [item for item, _ in read] == [kept[0], kept[3], kept[4], kept[5]], (
        "to the very edge, one engine's only"
    )
    assert {(story.items, story.last_seen) for _, story in read} == {(6, t(60))}
    assert await store.read(story_window.last_position) == 6


async def test_a_position_and_an_item_are_taken_once(store: Store, seed: Seed) -> None:
    (kept,) = await store.write(fill, seed, [0])
    with pytest.raises(StoreConflict):
        await store.write(story_window.add_to_window, kept)


async def test_what_left_the_window_is_pruned_in_slices_but_the_last_position_stays(
    store: Store, seed: Seed
) -> None:
    await store.write(fill, seed, [-9, -8, 0, 60, -7])
    gone = [await store.write(story_window.prune_window, span=SPAN, limit=1) for _ in range(3)]
    assert gone == [1, 1, 0]
    assert await store.read(story_window.last_position) == 5
    assert len(await store.read(story_window.window_items, engine="1", span=SPAN)) == 2
