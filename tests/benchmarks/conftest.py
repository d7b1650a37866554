"""The benchmarks are programs beside the package, not part of it: they are run, or loaded by name from their folder."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import ROOT, TOPICS

FOLDER = ROOT / "benchmarks"

Load = Callable[[str], ModuleType]
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Import a module of the benchmarks' folder."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a benchmark with the small watchlist; return the object in its last line."""
    watchlist = tmp_path / "topics.toml"
    watchlist.write_text(TOPICS, encoding="utf-8")

    def started(name: str, *arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, str(FOLDER / f"{name}.py"), *arguments],
            env={**os.environ, "BENCH_WATCHLIST": str(watchlist)},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return figures

    return started
