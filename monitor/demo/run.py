"""Runs the demonstration: the stage, the daemon as it runs in production, and the timeline of what happens.

It decides nothing about feeds or alerts; it starts, watches, and says at the end whether all went as recorded.
"""

import asyncio
import contextlib
import io
import math
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from monitor.config import load_settings
from monitor.daemon import run_daemon
from monitor.demo.expectations import Report
from monitor.demo.stage import DemoStage
from monitor.demo.timeline import Timeline
from monitor.logs import configure_logs

GIVE_UP_SECONDS = 75.0  # a whole run takes about 20; a slow machine gets its time, a hanging one an end
LINGER_SECONDS = 2.0  # after the last expected alert: time for one that nobody expects
_SETTLE_SECONDS = 0.5
_TICK = 0.2


async def run_demo(folder: Path | None, *, exit_when_done: bool, out: TextIO) -> int:
    """Run the whole product on loopback and write a timeline to `out`; return the exit code.

    `folder` (a new temporary one if None) keeps configuration, database and mails. With `exit_when_done` it ends by
    itself, with 0 only when every expected alert, and no other, has arrived on both channels, else 1; without, it
    runs until interrupted. Raises Refused when the folder holds an earlier run.
    """
    folder = folder or Path(tempfile.mkdtemp(prefix="monitor-demo-"))
    stop = asyncio.Event()
    if isinstance(out, io.TextIOWrapper):
        out.reconfigure(errors="replace")  # a terminal without Spanish letters must not end the run
    async with DemoStage(folder) as stage:
        timeline = Timeline({each.slug: each.title for each in stage.recordings}, color=out.isatty())
        configure_logs(renderer=timeline, stream=out)
        _say(out, *_heading(stage, exit_when_done=exit_when_done))
        # The demonstration is the same for everybody: no variable of the user's environment takes part.
        settings = load_settings(stage.config_path, {})
        with _interrupts(stop):
            daemon = asyncio.create_task(run_daemon(settings, stop=stop, console=out))
            try:
                await _watch(stage, daemon, stop, timeline, exit_when_done=exit_when_done, out=out)
            finally:
                interrupted = stop.is_set()
                stop.set()
                code = await daemon
        report = stage.report()
        _say(out, *_summary(stage, report, interrupted=interrupted))
    if code or not exit_when_done:
        return code
    return 0 if report.ok else 1


async def _watch(
    stage: DemoStage,
    daemon: "asyncio.Task[int]",
    stop: asyncio.Event,
    timeline: Timeline,
    *,
    exit_when_done: bool,
    out: TextIO,
) -> None:
    """Wait until the run is over: finished, given up, interrupted, or the daemon ended."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    begun, done_at, told = False, math.inf, False
    while not (daemon.done() or stop.is_set()):
        await asyncio.wait({daemon}, timeout=_TICK)
        now = loop.time()
        if stage.feeds.began_at and not begun:
            begun = True
            _say(out, timeline.note("live", "every feed has been read twice; new items appear from now on"))
        if stage.finished():
            done_at = min(done_at, now)
        # Said a little later, so that the daemon's own line about the last delivery comes first.
        if now > done_at + _SETTLE_SECONDS and not told:
            told = True
            _say(out, timeline.note("complete", "everything that was expected has arrived"))
            if not exit_when_done:
                _say(
                    out,
                    f"\nThe feeds are quiet from now on. The pages stay at {stage.web_url}; Ctrl-C ends.\n",
                )
        if exit_when_done and (now > done_at + LINGER_SECONDS or now > started + GIVE_UP_SECONDS):
            return


@contextlib.contextmanager
def _interrupts(stop: asyncio.Event) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the run in order."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _heading(stage: DemoStage, *, exit_when_done: bool) -> list[str]:
    outlets = ", ".join(f"{each.title} ({each.language}, {each.format})" for each in stage.recordings)
    end = "ends by itself" if exit_when_done else "runs until Ctrl-C"
    return [
        f"news-monitor demonstration: nothing leaves this machine; {end}",
        f"  feeds     {outlets}",
        f"  watchlist {stage.watchlist}",
        f"  pages     {stage.web_url}",
        f"  webhooks  {stage.receiver.url} (checks every signature; turns one away, to show a retry)",
        f"  mails     {stage.mails_dir}",
        f"  config    {stage.config_path}",
        f"  expected  {len(stage.expected)} alerts on each channel",
        "",
    ]


def _summary(stage: DemoStage, report: Report, *, interrupted: bool) -> list[str]:
    counts = ", ".join(f"{got} of {report.expected} by {channel}" for channel, got in report.arrived.items())
    refused = sum(request.status == 503 for request in stage.receiver.requests)
    bad = sum(request.status == 401 for request in stage.receiver.requests)
    unchanged = sum(request.status == 304 for request in stage.feeds.requests)
    faulty = sum(request.status >= 500 for request in stage.feeds.requests)
    lines = [
        "",
        f"alerts    {counts}",
        f"webhooks  {len(stage.receiver.requests)} requests, {refused} turned away for the moment, {bad} badly signed",
        f"polls     {len(stage.feeds.requests)} requests, {unchanged} unchanged (304), {faulty} server faults",
        f"mails     {len(stage.mailbox.mails)} kept in {stage.mails_dir}",
    ]
    if interrupted and not stage.finished():
        return [*lines, "result    ended before the run was over; what is missing was still to come"]
    if report.ok:
        return [*lines, "result    every expected alert, and no other, has arrived on both channels"]
    return [*lines, "result    not as expected:", *(f"  {line}" for line in report.lines)]


def _say(out: TextIO, *lines: str) -> None:
    out.writelines(line + "\n" for line in lines)
    out.flush()
