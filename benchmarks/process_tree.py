"""What a process and all its descendants cost: CPU seconds, memory, threads, open files. Read from outside, by /proc.

CPU cannot be missed: a living process is read from its own CPU clock (nanoseconds, ended threads included), and one
that has ended from the sum that Linux keeps in whichever ancestor has waited for it (10 ms steps).
"""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_MIB = 1024.0  # /proc says kB


def tree(pid: int) -> list[int]:
    """List a process and its living descendants."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            for thread in Path(f"/proc/{parent}/task").iterdir():
                found.extend(int(child) for child in (thread / "children").read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """Give the CPU time (user and system) of a process, its living descendants and all those that were reaped."""
    total = 0.0
    for each in tree(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            reaped = int(fields[13]) + int(fields[14])
            # CPUCLOCK_SCHED of another process, as clock_getcpuclockid(3) builds it.
            total += time.clock_gettime((~each << 3) | 2) + reaped * _TICK
    return total


def status_mib(pid: int, key: str) -> float:
    """Give a memory figure of /proc/PID/status (`VmRSS`, `VmHWM`) in MiB; 0 when the process is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) / _MIB
    return 0.0


def open_files(pid: int) -> int:
    """Count the open file descriptors of one process; 0 when it is gone."""
    with contextlib.suppress(OSError):
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return 0


def thread_count(pid: int) -> int:
    """Count the threads of one process; 0 when it is gone."""
    with contextlib.suppress(OSError):
        return len(list(Path(f"/proc/{pid}/task").iterdir()))
    return 0


@dataclass(slots=True, kw_only=True)
class MemoryWatch:
    """Samples a tree's memory beside the work, in a thread, from entering on: older peaks are forgotten.

    `rss` is the highest sum of resident sizes seen in one sample. `peaks` is the highest sum, over the processes
    alive at one sample, of what each of them ever held (VmHWM): no short spike escapes it, and it may overstate.
    """

    pid: int
    every: float = 0.02
    rss: float = 0.0
    peaks: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        for each in tree(self.pid):
            with contextlib.suppress(OSError):
                Path(f"/proc/{each}/clear_refs").write_text("5")  # proc_pid_clear_refs(5): VmHWM starts anew
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.sample()
            self._stop.wait(self.every)

    def sample(self) -> None:
        """Look once."""
        now = tree(self.pid)
        self.rss = max(self.rss, sum(self._each(now, "VmRSS")))
        self.peaks = max(self.peaks, sum(self._each(now, "VmHWM")))

    @staticmethod
    def _each(pids: list[int], key: str) -> Iterator[float]:
        return (status_mib(pid, key) for pid in pids)
