"""The numbers of a time, from a whole installation."""

from datetime import timedelta
from pathlib import Path

import pytest

from monitor.desk.latency import Stretch
from monitor.desk.stats import stats
from monitor.errors import Refused
from tests.conftest import opened, pass_time, poll_all, recorded, recording, round_trip, small_stage
from tests.pipeline.conftest import by_clock

OLD = recorded("old", "Council meets in Douglas about fentanyl")
NEW = recorded("new", "Agents seize fentanyl at Otay Mesa", at=5)


async def test_an_alert_is_counted_and_measured_on_its_whole_way(tmp_path: Path) -> None:
    async with small_stage(tmp_path, recording("gazette", OLD, NEW)) as stage, opened(stage) as app:
        clock = by_clock(app)
        await poll_all(app)
        clock.advance(minutes=1)
        pass_time(stage)
        await poll_all(app)
        clock.advance(minutes=1)
        await round_trip(app)
        clock.advance(minutes=1)
        found = await stats(app)
        assert (found.items, found.measured, found.cut) == (2, 2, False)
        assert {kind: number for kind, number in found.hits.items() if number} == {"live": 1, "baseline": 1}
        assert found.alerts["first"] == 2
        assert found.deliveries["done"] == 2
        assert found.verdicts["sent_now"] == 2
        feed = next(each for each in found.groups if each.by == "feed")
        assert (feed.name, feed.deliveries, feed.accepted) == ("gazette", 2, 2)
        assert {each.stretch for each in feed.stretches} == set(Stretch)
        later = await stats(app, since=clock.now - timedelta(seconds=30))
        assert (later.items, later.measured, later.groups) == (0, 0, ())
        assert set(later.alerts) == set(found.alerts), "every kind is named"


async def test_a_time_to_come_is_refused(tmp_path: Path) -> None:
    async with small_stage(tmp_path, recording("gazette", OLD)) as stage, opened(stage) as app:
        with pytest.raises(Refused, match="still to come"):
            await stats(app, since=app.context.clock() + timedelta(days=1))
