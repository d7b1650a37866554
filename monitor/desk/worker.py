"""The desk's child: `python -m monitor.desk.worker`.

It reads one line of JSON (the store's URL, the task and what is asked), does the task on a read-only transaction, and
writes lines of JSON: how far it is, and last the answer or the error. It ends by itself, or is killed.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any, TextIO

from monitor.desk import misses, sweep, tally
from monitor.errors import MonitorError
from monitor.store import Transaction, read_only

_TELL_SECONDS = 0.1

Tell = Callable[[int, int], None]
TASKS: dict[str, Callable[[Transaction, Mapping[str, Any], Tell, sweep.Reopen], Any]] = {
    "sweep": lambda tx, asked, tell, again: asdict(sweep.sweep(tx, read_sweep(asked), tell, again)),
    "misses": lambda tx, asked, tell, _: asdict(misses.find_misses(tx, read_misses(asked), tell)),
}


def to_json(value: Any) -> str:
    """Write one line; times in ISO 8601."""
    return json.dumps(value, default=datetime.isoformat, ensure_ascii=True)


def read_sweep(asked: Mapping[str, Any]) -> tally.Sweep:
    """Make what is asked of `asdict`'s form of it."""
    return tally.Sweep(
        **{
            **asked,
            "mode": tally.Mode(asked["mode"]),
            "groups": tuple((name, text) for name, text in asked["groups"]),
            "since": _moment(asked["since"]),
            "until": _moment(asked["until"]),
            "now": _moment(asked["now"]),
        }
    )


def read_misses(asked: Mapping[str, Any]) -> misses.MissesAsked:
    """Make what is asked of `asdict`'s form of it."""
    return misses.MissesAsked(**{**asked, "since": _moment(asked["since"]), "until": _moment(asked["until"])})


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def main(asked: str, answers: TextIO) -> None:
    """Do one task."""
    last = 0.0

    def say(value: Any) -> None:
        answers.write(to_json(value) + "\n")
        answers.flush()

    def tell(done: int, of: int) -> None:
        nonlocal last
        if time.monotonic() - last > _TELL_SECONDS:
            last = time.monotonic()
            say({"done": done, "of": of})

    task = json.loads(asked)
    try:
        with read_only(task["store"]) as tx:
            again = partial(read_only, task["store"])
            say({"answer": TASKS[task["task"]](tx, task["asked"], tell, again)})
    except MonitorError as error:
        say({"error": type(error).__name__, "text": str(error)})


if __name__ == "__main__":
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # nothing that is printed may get between the answers
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main(sys.stdin.readline(), out)
