from monitor.model import HitReason, Item
from monitor.store import Store, Transaction, items, rehearsal, stories
from monitor.store.rehearsal import JudgedItem, Membership
from tests.contract.conftest import Clock, Seed


async def test_items_are_read_as_they_were_judged(store: Store, seed: Seed, t: Clock) -> None:
    def fill(tx: Transaction) -> tuple[Item, Item]:
        feed = seed.feed(tx, publisher="The Wire", region="Sonora")
        first = seed.item(tx, feed)
        changed = items.add_version(
            tx, first.id, seed.draft(title="Tariffs again"), now=t(9), reason=HitReason.UPDATED, watchlist_revision=1,
            engine="1",
        )  # fmt: skip
        return first, changed

    first, changed = await store.write(fill)
    found = await store.read(rehearsal.judged_items, [(first.id, 1), (first.id, 2), (first.id, 3), (99, 1)])
    shared = {"publisher": "The Wire", "region": "Sonora"}
    assert found == {
        (first.id, 1): JudgedItem(item=first, seen_at=t(), reason=HitReason.LIVE, **shared),
        (first.id, 2): JudgedItem(item=changed, seen_at=t(9), reason=HitReason.UPDATED, **shared),
    }


async def test_hits_of_a_time_and_the_stories_of_items(store: Store, seed: Seed, t: Clock) -> None:
    def fill(tx: Transaction) -> tuple[list[tuple[int, int, int]], Membership]:
        feed = seed.feed(tx)
        one, two = seed.topic(tx, "one"), seed.topic(tx, "two")
        made = []
        for number in range(3):
            item = seed.item(tx, feed, f"guid:{number}", at=number)
            for topic in (one, two):
                seed.hit(tx, item, topic, at=number)
            made.append((item.id, 1, one.id))
        story = seed.story(tx)
        joined = stories.join_story(tx, story, item, (), outlet="wire", copied=True)
        return [*made, (two.id, 0, 0)], Membership(story=joined, outlet="wire", copied=True)

    (*made, (two, _, _)), member = await store.write(fill)
    read = rehearsal.hits_between
    assert await store.read(read, since=t(), until=t(9), but=two, limit=9) == made[::-1]
    assert await store.read(read, since=t(1), until=t(2), but=two, limit=9) == [made[1]]
    assert await store.read(read, since=t(), until=t(9), but=two, limit=1) == [made[2]]
    assert await store.read(rehearsal.memberships, [each[0] for each in made]) == {made[2][0]: member}
