"""`monitor deliveries why` as a person sees it."""

import asyncio
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.conftest import opened, pass_time, poll_all, recorded, recording, small_stage

OLD = recorded("old", "Council meets in Douglas")
NEW = recorded("new", "Agents seize fentanyl at Otay Mesa", at=5)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    async def fill() -> Path:
        async with small_stage(tmp_path, recording("gazette", OLD, NEW)) as stage, opened(stage) as app:
            await poll_all(app)
            pass_time(stage)
            await poll_all(app)
            return stage.config_path

    return asyncio.run(fill())


def test_a_told_article_is_shown_with_each_stage(cli: Cli, config: Path) -> None:
    ran = cli("deliveries", "why", NEW.link, "--subscription", "newsroom-hook", "-c", config)
    assert ran.code == 0, ran.err
    assert "Agents seize fentanyl at Otay Mesa" in ran.out
    assert "newsroom-hook: sent now: first report of this story" in ran.out
    assert "redaccion" not in ran.out
    assert "attempt 1" in ran.out
    assert "queued→accepted" in ran.out
    assert "no match: 1 further topic" in ran.out
    uid = cli("deliveries", "list", "--json", "-c", config).json[0]["delivery"]["uid"]
    by_delivery = cli("deliveries", "why", uid, "-c", config)
    assert "fentanyl revision 1 [fentanyl]" in by_delivery.out


def test_an_article_without_a_hit_and_one_never_seen_are_explained(cli: Cli, config: Path) -> None:
    ran = cli("deliveries", "why", OLD.link, "-c", config)
    assert "no   fentanyl: No match" in ran.out
    assert "(revision 1, in force when it was judged" in ran.out
    never = cli("deliveries", "why", "https://paper.example/never", "-c", config)
    assert never.code == 0
    assert "in no polled window of the feed gazette" in never.out
    assert "gazette (" in never.out
    assert "polled 20" in never.out
    wrong = cli("deliveries", "why", "nothing", "-c", config)
    assert wrong.code == 1
    assert "no item, delivery or alert has the id 'nothing'" in wrong.err
