"""Tidying a watchlist file changes the layout of its queries and groups, and not one byte else."""

import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.config import read_watchlist, tidy_watchlist, write_tidied
from monitor.config.tidy import _edited, _literal
from monitor.errors import ConfigError

SHIPPED = Path(__file__).parents[2] / "config" / "watchlists" / "us-mexico-border.toml"
WATCHLIST = """\
# kept
name   =  "line"   # as it is

[groups]
places = "Tijuana   OR (Juárez)"  # trailing

[[topic]]
slug = "tunnels"
name = "Tunnels"
query = '''
tunnel @places   # why

-film
'''

[[topic]]
query = "it's W/03 “far  out”"
slug = "far"
name = "Far"
enabled = true
"""
TIDY = (
    WATCHLIST.replace('"Tijuana   OR (Juárez)"', "'Tijuana OR Juárez'")
    .replace("tunnel @places   # why\n\n-film", "tunnel AND @places AND  # why\nNOT film")
    .replace('"it\'s W/03 “far  out”"', '"it\'s NEAR/3 \\"far out\\""')
)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_only_queries_and_groups_are_rewritten(tmp_path: Path, mark: str, line_end: str) -> None:
    path = tmp_path / "line.toml"
    path.write_bytes(f"{mark}{WATCHLIST}".replace("\n", line_end).encode())
    tidied = tidy_watchlist(path)
    assert tidied.changed == ("@places", "tunnels", "far")
    assert tidied.content.decode() == f"{mark}{TIDY}".replace("\n", line_end)
    before = read_watchlist(path)
    path.chmod(0o640)
    write_tidied(tidied)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [topic.slug for topic in read_watchlist(path)] == [topic.slug for topic in before]
    again = tidy_watchlist(path)
    assert again.changed == ()
    assert again.content == path.read_bytes()
    assert list(tmp_path.iterdir()) == [path], "nothing is left beside it"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    path = tmp_path / "line.toml"
    path.write_text(WATCHLIST, encoding="utf-8")
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    write_tidied(tidy_watchlist(link))
    assert link.is_symlink()
    assert path.read_text(encoding="utf-8") == TIDY


def test_a_file_with_problems_is_not_tidied(tmp_path: Path) -> None:
    path = tmp_path / "line.toml"
    path.write_text(WATCHLIST.replace("@places   #", "@place #"), encoding="utf-8")
    with pytest.raises(ConfigError, match="@place"):
        tidy_watchlist(path)


def test_the_shipped_watchlist_stays_what_it_is_when_it_is_tidied(tmp_path: Path) -> None:
    path = tmp_path / SHIPPED.name
    path.write_bytes(SHIPPED.read_bytes())
    before = read_watchlist(path)
    write_tidied(tidy_watchlist(path))
    after = read_watchlist(path)
    assert [(topic.slug, topic.examples) for topic in after] == [
        (topic.slug, topic.examples) for topic in before
    ]
    assert tidy_watchlist(path).changed == ()


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("'\"\\\n")))
def test_any_text_can_be_written_as_a_toml_string(text: str) -> None:
    if "\x7f" not in text:
        assert tomllib.loads(f"key = {_literal(text)}")["key"].rstrip("\n") == text.rstrip("\n")


@settings(max_examples=20)
@given(st.lists(st.sampled_from(["a\r\n", "b\n", "ñ", "\r\n"]), max_size=10).map("".join))
def test_a_file_without_edits_keeps_every_byte(text: str) -> None:
    assert _edited(text.encode(), []) == text.encode()
