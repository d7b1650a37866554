import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.errors import StoreConflict
from monitor.model import Alert, Attempt, ChannelKind, Delivery, DeliveryState, SendOutcome, SendResult
from monitor.store import Store, Transaction, outbox, recipients
from monitor.store.outbox import DeliveryView
from tests.contract.conftest import Clock, Seed

LEASE = timedelta(minutes=5)
BUSY = SendResult(outcome=SendOutcome.RETRY, reason="503 Service Unavailable", status=503)
TAKEN = SendResult(outcome=SendOutcome.ACCEPTED, reason="204", status=204)


async def claim(
    store: Store, t: Clock, *, at: float = 0, owner: str = "me", limit: int = 9
) -> list[tuple[Delivery, Attempt]]:
    return await store.write(outbox.claim, owner=owner, now=t(at), lease=LEASE, limit=limit)


async def finish(
    store: Store,
    claimed: tuple[Delivery, Attempt],
    t: Clock,
    *,
    at: float,
    state: DeliveryState,
    due: float = 0,
) -> bool:
    result = BUSY if state is DeliveryState.PENDING else TAKEN
    return await store.write(
        outbox.finish, *claimed, result, state=state, due_at=t(due), reason=f"now {state}", now=t(at)
    )


async def test_an_alert_keeps_its_hits_in_order_and_its_uid_to_itself(store: Store, seed: Seed) -> None:
    alert = await store.write(seed.alert)
    assert alert.id > 0
    rows = await store.read(lambda tx: tx.rows("SELECT position, hit_id FROM alert_hits ORDER BY position"))
    assert [(row["position"], row["hit_id"]) for row in rows] == [(0, alert.hits[0].hit.id)]
    with pytest.raises(StoreConflict):
        await store.write(outbox.add_alert, replace(alert, id=0))


async def test_a_delivery_shows_what_a_list_needs(store: Store, seed: Seed, t: Clock) -> None:
    alert = await store.write(seed.alert)
    one = await store.write(seed.delivery, alert, "d-1", due=3)
    assert await store.read(outbox.list_deliveries, limit=5) == [
        DeliveryView(
            id=one, uid="d-1", event="alert.first", alert_uid=alert.uid, subscription="ana-all", channel="ana-all-hook",
            kind=ChannelKind.WEBHOOK, title="Tariffs pause", state=DeliveryState.PENDING, attempts=0, reason="",
            created_at=t(), due_at=t(3), done_at=None,
        )
    ]  # fmt: skip
    with pytest.raises(StoreConflict):
        await store.write(seed.delivery, alert, "d-1")


async def test_a_delivery_can_be_born_in_a_final_state(store: Store, seed: Seed, t: Clock) -> None:
    alert = await store.write(seed.alert)
    await store.write(
        outbox.add_delivery, uid="d", event="alert.first", title="", alert_id=alert.id,
        channel_id=alert.subscription.channel.id, payload=b"", due_at=t(), expires_at=t(9), now=t(),
        state=DeliveryState.CANCELLED, reason="switched off",
    )  # fmt: skip
    (view,) = await store.read(outbox.list_deliveries, limit=5, state=DeliveryState.CANCELLED)
    assert (view.reason, view.done_at) == ("switched off", t())


async def test_a_claim_gives_the_exact_bytes_an_open_secret_and_an_open_attempt(
    store: Store, seed: Seed, t: Clock
) -> None:
    def fill(tx: Transaction) -> Alert:
        alert = seed.alert(tx)
        channel = recipients.put_channel(tx, replace(alert.subscription.channel, secret="whsec_1"))
        seed.delivery(tx, alert, "d-1")
        return replace(alert, subscription=replace(alert.subscription, channel=channel))

    alert = await store.write(fill)
    ((delivery, attempt),) = await claim(store, t, at=2)
    assert delivery == Delivery(
        id=delivery.id, uid="d-1", event="alert.first", alert_id=alert.id, channel=alert.subscription.channel,
        state=DeliveryState.LEASED, payload=b"\x00payload of d-1", due_at=t(), expires_at=t(10_000), attempts=1,
        created_at=t(), lease_owner="me",
    )  # fmt: skip
    assert delivery.channel.secret == "whsec_1"
    assert attempt == Attempt(id=attempt.id, delivery_id=delivery.id, number=1, started_at=t(2))
    assert await store.read(outbox.attempts_of, delivery.id) == [attempt], "written before anything is sent"


