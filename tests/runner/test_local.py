"""The local runner: woken stages run at once, ticks are the net, a failing stage goes on, stop is orderly."""

import asyncio
from collections import Counter

import pytest
from structlog.testing import capture_logs

from monitor.errors import StoreFull
from monitor.pipeline import Stage
from monitor.runner import LocalRunner
from monitor.runner import local as local_runner


class Recorder:
    def __init__(self) -> None:
        self.runs: Counter[str] = Counter()
        self.ran = asyncio.Event()
        self.fail_first = False
        self.overlap = False
        self._inside = False

    async def work(self) -> None:
        self.overlap |= self._inside
        self._inside = True
        self.runs["work"] += 1
        await asyncio.sleep(0)
        self._inside = False
        self.ran.set()
        if self.fail_first and self.runs["work"] == 1:
            raise RuntimeError("broken once")

    async def idle(self) -> None:
        self.runs["idle"] += 1


def runner(recorder: Recorder) -> LocalRunner:
    return LocalRunner(
        {Stage.DISPATCH: recorder.work}, heartbeat=recorder.idle, hourly={"tidy": recorder.idle}
    )


async def again(recorder: Recorder) -> None:
    recorder.ran.clear()
    await asyncio.wait_for(recorder.ran.wait(), 10)


async def test_a_stage_runs_at_start_and_whenever_it_is_woken() -> None:
    recorder = Recorder()
    local = runner(recorder)
    local.start()
    await again(recorder)
    local.wake(Stage.DISPATCH)
    await again(recorder)
    await local.stop()
    assert recorder.runs["work"] == 2
    assert not recorder.overlap


async def test_waking_a_stage_that_the_runner_does_not_have_is_harmless() -> None:
    local = runner(Recorder())
    local.wake(Stage.SEND)


async def test_a_tick_runs_a_stage_that_nobody_woke() -> None:
    recorder = Recorder()
    local = LocalRunner({Stage.POLL: recorder.work}, heartbeat=recorder.idle, hourly={"tidy": recorder.idle})
    local.start()
    await again(recorder)
    await again(recorder)
    await local.stop()
    assert recorder.runs["work"] >= 2


async def test_a_failing_stage_runs_again() -> None:
    recorder = Recorder()
    recorder.fail_first = True
    local = runner(recorder)
    local.start()
    await again(recorder)
    local.wake(Stage.DISPATCH)
    await again(recorder)
    await local.stop()
    assert recorder.runs["work"] == 2


async def test_a_refusal_of_the_store_is_told_without_a_traceback_and_tried_again() -> None:
    ran, ran_twice = asyncio.Event(), asyncio.Event()

    async def full() -> None:
        (ran_twice if ran.is_set() else ran).set()
        raise StoreFull("the disk is full")

    local = LocalRunner({Stage.DISPATCH: full}, heartbeat=full, hourly={"tidy": full})
    with capture_logs() as logs:
        local.start()
        await asyncio.wait_for(ran.wait(), 10)
        local.wake(Stage.DISPATCH)
        await asyncio.wait_for(ran_twice.wait(), 10)
        await local.stop()
    assert logs[0] == {
        "event": "stage.failed",
        "stage": "dispatch",
        "reason": "the disk is full",
        "log_level": "error",
    }


async def test_nothing_runs_after_stop() -> None:
    recorder = Recorder()
    local = runner(recorder)
    local.start()
    await again(recorder)
    await local.stop()
    local.wake(Stage.DISPATCH)
    await asyncio.sleep(0.05)
    assert recorder.runs["work"] == 1
    await local.stop()


async def test_hubs_are_seen_to_in_their_own_time_if_anybody_wants_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(local_runner, "MINUTE_SECONDS", 0.05)
    recorder = Recorder()
    with_hubs = LocalRunner({}, heartbeat=recorder.idle, hourly={}, minutely={"push": recorder.work})
    with_hubs.start()
    await again(recorder)
    await with_hubs.stop()
    assert not recorder.overlap


async def test_work_that_the_stop_cuts_short_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_runner, "MINUTE_SECONDS", 0.05)
    begun = asyncio.Event()
    cut = asyncio.Event()

    async def long_work() -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            cut.set()

    recorder = Recorder()
    local = LocalRunner({}, heartbeat=recorder.idle, hourly={}, minutely={"archive": long_work})
    with capture_logs() as logged:
        local.start()
        await asyncio.wait_for(begun.wait(), 10)
        await local.stop()
        await asyncio.wait_for(cut.wait(), 10)
        await asyncio.sleep(0.05)
    assert logged == []
