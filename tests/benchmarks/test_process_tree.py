"""The cost of a process tree is read whole: children that ended before anybody looked are in it."""

import subprocess
import sys

import pytest

from tests.benchmarks.conftest import Load

pytestmark = pytest.mark.process
BURN = "import time\nwhile time.process_time() < 0.3: pass"
PARENT = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {BURN!r}], check=True)
{BURN}
print("done", flush=True)
sys.stdin.read()
"""


def test_a_child_that_came_and_went_unseen_is_counted(load: Load) -> None:
    cost = load("process_tree")
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"done\n"
        seconds = cost.cpu_seconds(process.pid)
        assert cost.tree(process.pid) == [process.pid]
        process.communicate()
    assert seconds >= 0.59


def test_a_living_grandchild_belongs_to_the_tree(load: Load) -> None:
    cost = load("process_tree")
    inner = "import sys; print('up', flush=True); sys.stdin.read()"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", outer], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        assert len(cost.tree(process.pid)) == 2
        with cost.MemoryWatch(pid=process.pid) as memory:
            memory.sample()
        process.communicate()
    assert memory.peaks >= memory.rss > 5


def test_a_process_that_is_gone_costs_nothing(load: Load) -> None:
    cost = load("process_tree")
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert cost.cpu_seconds(process.pid) == 0
    assert cost.status_mib(process.pid, "VmRSS") == 0
