"""A topic's numbers by day and week, with forecasts beside them, from stored hits to desk and JSON."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from monitor.app import App
from monitor.desk.trends import recent_surges, topic_trend
from monitor.errors import NotFound, Refused
from monitor.model import Surge
from monitor.store import surges
from monitor.web import create_site
from tests.conftest import TOPICS, opened, pass_time, poll_all, recorded, recording, small_stage
from tests.pipeline.conftest import Clock, by_clock

DAY = timedelta(days=1)


@dataclass
class Desk:
    app: App
    clock: Clock
    first: date


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Two stories on the fifth day after a Monday (one of Tijuana), told again the next day, and one on the twelfth."""
    papers = (
        recording(
            "gazette",
            recorded("old", "Fentanyl case goes to court"),
            recorded("one", "Fentanyl found in Tijuana tunnel", at=10),
            recorded("two", "Senate hearing hears chemists about fentanyl", at=10),
            recorded("three", "Overdose numbers and fentanyl fall in Ohio", at=50),
        ),
        recording(
            "herald",
            recorded("council", "Council meets"),
            recorded("copy", "Fentanyl found in Tijuana tunnel", at=30),
        ),
    )  # fmt: skip
    async with small_stage(tmp_path, *papers) as stage:
        today = datetime.now(UTC).replace(hour=12)
        monday = (today + (7 - today.weekday()) * DAY).date()
        forecasts = (
            ("rises", 0, 6, "up", "[]"),
            ("falls", 7, 30, "down", "[]"),
            ("there", 0, 3, "up", '["tijuana"]'),
        )
        stage.watchlist.write_text(
            TOPICS
            + '[[place]]\nslug = "tijuana"\nname = "Tijuana"\nquery = "Tijuana"\n'
            + '[[place]]\nslug = "laredo"\nname = "Laredo"\nquery = "Laredo"\n'
            + "".join(
                f'[[forecast]]\nslug = "{slug}"\ntopics = ["fentanyl"]\nplaces = {where}\n'
                f'from = {monday + begins * DAY}\nto = {monday + ends * DAY}\ndirection = "{way}"\n'
                f'text = "It {slug}."\n'
                for slug, begins, ends, way, where in forecasts
            )
        )
        async with opened(stage) as app:
            clock = by_clock(app)
            clock.now = today
            await poll_all(app)
            for day, seconds in ((4, 20), (5, 40), (11, 60)):
                clock.now = datetime.combine(monday + day * DAY, today.timetz())
                pass_time(stage, seconds)
                await poll_all(app)
            await app.surges.place_items()
            clock.now += DAY
            yield Desk(app, clock, monday)


async def test_a_day_counts_new_stories_once_and_items_each(desk: Desk) -> None:
    trend = await topic_trend(desk.app, "fentanyl", by="day", since=desk.first)
    assert len(trend.steps) == 13
    told = {(step.begins - desk.first).days: (step.stories, step.items) for step in trend.steps if step.items}
    assert told == {4: (2, 2), 5: (0, 1), 11: (1, 1)}
    assert [step.whole for step in trend.steps] == [True] * 12 + [False], "today is not over"


async def test_a_week_is_the_sum_of_its_days_and_marked_with_the_forecasts_of_it(desk: Desk) -> None:
    trend = await topic_trend(desk.app, "fentanyl", since=desk.first)
    assert [(step.begins, step.stories, step.items) for step in trend.steps] == [
        (desk.first, 2, 3),
        (desk.first + 7 * DAY, 1, 1),
    ]
    assert [step.forecasts for step in trend.steps] == [("rises", "there"), ("falls",)]
    assert [step.whole for step in trend.steps] == [True, False]
    assert {line.slug: line.direction for line in trend.forecasts} == {
        "rises": "up",
        "there": "up",
        "falls": "down",
    }
    late = await topic_trend(desk.app, "fentanyl", since=desk.first + 2 * DAY)
    assert [step.whole for step in late.steps] == [False, False], (
        "a week cut short by the beginning is not whole"
    )


async def test_a_place_has_its_own_trend(desk: Desk) -> None:
    there = await topic_trend(desk.app, "fentanyl", place="tijuana", by="day", since=desk.first)
    assert [(step.stories, step.items) for step in there.steps if step.items] == [(1, 1), (0, 1)]
    nowhere = await topic_trend(desk.app, "fentanyl", place="laredo", since=desk.first)
    assert all(step.items == 0 for step in nowhere.steps)
    assert "there" not in {line.slug for line in nowhere.forecasts}, "that one is about another place"


async def test_what_there_is_not_is_refused_with_what_there_is(desk: Desk) -> None:
    with pytest.raises(NotFound, match="no topic"):
        await topic_trend(desk.app, "tariffs")
    with pytest.raises(NotFound, match="there are: laredo, tijuana"):
        await topic_trend(desk.app, "fentanyl", place="tecate")
    with pytest.raises(Refused, match="there are: day, week"):
        await topic_trend(desk.app, "fentanyl", by="month")
    with pytest.raises(Refused, match="cannot begin on"):
        await topic_trend(desk.app, "fentanyl", since=desk.first + 99 * DAY)
    with pytest.raises(NotFound, match="no topic"):
        await recent_surges(desk.app, topic="tariffs")


async def test_trend_and_surges_are_served_as_json(desk: Desk) -> None:
    now = desk.clock.now
    surge = Surge(
        topic="fentanyl", topic_name="Fentanyl", until=now, hours=6, stories=9, usual=1.2, chance=1e-6,
        reason="9 stories in 6 h, usually 1.2", muted="a feed was away", found_at=now,
    )  # fmt: skip
    await desk.app.store.write(surges.add_surge, surge)
    site = httpx.ASGITransport(app=create_site(desk.app, trusted=False))
    async with httpx.AsyncClient(transport=site, base_url="http://127.0.0.1") as client:
        trend = await client.get(
            "/api/v1/topics/fentanyl/trend", params={"by": "week", "since": str(desk.first)}
        )
        found = await client.get("/api/v1/topics/surges", params={"topic": "fentanyl"})
        bad = await client.get("/api/v1/topics/fentanyl/trend", params={"since": "soon"})
    assert [step["stories"] for step in trend.json()["steps"]] == [2, 1]
    assert trend.json()["since"] == str(desk.first)
    (line,) = found.json()
    assert (line["reason"], line["muted"]) == ("9 stories in 6 h, usually 1.2", "a feed was away")
    assert bad.status_code == 422
