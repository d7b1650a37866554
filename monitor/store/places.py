"""Places and forecasts of the watchlists, and which items tell of a place. Parses no query and matches nothing."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from monitor.model import Direction, Forecast, ItemText, Place
from monitor.store.columns import from_json, to_json
from monitor.store.connector import Row, Transaction
from monitor.store.items import ITEM_COLUMNS, item_of

_DEGREE = 1_000_000  # in the unit of latitude and longitude


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    """Texts with a hit after `low` and up to `high`, by item id, that these places have not been asked about."""

    places: tuple[Place, ...]
    texts: Mapping[int, ItemText]
    low: int
    high: int


def list_places(tx: Transaction, *, enabled_only: bool = True) -> list[Place]:
    """Return the places in order of slug."""
    where = "WHERE enabled = 1 " if enabled_only else ""
    return [_place(row) for row in tx.rows(f"SELECT * FROM places {where}ORDER BY slug")]  # noqa: S608 - constant


def put_place(tx: Transaction, place: Place) -> Place:
    """Insert a place or update it by slug, and return what is stored.

    Another query, or another meaning of its groups, makes a new revision, and it is asked about all items with a hit
    again. The `id` and `revision` of the argument are not looked at.
    """
    row = tx.one("SELECT * FROM places WHERE slug = :slug", slug=place.slug)
    values = _place_columns(place)
    if row is None:
        stored = tx.one(_INSERT_PLACE, **values)
    else:
        if any(row[name] != values[name] for name in ("query", "query_groups")):
            tx.run("DELETE FROM item_places WHERE place_id = :id", id=row["id"])
            tx.run("UPDATE places SET placed_to = 0, revision = revision + 1 WHERE id = :id", id=row["id"])
        stored = tx.one(_UPDATE_PLACE, **values)
    assert stored is not None
    return _place(stored)


def unplaced(tx: Transaction, *, limit: int) -> Unplaced | None:
    """Return what the enabled places that are furthest behind have not been asked about, at most `limit` hits of it.

    Each item is given as its newest judged version. None when every place was asked about every hit.
    """
    rows = tx.rows("SELECT * FROM places WHERE enabled = 1 ORDER BY placed_to, slug")
    if not rows:
        return None
    low = rows[0]["placed_to"]
    group = tuple(_place(row) for row in rows if row["placed_to"] == low)
    others = [row["placed_to"] for row in rows if row["placed_to"] > low]
    newest = tx.one("SELECT MAX(id) AS id FROM hits")
    end = others[0] if others else (newest["id"] if newest else None) or 0
    ids = [
        row["id"]
        for row in tx.rows(
            "SELECT id FROM hits WHERE id > :low AND id <= :end ORDER BY id LIMIT :limit",
            low=low,
            end=end,
            limit=limit,
        )
    ]
    if not ids:
        return None if end <= low else Unplaced(places=group, texts={}, low=low, high=end)
    items = [item_of(row) for row in tx.rows(_JUDGED, low=low, high=ids[-1])]
    return Unplaced(places=group, texts={item.id: item.text for item in items}, low=low, high=ids[-1])


def keep_placed(tx: Transaction, asked: Unplaced, found: Mapping[str, Collection[int]]) -> None:
    """Keep which items tell of which place, by slug; of places that changed meanwhile nothing."""
    for place in asked.places:
        kept = tx.run(
            "UPDATE places SET placed_to = :high WHERE id = :id AND revision = :revision AND placed_to = :low",
            high=asked.high,
            id=place.id,
            revision=place.revision,
            low=asked.low,
        )
        if kept:
            tx.many(
                """
                INSERT INTO item_places (place_id, item_id) VALUES (:place_id, :item_id)
                ON CONFLICT (place_id, item_id) DO NOTHING
                """,
                [{"place_id": place.id, "item_id": item_id} for item_id in found.get(place.slug, ())],
            )


def list_forecasts(tx: Transaction, *, enabled_only: bool = True) -> list[Forecast]:
    """Return the forecasts, the earliest first."""
    where = "WHERE enabled = 1 " if enabled_only else ""
    rows = tx.rows(f"SELECT * FROM forecasts {where}ORDER BY begins, slug")  # noqa: S608 - constant
    return [_forecast(row) for row in rows]


def put_forecast(tx: Transaction, forecast: Forecast) -> Forecast:
    """Insert a forecast or update it by slug, and return what is stored."""
    row = tx.one(_PUT_FORECAST, **_forecast_columns(forecast))
    assert row is not None
    return _forecast(row)


_INSERT_PLACE = """
INSERT INTO places
  (slug, watchlist, name, query, query_groups, latitude, longitude, owner, revision, enabled, placed_to)
