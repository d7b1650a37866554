"""The daemon for minutes on end: a fifth of its feeds is hostile, and neither memory nor anything else may grow.

    make bench-soak ARGS="--minutes 10"

The real daemon (what `monitor run` runs, in a process of its own, which also counts its asyncio tasks once a second)
polls good feeds that publish all the time and hostile ones of every kind. Sampled from outside: memory of the whole
tree, open files, threads, children, how long any good feed has been overdue. The minutes begin when every good feed
was polled once; their first quarter is warm-up; of the rest, the last third is held against the first.
"""

import argparse
import asyncio
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feed_farm import Farm
from hostility import KINDS
from process_tree import cpu_seconds, open_files, status_mib, thread_count, tree
from product import named, write_config
from table import Goal, finish, print_rows

PUBLISH_EVERY = 2.0  # seconds
PUBLISH_SHARE = 0.02  # of the good feeds, each time others
TASKS_FILE = "tasks"
HOSTILE_ADDRESSES = 100
READY_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look at the daemon; sizes in MiB, times in seconds."""

    at: float
    main_mib: float
    tree_mib: float
    files: int
    threads: int
    children: int
    tasks: int
    overdue: float


def look(pid: int, folder: Path, *, at: float) -> Sample:
    """Sample the daemon once."""
    pids = tree(pid)
    tasks = 0
    with suppress(OSError, ValueError):
        tasks = int((folder / TASKS_FILE).read_text())
    return Sample(
        at=at,
        main_mib=status_mib(pid, "VmRSS"),
        tree_mib=sum(status_mib(each, "VmRSS") for each in pids),
        files=open_files(pid),
        threads=thread_count(pid),
        children=len(pids) - 1,
        tasks=tasks,
        overdue=overdue_seconds(folder / "state" / "monitor.db"),
    )


def overdue_seconds(database: Path) -> float:
    """Tell for how long the most neglected good feed has been due, in seconds; 0 when none is."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as reading:
        ((earliest,),) = reading.execute(
            "SELECT min(next_poll_at) FROM feeds WHERE enabled = 1 AND slug LIKE 'paper-%'"
        )
        return max(0.0, time.time() - earliest / 1e6) if earliest else 0.0
    return 0.0


