"""Places, forecasts, and which items tell of a place, on both engines."""

from dataclasses import replace
from datetime import date

from monitor.model import Direction, Forecast, Place
from monitor.store import Store, Transaction, places
from tests.contract.conftest import Seed

PLACE = Place(
    slug="tijuana", watchlist="border", name="Tijuana", query="Tijuana OR @otay", groups=(("otay", '"Otay Mesa"'),),
    latitude=32.5149, longitude=-117.038212, owner="file:border", enabled=True,
)  # fmt: skip
FORECAST = Forecast(
    slug="falls", watchlist="border", topics=("tariffs", "trade"), places=("tijuana",), begins=date(2025, 10, 1),
    ends=date(2026, 3, 31), direction=Direction.DOWN, text="Fewer, it was said: años", source="an outlook", owner="ui",
)  # fmt: skip


async def test_a_place_reads_back_as_it_was_put(store: Store) -> None:
    stored = await store.write(places.put_place, PLACE)
    assert stored == replace(PLACE, id=stored.id)
    plain = await store.write(places.put_place, replace(PLACE, slug="aaa", latitude=None, longitude=None))
    assert (plain.latitude, plain.longitude) == (None, None)
    off = await store.write(places.put_place, replace(PLACE, slug="zzz", enabled=False))
    assert await store.read(places.list_places) == [plain, stored]
    assert await store.read(places.list_places, enabled_only=False) == [plain, stored, off]


async def test_another_query_or_group_makes_a_revision_and_another_name_does_not(store: Store) -> None:
    first = await store.write(places.put_place, PLACE)
    named = await store.write(places.put_place, replace(PLACE, name="TJ", revision=9, id=9))
    asked = await store.write(places.put_place, replace(PLACE, query="Tijuana"))
    meant = await store.write(places.put_place, replace(PLACE, query="Tijuana", groups=(("otay", "Otay"),)))
    assert [each.revision for each in (first, named, asked, meant)] == [1, 1, 2, 3]
    assert {each.id for each in (first, named, asked, meant)} == {first.id}


async def test_a_forecast_reads_back_as_it_was_put_and_can_be_changed(store: Store) -> None:
    stored = await store.write(places.put_forecast, FORECAST)
    assert stored == replace(FORECAST, id=stored.id)
    changed = await store.write(places.put_forecast, replace(FORECAST, direction=Direction.UP, enabled=False))
    assert (changed.id, changed.direction) == (stored.id, Direction.UP)
    assert await store.read(places.list_forecasts) == []
    assert await store.read(places.list_forecasts, enabled_only=False) == [changed]


def some_hits(tx: Transaction, seed: Seed, number: int) -> list[int]:
    feed, topic = seed.feed(tx), seed.topic(tx)
    return [seed.hit(tx, seed.item(tx, feed, f"guid:{n}"), topic).item.id for n in range(number)]


async def test_a_place_is_asked_about_every_item_with_a_hit_once_in_batches(store: Store, seed: Seed) -> None:
    assert await store.read(places.unplaced, limit=2) is None
    await store.write(places.put_place, PLACE)
    assert await store.read(places.unplaced, limit=2) is None, "nothing was found yet"
    items = await store.write(some_hits, seed, 5)
    asked: list[int] = []
    while batch := await store.read(places.unplaced, limit=2):
        assert len(batch.texts) <= 2
        assert [place.slug for place in batch.places] == ["tijuana"]
        asked += batch.texts
        await store.write(
            places.keep_placed, batch, {"tijuana": [number for number in batch.texts if number % 2]}
        )
    assert asked == items
    kept = await store.read(lambda tx: tx.rows("SELECT item_id FROM item_places ORDER BY item_id"))
    assert [row["item_id"] for row in kept] == [number for number in items if number % 2]


async def test_a_late_place_catches_up_alone_and_goes_on_with_the_others(store: Store, seed: Seed) -> None:
    await store.write(places.put_place, PLACE)
    await store.write(some_hits, seed, 3)
    first = await store.read(places.unplaced, limit=9)
    assert first is not None
    await store.write(places.keep_placed, first, {})
    await store.write(places.put_place, replace(PLACE, slug="nogales"))
    late = await store.read(places.unplaced, limit=9)
    assert late is not None
    assert ([place.slug for place in late.places], len(late.texts), late.high) == (["nogales"], 3, first.high)
    await store.write(places.keep_placed, late, {})
    assert await store.read(places.unplaced, limit=9) is None


async def test_what_was_asked_of_an_older_query_is_not_kept(store: Store, seed: Seed) -> None:
    await store.write(places.put_place, PLACE)
    items = await store.write(some_hits, seed, 2)
    asked = await store.read(places.unplaced, limit=9)
    assert asked is not None
    await store.write(places.keep_placed, asked, {"tijuana": items})
    await store.write(places.put_place, replace(PLACE, query="Tecate"))
    await store.write(places.keep_placed, asked, {"tijuana": items})
    assert await store.read(lambda tx: tx.rows("SELECT * FROM item_places")) == []
    again = await store.read(places.unplaced, limit=9)
    assert again is not None
    assert list(again.texts) == items
