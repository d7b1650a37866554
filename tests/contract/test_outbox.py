import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.errors import StoreConflict
from monitor.model import (
    Alert,
    Attempt,
    AttemptCause,
    Breaker,
    ChannelKind,
    Delivery,
    DeliveryState,
    SendOutcome,
    SendResult,
    Urgency,
    channel_key,
)
from monitor.store import Store, Transaction, breakers, outbox, recipients
from monitor.store.outbox import DeliveryView
from tests.contract.conftest import Clock, Seed

LEASE = timedelta(minutes=5)
BUSY = SendResult(outcome=SendOutcome.RETRY, reason="503 Service Unavailable", status=503)
TAKEN = SendResult(outcome=SendOutcome.ACCEPTED, reason="204", status=204)


WIDE = outbox.Lanes(per_channel=99, relay=99)


async def claim(
    store: Store,
    t: Clock,
    *,
    at: float = 0,
    owner: str = "me",
    limit: int = 9,
    lanes: outbox.Lanes = WIDE,
    after: dict[Urgency, int] | None = None,
) -> list[tuple[Delivery, Attempt]]:
    def turn(tx: Transaction) -> list[tuple[Delivery, Attempt]]:
        outbox.sweep(tx, now=t(at))
        return outbox.claim(tx, owner=owner, now=t(at), lease=LEASE, limit=limit, lanes=lanes, after=after)

    return await store.write(turn)


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
    await store.write(outbox.sweep, now=t(6))
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


async def test_urgent_ones_come_first_and_digests_last(store: Store, seed: Seed, t: Clock) -> None:
    alert = await store.write(seed.alert)
    for uid, urgency, due in (
        ("digest", Urgency.LATER, -9), ("alert", Urgency.NORMAL, -5), ("alarm", Urgency.URGENT, 0)
    ):  # fmt: skip
        await store.write(seed.delivery, alert, uid, due=due, urgency=urgency)
    assert [delivery.uid for delivery, _ in await claim(store, t)] == ["alarm", "alert", "digest"]


async def test_channels_take_turns_however_much_one_has(store: Store, seed: Seed, t: Clock) -> None:
    alerts = [await store.write(seed.alert, slug) for slug in ("one", "two", "three")]
    for number in range(6):
        await store.write(seed.delivery, alerts[0], f"one-{number}", due=-9)
    for slug, alert in (("two", alerts[1]), ("three", alerts[2])):
        await store.write(seed.delivery, alert, f"{slug}-0")
    first = await claim(store, t, limit=4)
    assert [delivery.uid for delivery, _ in first] == ["one-0", "two-0", "three-0", "one-1"]
    rest = await claim(store, t, limit=2, after={Urgency.NORMAL: first[-1][0].channel.id})
    assert [delivery.uid for delivery, _ in rest] == ["one-2", "one-3"]


async def test_a_claim_begins_behind_the_channel_that_was_served_last(
    store: Store, seed: Seed, t: Clock
) -> None:
    alerts = [await store.write(seed.alert, slug) for slug in ("one", "two", "three")]
    ids = [alert.subscription.channel.id for alert in alerts]
    for number in range(3):
        for alert in alerts:
            await store.write(seed.delivery, alert, f"{alert.subscription.slug}-{number}")
    served, after = [], dict[Urgency, int]()
    for _ in range(5):
        ((delivery, _),) = await claim(store, t, limit=1, after=after)
        after = {Urgency.NORMAL: delivery.channel.id}
        served.append(delivery.channel.id)
    assert served == [*ids, *ids[:2]]


async def test_a_channel_has_so_many_on_their_way_and_the_relay_so_many_for_all_email(
    store: Store, seed: Seed, t: Clock
) -> None:
    hooks = [await store.write(seed.alert, slug) for slug in ("one", "two")]
    mails = [await store.write(seed.alert, slug, ChannelKind.EMAIL) for slug in ("ana", "bea", "eva")]
    for number in range(4):
        for alert in (*hooks, *mails):
            await store.write(seed.delivery, alert, f"{alert.subscription.slug}-{number}")
    lanes = outbox.Lanes(per_channel=2, relay=4)
    got = [delivery for delivery, _ in await claim(store, t, limit=99, lanes=lanes)]
    kinds = [delivery.channel.kind for delivery in got]
    assert (kinds.count(ChannelKind.WEBHOOK), kinds.count(ChannelKind.EMAIL)) == (4, 4)
    assert {delivery.uid for delivery in got} >= {
        "one-0",
        "one-1",
        "two-0",
        "two-1",
        "ana-0",
        "bea-0",
        "eva-0",
    }
    assert await claim(store, t, limit=99, lanes=lanes) == []


