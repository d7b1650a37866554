"""The real daemon, killed with SIGKILL at random moments of the demonstration, loses no alert and repeats none."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

KILLS = 10


@contextmanager
def process(*command: str, folder: Path, name: str) -> Iterator[subprocess.Popen[str]]:
    with (folder / f"{name}.log").open("a") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", *command],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=dict(os.environ),
        )
        try:
            yield child
        finally:
            child.kill()
            child.wait()
            if child.stdout:
                child.stdout.close()


def status(url: str) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(url, trust_env=False).json()
    return answer


def wait_for(child: subprocess.Popen[str], url: str, *, seconds: float) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert child.poll() is None, "the daemon ended by itself"
        state = status(url)
        if state["finished"]:
            return state
        time.sleep(0.2)
    return status(url)


@pytest.mark.process
def test_ten_kills_at_random_moments_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    """Ten times in a row: every expected alert arrives on both channels, and none under two ids."""
    seed = int(os.environ.get("MONITOR_KILL_SEED", str(time.time_ns() % 100_000)))
    chance = random.Random(seed)
    print(f"seed {seed}")
    with process(
        "monitor.demo.stage", "--folder", str(tmp_path / "demo"), folder=tmp_path, name="stage"
    ) as stage:
        assert stage.stdout
        places = json.loads(stage.stdout.readline())
        run = ("monitor", "run", "--config", places["config"])
        for _ in range(KILLS):
            with process(*run, folder=tmp_path, name="daemon") as daemon:
                time.sleep(chance.uniform(0.8, 4.0))
                assert daemon.poll() is None, (tmp_path / "daemon.log").read_text()[-3000:]
                daemon.send_signal(signal.SIGKILL)
                daemon.wait()
        with process(*run, folder=tmp_path, name="daemon") as daemon:
            state = wait_for(daemon, places["status"], seconds=60)
            time.sleep(1.5)  # time for an alert that nobody expects
            state = status(places["status"])
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(timeout=40) == 0
    assert state["missing"] == 0, state["lines"]
    assert state["ok"], state["lines"]
    mails = Counter(mail["message_id"] for mail in state["mails"])
    assert len(mails) == state["expected"], "an alert was mailed under two ids"
    assert len(set(state["webhook_messages"])) == state["expected"], "an alert was posted under two ids"
