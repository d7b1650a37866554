"""What several test folders share: where the corpora are, and how a whole installation is made and opened."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.app import App
from monitor.config import Settings, load_settings
from monitor.daemon import bring_up
from monitor.demo.recordings import RecordedItem, Recording, Version
from monitor.demo.stage import DemoStage
from monitor.desk.feeds import list_feeds, poll_now
from monitor.store import Transaction, feeds

ROOT = Path(__file__).parent.parent
CORPORA = ROOT.parent / "shared" / "corpora"

TOPICS = """
name = "test"

[[topic]]
slug = "fentanyl"
name = "Fentanyl"
priority = "urgent"
query = 'fentanyl OR fentanilo'
[[topic.must_match]]
title = "Agents seize fentanyl at the bridge"
[[topic.must_not_match]]
title = "A bakery opens in Laredo"

[[topic]]
slug = "border-wall"
name = "Border wall"
query = '"border wall" OR "muro fronterizo"'
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CORPORA.is_dir():
        return
    absent = pytest.mark.skip(reason=f"the corpora are not beside this checkout ({CORPORA})")
    for item in items:
        if item.get_closest_marker("corpus"):
            item.add_marker(absent)


@asynccontextmanager
async def opened(stage: DemoStage, *, console: io.StringIO | None = None) -> AsyncIterator[App]:
    """Open an installation on a stage's configuration, with its files applied and no runner: tests tick it."""
    settings: Settings = load_settings(stage.config_path, {})
    async with await App.open(settings, console=console) as app:
        await bring_up(app)
        yield app


async def round_trip(app: App) -> None:
    """Run each stage once, to its end: poll what is due, read articles, decide, release, send what is due."""
    await app.poller.poll_due()
    await app.articles.read_due()
    await app.dispatch()
    await app.release()
    while await app.shipper.fill():
        await app.shipper.crew.drain()


async def poll_all(app: App) -> None:
    """Make every enabled feed due and run each stage once."""
    await poll_now(app, [line.slug for line in await list_feeds(app) if line.enabled])
    await round_trip(app)


async def make_deliveries_due(app: App) -> None:
    """Let the time pass that deliveries wait for their next attempt."""
    await app.store.write(_forget_waiting)


def _forget_waiting(tx: Transaction) -> None:
    tx.run("UPDATE deliveries SET due_at = 0 WHERE state = 'pending'")
    tx.run("UPDATE breakers SET held_until = NULL")
    tx.run("UPDATE breakers SET probe_at = 0 WHERE opened_at IS NOT NULL")


def switch_off(tx: Transaction, slug: str, *, reason: str) -> None:
    """Switch a feed off by hand."""
    feeds.put_feed(tx, replace(feeds.get_feed(tx, slug), enabled=False, disabled_reason=reason))


def recorded(
    name: str, title: str, summary: str = "", *, at: float = 0.0, updates: tuple[Version, ...] = ()
) -> RecordedItem:
    """Make a feed's item: `at` 0 is in the first window, later ones appear once a test lets the time pass."""
    first = Version(at=at, title=title, summary=summary, topics=frozenset())
    return RecordedItem(
        id=f"urn:test:{name}",
        link=f"https://paper.example/{name}",
        author="",
        tags=(),
        hours_old=1.0,
        story=name,
        versions=(first, *updates),
    )


def recording(slug: str, *items: RecordedItem, **changes: Any) -> Recording:
    """Make a small feed: RSS in English with an ETag unless `changes` say otherwise."""
    shape: dict[str, Any] = {
        "title": f"The {slug.title()}",
        "language": "en",
        "region": "",
        "format": "rss",
        "home": "https://paper.example",
        "etag": True,
        "last_modified": False,
        "gzip": False,
        "faults": (),
    }
    return Recording(slug=slug, items=items, **{**shape, **changes})


def small_stage(folder: Path, *recordings: Recording, **options: Any) -> DemoStage:
    """Set a stage with own recordings and the two topics of `TOPICS`; no webhook is refused unless asked for."""
    watchlist = folder / "topics.toml"
    watchlist.write_text(TOPICS, encoding="utf-8")
    options.setdefault("refuse_webhooks", ())
    return DemoStage(folder / "site", recordings=recordings, watchlist=watchlist, **options)


def pass_time(stage: DemoStage, seconds: float = 10.0) -> None:
    """Let the feeds show what appears within so many seconds of the run's beginning."""
    stage.feeds.began_at = datetime.now(UTC) - timedelta(seconds=seconds)


async def until(condition: "asyncio.Event | object", *, seconds: float = 20.0) -> None:
    """Wait until `condition()` holds; fail after `seconds`."""
    assert callable(condition)
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the condition lives in another process or server
            await asyncio.sleep(0.02)
