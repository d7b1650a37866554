"""Migration 0010 on a database in use: alerts, deliveries and attempts are what they were."""

from monitor.model import DeliveryState, Urgency
from monitor.store import Sealer, Transaction, migrate, outbox, recipients
from monitor.store.columns import micros
from monitor.store.told import told_of_story
from tests.contract.conftest import Clock
from tests.contract.test_migrate import opened

FILL = """
INSERT INTO stories (id, uid, title, language, first_seen, last_seen, items, outlets, independent)
VALUES (7, 's-7', 'Tariffs pause', 'en', 1, 2, 1, 1, 1);
INSERT INTO subscribers (id, slug, name, language, owner) VALUES (1, 'ana', 'Ana', 'es', 'file:r.toml');
INSERT INTO channels (id, slug, kind, address, enabled, disabled_reason, owner)
VALUES (1, 'hook', 'webhook', 'https://paper.mx/', 1, '', 'file:r.toml');
INSERT INTO subscriptions (id, slug, subscriber_id, channel_id, topics, languages, enabled, owner)
VALUES (1, 'ana-all', 1, 1, '[]', '["es"]', 1, 'file:r.toml');
INSERT INTO alerts (id, uid, subscription_id, story_id, reason, created_at) VALUES (3, 'msg_3', 1, 7, 'first', @now);
INSERT INTO deliveries (id, uid, alert_id, channel_id, state, due_at, attempts, reason, created_at, lease_owner,
  lease_until, payload)
VALUES (5, 'msg_3', 3, 1, 'leased', @now, 1, 'once', @now, 'me', @now, 'bytes');
INSERT INTO attempts (id, delivery_id, number, started_at, reason) VALUES (9, 5, 1, @now, '')
"""


def _fill(tx: Transaction, t: Clock) -> None:
    text = FILL.replace("@now", str(micros(t()))).replace(
        "'bytes'", "x'6279746573'" if tx.dialect == "sqlite" else "'bytes'::bytea"
    )
    for statement in migrate.statements(text):
        tx.run(statement)


async def test_what_was_there_before_is_there_after(url: str, sealer: Sealer, t: Clock) -> None:
    every = migrate.shipped()
    before = [each for each in every if each.name < "0010"]
    store = await opened(url, sealer, before)
    await store.write(_fill, t)
    await store.close()
    store = await opened(url, sealer, every)
    (view,) = await store.read(outbox.list_deliveries, limit=9)
    assert (view.id, view.uid, view.event, view.title, view.subscription) == (
        *(5, "msg_3", "alert.first", "Tariffs pause"),
        "ana-all",
    )
    assert view.state is DeliveryState.LEASED
    assert await store.write(outbox.release_leases, now=t()) == 1
    ((delivery, attempt),) = await store.write(outbox.claim, owner="you", now=t(), lease=t(1) - t(), limit=5)
    assert (delivery.story_id, delivery.urgency, attempt.number) == (7, Urgency.NORMAL, 2)
    assert bytes(delivery.payload).endswith(b"bytes")
    told = await store.read(told_of_story, 7, since=t(-1))
    assert [(each.subject, each.alerts) for each in told.values()] == [("Tariffs pause", 1)]
    (subscription,) = await store.read(recipients.list_subscriptions)
    assert (subscription.languages, subscription.timing.cadence, subscription.fallback) == (
        ("es",),
        "instant",
        None,
    )
    made = await store.write(_another, t)
    assert made > 5, "new ids go on behind the old ones"
    await store.close()


def _another(tx: Transaction, t: Clock) -> int:
    return outbox.add_delivery(
        tx,
        uid="msg_4",
        event="endpoint.test",
        title="A test",
        channel_id=1,
        payload=b"x",
        due_at=t(),
        expires_at=t(9),
        now=t(),
    )
