"""Do what takes long in a process of its own, on a read-only connection: nothing of it holds up polling.

The child is killed when its caller is cancelled or its time is over, and may tell how far it is meanwhile.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import monitor
from monitor import errors
from monitor.desk.worker import to_json
from monitor.errors import MonitorError, NotFound, Refused

SECONDS = 110.0  # for one task; a command waits 120 for its answer
_LINE_LIMIT = 64 * 1024 * 1024


def silent(done: int, of: int) -> None:
    """Tell nobody."""


async def run_apart(
    store_url: str,
    task: str,
    asked: Mapping[str, Any],
    *,
    places: asyncio.Semaphore,
    tell: Callable[[int, int], None] = silent,
    seconds: float = SECONDS,
) -> Any:
    """Do a task of `monitor.desk.worker.TASKS`; `tell` hears how many items are done, of how many.

    `places` bounds how many run at once. Raises what the task raised, and Refused when it takes longer than `seconds`,
    waiting for a place included.
    """
    try:
        async with asyncio.timeout(seconds), places:
            return await _run({"store": store_url, "task": task, "asked": dict(asked)}, tell)
    except TimeoutError:
        raise Refused(
            f"it did not end within {seconds:g} s and was stopped: ask about a shorter time, with --since"
        ) from None


async def _run(task: Mapping[str, Any], tell: Callable[[int, int], None]) -> Any:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "monitor.desk.worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(),
        limit=_LINE_LIMIT,
        start_new_session=True,  # a Ctrl-C at our terminal is not for it, and it ends with all it started
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(to_json(task).encode() + b"\n")
        child.stdin.close()
        async for line in child.stdout:
            said = json.loads(line)
            if "answer" in said:
                return said["answer"]
            if "error" in said:
                raise _error(said["error"], said["text"])
            tell(said["done"], said["of"])
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # and the helper that it may have
        await child.wait()
    raise MonitorError(
        f"the process that looks through the items ended by itself (status {child.returncode})"
    )


def _error(kind: str, text: str) -> MonitorError:
    known = {each.__name__: each for each in (NotFound, Refused, errors.StoreError, errors.StoreBusy)}
    return known.get(kind, MonitorError)(text)


def _environment() -> dict[str, str]:
    """Return the child's environment: of our secrets only those that a PostgreSQL client reads."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in {"PATH", "LD_LIBRARY_PATH", "HOME"} or name.startswith("PG")
    }
    package = str(Path(monitor.__file__).resolve().parent.parent)
    return {**kept, "PYTHONPATH": package, "PYTHONUTF8": "1", "TZ": "UTC"}
