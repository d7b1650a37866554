"""A few parser children, so that a hostile document costs one process and not the daemon.

Each child serves one task on one document at a time. One that outlasts the wall clock is killed, one that dies (CPU
or memory limit, a crash in a C library) is replaced, and the caller is told why. Documents wait for a free child; a
cancelled caller's child is killed too, since its answer would reach the wrong one.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import monitor
from monitor.errors import MonitorError
from monitor.fetch.document import Parsed, from_wire
from monitor.fetch.wire import LENGTHS, MAX_REPLY, OUT_OF_MEMORY, frame
from monitor.model import Outcome

_START_SECONDS = 60.0
_DOCUMENTS_PER_CHILD = 1000  # then it is replaced, whatever its libraries may have leaked


class ParserUnavailable(MonitorError):  # noqa: N818 - read as a state
    """No parser child can be started, or the pool is closed; says nothing about any document."""


class TaskKilled(MonitorError):  # noqa: N818 - read as a state
    """A document outlasted or killed the child that worked on it; the message says which, and at what limit."""


class ParserPool:
    """Works on documents in at most `workers` children, started when first needed.

    `cpu_seconds` and `wall_seconds` bound one document, `memory_bytes` one child's address space.
    """

    def __init__(
        self,
        workers: int,
        *,
        cpu_seconds: float = 5,
        memory_bytes: int = 1024**3,
        wall_seconds: float = 10,
    ) -> None:
        self._slots = asyncio.Semaphore(workers)
        self._idle: list[_Child] = []
        self._all: set[_Child] = set()
        self._limits = (memory_bytes, cpu_seconds, wall_seconds)
        self._closed = False

    async def parse(
        self, body: bytes, *, headers: Mapping[str, str], url: str, now: datetime, seen: Collection[str] = ()
    ) -> Parsed:
        """Parse one document as `monitor.fetch.parse.parse` does; HOSTILE if it outlasted or killed its child.

        Raises ParserUnavailable if no child can be started.
        """
        header = {"headers": _content_type(headers), "url": url, "now": now.isoformat(), "seen": list(seen)}
        try:
            return from_wire(await self.run("feed", header, body))
        except TaskKilled as killed:
            return Parsed(outcome=Outcome.HOSTILE, reason=str(killed))

    async def run(self, task: str, header: Mapping[str, Any], body: bytes) -> Any:
        """Do a task of `monitor.fetch.worker.TASKS` in a child and return its answer, which came as JSON.

        `header` is what json can write. Raises TaskKilled if the document outlasted or killed the child, and
        ParserUnavailable if none can be started.
        """
        async with self._slots:
            if self._closed:
                raise ParserUnavailable("the parser pool is closed")
            child = self._idle.pop() if self._idle else await self._start()
            try:
                answer = await self._ask(child, {**header, "task": task}, body)
            except BaseException:
                await self._drop(child)
                raise
            if child.alive and child.served < _DOCUMENTS_PER_CHILD and not self._closed:
                self._idle.append(child)
            else:
                await self._drop(child)
            return answer

    async def close(self) -> None:
        """End every child; tasks under way end as killed or are cancelled by their callers."""
        self._closed = True
        self._idle.clear()
        await asyncio.gather(*(self._drop(child) for child in list(self._all)))

    async def _start(self) -> "_Child":
        memory, cpu, _ = self._limits
        child = await _Child.start(memory, cpu)
        self._all.add(child)
        return child

    async def _ask(self, child: "_Child", task: Mapping[str, Any], body: bytes) -> Any:
        _, cpu, wall = self._limits
        try:
            async with asyncio.timeout(wall):
                return await child.ask(task, body)
        except TimeoutError:
            await child.kill()
            raise TaskKilled(f"parsing did not end within {wall:g} s and was stopped") from None
        except (asyncio.IncompleteReadError, ConnectionError):
            status = await child.kill()
            raise TaskKilled(_death(status, cpu)) from None

    async def _drop(self, child: "_Child") -> None:
        self._all.discard(child)
        await child.kill()


class _Child:
    """One child process and its two pipes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._tasks = process.stdin
        self._answers = process.stdout
        self.served = 0
        self.alive = True

    @classmethod
    async def start(cls, memory: int, cpu: float) -> "_Child":
        """Start a child and wait until it is ready; ParserUnavailable if it does not come up."""
        arguments = ("-P", "-m", "monitor.fetch.worker", str(memory), str(cpu))
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,  # a Ctrl-C at our terminal is not for it
            )
        except OSError as error:
            raise ParserUnavailable(f"no parser process can be started: {error}") from error
        child = cls(process)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await child._read()
        except (TimeoutError, asyncio.IncompleteReadError) as error:
            await child.kill()
            raise ParserUnavailable(
                f"the parser process did not come up (exit status {process.returncode}); "
                f"to see why: {sys.executable} {' '.join(arguments)}"
            ) from error
        except BaseException:
            await child.kill()
            raise
        return child

    async def ask(self, task: Mapping[str, Any], body: bytes) -> Any:
        """Send one document and return the answer."""
        self.served += 1
        self._tasks.writelines(frame(task, body))
        await self._tasks.drain()
        return await self._read()

    async def _read(self) -> Any:
        size, _ = LENGTHS.unpack(await self._answers.readexactly(LENGTHS.size))
        if size > MAX_REPLY:
            raise ConnectionError("the answer is too large")
        return json.loads(await self._answers.readexactly(size))

    async def kill(self) -> int:
        """End the process if it still runs, close its pipes, and return its exit status."""
        self.alive = False
        with contextlib.suppress(ProcessLookupError):
            if self._answers.at_eof():  # it is dying by itself: its own status says why
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(1):
                        await self._process.wait()
            if self._process.returncode is None:
                self._process.kill()
        self._tasks.close()
        with contextlib.suppress(ConnectionError):
            await self._tasks.wait_closed()
        return await self._process.wait()


def _environment() -> dict[str, str]:
    """Return the child's environment: none of our secrets, UTC for feedparser's use of local time."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    package = str(Path(monitor.__file__).resolve().parent.parent)
    return {**kept, "PYTHONPATH": package, "PYTHONUTF8": "1", "TZ": "UTC"}


def _content_type(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name == "content-type"}


def _death(status: int, cpu: float) -> str:
    if status == OUT_OF_MEMORY:
        return "parsing needed more memory than allowed and was stopped"
    if status == -signal.SIGXCPU:
        return f"parsing used more than {cpu:g} s of CPU and was stopped"
    if status < 0:
        return f"the parser process died ({signal.Signals(-status).name})"
    return f"the parser process ended (exit status {status})"
