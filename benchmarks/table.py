"""Goals and how they were met, as a table for people, and all figures as one line of JSON for programs."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One figure with its limit; `value` None: not measured in this run."""

    name: str
    value: float | None
    limit: float
    unit: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the figure keeps to its limit."""
        return None if self.value is None else self.value <= self.limit


def print_rows(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print columns, the first one left-aligned."""
    cells = [[_cell(value) for value in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for number, row in enumerate(cells):
        rest = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        print("  ".join([row[0].ljust(widths[0]), *rest]).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return (
        f"{value:.3g}"
        if isinstance(value, float) and value < 100
        else f"{value:.0f}"
        if isinstance(value, float)
        else str(value)
    )


def print_goals(goals: Sequence[Goal]) -> None:
    """Print each goal with its figure, and whether it was met."""
    words = {True: "yes", False: "NO", None: "not measured"}
    print()
    print_rows(
        ("goal", "measured", "limit", "unit", "met"),
        [(goal.name, goal.value, float(goal.limit), goal.unit, words[goal.met]) for goal in goals],
    )


def finish(figures: Mapping[str, Any], goals: Sequence[Goal]) -> None:
    """Print the goals and, as the last line, everything as one JSON object."""
    print_goals(goals)
    told = [{**asdict(goal), "met": goal.met} for goal in goals]
    sys.stdout.flush()
    print(json.dumps({**figures, "goals": told}, default=lambda value: round(value, 4)), flush=True)
