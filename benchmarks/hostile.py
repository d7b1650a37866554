"""A hundred good feeds among twelve hostile ones: every good one is done, in time, in bounded memory.

    make bench-hostile
    make bench-hostile ARGS="--rounds 1 --timeout 5"

One cold poll of all feeds, once without and once with the hostile ones, each in a fresh process. Memory is the whole
tree's: the highest sum of what its processes ever held (VmHWM), so no short spike is missed; the highest sum of
resident sizes at one moment stands beside it. Hostile servers have addresses of their own; one good feed more or
less is a failure, a hostile one must end with a reason.
"""

import argparse
import random
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contestants import Contestant
from feed_farm import Farm
from hostility import KINDS
from process_tree import MemoryWatch
from product import named, write_config
from table import Goal, finish, print_rows

WALL_SECONDS = 25
SEED = 20
NOT_DONE = {"waiting", "failing", "retired", "off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One poll of all feeds: seconds, MiB, good feeds that were read, and what became of the hostile ones."""

    wall: float
    cpu: float
    peak_mib: float
    resident_mib: float
    good: int
    outcomes: dict[str, str]


def poll_mix(folder: Path, farm: Farm, *, hostile: bool, timeout: float, seed: int) -> Run:
    """Poll the good feeds once, shuffled among the hostile ones if wanted."""
    feeds = named(farm.urls)
    if hostile:
        feeds |= {kind: farm.hostile_url(kind, place) for place, kind in enumerate(KINDS)}
    order = list(feeds.items())
    random.Random(seed).shuffle(order)
    write_config(folder, dict(order), fetch={"total_timeout_seconds": timeout})
    farm.call("reset")
    with Contestant("ours", folder, farm.urls) as ours:
        ours.ask("due")
        with MemoryWatch(pid=ours.pid) as memory:
            cost = ours.measure("poll")
        lines = {line["slug"]: line for line in ours.ask("lines")}
    return Run(
        wall=cost.wall,
        cpu=cost.cpu,
        peak_mib=memory.peaks,
        resident_mib=memory.rss,
        good=sum(lines[slug]["state"] not in NOT_DONE for slug in named(farm.urls)),
        outcomes={
            kind: f"{lines[kind]['state']}: {lines[kind]['reason']}" for kind in KINDS if kind in lines
        },
    )


def measure(folder: Path, *, feeds: int, rounds: int, timeout: float) -> tuple[dict[str, Any], list[Goal]]:
    """Take turns between the healthy and the hostile run; return figures and goals."""
    healthy: list[Run] = []
    mixed: list[Run] = []
    with Farm(feeds, hostile_addresses=len(KINDS)) as farm:
        farm.call("arm")
        for number in range(rounds):
            for runs, hostile in ((healthy, False), (mixed, True)):
                place = folder / f"{'mixed' if hostile else 'healthy'}-{number}"
                runs.append(poll_mix(place, farm, hostile=hostile, timeout=timeout, seed=SEED + number))
    show(healthy, mixed, timeout=timeout)
    told = mixed[-1].outcomes.values()
    ratio = _median(mixed, "peak_mib") / _median(healthy, "peak_mib")
    figures = {
        "benchmark": "hostile",
        "feeds": feeds,
        "rounds": rounds,
        "total_timeout": timeout,
        "healthy": _figures(healthy),
        "mixed": _figures(mixed),
        "memory_ratio": ratio,
        "outcomes": mixed[-1].outcomes,
    }
    return figures, [
        Goal(name="good feeds not done", value=feeds - min(run.good for run in mixed), limit=0),
        Goal(name="slowest wall", value=max(run.wall for run in mixed), limit=WALL_SECONDS, unit="s"),
        Goal(name="peak memory / healthy run", value=ratio, limit=1.3),
        Goal(
            name="hostile feeds without a reason",
            value=sum(outcome.startswith("waiting") or outcome.endswith(": ") for outcome in told),
            limit=0,
        ),
    ]


def _median(runs: list[Run], what: str) -> float:
    return statistics.median(getattr(run, what) for run in runs)


def _figures(runs: list[Run]) -> dict[str, float]:
    return {what: _median(runs, what) for what in ("wall", "cpu", "peak_mib", "resident_mib", "good")}


def show(healthy: list[Run], mixed: list[Run], *, timeout: float) -> None:
    """Print both runs, and what became of each hostile feed."""
    print(f"total_timeout_seconds = {timeout:g}; medians of {len(mixed)} rounds; host spacing 0.\n")
    names = ("good feeds done", "wall s", "CPU s", "peak MiB", "resident MiB")
    keys = ("good", "wall", "cpu", "peak_mib", "resident_mib")
    print_rows(
        ("", "healthy", "with hostile"),
        [(name, _median(healthy, key), _median(mixed, key)) for name, key in zip(names, keys, strict=True)],
    )
    print()
    width = max(map(len, KINDS))
    for kind, outcome in mixed[-1].outcomes.items():
        print(f"{kind.ljust(width)}  {KINDS[kind]}\n{' ' * width}  -> {outcome}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--feeds", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=10.0, help="[fetch] total_timeout_seconds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-hostile-") as folder:
        figures, goals = measure(
            Path(folder), feeds=options.feeds, rounds=options.rounds, timeout=options.timeout
        )
    finish(figures, goals)


if __name__ == "__main__":
    main()
