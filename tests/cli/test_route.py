"""`monitor route test` as a person sees it."""

import asyncio
from pathlib import Path

from tests.cli.conftest import PAPER, Cli
from tests.conftest import opened, poll_all, small_stage


def test_each_subscription_has_a_line_with_time_channel_and_reason(cli: Cli, tmp_path: Path) -> None:
    async def fill() -> Path:
        async with small_stage(tmp_path, PAPER) as stage, opened(stage) as app:
            await poll_all(app)
            return stage.config_path

    config = asyncio.run(fill())
    title = ("--title", "Fentanyl seized", "--at", "2026-03-08T23:30-08:00")
    ran = cli("route", "test", *title, "-c", config)
    assert ran.code == 0, ran.err
    assert "topics: fentanyl, decided as at 2026-03-09 07:30Z" in ran.out
    assert "newsroom-hook: Mon 2026-03-09 07:30 UTC, first alert by webhook to demo-hook" in ran.out
    assert "fentanyl: first report of this story" in ran.out
    found = cli("route", "test", *title, "--topic", "border-wall", "--json", "-c", config).json
    assert found["topics"] == ["border-wall"]
    none = cli("route", "test", "-c", config)
    assert (none.code, "one of the two" in none.err) == (1, True)
    nothing = cli("route", "test", "--title", "A bakery opens", "-c", config)
    assert "not told" in nothing.out
