"""`monitor stats` as a person sees it."""

import asyncio
from pathlib import Path

from tests.cli.conftest import PAPER, Cli
from tests.conftest import opened, pass_time, poll_all, small_stage


def installation(folder: Path) -> Path:
    async def fill() -> Path:
        async with small_stage(folder, PAPER) as stage, opened(stage) as app:
            await poll_all(app)
            pass_time(stage)
            await poll_all(app)
            return stage.config_path

    return asyncio.run(fill())


def test_numbers_and_latencies_are_tables(cli: Cli, tmp_path: Path) -> None:
    config = installation(tmp_path)
    ran = cli("stats", "-c", config)
    assert ran.code == 0, ran.err
    table = ran.out.splitlines()
    assert table[0].endswith("2 items")
    assert "  alerts     2 (2 first)" in table
    assert "  deliveries 2 (2 done)" in table
    (row,) = [line for line in table if line.startswith("gazette ")]
    assert row.split()[1:3] == ["2", "2"]
    assert row.count(" / ") == 5
    found = cli("stats", "--since", "1h", "--json", "-c", config).json
    assert (found["items"], found["alerts"]["first"]) == (2, 2)


def test_a_time_that_is_none_is_refused(cli: Cli, tmp_path: Path) -> None:
    ran = cli("stats", "--since", "soon", "-c", tmp_path / "monitor.toml")
    assert ran.code != 0
    assert "is no time" in ran.err
