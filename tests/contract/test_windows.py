"""What is remembered of a feed's last document, and the gaps between documents."""

from dataclasses import replace

from monitor.model import Slot
from monitor.store import Store, Transaction, feeds, gaps, windows
from monitor.store.gaps import MOST_GAPS, Gap
from monitor.store.windows import Window
from tests.contract.conftest import Clock, Seed

SLOTS = (Slot("p1", "guid:ñ", "g", "l"), Slot("", "", "", ""))


async def test_a_window_is_replaced_whole_and_keeps_its_order(store: Store, seed: Seed, t: Clock) -> None:
    feed = await store.write(seed.feed)
    assert await store.read(windows.get_window, feed.id) is None
    await store.write(windows.put_window, feed.id, SLOTS, read_at=t())
    assert await store.read(windows.get_window, feed.id) == Window(read_at=t(), slots=SLOTS)
    await store.write(windows.put_window, feed.id, SLOTS[::-1], read_at=t(5))
    assert await store.read(windows.get_window, feed.id) == Window(read_at=t(5), slots=SLOTS[::-1])


async def test_another_address_has_another_window(store: Store, seed: Seed, t: Clock) -> None:
    feed = await store.write(seed.feed)
    await store.write(windows.put_window, feed.id, SLOTS, read_at=t())
    await store.write(feeds.put_feed, replace(feed, title="Another title"))
    assert await store.read(windows.get_window, feed.id) is not None
    await store.write(feeds.put_feed, replace(feed, url="https://elsewhere.example/feed"))
    assert await store.read(windows.get_window, feed.id) is None


async def test_gaps_are_listed_newest_first_and_counted_while_open(
    store: Store, seed: Seed, t: Clock
) -> None:
    feed = await store.write(seed.feed)
    first = Gap(found_at=t(10), since=t(1), recovered=0, closed=False, reason="nothing shared")
    second = Gap(found_at=t(30), since=t(20), recovered=7, closed=True, reason="filled")
    for gap in (first, second):
        await store.write(gaps.add_gap, feed.id, gap)
    assert await store.read(gaps.gaps_of_feed, feed.id, limit=5) == [second, first]
    assert await store.read(gaps.gaps_of_feed, feed.id, limit=1) == [second]
    assert await store.read(gaps.open_gaps, after=t(0)) == {feed.id: 1}
    assert await store.read(gaps.open_gaps, after=t(11)) == {}


async def test_of_a_feeds_many_gaps_the_newest_stay_and_those_of_other_feeds_are_left_alone(
    store: Store, seed: Seed, t: Clock
) -> None:
    feed, other = await store.write(seed.feed), await store.write(seed.feed, "other-wire")

    def add_many(tx: Transaction) -> None:
        for number in range(MOST_GAPS + 3):
            moment = t(number // 2)  # two at a time: of one time the later row is the newer
            gap = Gap(found_at=moment, since=t(-1), recovered=number, closed=False, reason="r")
            gaps.add_gap(tx, feed.id, gap)
            if number < 2:
                gaps.add_gap(tx, other.id, gap)

    await store.write(add_many)
    stay = await store.read(gaps.gaps_of_feed, feed.id, limit=2 * MOST_GAPS)
    assert [gap.recovered for gap in stay] == list(range(MOST_GAPS + 2, 2, -1))
    assert len(await store.read(gaps.gaps_of_feed, other.id, limit=9)) == 2
