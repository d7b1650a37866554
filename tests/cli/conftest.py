"""Run `monitor` in this process, with the exit codes of the real command."""

import asyncio
import io
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest
import structlog

from monitor.__main__ import main
from monitor.cli.session import daemon_runs
from monitor.config import load_settings
from monitor.daemon import run_daemon
from tests.conftest import recorded, recording, small_stage, until

PAPER = recording(
    "gazette",
    recorded("old", "Council meets in Douglas"),
    recorded("new", "Agents seize fentanyl at Otay Mesa", at=5),
)
HERALD = recording("herald", recorded("other", "A bakery opens in Laredo"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command printed and the code it ended with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Ran]


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """A command sets up logging for its process; the next test has its own."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Call it as `cli("feeds", "list")`; `stdin` is what the command reads."""

    def run(*arguments: str | Path, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "argv", ["monitor", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
        printed = capsys.readouterr()
        return Ran(code=code, out=printed.out, err=printed.err)

    return run


class Site:
    """An installation on loopback whose servers, and daemon if there is one, run in a thread of their own."""

    def __init__(self, folder: Path, *, with_daemon: bool) -> None:
        folder.mkdir()
        self.stage = small_stage(folder, PAPER, HERALD)
        self.with_daemon = with_daemon
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(),), name="site")
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()
        self.exit_code: int | None = None

    @property
    def config(self) -> Path:
        return self.stage.config_path

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(40)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with self.stage:
            if not self.with_daemon:
                self._ready.set()
                await self._end.wait()
                return
            settings = load_settings(self.config, {})
            running = asyncio.create_task(run_daemon(settings, stop=self._end))
            await until(lambda: running.done() or daemon_runs(settings))
            self._ready.set()
            self.exit_code = await running
