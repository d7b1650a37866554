import pytest

from monitor.errors import StoreConflict
from monitor.model import Alert, Decision, Verdict
from monitor.store import Store, Transaction, ledger
from tests.contract.conftest import Clock, Seed


async def test_told_names_the_subscriptions_with_an_alert_about_the_story(store: Store, seed: Seed) -> None:
    alert = await store.write(seed.alert)
    other = await store.write(seed.alert, "bob-all")
    assert await store.read(ledger.told, alert.story.id) == {alert.subscription.id}
    assert await store.read(ledger.told, other.story.id) == {other.subscription.id}
    assert await store.read(ledger.told, 999) == set()


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