def soak(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run the daemon on its feeds for the time given; return what was sampled and counted."""
    hostile = round(options.feeds * options.hostile)
    kinds = list(KINDS)
    with Farm(options.feeds - hostile, hostile_addresses=HOSTILE_ADDRESSES) as farm:
        farm.call("arm")
        feeds = named(farm.urls)
        # Consecutive numbers of one kind, so that hosts hold a mix of kinds.
        feeds |= {f"bad-{n}": farm.hostile_url(kinds[n % len(kinds)], n) for n in range(hostile)}
        config = write_config(
            folder,
            feeds,
            interval=options.interval,
            hook=farm.hook,
            fetch={"total_timeout_seconds": options.timeout, "concurrency": options.concurrency},
        )
        with (folder / "daemon.log").open("wb") as log:
            command = [sys.executable, __file__, "--daemon", str(config)]
            process = subprocess.Popen(command, stdout=log, stderr=log)
            try:
                samples = _watch(process, folder, farm, seconds=options.minutes * 60)
                cpu, report = cpu_seconds(process.pid), farm.call("report")
            finally:
                process.terminate()
                code = process.wait(60)
    return {"samples": samples, "cpu": cpu, "report": report, "exit_code": code, "errors": _errors(folder)}


def _watch(process: "subprocess.Popen[bytes]", folder: Path, farm: Farm, *, seconds: float) -> list[Sample]:
    ready = time.monotonic() + READY_SECONDS
    while not all(farm.call("report")["requests"]):
        if process.poll() is not None or time.monotonic() > ready:
            sys.exit(f"the daemon has not polled every good feed once:\n{_log_end(folder)}")
        time.sleep(0.2)
    farm.call("clear")
    started = published = time.monotonic()
    samples: list[Sample] = []
    every = round(1 / PUBLISH_SHARE)
    wave = 0
    while (now := time.monotonic()) - started < seconds:
        if now - published >= PUBLISH_EVERY:
            farm.call("publish", share=PUBLISH_SHARE, offset=wave % every)
            published, wave = now, wave + 1
        if process.poll() is not None:
            sys.exit(f"the daemon ended by itself:\n{_log_end(folder)}")
        samples.append(look(process.pid, folder, at=now - started))
        time.sleep(min(1.0, seconds / 20))
    return samples


def _log_end(folder: Path) -> str:
    return (folder / "daemon.log").read_text(encoding="utf-8", errors="replace")[-3000:]


def _errors(folder: Path) -> dict[str, int]:
    """Count what the log calls an error, by event, and what is no log line at all (a traceback)."""
    found: Counter[str] = Counter()
    with (folder / "daemon.log").open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                found["not a log line"] += 1
                continue
            if event.get("level") in {"error", "critical"}:
                found[event["event"]] += 1
    return dict(found)


def judge(measured: dict[str, Any], options: argparse.Namespace) -> tuple[dict[str, Any], list[Goal]]:
    """Fit and compare; return figures and goals."""
    steady = [each for each in measured["samples"] if each.at >= options.minutes * 60 / 4]
    third = max(1, len(steady) // 3)
    first, last = steady[:third], steady[-third:]
    polls = measured["report"]["requests"]
    trend = {
        what: {"first": _middle(first, what), "last": _middle(last, what), "most": max(_all(steady, what))}
        for what in ("main_mib", "tree_mib", "files", "threads", "children", "tasks", "overdue")
    }
    slope = 0.0
    if len(steady) > 1:
        slope = 60 * statistics.linear_regression(_all(steady, "at"), _all(steady, "main_mib")).slope
    figures = {
        "benchmark": "soak",
        "minutes": options.minutes,
        "feeds": options.feeds,
        "hostile_share": options.hostile,
        "interval": options.interval,
        "total_timeout": options.timeout,
        "cpu": measured["cpu"],
        "trend": trend,
        "slope_mib_per_minute": slope,
        "polls": {
            "total": sum(polls),
            "least": min(polls),
            "median": statistics.median(polls),
            "most": max(polls),
        },
        "longest_gap": max(measured["report"]["gaps"]),
        "hostile_requests": measured["report"]["hostile"],
        "errors": measured["errors"],
        "exit_code": measured["exit_code"],
    }
    growth = {what: trend[what]["last"] - trend[what]["first"] for what in ("files", "threads", "tasks")}
    return figures, [
        Goal(
            name="memory, last third / first",
            value=trend["tree_mib"]["last"] / trend["tree_mib"]["first"],
            limit=1.05,
        ),
        Goal(name="slope of the main process", value=slope, limit=0.5, unit="MiB/min"),
        Goal(name="more open files", value=growth["files"], limit=5),
        Goal(name="more threads", value=growth["threads"], limit=2),
        Goal(name="more asyncio tasks", value=growth["tasks"], limit=10),
        Goal(name="longest a good feed was overdue", value=trend["overdue"]["most"], limit=30, unit="s"),
        Goal(
            name=f"good feeds with under {options.least} polls",
            value=sum(each < options.least for each in polls),
            limit=0,
        ),
        Goal(name="errors in the log", value=sum(measured["errors"].values()), limit=0),
    ]


def _all(samples: Sequence[Sample], what: str) -> list[float]:
    return [float(getattr(each, what)) for each in samples]


def _middle(samples: Sequence[Sample], what: str) -> float:
    return statistics.median(_all(samples, what))


def show(figures: dict[str, Any]) -> None:
    """Print trend and counts."""
    polls = figures["polls"]
    print(
        f"{figures['minutes']:g} minutes, {figures['feeds']} feeds ({figures['hostile_share']:.0%} hostile), floor "
        f"{figures['interval']} s, host spacing 0, total_timeout_seconds = {figures['total_timeout']:g}.\n"
        f"Good feeds were polled {polls['total']} times: each {polls['least']} to {polls['most']} times (median "
        f"{polls['median']:g}), with at most {figures['longest_gap']:.0f} s between two. "
        f"CPU {figures['cpu']:.0f} s. Hostile answers: {figures['hostile_requests']}\n"
    )
    print_rows(
        ("", "first third", "last third", "most"),
        [(what, each["first"], each["last"], each["most"]) for what, each in figures["trend"].items()],
    )


async def _daemon(config: Path) -> int:
    """Be the daemon, and count its tasks beside it."""
    from monitor.config import load_settings  # noqa: PLC0415 - only the daemon's process needs the product
    from monitor.daemon import run_daemon  # noqa: PLC0415
    from monitor.logs import configure_logs  # noqa: PLC0415

    settings = load_settings(config, {})
    configure_logs(style=settings.log.format, level=settings.log.level)
    counting = asyncio.create_task(_count_tasks(config.parent / TASKS_FILE))
    try:
        return await run_daemon(settings, stop=asyncio.Event(), install_signals=True)
    finally:
        counting.cancel()


async def _count_tasks(file: Path) -> None:
    while True:
        file.write_text(str(len(asyncio.all_tasks())))  # noqa: ASYNC240 - some bytes a second
        await asyncio.sleep(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--hostile", type=float, default=0.2, help="the share of hostile feeds")
    parser.add_argument("--interval", type=int, default=30, help="[fetch] min_interval_seconds")
    parser.add_argument("--timeout", type=float, default=5.0, help="[fetch] total_timeout_seconds")
    parser.add_argument("--concurrency", type=int, default=32, help="[fetch] concurrency")
    parser.add_argument("--least", type=int, default=2, help="polls that every good feed must get")
    parser.add_argument("--daemon", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.daemon:
        sys.exit(asyncio.run(_daemon(options.daemon)))
    with tempfile.TemporaryDirectory(prefix="bench-soak-") as folder:
        figures, goals = judge(soak(Path(folder), options), options)
    show(figures)
    finish(figures, goals)


if __name__ == "__main__":
    main()
