"""A crew runs at most its size, and ends in order."""

import asyncio
from typing import Any

from monitor.pipeline.crew import Crew


async def test_a_crew_knows_how_many_more_it_can_take() -> None:
    crew, gate = Crew(2, name="test"), asyncio.Event()

    async def work() -> None:
        await gate.wait()

    assert (crew.free, crew.busy) == (2, 0)
    crew.start(work())
    assert (crew.free, crew.busy) == (1, 1)
    crew.start(work())
    assert crew.free == 0
    gate.set()
    await crew.drain()
    assert (crew.free, crew.busy) == (2, 0)


async def test_draining_waits_for_work_and_then_cancels_what_is_late() -> None:
    crew, ended = Crew(2, name="test"), []

    async def quick() -> None:
        await asyncio.sleep(0.01)
        ended.append("quick")

    async def stuck() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    crew.start(quick())
    crew.start(stuck())
    await crew.drain(timeout=0.1)
    assert ended == ["quick", "cancelled"]
    assert crew.busy == 0


async def test_a_failing_task_is_told_to_the_loop_and_frees_its_slot() -> None:
    crew, told = Crew(1, name="test"), list[dict[str, Any]]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    async def fail() -> None:
        raise RuntimeError("broken")

    crew.start(fail())
    await crew.drain()
    assert crew.free == 1
    assert "test task failed" in told[0]["message"]
