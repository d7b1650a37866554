"""The parsing benchmark runs, and its last line is its figures."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "parse.py"
ROOT = SCRIPT.parents[1]


def corpora(folder: Path) -> Path:
    feeds = folder / "feeds"
    feeds.mkdir()
    items = "".join(f"<item><title>{n}</title><link>https://a.example/{n}</link></item>" for n in range(6))
    (feeds / "sure.xml").write_text(f'<rss version="2.0"><channel>{items}</channel></rss>', encoding="utf-8")
    (feeds / "cut-off.xml").write_text(f'<rss version="2.0"><channel>{items}', encoding="utf-8")
    rows = ["file,content,fp_entries", "sure.xml,real,6", "cut-off.xml,mixed,6", "small.xml,real,1"]
    (feeds / "manifest.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder


def bench(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)


def test_each_way_of_reading_is_measured_for_every_feed(tmp_path: Path) -> None:
    ended = bench("--corpora", str(corpora(tmp_path)), "--rounds", "1")
    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout.splitlines()[-1])
    assert (result["feeds"], result["entries"], result["cut"]) == (2, 12, 1)
    assert list(result["cpu_ms"]) == ["expat", "feedparser", "1 new", "3 new", "all new"]
    assert all(row["total"] > 0 for row in result["cpu_ms"].values())


def test_a_missing_corpus_is_named(tmp_path: Path) -> None:
    ended = bench("--corpora", str(tmp_path))
    assert ended.returncode == 2
    assert str(tmp_path) in ended.stderr
