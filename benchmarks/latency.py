"""How long from the first response that holds a new item until its alert's webhook is accepted, by the real daemon."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from feed_farm import Farm
from product import daemon, named, write_config

START_SECONDS = 60
WAVE_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Seconds, of all items of all waves; `lost` items had no webhook when the wave's time was up."""

    p50: float | None
    p95: float | None
    slowest: float | None
    items: int
    lost: int


def measure_latency(folder: Path, *, feeds: int, waves: int) -> Latency:
    """Let `feeds` feeds publish one item each at the same moment, `waves` times.

    Every item matches, and no two resemble each other: each is a story and an alert of its own.
    """
    with Farm(feeds) as farm:
        config = write_config(folder, named(farm.urls), interval=1, hook=farm.hook)
        with daemon(config) as process:
            # Twice each: after its baseline, a feed is in its ordinary rhythm.
            _until(lambda: min(farm.call("report")["requests"]) >= 2, START_SECONDS, process.poll, folder)
            for wave in range(1, waves + 1):
                farm.call("publish", distinct=True)
                deadline = time.monotonic() + WAVE_SECONDS
                while _accepted(farm) < wave * feeds and time.monotonic() < deadline:
                    time.sleep(0.05)
            arrivals = farm.call("arrivals")
    waits = sorted(wait for wait in arrivals.values() if wait is not None)
    return Latency(
        p50=_percentile(waits, 50),
        p95=_percentile(waits, 95),
        slowest=waits[-1] if waits else None,
        items=waves * feeds,
        lost=waves * feeds - len(waits),
    )


def _accepted(farm: Farm) -> int:
    return sum(wait is not None for wait in farm.call("arrivals").values())


def _until(
    condition: Callable[[], bool], seconds: float, ended: Callable[[], int | None], folder: Path
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if ended() is not None or time.monotonic() > deadline:
            log = (folder / "daemon.log").read_text(encoding="utf-8", errors="replace")
            sys.exit(
                f"the daemon did not poll all feeds within {seconds} s; the end of its log:\n{log[-3000:]}"
            )
        time.sleep(0.1)


def _percentile(ordered: list[float], percent: int) -> float | None:
    """Nearest rank."""
    return ordered[ceil(len(ordered) * percent / 100) - 1] if ordered else None
