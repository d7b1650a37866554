from dataclasses import replace

import pytest

from monitor.errors import StoreConflict
from monitor.model import Story
from monitor.store import Store, Transaction, stories
from tests.contract.conftest import Clock, Seed


async def test_a_story_reads_back_and_its_uid_is_unique(store: Store, seed: Seed, t: Clock) -> None:
    story = Story(uid="s1", title="Muro: más tramos", language="es", first_seen=t(), last_seen=t(1))
    stored = await store.write(stories.add_story, story)
    assert stored == Story(
        id=stored.id, uid="s1", title=story.title, language="es", first_seen=t(), last_seen=t(1)
    )
    with pytest.raises(StoreConflict):
        await store.write(stories.add_story, story)


async def test_an_item_that_joins_brings_its_keys_and_moves_last_seen(
    store: Store, seed: Seed, t: Clock
) -> None:
    def fill(tx: Transaction) -> tuple[Story, int, int]:
        feed, story = seed.feed(tx), seed.story(tx)
        early, late = seed.item(tx, feed, "early", at=-5), seed.item(tx, feed, "late", at=5)
        moved = replace(story, last_seen=t(5))
        assert stories.join_story(tx, story, late, ["pause tariff"]) == moved
        assert stories.join_story(tx, story, early, ["pause tariff", "tariff pausa"]) == moved
        assert stories.join_story(tx, story, early, ["tariff pausa"]) == moved
        return story, early.id, late.id

    story, early, late = await store.write(fill)
    for item in (early, late):
        joined = await store.read(stories.story_of_item, item)
        assert joined is not None
        assert (joined.id, joined.first_seen, joined.last_seen) == (story.id, t(), t(5))
    for key in ("pause tariff", "tariff pausa"):
        assert await store.read(stories.find_by_keys, ["other", key], since=t(5)) == joined
    assert await store.read(stories.find_by_keys, ["pause tariff"], since=t(6)) is None, "too old to grow"
    assert await store.read(stories.find_by_keys, ["other"], since=t()) is None
    assert await store.read(stories.find_by_keys, [], since=t()) is None


async def test_an_item_belongs_to_one_story(store: Store, seed: Seed) -> None:
    def fill(tx: Transaction) -> None:
        item = seed.item(tx, seed.feed(tx))
        stories.join_story(tx, seed.story(tx), item, [])
        stories.join_story(tx, seed.story(tx), item, [])

    with pytest.raises(StoreConflict, match="story-1 already"):
        await store.write(fill)
    assert await store.read(stories.story_of_item, 1) is None


async def test_of_several_stories_the_one_that_moved_last_is_found_and_ties_go_to_the_first(
    store: Store, seed: Seed, t: Clock
) -> None:
    def fill(tx: Transaction) -> list[Story]:
        feed = seed.feed(tx)
        made = [seed.story(tx, at=at) for at in (0, 3, 3)]
        for number, story in enumerate(made):
            stories.join_story(tx, story, seed.item(tx, feed, f"key-{number}"), [f"k{number}", "shared"])
        return made

    made = await store.write(fill)
    assert await store.read(stories.find_by_keys, ["shared"], since=t()) == made[1]
    assert await store.read(stories.find_by_keys, ["k0", "k2"], since=t()) == made[2]
    assert await store.read(stories.find_by_keys, ["k0"], since=t()) == made[0]
