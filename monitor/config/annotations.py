"""What a watchlist file says beside its topics: `[[place]]` and `[[forecast]]` tables, every reference checked.

Queries of places are parsed by `watchlists`, where their groups are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, PlainValidator, model_validator

from monitor.config.collector import Collector, Entry
from monitor.config.document import Document, suggestion
from monitor.config.forms import Form
from monitor.config.values import Fault, Line, Slug, refuse
from monitor.match import used_groups
from monitor.model import Direction, Forecast, Place


def _day(value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise refuse(Fault("this is no day", "write it without quotes and without a time: 2026-01-31"))
    if not 1990 <= value.year <= 2200:
        raise refuse(Fault(f"the year {value.year} cannot be meant", "write it as 2026-01-31"))
    return value


Day = Annotated[date, PlainValidator(_day)]


class PlaceForm(Form):
    """`[[place]]`; `lat` and `lon` are degrees north and east, both or neither."""

    slug: Slug
    name: Annotated[Line, Field(min_length=1, max_length=200)]
    query: str
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    enabled: bool = True

    @model_validator(mode="after")
    def _both_or_neither(self) -> "PlaceForm":
        if (self.lat is None) != (self.lon is None):
            missing = "lat" if self.lat is None else "lon"
            raise refuse(
                Fault(
                    f"place '{self.slug}' has only one of lat and lon",
                    f"add a line: {missing} = …, or remove the other",
                )
            )
        return self


class ForecastForm(Form):
    """`[[forecast]]`; `from` and `to` are days, both included."""

    slug: Slug
    topics: Annotated[tuple[Slug, ...], Field(min_length=1)]
    places: tuple[Slug, ...] = ()
    begins: Annotated[Day, Field(alias="from")]
    ends: Annotated[Day, Field(alias="to")]
    direction: Direction
    text: Annotated[Line, Field(min_length=1, max_length=500)]
    source: Annotated[Line, Field(max_length=200)] = ""
    enabled: bool = True

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "ForecastForm":
        if self.ends < self.begins:
            raise refuse(
                Fault(
                    f"forecast '{self.slug}' ends on {self.ends}, before it begins on {self.begins}",
                    "exchange from and to, or correct one",
                )
            )
        return self


@dataclass(slots=True)
class Annotations:
    """What was taken from all files so far; forecasts count once `check` has seen every file's topics and places."""

    places: list[Place] = field(default_factory=list)
    forecasts: list[Forecast] = field(default_factory=list)
    _pending: list[tuple[Entry[ForecastForm], str]] = field(default_factory=list)

    def take(
        self, collector: Collector, document: Document, *, watchlist: str, groups: Mapping[str, str]
    ) -> None:
        """Take the tables of one file; problems go to the collector."""
        for entry in collector.entries(document, "place", PlaceForm):
            self.places.append(_place(entry, watchlist=watchlist, groups=groups))
        self._pending += [
            (entry, watchlist) for entry in collector.entries(document, "forecast", ForecastForm)
        ]

    def check(self, collector: Collector) -> None:
        """Check what forecasts refer to, once every file is read."""
        for entry, watchlist in self._pending:
            for kind, slugs in (("topic", entry.form.topics), ("place", entry.form.places)):
                known = collector.known(kind)
                for index, slug in enumerate(slugs):
                    if slug not in known:
                        fault = Fault(
                            f"forecast '{entry.form.slug}': there is no {kind} '{slug}'",
                            suggestion(slug, known),
                        )
                        place = (*entry.path, f"{kind}s", index)
                        collector.problems.append(entry.document.problem(place, fault))
            self.forecasts.append(_forecast(entry, watchlist=watchlist))
        self._pending.clear()


def _place(entry: Entry[PlaceForm], *, watchlist: str, groups: Mapping[str, str]) -> Place:
    form, query = entry.form, entry.form.query.strip()
    return Place(
        slug=form.slug,
        watchlist=watchlist,
        name=form.name,
        query=query,
        groups=used_groups(query, groups),
        latitude=None if form.lat is None else round(form.lat, 6),
        longitude=None if form.lon is None else round(form.lon, 6),
        owner=entry.owner,
        enabled=form.enabled,
    )


def _forecast(entry: Entry[ForecastForm], *, watchlist: str) -> Forecast:
    form = entry.form
    return Forecast(
        slug=form.slug,
        watchlist=watchlist,
        topics=form.topics,
        places=form.places,
        begins=form.begins,
        ends=form.ends,
        direction=form.direction,
        text=form.text,
        source=form.source,
        owner=entry.owner,
        enabled=form.enabled,
    )
