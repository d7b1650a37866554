"""A watchlist file with a query as bad as can be: the command says file, line and column, and what would be right."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

# As they stand in TOML, behind `query = `; what is said; the line and column of the fault, counted in the file.
BAD: dict[str, tuple[Callable[[], str], str, tuple[int, int]]] = {
    "a megabyte": (lambda: f"'{'border OR ' * 100_000}tunnel'", "65,536 are allowed", (6, 10)),
    "10,000 parentheses": (
        lambda: f"'{'(' * 10_000}a{')' * 10_000}'",
        "nested deeper than 50 levels",
        (6, 60),
    ),
    "stars": (lambda: f"'border OR a{'*a' * 5_000}'", "* stands only at the end", (6, 20)),
    "a control character": (lambda: '"border \\u0007"', "a control character, U+0007", (6, 17)),
    "a right-to-left mark": (lambda: "'border \u202e tunnel'", "an invisible character, U+202E", (6, 17)),
    "emoji": (lambda: "'border OR 🇲🇽'", "🇲🇽", (6, 20)),
    "several lines": (lambda: "'''\nborder\nOR OR tunnel'''", "OR joins two terms", (8, 4)),
    "100,000 terms": (lambda: f"'{' OR '.join(['w'] * 100_000)}'", "65,536 are allowed", (6, 10)),
    "nothing but NOTs": (lambda: f"'{'NOT a ' * 1_000}'", "none of its words", (6, 14)),
}


def watchlist(folder: Path, query: str, groups: str = "") -> Path:
    path = folder / "bad.toml"
    path.write_text(
        f'name = "bad"\n\n[[topic]]\nslug = "one"\nname = "One"\nquery = {query}\n{groups}', "utf-8"
    )
    return path


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("command", ["lint", "test", "match", "fmt"])
def test_every_command_that_reads_the_file_says_where_and_stops(
    cli: Cli, tmp_path: Path, name: str, command: str
) -> None:
    make, said, place = BAD[name]
    path = watchlist(tmp_path, make())
    before = path.read_bytes()
    ran = cli("topics", command, "--watchlist", path)
    assert ran.code == 2
    assert said in ran.err
    found = re.search(r"bad\.toml:(\d+):(\d+)|bad\.toml.*?line (\d+), column (\d+)", ran.err)
    assert found is not None, ran.err
    assert tuple(int(each) for each in found.groups() if each) == place
    assert len(ran.err) < 2_000
    assert "Traceback" not in ran.err
    assert path.read_bytes() == before


def test_groups_that_double_are_refused_where_they_pass_the_limit(cli: Cli, tmp_path: Path) -> None:
    groups = "[groups]\ng0 = 'border'\n" + "".join(f"g{n + 1} = '@g{n} OR @g{n}'\n" for n in range(40))
    ran = cli("topics", "lint", "--watchlist", watchlist(tmp_path, "'@g40'", groups))
    assert ran.code == 2
    assert "65,536 are allowed" in ran.err
    assert "g17" in ran.err


def test_a_lone_surrogate_is_refused_by_toml_itself(cli: Cli, tmp_path: Path) -> None:
    ran = cli("topics", "lint", "--watchlist", watchlist(tmp_path, '"border \\ud800"'))
    assert ran.code == 2
    assert "bad.toml:6:23: is not valid TOML" in ran.err
