from dataclasses import replace

from monitor.model import FetchState, Outcome, Poll
from monitor.store import Store, feeds
from tests.contract.conftest import Clock, Seed

YEAR = 365 * 24 * 60


async def test_polls_go_on_when_a_clock_that_ran_ahead_is_set_back(
    store: Store, seed: Seed, t: Clock
) -> None:
    await store.write(seed.feed)
    (claimed,) = await store.write(feeds.claim_due, now=t(YEAR), limit=5)
    done = replace(
        FetchState(next_poll_at=t(YEAR + 60)),
        last_polled_at=t(YEAR),
        baseline_at=t(YEAR),
        outcome=Outcome.SAME,
    )
    poll = Poll(started_at=t(YEAR), ended_at=t(YEAR), outcome=Outcome.SAME, reason="")
    assert await store.write(feeds.finish_poll, claimed, done, poll)
    assert await store.write(feeds.claim_due, now=t(60), limit=5) == []
    assert await store.write(feeds.forgive_clock, now=t(60)) == 1
    (again,) = await store.write(feeds.claim_due, now=t(60), limit=5)
    assert again.slug == claimed.slug
    right = replace(done, next_poll_at=t(120), last_polled_at=t(60))
    assert await store.write(feeds.finish_poll, again, right, poll)
    assert await store.write(feeds.forgive_clock, now=t(61)) == 0, "once, then by its schedule"
    assert await store.write(feeds.claim_due, now=t(61), limit=5) == []


async def test_a_claim_from_the_future_does_not_hold_a_feed(store: Store, seed: Seed, t: Clock) -> None:
    """A process killed in a poll while the clock ran ahead."""
    await store.write(seed.feed)
    assert await store.write(feeds.claim_due, now=t(YEAR), limit=5)
    assert await store.write(feeds.forgive_clock, now=t(60)) == 1
    assert await store.write(feeds.claim_due, now=t(60), limit=5)
    assert await store.write(feeds.claim_due, now=t(61), limit=5) == []