async def test_a_story_arrives_in_order_and_other_stories_do_not_wait_for_it(
    store: Store, seed: Seed, t: Clock
) -> None:
    alert, other = await store.write(seed.alert), await store.write(seed.alert)
    elsewhere = await store.write(seed.alert, "elsewhere")
    for uid, story, due in (
        ("a-1", alert.story, 0),
        ("a-2", alert.story, -9),
        ("b-1", other.story, 0),
        ("loose", None, 0),
    ):
        await store.write(seed.delivery, alert, uid, due=due, story=story)
    await store.write(seed.delivery, elsewhere, "a-else", story=alert.story)
    got = await claim(store, t)
    assert {delivery.uid for delivery, _ in got} == {"a-1", "b-1", "loose", "a-else"}
    (first,) = (each for each in got if each[0].uid == "a-1")
    await finish(store, first, t, at=1, state=DeliveryState.PENDING, due=60)
    assert await claim(store, t, at=2) == [], (
        "the older one waits for its next try, and the newer one behind it"
    )
    uids = {delivery.uid for delivery, _ in await claim(store, t, at=60)}
    assert "a-1" in uids
    assert "a-2" not in uids


async def test_what_heads_a_story_holds_up_the_rest_until_it_is_no_news_at_most(
    store: Store, seed: Seed, t: Clock
) -> None:
    alert = await store.write(seed.alert)
    await store.write(seed.delivery, alert, "a-1", story=alert.story, expires=120)
    await store.write(seed.delivery, alert, "a-2", story=alert.story)
    (first,) = await claim(store, t)
    await finish(store, first, t, at=1, state=DeliveryState.PENDING, due=999)
    ((second, _),) = await claim(store, t, at=120)
    assert second.uid == "a-2"
    (dead,) = await store.read(outbox.list_deliveries, limit=9, state=DeliveryState.DEAD)
    assert dead.reason == "no news any more: not accepted within 2 h of being made; last: now pending"


async def test_what_was_never_tried_in_its_time_says_so(store: Store, seed: Seed, t: Clock) -> None:
    alert = await store.write(seed.alert)
    await store.write(seed.delivery, alert, "d", due=90, expires=60)
    assert await store.write(outbox.sweep, now=t(59)) == []
    (gone,) = await store.write(outbox.sweep, now=t(60))
    assert gone.uid == "d"
    assert gone.reason == "no news any more: not accepted within 60 min of being made; it was never tried"


async def test_a_delivery_past_its_time_is_not_sent_even_before_it_is_swept(
    store: Store, seed: Seed, t: Clock
) -> None:
    alert = await store.write(seed.alert)
    await store.write(seed.delivery, alert, "d", expires=60)
    assert await store.write(outbox.claim, owner="me", now=t(60), lease=LEASE, limit=9) == []


async def test_a_delivery_during_which_we_ended_three_times_is_given_up(
    store: Store, seed: Seed, t: Clock
) -> None:
    alert = await store.write(seed.alert)
    await store.write(seed.delivery, alert, "poison")
    for number in (1, 2):
        assert len(await claim(store, t, at=number)) == 1
        await store.write(outbox.release_leases, now=t(number))
    ((delivery, _),) = await claim(store, t, at=3)
    assert await claim(store, t, at=8) == [], "the third time its lease ran out"
    (view,) = await store.read(outbox.list_deliveries, limit=9)
    assert (view.state, view.done_at) == (DeliveryState.DEAD, t(8))
    assert "please report" in view.reason
    assert [each.outcome for each in await store.read(outbox.attempts_of, delivery.id)] == [
        SendOutcome.UNKNOWN
    ] * 3


