from dataclasses import replace

import pytest

from monitor.errors import StoreConflict
from monitor.model import Alert, AlertKind, Decision, HoldCause, Verdict
from monitor.store import Store, Transaction, ledger, outbox, recipients
from tests.contract.conftest import Clock, Seed


async def test_decisions_answer_why_for_an_item(store: Store, seed: Seed, t: Clock) -> None:
    def fill(tx: Transaction) -> tuple[Alert, list[Decision]]:
        alert = seed.alert(tx)
        bob = seed.subscription(tx, "bob-all")
        hit = alert.hits[0].hit
        made = [
            Decision(
                hit_id=hit.id, subscription_id=alert.subscription.id, verdict=Verdict.SENT_NOW, reason="first"
            ),
            Decision(hit_id=hit.id, subscription_id=bob.id, verdict=Verdict.SUPPRESSED, reason="held"),
        ]
        ledger.add_decisions(tx, made[:1], alert_id=alert.id, now=t())
        ledger.add_decisions(tx, made[1:], alert_id=None, now=t())
        ledger.add_decisions(tx, [], alert_id=None, now=t())
        return alert, made

    alert, made = await store.write(fill)
    assert await store.read(ledger.decisions_of_item, alert.hits[0].hit.item.id) == [
        (made[0], "ana-all", "tariffs"),
        (made[1], "bob-all", "tariffs"),
    ]


async def test_a_hit_is_decided_once_for_a_subscription(store: Store, seed: Seed, t: Clock) -> None:
    alert = await store.write(seed.alert)
    decision = Decision(
        hit_id=alert.hits[0].hit.id,
        subscription_id=alert.subscription.id,
        verdict=Verdict.SENT_NOW,
        reason="first",
    )
    await store.write(ledger.add_decisions, [decision], alert_id=alert.id, now=t())
    with pytest.raises(StoreConflict):
        await store.write(ledger.add_decisions, [decision], alert_id=None, now=t())
    assert len(await store.read(ledger.decisions_of_item, alert.hits[0].hit.item.id)) == 1


def waiting(alert: Alert, t: Clock, verdict: Verdict, *, until: float = 10) -> Decision:
    return Decision(
        hit_id=alert.hits[0].hit.id,
        subscription_id=alert.subscription.id,
        verdict=verdict,
        reason="waits",
        cause=HoldCause.QUIET,
        held_until=t(until),
    )


async def test_what_waits_is_due_when_its_time_has_come_and_is_settled_by_an_alert(
    store: Store, seed: Seed, t: Clock
) -> None:
    alert = await store.write(seed.alert)
    mine = alert.subscription.id
    await store.write(recipients.set_digest, mine, next_at=t(500))
    decision = waiting(alert, t, Verdict.DEFERRED)
    await store.write(ledger.add_decisions, [decision], alert_id=None, now=t())
    assert await store.read(ledger.due_held, mine, now=t(9)) == []
    assert await store.read(ledger.subscriptions_to_release, now=t(9)) == []
    assert await store.read(ledger.due_held, mine, now=t(10)) == [decision]
    assert await store.read(ledger.subscriptions_to_release, now=t(10)) == [mine]
    await store.write(ledger.settle, mine, [decision.hit_id], alert_id=alert.id, now=t(10))
    assert await store.read(ledger.due_held, mine, now=t(99)) == []
    ((kept, _, _),) = await store.read(ledger.decisions_of_item, alert.hits[0].hit.item.id)
    assert kept == replace(decision, held_until=None)


async def test_what_waits_for_a_digest_is_not_due_by_itself(store: Store, seed: Seed, t: Clock) -> None:
    alert = await store.write(seed.alert)
    mine = alert.subscription.id
    await store.write(recipients.set_digest, mine, next_at=t(500))
    decision = waiting(alert, t, Verdict.DIGEST)
    await store.write(ledger.add_decisions, [decision], alert_id=None, now=t())
    assert await store.read(ledger.due_held, mine, now=t(99)) == []
    assert await store.read(ledger.subscriptions_to_release, now=t(99)) == []
    assert await store.read(ledger.held_for_digest, mine) == [decision]
    assert await store.read(ledger.subscriptions_to_release, now=t(500)) == [mine]


async def test_only_a_decision_that_waits_can_be_revised(store: Store, seed: Seed, t: Clock) -> None:
    alert = await store.write(seed.alert)
    decision = waiting(alert, t, Verdict.BUNDLED)
    await store.write(ledger.add_decisions, [decision], alert_id=None, now=t())
    ended = replace(decision, verdict=Verdict.SUPPRESSED, reason="silenced", held_until=None)
    await store.write(ledger.revise, [ended], now=t(10))
    await store.write(ledger.revise, [replace(ended, reason="again")], now=t(11))
    await store.write(ledger.settle, alert.subscription.id, [decision.hit_id], alert_id=alert.id, now=t(12))
    ((kept, _, _),) = await store.read(ledger.decisions_of_item, alert.hits[0].hit.item.id)
    assert kept == ended
    row = await store.read(lambda tx: tx.one("SELECT alert_id, settled_at FROM decisions"))
    assert row is not None
    assert (row["alert_id"], row["settled_at"] is None) == (None, False)


async def test_alerts_are_counted_since_a_time_without_digests(store: Store, seed: Seed, t: Clock) -> None:
    alert = await store.write(seed.alert)
    mine = alert.subscription.id
    digest = replace(alert, id=0, uid="digest", kind=AlertKind.DIGEST, created_at=t(5))
    await store.write(outbox.add_alert, digest)
    assert await store.read(ledger.alerts_since, mine, t()) == 1
    assert await store.read(ledger.alerts_since, mine, t(1)) == 0
    assert await store.read(ledger.last_alert_at, mine) == t(5)
    assert await store.read(ledger.last_alert_at, 99) is None


async def test_what_nobody_asked_for_is_forgotten_after_a_while(store: Store, seed: Seed, t: Clock) -> None:
    alert = await store.write(seed.alert)
    bob = await store.write(seed.subscription, "bob-all")
    decision = Decision(
        hit_id=alert.hits[0].hit.id, subscription_id=bob.id, verdict=Verdict.UNASKED, reason="another topic"
    )
    mine = replace(decision, subscription_id=alert.subscription.id, verdict=Verdict.SUPPRESSED)
    await store.write(ledger.add_decisions, [decision, mine], alert_id=None, now=t())
    assert await store.write(ledger.prune_unasked, before=t(), limit=9) == 0
    assert await store.write(ledger.prune_unasked, before=t(1), limit=9) == 1
    ((kept, _, _),) = await store.read(ledger.decisions_of_item, alert.hits[0].hit.item.id)
    assert kept == mine
