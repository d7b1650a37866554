from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.errors import StoreConflict
from monitor.model import Feed, Push, PushState
from monitor.store import Store, Transaction, feeds, websub
from tests.contract.conftest import Clock, Seed

IDLE = (PushState.UNSUBSCRIBING, PushState.ENDED)


def a_push(feed: Feed, t: Clock, token: str = "tok-1", *, due: float = 0) -> Push:
    return Push(
        feed_id=feed.id,
        feed_slug=feed.slug,
        hub="https://h.example/?a=%20:name",
        topic="https://t.example/é",
        token=token,
        callback=f"https://us.example/websub/{token}",
        secret="geheim",
        since=t(-7),
        state=PushState.ACTIVE,
        reason="it's :fine",
        due_at=t(due),
        lease_until=t(90_000),
        requested_at=t(1),
        last_ping_at=t(2),
        pings=3_000_000_000,
        bad_pings=4,
        attempts=5,
    )


def stored_bytes(tx: Transaction) -> list[bytes]:
    return [bytes(row["secret"]) for row in tx.rows("SELECT secret FROM pushes WHERE secret IS NOT NULL")]


async def test_a_push_reads_back_as_it_was_added_by_feed_and_by_token(
    store: Store, seed: Seed, t: Clock
) -> None:
    feed = await store.write(seed.feed)
    push = a_push(feed, t)
    await store.write(websub.add, push)
    found = await store.read(websub.by_token, "tok-1")
    assert found is not None
    assert found == replace(push, id=found.id)
    assert await store.read(websub.wanted, feed.id) == found
    assert await store.read(websub.list_wanted) == {feed.id: found}
    assert await store.read(websub.feeds_with_push) == {feed.id}
    assert await store.read(websub.feed_of_push, found) == feed
    assert await store.read(websub.by_token, "tok-2") is None
    assert await store.read(websub.wanted, feed.id + 1) is None


async def test_a_push_may_lack_what_is_optional(store: Store, seed: Seed, t: Clock) -> None:
    push = replace(
        a_push(await store.write(seed.feed), t),
        secret=None, lease_until=None, requested_at=None, last_ping_at=None,
    )  # fmt: skip
    await store.write(websub.add, push)
    found = await store.read(websub.by_token, push.token)
    assert found == replace(push, id=found.id if found else 0)


async def test_the_secret_is_sealed_for_its_own_token(store: Store, seed: Seed, t: Clock) -> None:
    feed = await store.write(seed.feed)
    await store.write(websub.add, a_push(feed, t))
    (sealed,) = await store.read(stored_bytes)
    assert b"geheim" not in sealed
    await store.write(lambda tx: tx.run("UPDATE pushes SET token = 'other'"))
    moved = await store.read(websub.by_token, "other")
    assert moved is not None
    assert moved.secret == ""


async def test_saving_changes_how_it_stands_and_not_what_it_is(store: Store, seed: Seed, t: Clock) -> None:
    await store.write(websub.add, a_push(await store.write(seed.feed), t))
    push = await store.read(websub.by_token, "tok-1")
    assert push is not None
    changed = replace(
        push, callback="https://new.example/websub/tok-1", state=PushState.LAPSED, reason="late", due_at=t(9),
        lease_until=None, requested_at=None, last_ping_at=t(8), pings=7, bad_pings=6, attempts=0,
    )  # fmt: skip
    await store.write(websub.save, replace(changed, hub="x", topic="x", token="x", secret="x", since=t(99)))
    assert await store.read(websub.by_token, "tok-1") == changed


async def test_a_feed_has_one_push_beside_those_that_are_being_ended(
    store: Store, seed: Seed, t: Clock
) -> None:
    feed = await store.write(seed.feed)
    for number, state in enumerate(IDLE):
        await store.write(websub.add, replace(a_push(feed, t, f"old-{number}"), state=state))
    assert await store.read(websub.wanted, feed.id) is None
    assert await store.read(websub.feeds_with_push) == set()
    await store.write(websub.add, a_push(feed, t, "tok-1"))
    with pytest.raises(StoreConflict):
        await store.write(websub.add, replace(a_push(feed, t, "tok-2"), state=PushState.PENDING))
    found = await store.read(websub.wanted, feed.id)
    assert found is not None
    assert found.token == "tok-1"


