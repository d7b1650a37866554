"""Whatever a person may do to the files, the answer is a configuration or a list of problems, never a traceback."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.config import load_desired, load_settings
from monitor.errors import ConfigError

CONFIG = Path(__file__).parents[2] / "config"
FILES = ("monitor.toml", "recipients.toml", "feeds/aggregators.toml", "watchlists/w.toml")
RECIPIENTS = """
[[subscriber]]
slug = "desk"
name = "Desk"
[[channel]]
slug = "hook"
kind = "webhook"
url = "https://hooks.paper.mx/in"
[[subscription]]
slug = "desk-hook"
subscriber = "desk"
channel = "hook"
topics = ["wall"]
"""
WATCHLIST = """
name = "w"
[[topic]]
slug = "wall"
name = "Wall"
query = '''
(wall OR muro) AND (border OR frontera)
'''
[[topic.must_match]]
title = "The wall at the border"
"""
NOISE = st.sampled_from(
    ["", "=", "[", "]]", "[[x]]", "\n", '"', "'''", "{", "\\", "#", "0", "true", "\x00", "é", "slug"]
)


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    shipped = {name: (CONFIG / name).read_text("utf-8") for name in FILES[:3]}
    return {**shipped, "recipients.toml": RECIPIENTS, "watchlists/w.toml": WATCHLIST}


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(FILES), at=st.floats(0, 1), cut=st.integers(0, 12), noise=NOISE)
def test_a_damaged_file_is_told_as_problems(
    tmp_path_factory: pytest.TempPathFactory,
    texts: dict[str, str],
    name: str,
    at: float,
    cut: int,
    noise: str,
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    position = int(at * len(texts[name]))
    damaged = texts[name][:position] + noise + texts[name][position + cut :]
    for each, text in {**texts, name: damaged}.items():
        (folder / each).parent.mkdir(exist_ok=True)
        (folder / each).write_text(text, encoding="utf-8")
    told = ["nothing: the damage makes no difference"]
    try:
        load_desired(load_settings(folder / "monitor.toml", {}))
    except ConfigError as error:
        told = [problem.message for problem in error.problems]
    finally:
        shutil.rmtree(folder)
    assert told
    assert all(told)
