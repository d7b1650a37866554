"""What several test folders share: where the corpora are, and how a whole installation is opened."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from monitor.app import App
from monitor.config import Settings, load_settings
from monitor.daemon import bring_up
from monitor.demo.stage import DemoStage

ROOT = Path(__file__).parent.parent
CORPORA = ROOT.parent / "shared" / "corpora"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CORPORA.is_dir():
        return
    absent = pytest.mark.skip(reason=f"the corpora are not beside this checkout ({CORPORA})")
    for item in items:
        if item.get_closest_marker("corpus"):
            item.add_marker(absent)


@asynccontextmanager
async def opened(stage: DemoStage) -> AsyncIterator[App]:
    """Open an installation on a stage's configuration, with its files applied and no runner: tests tick it."""
    settings: Settings = load_settings(stage.config_path, {})
    async with await App.open(settings) as app:
        await bring_up(app)
        yield app


async def round_trip(app: App) -> None:
    """Run each stage once, to its end: poll what is due, decide, send what is due."""
    while await app.poller.fill():
        await app.poller.crew.drain()
    await app.dispatch()
    while await app.shipper.fill():
        await app.shipper.crew.drain()


async def until(condition: "asyncio.Event | object", *, seconds: float = 20.0) -> None:
    """Wait until `condition()` holds; fail after `seconds`."""
    assert callable(condition)
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the condition lives in another process or server
            await asyncio.sleep(0.02)
