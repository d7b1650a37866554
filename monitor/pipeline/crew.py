"""A bounded set of running tasks, with an orderly end.

It bounds and waits; it does not queue: whoever starts work asks `free` first and takes only that much.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Crew:
    """At most `size` tasks at a time; a task's unexpected exception surfaces in the loop's exception handler."""

    def __init__(self, size: int, *, name: str) -> None:
        self._size = size
        self._name = name
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def free(self) -> int:
        """How many more tasks may start now."""
        return max(0, self._size - len(self._tasks))

    @property
    def busy(self) -> int:
        """How many tasks are running."""
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` as a task of this crew."""
        task = asyncio.create_task(work, name=self._name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"a {self._name} task failed", "exception": error, "task": task}
            )

    async def drain(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - cancels what is left over
        """Wait until all tasks have ended, and those that they start; after `timeout` seconds cancel the rest."""
        end = None if timeout is None else asyncio.get_running_loop().time() + timeout
        while self._tasks:
            left = None if end is None else max(0.0, end - asyncio.get_running_loop().time())
            _, late = await asyncio.wait(set(self._tasks), timeout=left)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
