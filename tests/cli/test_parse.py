"""`parse` shows a file or an address as the program reads it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.demo.documents import Moment, render
from monitor.demo.recordings import Format
from tests.cli.conftest import PAPER, Cli, Site
from tests.conftest import ROOT, recorded, recording

CONFIG = ROOT / "config" / "monitor.toml"


def write(folder: Path, kind: Format) -> Path:
    now = datetime(2025, 3, 9, 12, tzinfo=UTC)
    made = recording("gazette", recorded("one", "Policía & aduana"), format=kind)
    path = folder / f"feed.{kind}"
    path.write_bytes(render(made, Moment(origin=now, began_at=None, now=now)))
    return path


@pytest.mark.parametrize(
    ("kind", "name"), [("rss", "rss20"), ("atom", "atom10"), ("rdf", "rss10"), ("json", "json11")]
)
def test_every_format_is_read_alike(cli: Cli, tmp_path: Path, kind: Format, name: str) -> None:
    ran = cli("parse", "--json", write(tmp_path, kind), "-c", CONFIG)
    assert ran.code == 0
    document = json.loads(ran.out)
    assert document["outcome"] == "parsed"
    assert document["feed"]["format"] == name
    (item,) = document["items"]
    assert item["title"] == "Policía & aduana"
    assert item["link"] == "https://paper.example/one"
    text = cli("parse", write(tmp_path, kind), "-c", CONFIG).out
    assert "Policía & aduana" in text
    assert "2025-03-09 11:00Z" in text


def test_several_files_come_out_one_line_each_in_order_and_a_bad_one_sets_the_code(
    cli: Cli, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><title>Hi</title><p>No feed")
    empty = tmp_path / "empty.xml"
    empty.write_bytes(b"")
    good = write(tmp_path, "rss")
    ran = cli("parse", "--json", page, good, empty, "-c", CONFIG)
    assert ran.code == 1
    out = [json.loads(line) for line in ran.out.splitlines()]
    assert [each["file"] for each in out] == [str(page), str(good), str(empty)]
    assert [each["outcome"] for each in out] == ["not_a_feed", "parsed", "empty"]
    assert out[0]["reason"]
    assert not out[0]["items"]


def test_a_file_that_is_not_there_is_named(cli: Cli, tmp_path: Path) -> None:
    ran = cli("parse", tmp_path / "none.xml", "-c", CONFIG)
    assert ran.code == 1
    assert str(tmp_path / "none.xml") in ran.out
    assert "No such file" in ran.out


def test_an_address_is_fetched_first(cli: Cli, tmp_path: Path) -> None:
    with Site(tmp_path / "site", with_daemon=False) as site:
        url = site.stage.feeds.url(PAPER.slug)
        ran = cli("parse", "--json", url, url + "-none", "-c", site.config)
    good, bad = (json.loads(line) for line in ran.out.splitlines())
    assert ran.code == 1
    assert (good["file"], good["outcome"], len(good["items"])) == (url, "parsed", 1)
    assert (bad["outcome"], bad["items"]) == ("not_found", [])
    assert "404" in bad["reason"]
