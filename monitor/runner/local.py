"""The local runner: one process, APScheduler in memory, a handful of jobs.

The feeds and deliveries tables are the schedule; jobs only look. Each stage has one loop that runs when it is
woken, by a commit (at once) or by its tick (the safety net), so a stage never runs twice at the same time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from monitor.errors import MonitorError
from monitor.pipeline import Stage

log = structlog.get_logger()

TICK_SECONDS: Mapping[Stage, float] = {
    Stage.POLL: 1.0,
    Stage.READ: 1.0,
    Stage.DISPATCH: 5.0,
    Stage.RELEASE: 10.0,
    Stage.SEND: 1.0,
    Stage.SURGE: 60.0,
}
HEARTBEAT_SECONDS = 15
MINUTE_SECONDS = 60
HOUR_SECONDS = 3600
RETRY_SECONDS = 1.0  # times the failures in a row, up to MAX_RETRIES of them
MAX_RETRIES = 30

Work = Callable[[], Awaitable[object]]


class LocalRunner:
    """Runs `stages` when woken and at every tick, `heartbeat` every few seconds, other work by its name and period."""

    def __init__(
        self,
        stages: Mapping[Stage, Work],
        *,
        heartbeat: Work,
        hourly: Mapping[str, Work],
        minutely: Mapping[str, Work] | None = None,
    ) -> None:
        self._stages = dict(stages)
        self._woken = {stage: asyncio.Event() for stage in stages}
        self._heartbeat = heartbeat
        self._hourly = dict(hourly)
        self._minutely = dict(minutely or {})
        self._loops: list[asyncio.Task[None]] = []
        self._scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def wake(self, stage: Stage) -> None:
        """Let a stage run now; safe to call before `start` and after `stop`."""
        event = self._woken.get(stage)
        if event is not None:
            event.set()

    def start(self) -> None:
        """Start the loops and the scheduler; every stage runs once right away."""
        for stage, work in self._stages.items():
            self.wake(stage)
            self._loops.append(asyncio.create_task(self._loop(stage, work), name=f"stage:{stage}"))
            self._scheduler.add_job(
                self.wake, "interval", [stage], seconds=TICK_SECONDS[stage], id=stage.value
            )
        self._scheduler.add_job(self._heartbeat, "interval", seconds=HEARTBEAT_SECONDS, id="heartbeat")
        for name, work in self._minutely.items():
            self._scheduler.add_job(work, "interval", seconds=MINUTE_SECONDS, id=name)
        for name, work in self._hourly.items():
            self._scheduler.add_job(work, "interval", seconds=HOUR_SECONDS, id=name, jitter=60)
        self._scheduler.add_listener(_report, EVENT_JOB_ERROR | EVENT_JOB_MISSED)
        self._scheduler.start()

    async def stop(self) -> None:
        """Stop ticking and end the loops; work that the stages started goes on until its owner drains it."""
        if self._scheduler.running:
            self._scheduler.pause()
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def _loop(self, stage: Stage, work: Work) -> None:
        event, failures = self._woken[stage], 0
        while True:
            await event.wait()
            event.clear()
            try:
                await work()
            except MonitorError as error:  # a full disk, say: no fault of ours, and no traceback a second
                log.error("stage.failed", stage=stage.value, reason=str(error))
                await asyncio.sleep(RETRY_SECONDS * min(failures := failures + 1, MAX_RETRIES))
            except Exception:
                log.exception("stage.failed", stage=stage.value)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                failures = 0


def _report(event: JobExecutionEvent) -> None:
    if isinstance(event.exception, asyncio.CancelledError):
        return  # cut short by our own stop
    log.error("job.failed", job=event.job_id, error=repr(event.exception) if event.exception else "missed")
