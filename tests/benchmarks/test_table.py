"""A goal is met, missed or not measured, and the last line says the same as the table."""

import json

import pytest

from tests.benchmarks.conftest import Load


def test_the_last_line_is_one_object_with_each_goal_judged(
    load: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    table = load("table")
    goals = [
        table.Goal(name="kept", value=1.0, limit=1.0),
        table.Goal(name="missed", value=1.01, limit=1.0, unit="s"),
        table.Goal(name="unknown", value=None, limit=1.0),
    ]
    table.finish({"benchmark": "x"}, goals)
    *shown, last = capsys.readouterr().out.splitlines()
    figures = json.loads(last)
    assert figures["benchmark"] == "x"
    assert [goal["met"] for goal in figures["goals"]] == [True, False, None]
    words = {line.split()[0]: line.rpartition("  ")[2] for line in shown if line[:1].isalpha()}
    assert (words["kept"], words["missed"], words["unknown"]) == ("yes", "NO", "not measured")


def test_columns_are_as_wide_as_their_widest_cell(load: Load, capsys: pytest.CaptureFixture[str]) -> None:
    load("table").print_rows(("", "a"), [("long name", 1234.5), ("x", None)])
    assert capsys.readouterr().out.splitlines() == [
        "              a",
        "---------  ----",
        "long name  1234",
        "x             -",
    ]
