import asyncio
from dataclasses import replace
from typing import Any

import pytest

from monitor.errors import NotFound
from monitor.model import (
    Access,
    BearerAuth,
    Feed,
    FetchState,
    Outcome,
    Poll,
    Priority,
    SecretKind,
    SecretRef,
)
from monitor.store import Store, feeds, polls
from tests.contract.conftest import Clock, Seed

LOGIN = Access(
    headers=(("X-Año", "'sí' :name %s"), ("X-Key", SecretRef(kind=SecretKind.ENV, name="KEY"))),
    auth=BearerAuth(token=SecretRef(kind=SecretKind.CREDENTIAL, name="token")),
)


def a_poll(t: Clock, *, at: float = 0, outcome: Outcome = Outcome.NEW) -> Poll:
    return Poll(
        started_at=t(at), ended_at=t(at + 0.1), outcome=outcome, reason="12 items, 3 new", status=200,
        size=5_000_000_000, items=12, new_items=3,
    )  # fmt: skip


def a_state(t: Clock) -> FetchState:
    """A state with every field set to something."""
    return FetchState(
        next_poll_at=t(60), etag='W/"\xe9"', last_modified="Mon, 05 Jan 2026", validator_url="https://e.example/f",
        body_hash="b3", last_polled_at=t(1), last_ok_at=t(2), baseline_at=t(3), failures=4, gone=1,
        outcome=Outcome.NOT_MODIFIED, reason="304", interval=1800,
    )  # fmt: skip


async def test_a_feed_reads_back_as_it_was_put(store: Store, seed: Seed, t: Clock) -> None:
    feed = Feed(
        slug="norte", url="https://n.example/é?a=%20%s", title="Norte: 'hoy' :name", language="es", region="MX-BCN",
        publisher="Norte", kind="agency", enabled=False, disabled_reason="moved", min_interval=900,
        priority=Priority.LOW, full_text=True, alert_newest=20, alert_since=t(-5), access=LOGIN, owner="file:a",
        fetch=a_state(t),
    )  # fmt: skip
    stored = await store.write(feeds.put_feed, feed)
    assert stored == replace(feed, id=stored.id)
    assert stored.id > 0
    assert await store.read(feeds.get_feed, "norte") == stored


async def test_feeds_are_listed_by_slug_with_disabled_ones(store: Store, seed: Seed) -> None:
    for slug in ("b", "Z", "a", "é"):
        await store.write(seed.feed, slug)
    await store.write(seed.feed, "b", enabled=False)
    assert [feed.slug for feed in await store.read(feeds.list_feeds)] == ["Z", "a", "b", "é"]


async def test_an_unknown_slug_is_not_found(store: Store, t: Clock) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        await store.read(feeds.get_feed, "nowhere")
    with pytest.raises(NotFound, match="nowhere"):
        await store.write(feeds.hasten, "nowhere", now=t())


async def test_putting_an_unchanged_feed_changes_nothing(store: Store, seed: Seed) -> None:
    first = await store.write(seed.feed)
    assert await store.write(seed.feed) == first


async def test_editing_bumps_the_revision_and_leaves_polling_alone(
    store: Store, seed: Seed, t: Clock
) -> None:
    feed = await store.write(seed.feed, fetch=a_state(t))
    edited = await store.write(
        feeds.put_feed, replace(feed, title="New title", fetch=FetchState(next_poll_at=t(999)))
    )
    assert edited == replace(feed, title="New title", revision=2)


async def test_another_url_forgets_what_was_known_of_the_old_document(
    store: Store, seed: Seed, t: Clock
) -> None:
    await store.write(seed.feed, fetch=replace(a_state(t), next_poll_at=t(0)))
    (claimed,) = await store.write(feeds.claim_due, now=t(), limit=1)
    moved = await store.write(
        feeds.put_feed, replace(claimed, url="https://new.example/", fetch=FetchState(next_poll_at=t(7)))
    )
    kept = moved.fetch
    assert (kept.etag, kept.last_modified, kept.validator_url, kept.body_hash, kept.baseline_at) == (
        None,
    ) * 5
    assert kept.next_poll_at == t(7)
    assert (kept.failures, kept.window, kept.moved_to) == (0, None, None)
    # The poll of the old URL that was in flight must not write its validators.
    assert not await store.write(feeds.finish_poll, claimed, a_state(t), a_poll(t))
    assert await store.read(feeds.get_feed, moved.slug) == moved


