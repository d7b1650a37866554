"""Named steps at which a test lets the process kill itself, to prove that nothing is lost there.

MONITOR_KILL_AT, read once at the start, names a step, which kind of channel passes it (or nothing), and how often it
must be passed first: `send.answered:webhook:3`. Without it, passing a step does nothing.
"""

import os
import signal
from typing import Final

INGEST_READ: Final = "ingest.read"
INGEST_OPEN: Final = "ingest.open"
INGEST_KEPT: Final = "ingest.kept"
DISPATCH_BEGUN: Final = "dispatch.begun"
DISPATCH_OPEN: Final = "dispatch.open"
DISPATCH_KEPT: Final = "dispatch.kept"
SEND_OPEN: Final = "send.open"
SEND_CLAIMED: Final = "send.claimed"
SEND_ANSWERED: Final = "send.answered"
RESULT_OPEN: Final = "result.open"
RESULT_KEPT: Final = "result.kept"


class _Aim:
    """The step that is aimed at, and how many times it is still let pass."""

    def __init__(self, text: str) -> None:
        self.step, self.kind, times = text.split(":") if text else ("", "", "0")
        self.times = int(times)


_aim = _Aim(os.environ.get("MONITOR_KILL_AT", ""))


def passing(step: str, kind: str = "") -> None:
    """Pass a step; the process ends here with SIGKILL when that was asked for."""
    if step != _aim.step or kind != _aim.kind:
        return
    _aim.times -= 1
    if _aim.times <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