async def test_the_longest_due_are_claimed_first_and_the_rest_waits(
    store: Store, seed: Seed, t: Clock
) -> None:
    alert = await store.write(seed.alert)
    for uid, due in (("c", -1), ("a", -9), ("later", 1), ("b", -5), ("now", 0)):
        await store.write(seed.delivery, alert, uid, due=due)
    first = await claim(store, t, limit=2)
    rest = await claim(store, t)
    assert [delivery.uid for delivery, _ in (*first, *rest)] == ["a", "b", "c", "now"]
    assert await claim(store, t) == []


async def test_two_claimers_never_get_the_same_delivery(store: Store, seed: Seed, t: Clock) -> None:
    alert = await store.write(seed.alert)
    for number in range(30):
        await store.write(seed.delivery, alert, f"d-{number:02}")
    batches = await asyncio.gather(*(claim(store, t, owner=f"worker-{n}", limit=4) for n in range(9)))
    assert sorted(delivery.uid for batch in batches for delivery, _ in batch) == [
        f"d-{n:02}" for n in range(30)
    ]


async def test_finishing_closes_the_attempt_and_ends_the_delivery(store: Store, seed: Seed, t: Clock) -> None:
    await store.write(lambda tx: seed.delivery(tx, seed.alert(tx)))
    (claimed,) = await claim(store, t)
    assert await finish(store, claimed, t, at=1, state=DeliveryState.DONE)
    (view,) = await store.read(outbox.list_deliveries, limit=5, state=DeliveryState.DONE)
    assert (view.reason, view.attempts, view.done_at) == ("now done", 1, t(1))
    assert await store.read(outbox.attempts_of, view.id) == [
        replace(claimed[1], ended_at=t(1), outcome=SendOutcome.ACCEPTED, status=204, reason="204")
    ]
    assert not await finish(store, claimed, t, at=2, state=DeliveryState.DEAD), "a lease ends once"


async def test_a_retry_waits_for_its_time_and_counts(store: Store, seed: Seed, t: Clock) -> None:
    await store.write(lambda tx: seed.delivery(tx, seed.alert(tx)))
    (claimed,) = await claim(store, t)
    assert await finish(store, claimed, t, at=1, state=DeliveryState.PENDING, due=10)
    assert await claim(store, t, at=9) == []
    ((delivery, attempt),) = await claim(store, t, at=10)
    assert (delivery.attempts, attempt.number, delivery.reason) == (2, 2, "now pending")
    assert [each.outcome for each in await store.read(outbox.attempts_of, delivery.id)] == [
        SendOutcome.RETRY,
        None,
    ]


async def test_a_lease_that_ran_out_is_claimed_again_and_the_late_one_is_refused(
    store: Store, seed: Seed, t: Clock
) -> None:
    await store.write(lambda tx: seed.delivery(tx, seed.alert(tx)))
    (slow,) = await claim(store, t, owner="slow")
    assert await claim(store, t, at=4.9, owner="quick") == []
    (quick,) = await claim(store, t, at=5, owner="quick")
    assert quick[1].number == 2
    assert not await finish(store, slow, t, at=6, state=DeliveryState.DONE)
    first, second = await store.read(outbox.attempts_of, slow[0].id)
    assert (first.outcome, first.ended_at) == (SendOutcome.UNKNOWN, t(5))
    assert "lease ran out" in first.reason
    assert second.outcome is None
    assert await finish(store, quick, t, at=7, state=DeliveryState.DONE)