async def test_another_access_forgets_the_answer_and_keeps_the_baseline(
    store: Store, seed: Seed, t: Clock
) -> None:
    """A different login may see another document; its items are those of the same feed."""
    await store.write(seed.feed, fetch=replace(a_state(t), next_poll_at=t(0)))
    (claimed,) = await store.write(feeds.claim_due, now=t(), limit=1)
    wanted = replace(claimed, access=LOGIN, fetch=FetchState(next_poll_at=t(7)))
    changed = await store.write(feeds.put_feed, wanted)
    kept = changed.fetch
    assert (changed.access, changed.revision) == (LOGIN, 2)
    assert (kept.etag, kept.last_modified, kept.validator_url, kept.body_hash) == (None,) * 4
    assert (kept.baseline_at, kept.failures, kept.next_poll_at) == (t(3), 4, t(7))
    assert not await store.write(feeds.finish_poll, claimed, a_state(t), a_poll(t)), (
        "a poll with the old login must not write its validators"
    )
    assert await store.write(feeds.put_feed, changed) == changed


@pytest.mark.parametrize(
    "changes",
    [{"full_text": True}, {"alert_newest": 1}, {"alert_since": Clock()(1)}, {"priority": Priority.URGENT}],
)
async def test_each_setting_makes_a_revision_and_leaves_polling_alone(
    store: Store, seed: Seed, t: Clock, changes: dict[str, Any]
) -> None:
    feed = await store.write(seed.feed, fetch=a_state(t))
    assert await store.write(feeds.put_feed, replace(feed, **changes)) == replace(feed, revision=2, **changes)


async def test_disabling_keeps_the_reason_and_stops_claims(store: Store, seed: Seed, t: Clock) -> None:
    await store.write(seed.feed)
    await store.write(seed.feed, enabled=False, disabled_reason="publisher asked")
    feed = await store.read(feeds.get_feed, "border-wire")
    assert (feed.enabled, feed.disabled_reason) == (False, "publisher asked")
    assert await store.write(feeds.claim_due, now=t(60), limit=10) == []


async def test_due_feeds_are_claimed_longest_overdue_first(store: Store, seed: Seed, t: Clock) -> None:
    for slug, due in (("c", -1), ("a", -5), ("b", -9), ("later", 1), ("on-time", 0)):
        await store.write(seed.feed, slug, due=due)
    first = await store.write(feeds.claim_due, now=t(), limit=2)
    rest = await store.write(feeds.claim_due, now=t(), limit=9)
    assert [feed.slug for feed in (*first, *rest)] == ["b", "a", "c", "on-time"]


async def test_a_claimed_feed_is_due_again_after_its_interval_even_if_its_claimer_dies(
    store: Store, seed: Seed, t: Clock
) -> None:
    fetch = FetchState(next_poll_at=t(), interval=86_400 * 365)  # more µs than 32 bits hold
    await store.write(seed.feed, fetch=fetch)
    (claimed,) = await store.write(feeds.claim_due, now=t(3), limit=1)
    assert claimed.fetch.claimed_at == t(3)
    assert claimed.fetch.next_poll_at == t(3 + 60 * 24 * 365)
    assert await store.write(feeds.claim_due, now=t(4), limit=1) == []
    (again,) = await store.write(feeds.claim_due, now=t(3 + 60 * 24 * 365), limit=1)
    assert again.fetch.claimed_at == t(3 + 60 * 24 * 365)


