"""`topics trend | surges` as a person sees them."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli.trends import bar
from monitor.model import Surge
from monitor.store import surges
from tests.cli.conftest import Cli
from tests.conftest import TOPICS, opened, pass_time, poll_all, recorded, recording, small_stage

NOW = datetime.now(UTC)
PAPER = recording(
    "gazette", recorded("old", "Council meets in Douglas"), recorded("new", "Agents seize fentanyl", at=5)
)
FORECAST = f"""
[[forecast]]
slug = "rises"
topics = ["fentanyl"]
from = {NOW.date() - timedelta(days=30)}
to = {NOW.date() + timedelta(days=30)}
direction = "up"
text = "More was expected."
source = "an outlook"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """An installation that has found a story, and been told of two surges."""

    async def fill() -> Path:
        async with small_stage(tmp_path, PAPER) as stage:
            stage.watchlist.write_text(TOPICS + FORECAST)
            async with opened(stage) as app:
                await poll_all(app)
                pass_time(stage)
                await poll_all(app)
                surge = Surge(
                    topic="fentanyl", topic_name="Fentanyl", until=NOW, hours=6, stories=9, usual=1.2, chance=1e-6,
                    reason="9 stories in 6 h, usually 1.2", found_at=NOW,
                )  # fmt: skip
                await app.store.write(surges.add_surge, surge)
            return stage.config_path

    return asyncio.run(fill())


def test_a_trend_is_a_table_with_bars_and_marks_what_was_forecast(cli: Cli, config: Path) -> None:
    ran = cli("topics", "trend", "fentanyl", "--by", "day", "-c", config)
    assert ran.code == 0, ran.err
    table = ran.out.splitlines()
    (today,) = [line for line in table if "█" in line]
    assert today.split()[0] in {str(NOW.date()), str(NOW.date() - timedelta(days=1))}
    assert "↑" in today
    assert table[0].split() == ["day", "stories", "items", "forecast"]
    assert "* not a whole day" in table
    assert table[-1].startswith("↑ ")
    assert table[-1].endswith("More was expected. (an outlook)")
    assert (
        sum(
            line["stories"]
            for line in cli("topics", "trend", "fentanyl", "--json", "-c", config).json["steps"]
        )
        == 1
    )
    assert cli("topics", "trend", "fentanyl", "--place", "tecate", "-c", config).code == 1


def test_surges_are_listed_with_their_reason(cli: Cli, config: Path) -> None:
    ran = cli("topics", "surges", "-c", config)
    assert ran.code == 0, ran.err
    assert "fentanyl  -      9 stories in 6 h, usually 1.2" in ran.out
    assert cli("topics", "surges", "fentanyl", "--json", "-c", config).json[0]["stories"] == 9
    assert "No surges" in cli("topics", "surges", "border-wall", "-c", config).out


@given(value=st.integers(0, 10_000), more=st.integers(0, 10_000), room=st.integers(8, 60))
def test_a_bar_fits_its_room_and_shows_whatever_is_there(value: int, more: int, room: int) -> None:
    drawn = bar(value, value + more, room)
    assert len(drawn) <= room
    assert bool(drawn) == bool(value)
    assert bar(value + more, value + more, room) == ("█" * room if value + more else "")
