"""docs/polling.md lists every line of the checklist, and names for each the tests that there are."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.checklist import ELSEWHERE, LINES

ROOT = Path(__file__).parents[2]
MODULES = (
    *(
        f"tests.flow.test_politeness_{part}"
        for part in ("conditional", "timing", "refusals", "redirects", "shape")
    ),
    "tests.crash.test_kill_in_poll",
)
STATES = {"held", "decided otherwise", "open"}
ROW = re.compile(r"^\| (\d+|self) \| ([^|]+) \| ([a-z ]+) \| ([^|]*) \|$", re.MULTILINE)


def marked() -> Iterator[tuple[str, str]]:
    """Yield each line with a test that says of itself to prove it."""
    for name in MODULES:
        for each in vars(importlib.import_module(name)).values():
            for line in getattr(each, "checklist", ()):
                yield line, f"{name.replace('.', '/')}.py::{each.__name__}"


def proofs(line: str) -> set[str]:
    return {test for number, test in marked() if number == line} | set(ELSEWHERE.get(line, ()))


def rows() -> dict[str, tuple[str, str]]:
    found = ROW.findall((ROOT / "docs" / "polling.md").read_text())
    assert len({number for number, *_ in found}) == len(found), "a line stands twice"
    return {number: (state, tests) for number, _, state, tests in found}


def test_every_line_is_listed_with_a_state() -> None:
    assert tuple(rows()) == LINES
    assert {state for state, _ in rows().values()} <= STATES


@pytest.mark.parametrize("line", LINES)
def test_a_line_names_its_tests_and_one_that_is_held_has_some(line: str) -> None:
    state, named = rows()[line]
    assert set(re.findall(r"`([^`]+)`", named)) == proofs(line)
    assert state != "held" or proofs(line)


def test_every_test_named_from_elsewhere_exists() -> None:
    for node in {test for tests in ELSEWHERE.values() for test in tests}:
        path, _, name = node.partition("::")
        tree = ast.parse((ROOT / path).read_text())
        assert name in {
            each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        }, node


def test_lines_proved_elsewhere_are_lines() -> None:
    assert set(ELSEWHERE) | {line for line, _ in marked()} <= set(LINES)
