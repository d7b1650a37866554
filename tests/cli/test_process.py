"""A few commands as a shell runs them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Site
from tests.conftest import ROOT


def monitor(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "monitor", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=ROOT,
    )


@pytest.mark.process
def test_exit_codes_and_streams(tmp_path: Path) -> None:
    good = monitor("check-config")
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.startswith("Configuration is good")
    broken = tmp_path / "monitor.toml"
    broken.write_text("[web]\nport = -1\n")
    bad = monitor("run", "--config", broken)
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr.startswith(f"{broken}:2")
    assert "Traceback" not in bad.stderr


@pytest.mark.process
def test_polling_once_without_a_daemon_ends_by_itself(tmp_path: Path) -> None:
    with Site(tmp_path / "site", with_daemon=False) as site:
        ran = monitor("poll", "--once", "--config", site.config)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "polled 2 feeds: 2 ok, 0 not" in ran.stdout


@pytest.mark.process
def test_a_reader_that_leaves_early_is_no_crash(tmp_path: Path) -> None:
    """As in `monitor topics match | head -1`."""
    items = "".join(f'{{"id": {n}, "title": "Fentanyl {n}", "summary": ""}}\n' for n in range(20000))
    source = tmp_path / "items.jsonl"
    source.write_text(items)
    command = f"{sys.executable} -m monitor topics match < {source} | head -1"
    ran = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60, cwd=ROOT
    )
    assert ran.stdout.startswith('{"id": 0')
    assert ran.stderr == ""
