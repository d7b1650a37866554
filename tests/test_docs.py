"""The documentation names what there is: commands, events, settings, links, make targets."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from monitor.cli import app
from monitor.config import Settings

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


def commands(group: Any, path: str = "monitor") -> Iterator[tuple[str, str]]:
    """Walk typer's command tree (its classes are private) and yield each command with its help."""
    if hasattr(group, "commands"):
        for name, command in group.commands.items():
            yield from commands(command, f"{path} {name}")
    else:
        yield path, group.help or ""


COMMANDS = dict(commands(typer.main.get_command(app)))


def events() -> set[object]:
    """Collect the event names that the package logs: first arguments of a logger, and tables of them."""
    found: set[object] = set()
    for path in (ROOT / "monitor").rglob("*.py"):
        if "demo" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "log"
            ):
                found |= {
                    each.value
                    for each in node.args
                    if isinstance(each, ast.Constant) and isinstance(each.value, str)
                }
            if isinstance(node, ast.Dict):
                found |= {
                    each.value
                    for each in node.values
                    if isinstance(each, ast.Constant) and str(each.value).startswith("delivery.")
                }
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented_and_shows_an_example(name: str) -> None:
    assert f"`{name}`" in OPERATIONS
    assert "Example: monitor" in COMMANDS[name]


def test_no_command_is_documented_that_does_not_exist() -> None:
    for page in PAGES:
        for named in re.findall(r"`(monitor [a-z][a-z -]*?)(?: [A-Z<\[(-].*?)?`", page.read_text()):
            assert any(each == named or each.startswith(f"{named} ") for each in COMMANDS), (page.name, named)


def test_every_event_is_documented_and_every_documented_event_exists() -> None:
    table = OPERATIONS[OPERATIONS.index("| event |") :]
    documented = {
        name
        for row in table.splitlines()
        for name in re.findall(r"`([a-z]+\.[a-z_]+)`", row.split("|")[1] if "|" in row else "")
    }
    assert events() == documented


def test_every_setting_stands_in_the_shipped_file() -> None:
    text = (ROOT / "config" / "monitor.toml").read_text()
    shipped = tomllib.loads(text)
    for section, field in Settings.model_fields.items():
        assert f"[{section}]" in text
        model = field.annotation
        for name, setting in getattr(model, "model_fields", {}).items():
            key = setting.alias or name
            assert key in shipped.get(section, {}) or re.search(rf"^# {key} = ", text, re.MULTILINE), (
                section,
                key,
            )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_the_readmes_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"make ([a-z]+)", (ROOT / "README.md").read_text()):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_error_stands_in_the_tree() -> None:
    source = (ROOT / "monitor" / "errors.py").read_text()
    tree = ast.parse(source)
    doc = ast.get_docstring(tree) or ""
    raised = [node.name for node in tree.body if isinstance(node, ast.ClassDef) and node.bases]
    assert [name for name in raised if name not in doc] == []
