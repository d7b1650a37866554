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
        assert stories.join_story(tx, story, late, ["pause tariff"]) == replace(moved, items=1)
        both = replace(moved, items=2)
        assert stories.join_story(tx, story, early, ["pause tariff", "tariff pausa"]) == both
        assert stories.join_story(tx, story, early, ["tariff pausa"]) == both
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
        return [
            stories.join_story(tx, story, seed.item(tx, feed, f"key-{number}"), [f"k{number}", "shared"])
            for number, story in enumerate(made)
        ]

    made = await store.write(fill)
    assert await store.read(stories.find_by_keys, ["shared"], since=t()) == made[1]
    assert await store.read(stories.find_by_keys, ["k0", "k2"], since=t()) == made[2]
    assert await store.read(stories.find_by_keys, ["k0"], since=t()) == made[0]


async def test_a_story_counts_outlets_and_those_that_were_first_with_a_text_of_their_own(
    store: Store, seed: Seed
) -> None:
    """A wire report that others repeat is many outlets and one independent; an unknown outlet is none."""

    def fill(tx: Transaction) -> list[tuple[int, int, int]]:
        feed, story = seed.feed(tx), seed.story(tx)
        told = []
        for number, (outlet, copied) in enumerate(
            [
                ("wire", False),
                ("paper a", True),
                ("paper b", True),
                ("wire", False),
                ("paper b", False),
                ("", False),
            ]
        ):
            item = seed.item(tx, feed, f"item-{number}")
            joined = stories.join_story(
                tx, story, item, [], outlet=outlet, copied=copied, reason=f"why {number}"
            )
            told.append((joined.items, joined.outlets, joined.independent))
        return told

    assert await store.write(fill) == [(1, 1, 1), (2, 2, 1), (3, 3, 1), (4, 3, 1), (5, 3, 2), (6, 3, 2)]
    assert await store.read(stories.why_in_story, 3) == "why 2"
    assert await store.read(stories.why_in_story, 99) == ""


async def test_linked_stories_name_each_other_with_their_greatest_likeness(store: Store, seed: Seed) -> None:
    def fill(tx: Transaction) -> list[Story]:
        one, two, three = (seed.story(tx) for _ in range(3))
        stories.link_stories(tx, two.id, one.id, similarity=0.25)
        stories.link_stories(tx, one.id, two.id, similarity=0.5)
        stories.link_stories(tx, two.id, one.id, similarity=0.3)
        stories.link_stories(tx, three.id, two.id, similarity=0.75)
        return [one, two, three]

    one, two, three = await store.write(fill)
    assert await store.read(stories.related_stories, one.id) == [(two, 0.5)]
    assert await store.read(stories.related_stories, two.id) == [(three, 0.75), (one, 0.5)]
    assert await store.read(stories.get_story, three.id) == three
    assert await store.read(stories.get_story, 99) is None
