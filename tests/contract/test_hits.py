from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.errors import StoreConflict
from monitor.model import Hit, HitReason, Span
from monitor.store import Store, Transaction, hits, items
from tests.contract.conftest import Clock, Seed


async def test_a_hit_reads_back_with_the_item_version_it_was_made_on(
    store: Store, seed: Seed, t: Clock
) -> None:
    item = await store.write(lambda tx: seed.item(tx, seed.feed(tx)))
    topic = await store.write(seed.topic)
    new = replace(
        seed.new_hit(item, topic),
        reason=HitReason.HELD,
        spans=(
            Span(field="title", start=0, end=7, text="Tariffs"),
            Span(field="body", start=3, end=4, text="ñ"),
        ),
    )
    hit = await store.write(hits.add_hit, new)
    assert hit is not None
    assert hit == replace(new, id=hit.id)
    changed = seed.draft(title="Something else")
    await store.write(
        items.add_version,
        item.id,
        changed,
        now=t(5),
        reason=HitReason.UPDATED,
        watchlist_revision=2,
        engine="1",
    )
    assert await store.read(hits.hits_of_item, item.id) == [hit]
    assert hit.item.text.title == "Tariffs"


async def test_an_item_satisfies_a_topic_once(store: Store, seed: Seed) -> None:
    item = await store.write(lambda tx: seed.item(tx, seed.feed(tx)))
    topic, other = await store.write(seed.topic), await store.write(seed.topic, "trade")
    first = await store.write(seed.hit, item, topic)
    assert await store.write(hits.add_hit, seed.new_hit(item, topic, at=9)) is None
    second = await store.write(seed.hit, item, other)
    assert await store.read(hits.hits_of_item, item.id) == [first, second]


async def test_a_hit_of_a_topic_revision_that_never_was_is_refused(store: Store, seed: Seed) -> None:
    item = await store.write(lambda tx: seed.item(tx, seed.feed(tx)))
    topic = await store.write(seed.topic)
    with pytest.raises(StoreConflict):
        await store.write(hits.add_hit, replace(seed.new_hit(item, topic), topic_revision=2))


def order(hit: Hit) -> tuple[object, ...]:
    return (hit.item.first_seen, hit.item.id, hit.topic_slug)


async def test_undecided_hits_come_by_whole_items_in_story_order(store: Store, seed: Seed) -> None:
    def fill(tx: Transaction) -> None:
        feed = seed.feed(tx)
        topics = [seed.topic(tx, slug) for slug in ("wall", "asylum", "tariffs")]
        for key, at in (("late", 9), ("early", 1), ("also-early", 1)):
            item = seed.item(tx, feed, key, at=at)
            for topic in topics:
                seed.hit(tx, item, topic)

    await store.write(fill)
    everything = await store.read(hits.undecided, limit_items=10)
    assert len(everything) == 9
    assert everything == sorted(everything, key=order)
    assert [hit.item.key for hit in everything[::3]] == ["early", "also-early", "late"]
    assert await store.read(hits.undecided, limit_items=2) == everything[:6]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    found=st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abc")), unique=True),
    decided=st.sets(st.integers(0, 20)),
    limit=st.integers(0, 7),
)
async def test_undecided_never_splits_an_item(
    store: Store, seed: Seed, found: list[tuple[int, str]], decided: set[int], limit: int
) -> None:
    def scenario(tx: Transaction) -> None:
        for table in ("hits", "items"):
            tx.run(f"DELETE FROM {table}")
        feed = seed.feed(tx)
        made = []
        stored = {number: seed.item(tx, feed, f"key-{number}", at=number % 3) for number in range(6)}
        for number, slug in found:
            made.append(seed.hit(tx, stored[number], seed.topic(tx, slug)))
        hits.mark_decided(tx, [hit.id for place, hit in enumerate(made) if place in decided], now=seed.t())
        left = sorted((hit for place, hit in enumerate(made) if place not in decided), key=order)
        first = list(dict.fromkeys(hit.item.id for hit in left))[:limit]
        assert hits.undecided(tx, limit_items=limit) == [hit for hit in left if hit.item.id in first]

    await store.write(scenario)


async def test_a_decided_hit_leaves_the_queue_and_keeps_its_first_time(
    store: Store, seed: Seed, t: Clock
) -> None:
    hit = await store.write(lambda tx: seed.hit(tx, seed.item(tx, seed.feed(tx)), seed.topic(tx)))
    await store.write(hits.mark_decided, [hit.id, 999], now=t(1))
    await store.write(hits.mark_decided, [hit.id], now=t(2))
    await store.write(hits.mark_decided, [], now=t(3))
    assert await store.read(hits.undecided, limit_items=5) == []
    row = await store.read(lambda tx: tx.one("SELECT decided_at FROM hits"))
    assert row is not None
    assert row["decided_at"] == (t(1).timestamp() * 1_000_000)


async def test_recent_hits_of_all_topics_come_newest_first(store: Store, seed: Seed) -> None:
    def fill(tx: Transaction) -> None:
        feed, wall, tariffs = seed.feed(tx), seed.topic(tx, "wall"), seed.topic(tx, "tariffs")
        for number, topic in enumerate((wall, tariffs, wall)):
            seed.hit(tx, seed.item(tx, feed, f"key-{number}"), topic, at=number)

    await store.write(fill)
    assert [hit.item.key for hit in await store.read(hits.recent_hits, limit=2)] == ["key-2", "key-1"]
    assert len(await store.read(hits.recent_hits, limit=9)) == 3