VALUES
  (:slug, :watchlist, :name, :query, :query_groups, :latitude, :longitude, :owner, 1, :enabled, 0)
RETURNING *
"""
_UPDATE_PLACE = """
UPDATE places SET watchlist = :watchlist, name = :name, query = :query, query_groups = :query_groups,
  latitude = :latitude, longitude = :longitude, owner = :owner, enabled = :enabled
WHERE slug = :slug RETURNING *
"""
_JUDGED = f"""
SELECT {ITEM_COLUMNS}
FROM (
  SELECT item_id, MAX(item_version) AS version FROM hits WHERE id > :low AND id <= :high GROUP BY item_id
) AS h
JOIN items i ON i.id = h.item_id
JOIN feeds f ON f.id = i.feed_id
JOIN item_versions v ON v.item_id = h.item_id AND v.version = h.version
ORDER BY i.id
"""  # noqa: S608 - constants of these modules
_PUT_FORECAST = """
INSERT INTO forecasts (slug, watchlist, topics, places, begins, ends, direction, body, source, owner, enabled)
VALUES (:slug, :watchlist, :topics, :places, :begins, :ends, :direction, :body, :source, :owner, :enabled)
ON CONFLICT (slug) DO UPDATE SET
  watchlist = excluded.watchlist, topics = excluded.topics, places = excluded.places,
  begins = excluded.begins, ends = excluded.ends, direction = excluded.direction, body = excluded.body,
  source = excluded.source, owner = excluded.owner, enabled = excluded.enabled
RETURNING *
"""


def _place_columns(place: Place) -> dict[str, Any]:
    return {
        "slug": place.slug,
        "watchlist": place.watchlist,
        "name": place.name,
        "query": place.query,
        "query_groups": to_json(place.groups),
        "latitude": None if place.latitude is None else round(place.latitude * _DEGREE),
        "longitude": None if place.longitude is None else round(place.longitude * _DEGREE),
        "owner": place.owner,
        "enabled": int(place.enabled),
    }


def _place(row: Row) -> Place:
    return Place(
        id=row["id"],
        slug=row["slug"],
        watchlist=row["watchlist"],
        name=row["name"],
        query=row["query"],
        groups=tuple((name, text) for name, text in from_json(row["query_groups"])),
        latitude=None if row["latitude"] is None else row["latitude"] / _DEGREE,
        longitude=None if row["longitude"] is None else row["longitude"] / _DEGREE,
        owner=row["owner"],
        revision=row["revision"],
        enabled=bool(row["enabled"]),
    )


def _forecast_columns(forecast: Forecast) -> dict[str, Any]:
    return {
        "slug": forecast.slug,
        "watchlist": forecast.watchlist,
        "topics": to_json(forecast.topics),
        "places": to_json(forecast.places),
        "begins": forecast.begins.isoformat(),
        "ends": forecast.ends.isoformat(),
        "direction": forecast.direction.value,
        "body": forecast.text,
        "source": forecast.source,
        "owner": forecast.owner,
        "enabled": int(forecast.enabled),
    }


def _forecast(row: Row) -> Forecast:
    return Forecast(
        id=row["id"],
        slug=row["slug"],
        watchlist=row["watchlist"],
        topics=tuple(from_json(row["topics"])),
        places=tuple(from_json(row["places"])),
        begins=date.fromisoformat(row["begins"]),
        ends=date.fromisoformat(row["ends"]),
        direction=Direction(row["direction"]),
        text=row["body"],
        source=row["source"],
        owner=row["owner"],
        enabled=bool(row["enabled"]),
    )
