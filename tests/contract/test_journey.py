from datetime import datetime, timedelta

from monitor.model import Alert, AlertKind, Decision, HoldCause, Matcher, Silence, Verdict
from monitor.store import Store, Transaction, gaps, journey, ledger, outbox, silences
from monitor.store.gaps import Gap
from monitor.store.journey import Alike, Decided, Linking, MadeAlert, Meant
from tests.contract.conftest import Clock, Seed


def decide(tx: Transaction, alert: Alert, t: Clock, seed: Seed) -> None:
    """Send the alert's hit to ana, keep it from bob by a silence, and let eve's wait."""
    hit = alert.hits[0].hit
    silence = silences.add_silence(
        tx,
        Silence(uid="s-1", matcher=Matcher(), owner="ui", reason="enough", begins_at=t(), created_at=t()),
    )
    bob, eve = seed.subscription(tx, "bob-all"), seed.subscription(tx, "eve-all")
    ana = Decision(
        hit_id=hit.id, subscription_id=alert.subscription.id, verdict=Verdict.SENT_NOW, reason="first"
    )
    rest = [
        Decision(
            hit_id=hit.id, subscription_id=bob.id, verdict=Verdict.SUPPRESSED, reason="silenced", silence_id=silence.id,
        ),
        Decision(
            hit_id=hit.id, subscription_id=eve.id, verdict=Verdict.DIGEST, reason="daily", cause=HoldCause.CADENCE,
            held_until=t(60),
        ),
    ]  # fmt: skip
    ledger.add_decisions(tx, [ana], alert_id=alert.id, now=t(1))
    ledger.add_decisions(tx, rest, alert_id=None, now=t(1))


def decided(
    hit: int,
    subscription: str,
    verdict: Verdict,
    reason: str,
    *,
    at: datetime,
    until: datetime | None = None,
    silence: str | None = None,
    alert: str | None = None,
) -> Decided:
    return Decided(
        hit=hit, topic="tariffs", subscription=subscription, subscriber=f"{subscription}-who", verdict=verdict,
        reason=reason, cause=HoldCause.CADENCE if until else None, decided_at=at, held_until=until, settled_at=None,
        silence=silence, alert=alert,
    )  # fmt: skip


async def test_what_was_decided_names_silence_and_alert(store: Store, seed: Seed, t: Clock) -> None:
    def fill(tx: Transaction) -> Alert:
        alert = seed.alert(tx)
        decide(tx, alert, t, seed)
        return alert

    alert = await store.write(fill)
    hit = alert.hits[0].hit
    expected = [
        decided(hit.id, "ana-all", Verdict.SENT_NOW, "first", at=t(1), alert=alert.uid),
        decided(hit.id, "bob-all", Verdict.SUPPRESSED, "silenced", at=t(1), silence="s-1"),
        decided(hit.id, "eve-all", Verdict.DIGEST, "daily", at=t(1), until=t(60)),
    ]
    assert await store.read(journey.decided_of_item, hit.item.id) == expected
    assert await store.read(journey.decided_of_hits, [hit.id], subscription="bob-all") == [expected[1]]
    assert await store.read(journey.waiting_of_item, hit.item.id) == {hit.id}


async def test_an_alert_is_found_by_its_uid_its_delivery_and_its_hits(
    store: Store, seed: Seed, t: Clock
) -> None:
    def fill(tx: Transaction) -> Alert:
        alert = seed.alert(tx)
        seed.delivery(tx, alert, "d-2")
        outbox.claim(tx, owner="me", now=t(2), lease=timedelta(minutes=5), limit=1)
        return alert

    alert = await store.write(fill)
    hit = alert.hits[0].hit
    made = MadeAlert(
        uid=alert.uid, kind=AlertKind.FIRST, subscription="ana-all", subscriber="ana-all-who", story=alert.story.uid,
        title="Tariffs pause", reason="first report of this story", created_at=t(), hits=(hit.id,),
    )  # fmt: skip
    assert await store.read(journey.find_alert, alert.uid) == made
    assert await store.read(journey.find_alert, "d-2") == made
    assert await store.read(journey.find_alert, "d-3") is None
    assert await store.read(journey.alerts_of_hits, [hit.id]) == [made]
    assert await store.read(journey.alerts_of_hits, [999]) == []
    (sending,) = await store.read(journey.sendings_of_alert, alert.uid)
    assert (sending.uid, sending.alert, len(sending.attempts)) == ("d-2", alert.uid, 1)
    assert await store.read(journey.find_sending, "d-2") == sending
    assert await store.read(journey.find_sending, alert.uid) is None


async def test_addresses_that_begin_alike_are_found_whole(store: Store, seed: Seed, t: Clock) -> None:
    links = (
        "https://news.example/ñ",
        "https://news.example/a",
        "https://news.example.org/",
        "https://new.example/",
    )

    def fill(tx: Transaction) -> None:
        feed = seed.feed(tx)
        for number, link in enumerate(links):
            item = seed.item(tx, feed, f"guid:{number}", at=number)
            tx.run(
                "UPDATE item_versions SET canonical_link = :link WHERE item_id = :id", link=link, id=item.id
            )

    await store.write(fill)
    assert await store.read(journey.feeds_linking, "https://news.example/", limit=9) == [
        Linking(feed="border-wire", items=2, newest=t(1))
    ]
    found = await store.read(journey.items_alike, "https://news.example", limit=2)
    assert [(each.link, each.title) for each in found] == [
        ("https://news.example.org/", "Tariffs"),
        ("https://news.example/a", "Tariffs"),
    ]
    assert isinstance(found[0], Alike)


async def test_gaps_at_a_time(store: Store, seed: Seed, t: Clock) -> None:
    def fill(tx: Transaction) -> int:
        feed = seed.feed(tx)
        for begin, closed in ((0, False), (20, True), (40, False)):
            gap = Gap(since=t(begin), found_at=t(begin + 10), recovered=0, closed=closed, reason="x")
            gaps.add_gap(tx, feed.id, gap)
        return feed.id

    feed = await store.write(fill)
    assert await store.read(journey.gaps_at, feed, since=t(5), until=t(99)) == [(t(40), t(50)), (t(), t(10))]
    assert await store.read(journey.gaps_at, feed, since=t(10), until=t(40)) == []


async def test_what_was_meant_for_somebody_is_what_was_told_or_waits(
    store: Store, seed: Seed, t: Clock
) -> None:
    def fill(tx: Transaction) -> Alert:
        alert = seed.alert(tx)
        decide(tx, alert, t, seed)
        return alert

    alert = await store.write(fill)
    hit = alert.hits[0].hit.id
    found = await store.read(journey.meant_since, since=t(), limit=9)
    assert [(each.hit, each.alert, each.story) for each in found] == [(hit, alert.uid, ""), (hit, None, "")]
    assert found[0] == Meant(hit=hit, subscription=alert.subscription.id, alert=alert.uid, story="")
    assert await store.read(journey.meant_since, since=t(), limit=1) == found[:1]
    assert await store.read(journey.meant_since, since=t(1), limit=9) == []