async def test_finishing_a_poll_writes_state_and_history(store: Store, seed: Seed, t: Clock) -> None:
    await store.write(seed.feed)
    (claimed,) = await store.write(feeds.claim_due, now=t(), limit=1)
    assert await store.write(feeds.finish_poll, claimed, a_state(t), a_poll(t))
    feed = await store.read(feeds.get_feed, "border-wire")
    assert feed.fetch == a_state(t)
    assert await store.read(polls.recent_polls, feed.id, limit=5) == [a_poll(t)]


async def test_a_poll_that_lost_its_claim_writes_nothing(store: Store, seed: Seed, t: Clock) -> None:
    await store.write(seed.feed)
    (slow,) = await store.write(feeds.claim_due, now=t(), limit=1)
    (quick,) = await store.write(feeds.claim_due, now=t(61), limit=1)
    assert not await store.write(feeds.finish_poll, slow, a_state(t), a_poll(t))
    assert await store.read(polls.recent_polls, slow.id, limit=5) == []
    assert await store.write(feeds.finish_poll, quick, a_state(t), a_poll(t))
    assert not await store.write(feeds.finish_poll, quick, a_state(t), a_poll(t)), "a claim ends once"


async def test_of_many_polls_only_those_that_lost_their_claim_are_left_out(
    store: Store, seed: Seed, t: Clock
) -> None:
    for slug in ("one", "two", "three"):
        await store.write(seed.feed, slug)
    claimed = await store.write(feeds.claim_due, now=t(), limit=3)
    await store.write(feeds.hasten, "two", now=t())
    (again,) = await store.write(feeds.claim_due, now=t(1), limit=1)
    ended = [(feed, a_state(t), a_poll(t)) for feed in claimed]
    kept = await store.write(feeds.finish_polls, ended)
    assert kept == {feed.id for feed in claimed} - {again.id}
    for feed in claimed:
        history = await store.read(polls.recent_polls, feed.id, limit=5)
        assert history == ([a_poll(t)] if feed.id in kept else [])
    assert await store.read(feeds.get_feed, "two") == again
    assert (await store.read(feeds.get_feed, "one")).fetch == a_state(t)
    assert await store.write(feeds.finish_polls, []) == set()


async def test_a_hastened_feed_is_due_now_and_fences_the_poll_in_flight(
    store: Store, seed: Seed, t: Clock
) -> None:
    await store.write(seed.feed, due=500)
    await store.write(feeds.hasten, "border-wire", now=t())
    (first,) = await store.write(feeds.claim_due, now=t(), limit=1)
    await store.write(feeds.hasten, "border-wire", now=t())
    assert await store.write(feeds.claim_due, now=t(), limit=1) == [], "one instant cannot give two claims"
    (second,) = await store.write(feeds.claim_due, now=t(1), limit=1)
    assert not await store.write(feeds.finish_poll, first, a_state(t), a_poll(t))
    assert await store.write(feeds.finish_poll, second, a_state(t), a_poll(t))


async def test_two_claimers_never_get_the_same_feed(store: Store, seed: Seed, t: Clock) -> None:
    for number in range(40):
        await store.write(seed.feed, f"feed-{number:02}")
    batches = await asyncio.gather(*(store.write(feeds.claim_due, now=t(), limit=7) for _ in range(8)))
    slugs = [feed.slug for batch in batches for feed in batch]
    assert sorted(slugs) == [f"feed-{number:02}" for number in range(40)]


async def test_polls_are_pruned_oldest_first_in_slices(store: Store, seed: Seed, t: Clock) -> None:
    feed = await store.write(seed.feed)
    for minute in range(5):
        (claimed,) = await store.write(feeds.claim_due, now=t(minute * 100), limit=1)
        await store.write(feeds.finish_poll, claimed, claimed.fetch, a_poll(t, at=minute * 100))
    assert await store.write(polls.prune_polls, before=t(300), limit=2) == 2
    assert await store.write(polls.prune_polls, before=t(300), limit=2) == 1
    assert await store.write(polls.prune_polls, before=t(300), limit=2) == 0
    assert await store.read(polls.recent_polls, feed.id, limit=1) == [a_poll(t, at=400)]
    assert len(await store.read(polls.recent_polls, feed.id, limit=9)) == 2
