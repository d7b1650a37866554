"""What a starting daemon does about the configuration files: apply, go on as before, or refuse. Pure."""

from collections.abc import Sequence
from enum import StrEnum

from monitor.errors import Problem


class Start(StrEnum):
    """The three ways to start; the value says it in words, for the log and the pages."""

    APPLY = "the configuration files are good and will be applied"
    KEEP = "the configuration files have problems; what was applied last stays in force"
    REFUSE = "the configuration files have problems, and nothing was ever applied that could stay in force"


def decide_start(problems: Sequence[Problem], *, filled: bool) -> Start:
    """Choose by the problems of `load_desired` and `make_plan`, and by whether the store holds anything to go on."""
    if not problems:
        return Start.APPLY
    return Start.KEEP if filled else Start.REFUSE
