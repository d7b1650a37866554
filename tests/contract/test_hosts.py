"""Hosts that asked us to wait, and claims that respect them."""

from datetime import timedelta

from monitor.store import Store, feeds, hosts
from tests.contract.conftest import Clock, Seed


async def test_no_feed_of_a_host_that_waits_is_claimed_until_its_time(
    store: Store, seed: Seed, t: Clock
) -> None:
    for slug in ("one", "two"):
        await store.write(seed.feed, slug, url=f"https://busy.example/{slug}")
    await store.write(seed.feed, "other", url="https://calm.example/feed")
    await store.write(hosts.hold, "busy.example", until=t(10), reason="HTTP 429", now=t())
    assert [feed.slug for feed in await store.write(feeds.claim_due, now=t(9), limit=9)] == ["other"]
    assert await store.read(feeds.any_due, now=t(9)) is False
    assert await store.read(feeds.any_due, now=t(10)) is True
    claimed = await store.write(feeds.claim_due, now=t(10), limit=9)
    assert sorted(feed.slug for feed in claimed) == ["one", "two"]


async def test_of_two_refusals_the_later_end_counts(store: Store, t: Clock) -> None:
    await store.write(hosts.hold, "busy.example", until=t(60), reason="asked for an hour", now=t())
    await store.write(hosts.hold, "busy.example", until=t(5), reason="asked again", now=t(1))
    wait = await store.read(hosts.wait_of, "busy.example")
    assert wait is not None
    assert (wait.until, wait.reason) == (t(60), "asked again")


async def test_refusals_that_come_together_count_once(store: Store, t: Clock) -> None:
    for moment, counted in ((0, 1), (1, 1), (60, 2), (119, 2), (200, 3)):
        await store.write(
            hosts.hold, "busy.example", until=t(60 * (1 + moment // 60)), reason="r", now=t(moment)
        )
        assert await store.read(hosts.held) == {"busy.example": counted}, moment


async def test_a_host_that_answers_again_is_forgotten(store: Store, t: Clock) -> None:
    await store.write(hosts.hold, "busy.example", until=t(60), reason="r", now=t())
    await store.write(hosts.release, "busy.example")
    await store.write(hosts.release, "never.example")
    assert await store.read(hosts.held) == {}
    assert await store.read(hosts.wait_of, "busy.example") is None


async def test_a_wait_from_a_clock_that_ran_ahead_is_dropped(store: Store, t: Clock) -> None:
    await store.write(hosts.hold, "ahead.example", until=t() + timedelta(days=400), reason="r", now=t())
    await store.write(hosts.hold, "week.example", until=t() + timedelta(days=7), reason="r", now=t())
    assert await store.write(hosts.prune_waits, now=t()) == 1
    assert await store.read(hosts.held) == {"week.example": 1}


async def test_of_one_host_no_more_feeds_are_claimed_than_it_takes(
    store: Store, seed: Seed, t: Clock
) -> None:
    """A hundred due feeds of a busy host must not hide the one of another."""
    for number in range(30):
        await store.write(seed.feed, f"big-{number:02}", url=f"https://big.example/{number}", due=-100)
    await store.write(seed.feed, "small", url="https://small.example/feed", due=-1)
    first = await store.write(feeds.claim_due, now=t(), limit=4, per_host=2)
    assert [feed.slug for feed in first] == ["big-00", "big-01", "small"]
    assert await store.write(feeds.claim_due, now=t(1), limit=4, per_host=2, room={"big.example": 0}) == []
    more = await store.write(feeds.claim_due, now=t(1), limit=4, per_host=2, room={"big.example": 1})
    assert [feed.slug for feed in more] == ["big-02"]


async def test_a_feed_of_an_unknown_host_is_claimed_and_then_knows_it(
    store: Store, seed: Seed, t: Clock
) -> None:
    """Rows from before hosts were kept have none until their next poll."""
    feed = await store.write(seed.feed, "old", url="https://www.old.example/feed")
    await store.write(lambda tx: tx.run("UPDATE feeds SET host = ''"))
    (claimed,) = await store.write(feeds.claim_due, now=t(), limit=1, per_host=1)
    assert claimed.id == feed.id