async def test_an_answer_or_an_orderly_stop_between_makes_it_no_poison(
    store: Store, seed: Seed, t: Clock
) -> None:
    alert = await store.write(seed.alert)
    await store.write(seed.delivery, alert, "d")
    for number in range(1, 9):
        (claimed,) = await claim(store, t, at=number)
        if number == 3:
            assert await finish(store, claimed, t, at=number, state=DeliveryState.PENDING)
        else:
            await store.write(outbox.release_leases, now=t(number), orderly=number > 4)
    assert (await store.read(outbox.outbox_counts))["pending"] == 1


async def test_failures_that_count_are_counted_and_others_are_not(store: Store, seed: Seed, t: Clock) -> None:
    await store.write(lambda tx: seed.delivery(tx, seed.alert(tx)))
    for number, counts in enumerate((True, False, True)):
        (claimed,) = await claim(store, t, at=number)
        assert await store.write(
            outbox.finish,
            *claimed,
            BUSY,
            state=DeliveryState.PENDING,
            due_at=t(),
            reason="",
            now=t(),
            counts=counts,
        )
    (claimed,) = await claim(store, t, at=9)
    lost = SendResult(outcome=SendOutcome.UNKNOWN, reason="cut off")
    assert await store.write(
        outbox.finish, *claimed, lost, state=DeliveryState.PENDING, due_at=t(), reason="", now=t()
    )
    ((delivery, attempt),) = await claim(store, t, at=10)
    assert (delivery.tries, delivery.unknowns, attempt.number) == (2, 1, 5)


async def test_an_open_breaker_lets_one_probe_through_when_its_time_has_come(
    store: Store, seed: Seed, t: Clock
) -> None:
    broken, well = await store.write(seed.alert, "broken"), await store.write(seed.alert, "well")
    for number in range(3):
        await store.write(seed.delivery, broken, f"broken-{number}")
        await store.write(seed.delivery, well, f"well-{number}")
    channel = broken.subscription.channel
    breaker = Breaker(
        key=channel_key(channel.id), channel_id=channel.id, failures=5, opened_at=t(), probe_at=t(30)
    )
    await store.write(breakers.put_breaker, breaker)
    assert {delivery.channel.slug for delivery, _ in await claim(store, t, at=29)} == {"well-hook"}
    (probe,) = await claim(store, t, at=30)
    assert probe[0].uid == "broken-0"
    assert await claim(store, t, at=30) == [], "one at a time"
    await finish(store, probe, t, at=31, state=DeliveryState.DONE)
    await store.write(breakers.put_breaker, replace(breaker, opened_at=None, probe_at=None, failures=0))
    assert len(await claim(store, t, at=31)) == 2


async def test_the_relays_breaker_holds_back_every_email_channel_and_nothing_else(
    store: Store, seed: Seed, t: Clock
) -> None:
    hook = await store.write(seed.alert, "hook")
    mails = [await store.write(seed.alert, slug, ChannelKind.EMAIL) for slug in ("ana", "bea")]
    for alert in (*mails, hook):
        await store.write(seed.delivery, alert, alert.subscription.slug)
    await store.write(
        breakers.put_breaker, Breaker(key="relay", failures=1, opened_at=t(), probe_at=t(1), reason="535")
    )
    assert [delivery.uid for delivery, _ in await claim(store, t)] == ["hook"]
    assert [delivery.uid for delivery, _ in await claim(store, t, at=1)] == ["ana"]
    assert await claim(store, t, at=1) == []


async def test_a_receiver_that_wants_no_request_gets_none_until_then(
    store: Store, seed: Seed, t: Clock
) -> None:
    alert = await store.write(seed.alert)
    for number in range(3):
        await store.write(seed.delivery, alert, f"d-{number}")
    channel_id = alert.subscription.channel.id
    breaker = Breaker(key=channel_key(channel_id), channel_id=channel_id, failures=1, held_until=t(10))
    await store.write(breakers.put_breaker, breaker)
    assert await claim(store, t, at=9) == []
    assert len(await claim(store, t, at=10)) == 3, "it was never open: there is no probe"


