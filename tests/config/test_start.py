import pytest

from monitor.config import Start, decide_start
from monitor.errors import Problem

PROBLEM = Problem(file="watchlists/line.toml", message="is not valid TOML")


@pytest.mark.parametrize(
    ("problems", "filled", "start"),
    [
        ((), True, Start.APPLY),
        ((), False, Start.APPLY),
        ((PROBLEM,), True, Start.KEEP),
        ((PROBLEM,), False, Start.REFUSE),
    ],
)
def test_only_an_empty_store_refuses_bad_files(
    problems: tuple[Problem, ...],
    filled: bool,  # noqa: FBT001 - parametrized
    start: Start,
) -> None:
    assert decide_start(problems, filled=filled) is start


def test_each_decision_says_itself_in_words() -> None:
    assert "stays in force" in Start.KEEP
    assert "nothing was ever applied" in Start.REFUSE