async def test_the_same_owner_is_fenced_by_the_attempt_number(store: Store, seed: Seed, t: Clock) -> None:
    await store.write(lambda tx: seed.delivery(tx, seed.alert(tx)))
    (first,) = await claim(store, t)
    (second,) = await claim(store, t, at=5)
    assert first[0].lease_owner == second[0].lease_owner
    assert not await finish(store, first, t, at=6, state=DeliveryState.DEAD)
    assert await finish(store, second, t, at=6, state=DeliveryState.DONE)


async def test_leases_of_a_process_that_died_are_released_at_once(store: Store, seed: Seed, t: Clock) -> None:
    await store.write(lambda tx: seed.delivery(tx, seed.alert(tx)))
    (claimed,) = await claim(store, t)
    assert await store.write(outbox.release_leases, now=t(1)) == 1
    assert await store.write(outbox.release_leases, now=t(1)) == 0
    (cut_off,) = await store.read(outbox.attempts_of, claimed[0].id)
    assert (cut_off.outcome, cut_off.ended_at) == (SendOutcome.UNKNOWN, t(1))
    assert cut_off.reason == "the process ended during this attempt"
    assert not await finish(store, claimed, t, at=2, state=DeliveryState.DONE)
    ((again, attempt),) = await claim(store, t, at=1)
    assert (again.uid, again.payload, attempt.number) == (claimed[0].uid, claimed[0].payload, 2)


async def test_nothing_waits_for_ever_for_a_channel_switched_off(store: Store, seed: Seed, t: Clock) -> None:
    """Whether it was in flight, its lease ran out, its process died, or it was added afterwards."""

    def fill(tx: Transaction) -> Alert:
        alert = seed.alert(tx)
        for uid in ("in flight", "ran out", "died"):
            seed.delivery(tx, alert, uid)
        return alert

    alert = await store.write(fill)
    in_flight, ran_out, died = await claim(store, t)
    await store.write(
        recipients.disable_channel, alert.subscription.channel.slug, reason="410 Gone", now=t(1)
    )
    assert await store.read(outbox.outbox_counts) == {
        "pending": 0, "leased": 3, "done": 0, "dead": 0, "cancelled": 0,
    }  # fmt: skip
    assert await finish(store, in_flight, t, at=2, state=DeliveryState.PENDING, due=9)
    assert (await store.read(outbox.outbox_counts))["cancelled"] == 1
    await store.write(seed.delivery, alert, "added afterwards")
    assert await claim(store, t, at=6) == []
    await store.write(outbox.release_leases, now=t(6))
    views = await store.read(outbox.list_deliveries, limit=9)
    assert len(views) == 4
    for view in views:
        assert view.state is DeliveryState.CANCELLED, view.uid
        assert "410 Gone" in view.reason
    for delivery, _ in (in_flight, ran_out, died):
        (attempt,) = await store.read(outbox.attempts_of, delivery.id)
        assert attempt.outcome is not None


async def test_a_delivery_in_flight_may_still_arrive_though_its_channel_went_off(
    store: Store, seed: Seed, t: Clock
) -> None:
    alert = await store.write(seed.alert)
    await store.write(seed.delivery, alert)
    (claimed,) = await claim(store, t)
    await store.write(
        recipients.disable_channel, alert.subscription.channel.slug, reason="410 Gone", now=t(1)
    )
    assert await finish(store, claimed, t, at=2, state=DeliveryState.DONE)
    assert (await store.read(outbox.outbox_counts))["done"] == 1


async def test_lists_are_newest_first_and_can_be_of_one_state(store: Store, seed: Seed, t: Clock) -> None:
    alert = await store.write(seed.alert)
    for uid in ("a", "b", "c"):
        await store.write(seed.delivery, alert, uid)
    (first,) = await claim(store, t, limit=1)
    await finish(store, first, t, at=1, state=DeliveryState.DEAD)
    assert [view.uid for view in await store.read(outbox.list_deliveries, limit=2)] == ["c", "b"]
    assert [
        view.uid for view in await store.read(outbox.list_deliveries, limit=9, state=DeliveryState.DEAD)
    ] == ["a"]
    assert await store.read(outbox.outbox_counts) == {
        "pending": 2, "leased": 0, "done": 0, "dead": 1, "cancelled": 0,
    }  # fmt: skip
