"""`feeds discover`, `feeds export` and `feeds import`: what people see, and lists that come back as they went."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.config import read_opml
from monitor.demo.loopback import HOST
from tests.cli.conftest import Cli, Site

OPML = f"""<opml version="2.0"><body>
  <outline text="México"><outline text="Tijuana &amp; Tecate">
    <outline text="El &quot;Diario&quot;" xmlUrl="http://{HOST}:9/diario" language="es-MX" category="official"/>
  </outline></outline>
  <outline text="Odd" xmlUrl="http://{HOST}:9/odd" language="no idea" category="/Tech"/>
  <outline text="Off" xmlUrl="http://{HOST}:9/off" isComment="true"/>
</body></opml>"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path / "site", with_daemon=False) as made:
        yield made


def test_a_feed_is_discovered_shown_and_added_once(site: Site, cli: Cli) -> None:
    url = site.stage.feeds.url("gazette") + "?copy"
    shown = cli("feeds", "discover", url, "-c", site.config)
    assert shown.code == 0
    assert url in shown.out
    assert "The Gazette" in shown.out
    assert "1 feed by 1 request" in shown.out
    assert "not asked: https://news.google.com/rss/search" in shown.out
    added = cli("feeds", "discover", url, "--add", "-c", site.config, "--json").json
    assert [(line["slug"], line["language"]) for line in added["added"]] == [("the-gazette", "en")]
    again = cli("feeds", "discover", url, "--add", "-c", site.config)
    assert again.code == 0
    assert "nothing added: all of them are known" in again.out
    assert "the-gazette" in again.out


def test_where_no_feed_is_found_it_says_what_was_tried_and_ends_with_code_1(site: Site, cli: Cli) -> None:
    ran = cli("feeds", "discover", f"http://{HOST}:{site.stage.feeds.port}/none", "--add", "-c", site.config)
    assert ran.code == 1
    assert "/none (address): HTTP 404" in ran.out
    assert "/rss.xml (path): HTTP 404" in ran.out
    assert "No feed found: no feed is named or linked there" in ran.out
    as_json = cli("feeds", "discover", f"http://{HOST}:9/", "-c", site.config, "--json")
    assert as_json.code == 1
    assert as_json.json["feeds"] == as_json.json["added"] == []
    wrong = cli("feeds", "discover", "elpaso", "-c", site.config)
    assert wrong.code == 1
    assert "no web address" in wrong.err


def test_an_imported_list_keeps_groups_languages_and_kinds_and_comes_out_again(
    site: Site, cli: Cli, tmp_path: Path
) -> None:
    given, out = tmp_path / "in.opml", tmp_path / "out.opml"
    given.write_text(OPML, encoding="utf-8")
    ran = cli("feeds", "import", given, "-c", site.config, "--json")
    assert ran.code == 0
    assert [(line["title"], line["region"], line["language"]) for line in ran.json["added"]] == [
        ('El "Diario"', "México/Tijuana & Tecate", "es"),
        ("Odd", "", "und"),
    ]
    wrote = cli("feeds", "export", "--output", out, "-c", site.config)
    assert wrote.out == f"wrote 2 feeds to {out}\n"
    (diario, odd) = read_opml(out)
    assert (diario.title, diario.group, diario.language, diario.kind) == (
        'El "Diario"',
        "México/Tijuana & Tecate",
        "es",
        "official",
    )
    assert (odd.title, odd.language, odd.kind) == ("Odd", "", "news")
    again = cli("feeds", "import", out, "-c", site.config)
    assert again.out.count("left out:") == 2
    assert "isComment" not in cli("feeds", "export", "--all", "-c", site.config).out


def test_an_export_goes_to_standard_output_or_says_why_it_cannot_be_written(
    site: Site, cli: Cli, tmp_path: Path
) -> None:
    assert cli("apply", "-c", site.config).code == 0
    ran = cli("feeds", "export", "-c", site.config)
    assert ran.out.startswith("<?xml version='1.0' encoding='UTF-8'?>\n<opml version=\"2.0\">")
    assert site.stage.feeds.url("gazette") in ran.out
    failed = cli("feeds", "export", "-o", tmp_path, "-c", site.config)
    assert failed.code == 1
    assert "cannot be written" in failed.err