async def test_what_has_ended_can_be_asked_for_again_under_its_id(store: Store, seed: Seed, t: Clock) -> None:
    alert = await store.write(seed.alert)
    ids = [
        await store.write(seed.delivery, alert, uid, expires=60)
        for uid in ("dead", "done", "waits", "leased")
    ]
    for state in (DeliveryState.DEAD, DeliveryState.DONE):
        (claimed,) = await claim(store, t, limit=1)
        await finish(store, claimed, t, at=1, state=state)
    await store.write(lambda tx: tx.run("UPDATE deliveries SET due_at = due_at + 1 WHERE uid = 'waits'"))
    await claim(store, t, limit=1)
    lifetimes = {urgency: timedelta(hours=24) for urgency in Urgency}
    assert await store.write(outbox.ask_again, ids, lifetimes=lifetimes, now=t(99)) == 2
    got = {delivery.uid: (delivery, attempt) for delivery, attempt in await claim(store, t, at=99)}
    delivery, attempt = got["done"]
    assert (attempt.number, attempt.cause) == (2, AttemptCause.MANUAL)
    assert (delivery.payload, delivery.expires_at) == (b"\x00payload of done", t(99 + 24 * 60))
    await finish(store, got["done"], t, at=100, state=DeliveryState.PENDING, due=100)
    (later,) = (each for each in await claim(store, t, at=100) if each[0].uid == "done")
    assert later[1].cause is AttemptCause.DUE
    gone = await store.write(outbox.sweep, now=t(99 + 25 * 60))
    assert "within 24 h of being asked for again" in {each.uid: each.reason for each in gone}["dead"]


async def test_lists_can_be_of_one_channel(store: Store, seed: Seed, t: Clock) -> None:
    for slug in ("one", "two"):
        await store.write(seed.delivery, await store.write(seed.alert, slug), slug)
    assert [view.uid for view in await store.read(outbox.list_deliveries, limit=9, channel="two-hook")] == [
        "two"
    ]
    none = await store.read(outbox.list_deliveries, limit=9, channel="two-hook", state=DeliveryState.DONE)
    assert none == []


async def test_a_fallback_that_waits_untried_is_cancelled_when_the_first_is_accepted(
    store: Store, seed: Seed, t: Clock
) -> None:
    alert, other = await store.write(seed.alert, "first"), await store.write(seed.alert, "second")
    fallback = replace(alert, subscription=other.subscription)
    for number in (1, 2):
        await store.write(seed.delivery, alert, f"first-{number}", urgency=Urgency.URGENT)
        await store.write(seed.delivery, fallback, f"fallback-{number}", due=5, urgency=Urgency.URGENT)
        (first,) = await claim(
            store, t, at=0 if number == 1 else 6, lanes=outbox.Lanes(per_channel=1), limit=1
        )
        assert first[0].uid == f"first-{number}"
        await finish(store, first, t, at=1, state=DeliveryState.DONE if number == 1 else DeliveryState.DEAD)
        (view,) = (
            each
            for each in await store.read(outbox.list_deliveries, limit=9)
            if each.uid == f"fallback-{number}"
        )
        if number == 1:
            assert (view.state, view.reason) == (
                DeliveryState.CANCELLED, "not needed: first-hook accepted the alert"
            )  # fmt: skip
        else:
            assert view.state is DeliveryState.PENDING


async def test_what_was_only_beside_a_poisonous_one_outlives_it(store: Store, seed: Seed, t: Clock) -> None:
    """Whatever is sent together with it ends the process; those beside it are suspected, and sent one at a time."""
    alert = await store.write(seed.alert)
    for uid in ("a", "poison", "b", "c"):
        await store.write(seed.delivery, alert, uid)
    for number in range(20):
        claimed = await claim(store, t, at=number)
        if any(delivery.uid == "poison" for delivery, _ in claimed):
            await store.write(outbox.release_leases, now=t(number))
            continue
        for each in claimed:
            await finish(store, each, t, at=number, state=DeliveryState.DONE)
    states = {view.uid: view.state for view in await store.read(outbox.list_deliveries, limit=9)}
    assert states.pop("poison") is DeliveryState.DEAD
    assert set(states.values()) == {DeliveryState.DONE}
