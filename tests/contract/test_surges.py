"""What surges are judged by, and surges themselves, on both engines."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from monitor.model import Alert, AlertHit, Feed, Hit, HitReason, Outcome, Poll, Surge, Topic
from monitor.store import Store, Transaction, hits, items, outbox, places, polls, stories, surges
from monitor.store.gaps import Gap, add_gap
from monitor.store.told import told_of_story
from tests.contract.conftest import Clock, Seed
from tests.contract.test_places import PLACE

HOUR = 60  # minutes, in which the clock counts
SURGE = {
    "hours": 6,
    "stories": 9,
    "usual": 1.234,
    "chance": 2.5e-9,
    "reason": "9 stories in 6 h, usually 1.2",
}

Tell = Callable[..., Hit]


@pytest.fixture
def tell(seed: Seed, t: Clock) -> Tell:
    """Store an item with a hit, in a story of its own or in a named one."""
    told: dict[str, int] = {}

    def make(
        tx: Transaction,
        feed: Feed,
        topic: Topic,
        key: str,
        *,
        at: float,
        published: float | None = None,
        story: str = "",
        reason: HitReason = HitReason.LIVE,
        found: float | None = None,
    ) -> Hit:
        draft = replace(seed.draft(key), published=None if published is None else t(published))
        item = items.add_item(tx, feed, draft, now=t(at), reason=reason, watchlist_revision=1, engine="1")
        hit = hits.add_hit(
            tx, replace(seed.new_hit(item, topic, at=at if found is None else found), reason=reason)
        )
        assert hit is not None
        name = story or key
        if name not in told:
            told[name] = seed.story(tx, at=at).id
        tx.run(
            "INSERT INTO story_items (item_id, story_id) VALUES (:item, :story)",
            item=item.id,
            story=told[name],
        )
        return hit

    return make


async def test_a_story_appears_when_its_believable_publication_says_else_when_it_was_seen(
    store: Store, seed: Seed, t: Clock, tell: Tell
) -> None:
    def fill(tx: Transaction) -> Topic:
        feed, topic = seed.feed(tx), seed.topic(tx)
        tell(tx, feed, topic, "believed", at=600, published=300)
        tell(tx, feed, topic, "future", at=600, published=700)
        tell(tx, feed, topic, "ancient", at=600, published=-9999)
        tell(tx, feed, topic, "undated", at=600)
        tell(tx, feed, topic, "updated", at=100, published=90, reason=HitReason.UPDATED, found=640)
        for reason in (HitReason.BASELINE, HitReason.HELD, HitReason.BACKFILLED):
            tell(tx, feed, topic, reason.value, at=600, reason=reason)
        return topic

    topic = await store.write(fill)
    found = await store.read(surges.appearances, topic.id, place_id=None, since=t(0), until=t(2000))
    assert [each.at for each in found] == [t(300), t(600), t(600), t(600), t(640)]
    assert len({each.story_id for each in found}) == 5
    assert await store.read(surges.busy_topics, since=t(600), until=t(640), least=3) == [topic.id]
    assert await store.read(surges.busy_topics, since=t(600), until=t(640), least=4) == []


async def test_each_feed_tells_a_story_once_and_places_count_their_own(
    store: Store, seed: Seed, t: Clock, tell: Tell
) -> None:
    def fill(tx: Transaction) -> tuple[Topic, int]:
        one, two, topic = seed.feed(tx), seed.feed(tx, "herald"), seed.topic(tx)
        place = places.put_place(tx, PLACE)
        for number, feed in enumerate((one, one, two)):
            hit = tell(tx, feed, topic, f"k{number}", at=60 * number, story="same")
        tell(tx, one, topic, "other", at=500)
        tx.run("INSERT INTO item_places (place_id, item_id) VALUES (:p, :i)", p=place.id, i=hit.item.id)
        return topic, place.id

    topic, place_id = await store.write(fill)
    everywhere = await store.read(surges.appearances, topic.id, place_id=None, since=t(0), until=t(2000))
    assert [each.at for each in everywhere] == [t(0), t(120), t(500)]
    there = await store.read(surges.appearances, topic.id, place_id=place_id, since=t(0), until=t(2000))
    assert [each.at for each in there] == [t(120)]
    busy = await store.read(surges.busy_places, topic.id, since=t(0), until=t(900), least=1)
    assert busy == {place_id}
    assert await store.read(surges.busy_places, topic.id, since=t(0), until=t(900), least=2) == set()


async def test_a_trend_counts_a_story_on_its_first_day_and_every_item_on_its_own(
    store: Store, seed: Seed, t: Clock, tell: Tell
) -> None:
    day = 24 * HOUR

    def fill(tx: Transaction) -> Topic:
        feed, topic = seed.feed(tx), seed.topic(tx)
        for number, at in enumerate((0, 0, 1, 1, 3)):
            tell(tx, feed, topic, f"k{number}", at=at * day, story="long" if number != 1 else "short")
        return topic

    topic = await store.write(fill)
    found = await store.read(surges.trend, topic.id, place_id=None, since=t(-day), until=t(9 * day))
    first = t(0).date()
    told = [(each.day - first, each.stories, each.items) for each in found]
    assert told == [(timedelta(0), 2, 2), (timedelta(days=1), 0, 2), (timedelta(days=3), 0, 1)]
    later = await store.read(surges.trend, topic.id, place_id=None, since=t(2 * day), until=t(9 * day))
    assert [(each.stories, each.items) for each in later] == [(0, 1)], "no new story began in that span"
    assert isinstance(found[0].day, date)


async def test_silences_end_in_the_span_and_only_answers_break_them(
    store: Store, seed: Seed, t: Clock
) -> None:
    def poll(tx: Transaction, feed: Feed, at: float, outcome: Outcome = Outcome.NOT_MODIFIED) -> None:
        polls.add_polls(tx, [(feed.id, Poll(started_at=t(at), ended_at=t(at), outcome=outcome, reason=""))])

    def fill(tx: Transaction) -> list[Feed]:
        steady, away, late = (seed.feed(tx, slug) for slug in ("steady", "away", "late"))
        for hour in range(-20, 6):
            poll(tx, steady, hour * HOUR)
        poll(tx, away, -20 * HOUR)
        poll(tx, away, -2 * HOUR, Outcome.TIMEOUT)
        poll(tx, away, 1 * HOUR)
        poll(tx, late, 2 * HOUR, Outcome.NEW)
        add_gap(tx, late.id, Gap(found_at=t(2 * HOUR), since=t(0), recovered=0, closed=False, reason="x"))
        return [steady, away, late]

    steady, away, late = await store.write(fill)
    found = await store.read(surges.silences, since=t(0), until=t(6 * HOUR), back=timedelta(hours=48))
    assert found == {
        steady.id: timedelta(hours=1), away.id: timedelta(hours=21), late.id: timedelta(hours=50)
    }  # fmt: skip
    assert await store.read(surges.feeds_with_gap, since=t(0), until=t(6 * HOUR)) == {late.id}
    assert await store.read(surges.feeds_with_gap, since=t(3 * HOUR), until=t(6 * HOUR)) == set()
    hours = await store.read(surges.hours_with_polls, since=t(0), until=t(3 * HOUR))
    assert sorted(hours) == [t(hour * HOUR).replace(minute=0, second=0, microsecond=0) for hour in range(3)]


async def test_a_surge_reads_back_and_is_stored_once_for_its_topic_place_and_time(
    store: Store, seed: Seed, t: Clock
) -> None:
    await store.write(seed.topic)
    await store.write(places.put_place, PLACE)
    topic = Surge(topic="tariffs", topic_name="Tariffs", until=t(), found_at=t(1), **SURGE)  # type: ignore[arg-type]
    place = replace(
        topic, place="tijuana", place_name="Tijuana", usual=None, chance=None, muted="a feed was away"
    )
    one = await store.write(surges.add_surge, topic)
    two = await store.write(surges.add_surge, place)
    assert one is not None
    assert two is not None
    assert await store.write(surges.add_surge, replace(topic, stories=10)) is None
    assert await store.write(surges.add_surge, replace(place, muted="")) is None
    assert await store.read(surges.list_surges, limit=9) == [replace(place, id=two), replace(topic, id=one)]
    assert await store.read(surges.list_surges, limit=1, topic="tariffs") == [replace(place, id=two)]
    assert await store.read(surges.list_surges, limit=9, topic="other") == []
    assert await store.read(surges.surges_since, t()) == []
    assert len(await store.read(surges.surges_since, t(-1))) == 2


async def test_a_topic_asks_what_it_asks_since_its_last_revision(store: Store, seed: Seed, t: Clock) -> None:
    topic = await store.write(seed.topic)
    assert await store.read(surges.asked_since, topic.id) == t()


async def test_an_alert_about_a_surge_tells_of_no_story_by_itself(store: Store, seed: Seed, t: Clock) -> None:
    def fill(tx: Transaction) -> Alert:
        topic = seed.topic(tx)
        hit = seed.hit(tx, seed.item(tx, seed.feed(tx)), topic)
        surge = Surge(topic="tariffs", topic_name="Tariffs", until=t(), found_at=t(), **SURGE)  # type: ignore[arg-type]
        number = surges.add_surge(tx, surge)
        assert number is not None
        return outbox.add_alert(
            tx,
            Alert(
                uid="surge-1",
                subscription=seed.subscription(tx),
                story=seed.story(tx),
                hits=(AlertHit(hit=hit, topic=topic),),
                reason=surge.reason,
                created_at=t(),
                surges=(replace(surge, id=number),),
            ),
        )

    alert = await store.write(fill)
    assert await store.read(told_of_story, alert.story.id, since=t()) == {}
    assert await store.read(stories.story_of_item, alert.hits[0].hit.item.id) is None
