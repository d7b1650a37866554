"""Runs one contestant in a process of its own, one command a line: the benchmark reads its costs from outside.

As a program (`contestants.py NAME FOLDER`, feeds in FOLDER/urls.json) it says `ready`, then answers each command
(`due`, `poll`, `dispatch`, `lines`) with one line of JSON. For benchmarks: class Contestant.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from process_tree import cpu_seconds, status_mib

NAMES = ("floor", "loop", "reader", "ours")
SETTLE_SECONDS = 0.3  # what is written behind the poller's back still belongs to its costs


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one command took: CPU of the whole tree, and time on the wall, both in seconds."""

    cpu: float
    wall: float


class Contestant:
    """A context manager: while it is open the process runs and takes commands."""

    def __init__(
        self, name: str, folder: Path, urls: Sequence[str], *, fetch: Mapping[str, Any] | None = None
    ) -> None:
        self.name = name
        self.facts: dict[str, Any] = {}
        self._folder = folder
        self._urls = urls
        self._fetch = fetch
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "urls.json").write_text(json.dumps(list(self._urls)))
        if self.name == "ours" and not (self._folder / "monitor.toml").exists():
            from product import named, write_config  # noqa: PLC0415 - the floor's process must not load it

            write_config(self._folder, named(self._urls), fetch=self._fetch)
        command = [sys.executable, __file__, self.name, str(self._folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.facts = self._answer()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
        assert self._process.stdout is not None
        self._process.stdout.close()

    @property
    def pid(self) -> int:
        """The main process."""
        assert self._process is not None
        return self._process.pid

    @property
    def peak_mib(self) -> float:
        """The most memory that the main process ever held."""
        return status_mib(self.pid, "VmHWM")

    def ask(self, command: str) -> Any:
        """Send a command and return its answer."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._answer()

    def measure(self, command: str) -> Cost:
        """Run a command and return what it took."""
        before, started = cpu_seconds(self.pid), time.monotonic()
        self.ask(command)
        wall = time.monotonic() - started
        if self.name == "ours":
            time.sleep(SETTLE_SECONDS)
        return Cost(cpu=cpu_seconds(self.pid) - before, wall=wall)

    def _answer(self) -> Any:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"the contestant {self.name} ended by itself; its folder was {self._folder}")
        return json.loads(line)


async def _serve(name: str, folder: Path) -> None:
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        contestant = await _make(name, folder, stack)
        _say(contestant.facts() if name == "ours" else {})
        while command := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
            run = getattr(contestant, command, None)
            _say(None if run is None else await run())


async def _make(name: str, folder: Path, stack: AsyncExitStack) -> Any:
    # Each loads only what it uses: imports are part of nobody else's memory.
    if name == "ours":
        from product import opened  # noqa: PLC0415

        return await stack.enter_async_context(opened(folder / "monitor.toml"))
    from peers import Floor, HttpxLoop, Reader  # noqa: PLC0415

    urls = json.loads((folder / "urls.json").read_text())
    return {"floor": Floor, "loop": HttpxLoop, "reader": Reader}[name](folder, urls)


def _say(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], Path(sys.argv[2])))
