"""`monitor topics measure` compares hits with labels, and says what falls short, or which file is wrong where."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from monitor.cli.command import app
from monitor.errors import MonitorError

WATCHLIST = """
name = "border"
title = "Border"

[[topic]]
slug = "wall"
name = "Wall"
description = "The wall."
query = "wall"

[[topic]]
slug = "tunnel"
name = "Tunnel"
description = "Tunnels."
query = "tunnel"
"""
ITEMS = [
    {"id": "a", "lang": "en", "title": "The wall is built"},
    {"id": "b", "lang": "en", "title": "Pink Floyd's wall"},
    {"id": "c", "lang": "en", "title": "A barrier is built"},
    {"id": "d", "lang": "en", "title": "A tunnel is found"},
]
LABELS = [
    {"id": "a", "topics": ["wall"]},
    {"id": "b", "topics": []},
    {"id": "c", "topics": ["wall"]},
    {"id": "d", "topics": ["tunnel"]},
]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    paths = {"watchlist": tmp_path / "w.toml", "items": tmp_path / "i.jsonl", "labels": tmp_path / "l.jsonl"}
    paths["watchlist"].write_text(WATCHLIST)
    for name, lines in (("items", ITEMS), ("labels", LABELS)):
        paths[name].write_text("".join(json.dumps(line) + "\n" for line in lines))
    return {name: str(path) for name, path in paths.items()}


def run(files: dict[str, str], *args: str) -> Result:
    given = ["--watchlist", files["watchlist"], "--items", files["items"], "--labels", files["labels"]]
    return CliRunner().invoke(app, ["topics", "measure", *given, *args])


def test_each_topic_is_counted_and_its_mistakes_are_named(files: dict[str, str]) -> None:
    result = run(files, "--show")
    assert result.exit_code == 0, result.output
    assert "false  wall  en  b" in result.output
    assert "missed  wall  en  c" in result.output
    assert "macro precision 0.750, macro recall 0.750" in result.output


def test_a_missed_floor_is_said_and_fails(files: dict[str, str]) -> None:
    result = run(files, "--min-recall", "0.8", "--min-precision", "0.7")
    assert result.exit_code == 1
    assert "en: macro recall 0.750 is below 0.8" in result.output
    assert "is below 0.7\n" not in result.output


def test_one_topic_can_be_measured_with_labels_of_all(files: dict[str, str]) -> None:
    result = run(files, "tunnel", "--json")
    scores = json.loads(result.output)["measured"]["quality"]["scores"]
    assert [(one["topic"], one["right"]) for one in scores] == [("tunnel", 1)]


def test_false_alarms_on_general_news_are_counted_per_thousand(files: dict[str, str]) -> None:
    given = ["--watchlist", files["watchlist"], "--general", files["items"], "--labels", files["labels"]]
    result = CliRunner().invoke(app, ["topics", "measure", *given, "--max-false", "100"])
    assert result.exit_code == 1
    assert (
        "4 general items, 3 hits, 250.00 false alarms per 1,000 (0 of them not judged yet)" in result.output
    )
    assert "en: 250.00 false alarms per 1,000 items, 100 are allowed" in result.output


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("labels", '{"id": "a", "topics": ["moat"]}\n', "line 1: no topic is named moat"),
        ("labels", '{"id": "a", "topics": "wall"}\n', "line 1: topics and marginal must be lists"),
        ("labels", '{"id": "a", "topics": []}\n{"id": "a", "topics": []}\n', "line 2: a has a label already"),
        ("labels", '{"id": "z", "topics": []}\n', "1 labels have no item in the files given, for example z"),
        ("labels", "[]\n", "line 1: expected an object with id and topics"),
        ("items", "nonsense\n", "line 1: not JSON"),
        ("items", '{"id": "a", "title": 5}\n', "line 1: title must be text"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(files: dict[str, str], name: str, text: str, said: str) -> None:
    Path(files[name]).write_text(text)
    result = run(files)
    assert isinstance(result.exception, MonitorError)
    assert said in str(result.exception)
