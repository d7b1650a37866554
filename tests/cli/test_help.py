"""Every command explains itself, and a wrong call ends with code 2."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from monitor.cli import app
from tests.cli.conftest import Cli


def commands(command: Any, *path: str) -> Iterator[tuple[str, ...]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path
        return
    for name, each in inner.items():
        yield from commands(each, *path, name)


COMMANDS = sorted(commands(typer.main.get_command(app)))


def test_the_commands_people_rely_on_are_there() -> None:
    expected = """apply check-config demo deliveries.list doctor explain feeds.add feeds.discover feeds.export
    feeds.import feeds.list parse plan poll run topics.lint topics.list topics.match topics.test"""
    assert {".".join(path) for path in COMMANDS} >= set(expected.split())


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_has_an_example_of_the_command_itself(cli: Cli, path: tuple[str, ...]) -> None:
    ran = cli(*path, "--help")
    assert ran.code == 0
    example = re.search(r"Example: (monitor .+)", ran.out)
    assert example, ran.out
    assert example[1].startswith(f"monitor {' '.join(path)}")


SPEAK_OTHERWISE = {("run",), ("demo",), ("topics", "match"), ("feeds", "export")}


@pytest.mark.parametrize("path", [path for path in COMMANDS if path not in SPEAK_OTHERWISE])
def test_every_command_that_reports_offers_json(cli: Cli, path: tuple[str, ...]) -> None:
    """`run` and `demo` report nothing, `topics match` speaks JSON anyway, `feeds export` OPML."""
    assert "--json" in cli(*path, "--help").out


@pytest.mark.parametrize(
    "call", [("no-such-command",), ("feeds", "list", "--no-such-option"), ("feeds", "add"), ("poll", "-c")]
)
def test_a_wrong_call_ends_with_code_2(cli: Cli, call: tuple[str, ...]) -> None:
    ran = cli(*call)
    assert ran.code == 2
    assert ran.err
    assert "Traceback" not in ran.err


def test_the_version_is_told(cli: Cli) -> None:
    ran = cli("--version")
    assert ran.code == 0
    assert re.fullmatch(r"news-monitor \d+\.\d+\.\d+\S*\n", ran.out)


def test_without_a_command_the_help_is_shown(cli: Cli) -> None:
    ran = cli()
    assert "check-config" in ran.out + ran.err
