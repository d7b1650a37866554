from datetime import timedelta

from monitor.model import AlertKind, DeliveryState, SendOutcome, SendResult
from monitor.store import Store, Transaction, items, latency, outbox
from monitor.store.latency import Counts, Passage
from tests.contract.conftest import Clock, Seed


def send(tx: Transaction, t: Clock, *, at: float) -> None:
    """Send what is due, successfully, half a minute after it was claimed."""
    for delivery, attempt in outbox.claim(tx, owner="me", now=t(at), lease=timedelta(minutes=5), limit=9):
        outbox.finish(
            tx,
            delivery,
            attempt,
            SendResult(outcome=SendOutcome.ACCEPTED, reason="204", status=204),
            state=DeliveryState.DONE,
            due_at=t(at),
            reason="204",
            now=t(at + 0.5),
        )


async def test_a_passage_has_each_moment_of_the_way(store: Store, seed: Seed, t: Clock) -> None:
    def fill(tx: Transaction) -> None:
        seed.delivery(tx, seed.alert(tx), "d-1")
        send(tx, t, at=2)

    await store.write(fill)
    expected = Passage(
        alert="alert-1",
        kind=AlertKind.FIRST,
        delivery="d-1",
        state=DeliveryState.DONE,
        feed="border-wire",
        channel="ana-all-hook",
        published=t(-60),
        seen=t(),
        matched=t(),
        queued=t(),
        accepted=t(2.5),
    )
    assert await store.read(latency.passages, since=t(), limit=5) == [expected]
    assert await store.read(latency.passages_of_alert, "alert-1") == [expected]
    assert await store.read(latency.passages, since=t(1), limit=5) == []


async def test_a_delivery_sent_again_keeps_the_time_of_its_first_acceptance(
    store: Store, seed: Seed, t: Clock
) -> None:
    def fill(tx: Transaction) -> None:
        seed.delivery(tx, seed.alert(tx), "d-1")
        send(tx, t, at=2)
        tx.run("UPDATE deliveries SET state = 'pending', done_at = NULL")
        send(tx, t, at=50)

    await store.write(fill)
    (passage,) = await store.read(latency.passages, since=t(), limit=5)
    assert passage.accepted == t(2.5)


async def test_an_item_that_matched_after_a_change_was_seen_when_it_changed(
    store: Store, seed: Seed, t: Clock
) -> None:
    """But a version that only brought the article's text is what was seen at first."""

    def fill(tx: Transaction, *, full_text: bool) -> None:
        seed.delivery(tx, seed.alert(tx), "d-1")
        row = tx.one("SELECT item_id FROM hits")
        assert row is not None
        item = items.get_item(tx, row["item_id"])
        items.add_version(
            tx,
            item.id,
            seed.draft(item.key, title="Tariffs again", updated=t(20)),
            now=t(30),
            reason=seed.new_hit(item, seed.topic(tx)).reason,
            watchlist_revision=1,
            engine="1",
            full_text=full_text,
        )
        tx.run("UPDATE hits SET item_version = 2")

    for full_text, moments in ((False, (t(20), t(30))), (True, (t(-60), t()))):
        await store.write(fill, full_text=full_text)
        (passage,) = await store.read(latency.passages, since=t(), limit=5)
        assert (passage.published, passage.seen) == moments
        assert passage.accepted is None
        await store.write(_empty)


def _empty(tx: Transaction) -> None:
    for table in ("payloads", "deliveries", "alert_hits", "alerts", "hits", "items"):
        tx.run(f"DELETE FROM {table}")


async def test_counts_are_of_the_time_asked_about(store: Store, seed: Seed, t: Clock) -> None:
    def fill(tx: Transaction) -> None:
        seed.delivery(tx, seed.alert(tx), "d-1")
        seed.item(tx, seed.feed(tx), "guid:later", at=10)

    await store.write(fill)
    assert await store.read(latency.counts, since=t()) == Counts(
        items=2, hits={"live": 1}, verdicts={}, alerts={"first": 1}, deliveries={"pending": 1}
    )
    assert await store.read(latency.counts, since=t(5)) == Counts(
        items=1, hits={}, verdicts={}, alerts={}, deliveries={}
    )