async def test_due_pushes_come_longest_overdue_first_and_ended_ones_never(
    store: Store, seed: Seed, t: Clock
) -> None:
    for token, due, state in (
        ("b", -1, PushState.PENDING),
        ("a", -9, PushState.UNSUBSCRIBING),
        ("c", 0, PushState.DENIED),
        ("later", 1, PushState.ACTIVE),
        ("ended", -5, PushState.ENDED),
    ):
        feed = await store.write(seed.feed, token)
        await store.write(websub.add, replace(a_push(feed, t, token, due=due), state=state))
    assert [push.token for push in await store.read(websub.due, now=t(), limit=9)] == ["a", "b", "c"]
    assert [push.token for push in await store.read(websub.due, now=t(), limit=2)] == ["a", "b"]


async def test_overrun_are_the_active_ones_whose_lease_is_over(store: Store, seed: Seed, t: Clock) -> None:
    for token, lease, state in (
        ("over", t(), PushState.ACTIVE),
        ("runs", t(1), PushState.ACTIVE),
        ("known", t(-9), PushState.LAPSED),
        ("none", None, PushState.PENDING),
    ):
        feed = await store.write(seed.feed, token)
        await store.write(websub.add, replace(a_push(feed, t, token), state=state, lease_until=lease))
    assert [push.token for push in await store.read(websub.overrun, now=t())] == ["over"]


async def test_stranded_are_the_wanted_ones_of_feeds_that_are_off(store: Store, seed: Seed, t: Clock) -> None:
    for token, enabled, state in (
        ("off", False, PushState.ACTIVE),
        ("on", True, PushState.ACTIVE),
        ("going", False, PushState.UNSUBSCRIBING),
    ):
        feed = await store.write(seed.feed, token, enabled=enabled)
        await store.write(websub.add, replace(a_push(feed, t, token), state=state))
    assert [push.token for push in await store.read(websub.stranded)] == ["off"]


async def test_elsewhere_are_the_wanted_ones_under_another_base(store: Store, seed: Seed, t: Clock) -> None:
    feed = await store.write(seed.feed)
    await store.write(websub.add, a_push(feed, t))
    assert await store.read(websub.elsewhere, base="https://us.example/websub/") == []
    (found,) = await store.read(websub.elsewhere, base="https://new.example/websub/")
    assert found.token == "tok-1"


async def test_ended_ones_are_forgotten_when_their_time_has_come(store: Store, seed: Seed, t: Clock) -> None:
    feed = await store.write(seed.feed)
    for token, due, state in (
        ("old", 0, PushState.ENDED),
        ("young", 1, PushState.ENDED),
        ("going", -9, PushState.UNSUBSCRIBING),
    ):
        await store.write(websub.add, replace(a_push(feed, t, token, due=due), state=state))
    assert await store.write(websub.forget_ended, now=t()) == 1
    left = [await store.read(websub.by_token, token) for token in ("old", "young", "going")]
    assert [push is not None for push in left] == [False, True, True]


async def test_hastening_brings_an_enabled_feed_forward_and_never_puts_it_off(
    store: Store, seed: Seed, t: Clock
) -> None:
    feed = await store.write(seed.feed, due=30)
    assert not await store.write(websub.hasten, feed.id, at=t(31))
    assert not await store.write(websub.hasten, feed.id, at=t(30))
    assert await store.write(websub.hasten, feed.id, at=t(5))
    (claimed,) = await store.write(feeds.claim_due, now=t(5), limit=9)
    assert claimed.id == feed.id
    off = await store.write(seed.feed, "off", due=30, enabled=False)
    assert not await store.write(websub.hasten, off.id, at=t())
    assert timedelta() == t(30) - (await store.read(feeds.get_feed, "off")).fetch.next_poll_at
