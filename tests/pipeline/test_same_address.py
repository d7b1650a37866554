"""One article in several feeds of its outlet, under headlines too short or too different to be told the same."""

from dataclasses import replace
from pathlib import Path

import pytest

from monitor.app import App
from monitor.demo.recordings import RecordedItem
from monitor.store import outbox
from tests.conftest import opened, pass_time, poll_all, recorded, recording, small_stage
from tests.pipeline.conftest import by_clock, take_old_items

ARTICLE = "https://paper.example/2025/fentanyl"


def item(name: str, title: str, link: str) -> RecordedItem:
    return replace(recorded(name, title, at=5), link=link)


async def told(app: App) -> list[str]:
    """List the headlines of the webhook's alerts, oldest first."""
    views = await app.store.read(outbox.list_deliveries, limit=99)
    return [view.title for view in reversed(views) if view.kind == "webhook"]


async def test_an_article_in_two_feeds_is_one_story(tmp_path: Path) -> None:
    world = recording("world", recorded("w", "Council meets"), item("1", "Fentanyl seized", ARTICLE))
    local = recording(
        "local", recorded("l", "Bakery opens"), item("2", "Big fentanyl find", f"{ARTICLE}?utm_source=rss")
    )
    async with small_stage(tmp_path, world, local) as stage, opened(stage) as app:
        await poll_all(app)
        pass_time(stage)
        await poll_all(app)
        assert len(await told(app)) == 1


async def test_after_the_window_the_same_address_is_news_again(tmp_path: Path) -> None:
    world = recording("world", item("1", "Fentanyl seized", ARTICLE))
    local = recording("local", recorded("l", "Bakery opens"))
    async with small_stage(tmp_path, world, local) as stage, opened(stage) as app:
        clock = by_clock(app)
        await take_old_items(app)
        await poll_all(app)
        pass_time(stage)
        await poll_all(app)
        clock.advance(hours=73)
        stage.feeds.recordings["local"] = recording("local", item("2", "Fentanyl trial", ARTICLE))
        await poll_all(app)
        assert len(await told(app)) == 2


@pytest.mark.parametrize(
    ("links", "number"),
    [(["https://paper.example/", "https://paper.example/"], 2), ([ARTICLE, ARTICLE, ARTICLE], 3)],
)
async def test_an_address_that_names_no_single_item_joins_nothing(
    tmp_path: Path, links: list[str], number: int
) -> None:
    """A front page, or one link on every item of a feed, says nothing of what happened."""
    first, *rest = links
    world = recording("world", recorded("w", "Council meets"), item("0", "Fentanyl seized", first))
    titles = ["Fentanyl trial", "Fentanyl law"]
    others = [item(str(n), title, link) for n, (title, link) in enumerate(zip(titles, rest, strict=False), 1)]
    local = recording("local", recorded("l", "Bakery"), *others)
    async with small_stage(tmp_path, world, local) as stage, opened(stage) as app:
        await poll_all(app)
        pass_time(stage)
        await poll_all(app)
        assert len(await told(app)) == number
