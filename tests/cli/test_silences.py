"""`monitor silences` as a person uses it."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.cli.times import date, span
from monitor.errors import Refused
from tests.cli.conftest import Cli
from tests.conftest import opened, pass_time, poll_all, recorded, recording, small_stage

PAPER = recording(
    "gazette", recorded("old", "Council meets in Douglas"), recorded("new", "Agents seize fentanyl", at=5)
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    async def fill() -> Path:
        async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
            await poll_all(app)
            pass_time(stage)
            await poll_all(app)
            return stage.config_path

    return asyncio.run(fill())


def test_one_is_looked_at_added_listed_and_ended(cli: Cli, config: Path) -> None:
    looked = cli("silences", "preview", "--topic", "fentanyl", "-c", config)
    assert looked.code == 0, looked.err
    assert "1 hit kept back, 2 alerts not made, 0 shortened" in looked.out
    assert "Agents seize fentanyl" in looked.out
    filters = ("--topic", "fentanyl", "--word", "seize", "--language", "en")
    added = cli("silences", "add", *filters, "--for", "24h", "--reason", "enough of it", "-c", config)
    assert added.code == 0, added.err
    uid, _, said = added.out.partition(": ")
    assert said.startswith("topics fentanyl; languages en; words seize, until 20")
    listed = cli("silences", "list", "-c", config).out
    assert uid in listed
    assert "in force" in listed
    assert "cli:" in listed
    assert "ended; it kept back 0 hits" in cli("silences", "end", uid, "-c", config).out
    assert "No silences are in force" in cli("silences", "list", "-c", config).out
    assert cli("silences", "list", "--all", "--json", "-c", config).json[0]["state"] == "ended"


def test_what_is_wrong_is_said(cli: Cli, config: Path) -> None:
    add = ("silences", "add", "--topic", "fentanyl", "--reason", "enough", "-c", config)
    assert "--until or with --for" in cli(*add).err
    assert "--until or with --for" in cli(*add, "--for", "1h", "--until", "2030-01-01").err
    assert "no length of time" in cli(*add, "--for", "soon").err
    assert "before it has begun or already" in cli(*add, "--until", "2020-01-01").err
    none = cli("silences", "add", "--reason", "enough", "--for", "1h", "-c", config)
    assert (none.code, "without a filter" in none.err) == (1, True)
    assert cli("silences", "add", "--topic", "fentanyl", "--for", "1h", "-c", config).code == 2


def test_times_are_read_as_people_write_them() -> None:
    assert [span(text) for text in ("90m", "24h", "7d", "2w")] == [
        timedelta(minutes=90), timedelta(days=1), timedelta(days=7), timedelta(days=14)
    ]  # fmt: skip
    assert date("2026-01-31T12:00-07:00").isoformat() == "2026-01-31T12:00:00-07:00"
    assert date("2026-01-31").isoformat() == "2026-01-31T00:00:00+00:00"
    for wrong in ("", "h", "0h", "-1h", "1y", "99999999999d"):
        with pytest.raises(Refused):
            span(wrong)
    with pytest.raises(Refused):
        date("tomorrow")
