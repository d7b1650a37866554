"""Which test proves which line of the checklist in docs/polling.md: a decorator here, a table for older tests."""

from collections.abc import Callable, Mapping
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])

LINES = (*(str(number) for number in range(1, 59)), "self")


def checklist(*lines: int | str) -> Callable[[F], F]:
    """Say which lines a test proves."""

    def note(test: F) -> F:
        test.__dict__["checklist"] = tuple(str(line) for line in lines)
        return test

    return note


ELSEWHERE: Mapping[str, tuple[str, ...]] = {}
