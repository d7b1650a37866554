"""Our own product as the benchmarks run it: a configuration folder, an App that polls once per command, a daemon.

The App is production's, with the shipped watchlist, a durable store and the daemon's log (to a file). Only its
runner is replaced, so that a round has an end that can be measured. The variable BENCH_WATCHLIST names another
watchlist (tests take a small one, which starts faster).
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from monitor.app import App
from monitor.config import Settings, load_settings
from monitor.daemon import bring_up
from monitor.demo.stage import shipped_watchlist
from monitor.desk.feeds import list_feeds, poll_now
from monitor.logs import configure_logs

ROOT = Path(__file__).parent.parent
ONE_ROUND = 3600  # seconds: no feed is due twice while a round is measured
_HOOK = """
[[subscriber]]
slug = "bench"
name = "Bench"

[[channel]]
slug = "bench-hook"
kind = "webhook"
url = {url}
secret = {{ file = "webhook.secret" }}

[[subscription]]
slug = "bench-all"
subscriber = "bench"
channel = "bench-hook"
"""


def write_config(
    folder: Path,
    feeds: Mapping[str, str],
    *,
    interval: int = ONE_ROUND,
    hook: str | None = None,
    fetch: Mapping[str, Any] | None = None,
) -> Path:
    """Write a configuration for feeds (slug to URL, in this order) and return the settings file's path.

    Host spacing is 0, and the request budget so large that every feed is polled at the floor, which is `interval` in
    seconds; `fetch` holds more settings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {
        "min_interval_seconds": interval,
        "requests_per_feed_hour": 3600,
        "host_spacing_seconds": 0,
        "allow_networks": ["127.0.0.0/8"],
        **(fetch or {}),
    }
    sections: dict[str, Mapping[str, Any]] = {
        "service": {"contact": "bench@localhost"},
        "store": {"state_dir": str(folder / "state")},
        "fetch": options,
        "web": {"enabled": False},
        "files": {
            "watchlists": [os.environ.get("BENCH_WATCHLIST") or str(shipped_watchlist())],
            "feeds": ["feeds.toml"],
            "recipients": ["recipients.toml"] if hook else [],
        },
        "log": {"format": "json"},
    }
    text = "\n".join(_table(f"[{name}]", values) for name, values in sections.items())
    (folder / "monitor.toml").write_text(text, encoding="utf-8")
    tables = (_table("[[feed]]", {"slug": slug, "url": url}) for slug, url in feeds.items())
    (folder / "feeds.toml").write_text("\n".join(tables), encoding="utf-8")
    if hook:
        (folder / "recipients.toml").write_text(_HOOK.format(url=json.dumps(hook)), encoding="utf-8")
        secret = folder / "webhook.secret"
        secret.touch(mode=0o600)
        secret.write_text("whsec_bmV3cy1tb25pdG9yLWJlbmNobWFyay1zZWNyZXQhIQ==\n", encoding="utf-8")
    return folder / "monitor.toml"


def named(urls: Sequence[str]) -> dict[str, str]:
    """Give each address a slug by its place."""
    return {f"paper-{number}": url for number, url in enumerate(urls)}


def _table(head: str, values: Mapping[str, Any]) -> str:
    # JSON's strings, numbers, booleans and arrays of strings are TOML's, too.
    return "".join([f"{head}\n", *(f"{key} = {json.dumps(value)}\n" for key, value in values.items())])


class Ours:
    """The App, polled on command."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._woken = asyncio.Event()
        app.on_wake(lambda _: self._woken.set())
        self._slugs: list[str] = []

    def facts(self) -> dict[str, Any]:
        """Tell what the table must say of how we ran."""
        fetch = self.app.settings.fetch
        return {
            "concurrency": fetch.concurrency,
            "per_host": fetch.per_host,
            "host_spacing": fetch.host_spacing_seconds,
            "total_timeout": fetch.total_timeout_seconds,
        }

    async def due(self) -> None:
        """Make every feed due."""
        if not self._slugs:
            self._slugs = [line.slug for line in await list_feeds(self.app) if line.enabled]
        await poll_now(self.app, self._slugs)

    async def poll(self) -> None:
        """Poll what is due to the end, refilling slots as they become free, as the runner does."""
        poller = self.app.poller
        while True:
            self._woken.clear()
            claimed = await poller.fill()
            if not claimed and not poller.crew.busy:
                return
            if poller.crew.busy:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), 1.0)

    async def dispatch(self) -> None:
        await self.app.dispatch()

    async def lines(self) -> list[dict[str, Any]]:
        """List the feeds with their states and reasons as plain data."""
        return [
            {
                name: value if isinstance(value, str | bool) else str(value)
                for name, value in asdict(line).items()
            }
            for line in await list_feeds(self.app)
        ]


@contextlib.asynccontextmanager
async def opened(config: Path) -> Any:
    """Open the App on a configuration with its files applied, and log to a file beside it."""
    settings: Settings = load_settings(config, {})
    with (config.parent / "monitor.log").open("a", encoding="utf-8") as log:
        configure_logs(style="json", level=settings.log.level, stream=log)
        async with await App.open(settings, console=log) as app:
            await bring_up(app)
            yield Ours(app)


@contextmanager
def daemon(config: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the real daemon until the block ends; its log is daemon.log beside the configuration."""
    with (config.parent / "daemon.log").open("wb") as log:
        command = [sys.executable, "-m", "monitor", "run", "--config", str(config)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
