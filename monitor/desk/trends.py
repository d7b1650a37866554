"""How much there was of a topic, by day or week, with the forecasts made of it; and the surges that were found."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from monitor.app import App
from monitor.errors import NotFound, Refused
from monitor.model import Forecast, Place, Surge
from monitor.store import Transaction, places, surges, watchlist
from monitor.store.surges import TrendDay

DEFAULT_SPAN = {"day": timedelta(days=42), "week": timedelta(weeks=26)}
LONGEST = timedelta(days=3660)


class Step(StrEnum):
    """How long one step of a trend is; weeks begin on Monday. All days are UTC's."""

    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendStep:
    """New stories and items from the day `begins` on; `forecasts` are those that speak of it, by slug.

    A story counts once, when its first item appeared. `whole` is false where the step is cut short: by the beginning
    of the span, or because it is not over.
    """

    begins: date
    stories: int
    items: int
    whole: bool
    forecasts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastLine:
    """A forecast as a list shows it."""

    slug: str
    begins: date
    ends: date
    direction: str
    text: str
    source: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A topic's (and place's) numbers over time, oldest first, and the forecasts that overlap it."""

    topic: str
    place: str | None
    by: str
    since: date
    steps: tuple[TrendStep, ...]
    forecasts: tuple[ForecastLine, ...]


async def topic_trend(
    app: App, slug: str, *, place: str | None = None, by: str = "week", since: date | None = None
) -> Trend:
    """Count a topic's stories and items by day or week, until now.

    Hits that may alert are counted, so a feed's first window is not. Raises NotFound for a topic or place that there
    is not, Refused for a step that there is not and for a beginning in the future or too long ago.
    """
    if by not in set(Step):
        raise Refused(f"a trend has no step {by}; there are: {', '.join(Step)}")
    now = app.context.clock()
    today = now.astimezone(UTC).date()
    first = since or today - DEFAULT_SPAN[by]
    if since is None and by == Step.WEEK:
        first -= timedelta(days=first.weekday())
    if not today - LONGEST <= first <= today:
        raise Refused(f"a trend cannot begin on {first}; name a day of the last ten years")
    where, days, forecasts = await app.store.read(_read, slug=slug, place=place, first=first, now=now)
    spoken = [
        each
        for each in forecasts
        if slug in each.topics
        and (not each.places or where is None or where.slug in each.places)
        and each.begins <= today
        and each.ends >= first
    ]
    return Trend(
        topic=slug,
        place=place,
        by=by,
        since=first,
        steps=tuple(_steps(days, spoken, first=first, today=today, step=Step(by))),
        forecasts=tuple(_forecast_line(each) for each in spoken),
    )


async def recent_surges(app: App, *, limit: int = 20, topic: str | None = None) -> list[Surge]:
    """List the newest surges, muted ones among them, newest first. Raises NotFound for a topic that there is not."""
    if topic is not None:
        await app.store.read(watchlist.get_topic, topic)
    return await app.store.read(surges.list_surges, limit=limit, topic=topic)


def _read(
    tx: Transaction, *, slug: str, place: str | None, first: date, now: datetime
) -> tuple[Place | None, list[TrendDay], list[Forecast]]:
    topic = watchlist.get_topic(tx, slug)
    where = None
    if place is not None:
        known = {each.slug: each for each in places.list_places(tx)}
        if place not in known:
            there_are = f"there are: {', '.join(sorted(known))}" if known else "the watchlists name none"
            raise NotFound(f"no place is called {place!r}; {there_are}")
        where = known[place]
    since = datetime.combine(first, time(), UTC)
    days = surges.trend(tx, topic.id, place_id=where.id if where else None, since=since, until=now)
    return where, days, places.list_forecasts(tx)


def _steps(
    days: Sequence[TrendDay], forecasts: Iterable[Forecast], *, first: date, today: date, step: Step
) -> Iterable[TrendStep]:
    by_day = {each.day: each for each in days}
    length = timedelta(days=7 if step is Step.WEEK else 1)
    begins = first - timedelta(days=first.weekday()) if step is Step.WEEK else first
    spoken = list(forecasts)
    while begins <= today:
        ends = begins + length
        found = [each for day, each in by_day.items() if begins <= day < ends]
        yield TrendStep(
            begins=begins,
            stories=sum(each.stories for each in found),
            items=sum(each.items for each in found),
            whole=begins >= first and ends <= today,
            forecasts=tuple(each.slug for each in spoken if each.begins < ends and each.ends >= begins),
        )
        begins = ends


def _forecast_line(forecast: Forecast) -> ForecastLine:
    return ForecastLine(
        slug=forecast.slug,
        begins=forecast.begins,
        ends=forecast.ends,
        direction=forecast.direction.value,
        text=forecast.text,
        source=forecast.source,
        places=forecast.places,
    )
