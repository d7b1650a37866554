from pathlib import Path
from typing import Any

import pytest

from monitor.config import read_opml
from monitor.errors import ConfigError

LIST = """\
<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0">
  <head><title>Mine</title></head>
  <body>
    <outline text="Frontera">
      <outline text="Sonora">
        <outline type="rss" text="El Diario" title="El Diario de aquí" xmlUrl="https://diario.mx/rss" language="es-MX"/>
      </outline>
      <outline text="The Paper" xmlURL=" https://paper.mx/feed "/>
    </outline>
    <outline text="A bookmark" url="https://paper.mx/"/>
  </body>
</opml>
"""


def test_outlines_are_found_at_any_depth(folder: Any) -> None:
    first, second = read_opml(folder.write("list.opml", LIST))
    assert (first.title, first.url, first.language) == ("El Diario de aquí", "https://diario.mx/rss", "es-MX")
    assert (first.group, first.line) == ("Frontera/Sonora", 7)
    assert (second.title, second.url, second.group) == ("The Paper", "https://paper.mx/feed", "Frontera")


def test_an_opml_file_is_desired_state_like_any_other(folder: Any) -> None:
    folder.write("feeds/list.opml", LIST)
    folder.write("feeds/own.toml", '[[feed]]\nslug = "the-paper"\nurl = "https://paper.mx/other"\n')
    feeds = {each.url: each for each in folder.desired().feeds}
    diario, paper = feeds["https://diario.mx/rss"], feeds["https://paper.mx/feed"]
    assert (diario.slug, diario.language, diario.region) == ("el-diario-de-aqui", "es", "Frontera/Sonora")
    assert diario.owner == "file:feeds/list.opml"
    assert paper.slug.startswith("the-paper-"), "a slug given by hand is not taken away"
    assert paper.language == "und"


def test_a_bad_address_in_a_list_is_placed(folder: Any) -> None:
    folder.write("feeds/list.opml", LIST.replace("https://diario", "ftp://diario"))
    problem = folder.problem()
    assert (problem.file, problem.line) == (folder.name("feeds/list.opml"), 7)
    assert "El Diario" in problem.message


def test_an_address_in_both_kinds_of_file_is_a_duplicate(folder: Any) -> None:
    folder.write("feeds/list.opml", LIST)
    folder.write("feeds/own.toml", '[[feed]]\nslug = "p"\nurl = "https://paper.mx/feed"\n')
    problem = folder.problem()
    assert (problem.file, problem.line) == (folder.name("feeds/list.opml"), 9)
    assert f"'p' ({folder.name('feeds/own.toml')}:3)" in problem.message


BOMB = '<!DOCTYPE opml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LIST.replace("<opml", f"{BOMB}<opml").replace("Mine", "&b;"), "document type"),
        (LIST.replace("<opml", '<!DOCTYPE opml SYSTEM "file:///etc/passwd"><opml'), "document type"),
        (LIST.replace("</body>", ""), "not well-formed"),
        ("<rss><channel/></rss>", "no OPML"),
        ("", "not well-formed"),
    ],
)
def test_what_is_not_plain_opml_is_refused(folder: Any, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        read_opml(folder.write("list.opml", text))
    assert caught.value.problems[0].file == folder.name("list.opml")


def test_a_secret_file_does_not_come_in_by_an_entity(folder: Any) -> None:
    secret = folder.write("secret", "hunter2")
    entity = f'<!DOCTYPE opml [<!ENTITY s SYSTEM "{secret}">]><opml'
    file = folder.write("list.opml", LIST.replace("<opml", entity).replace("El Diario de aquí", "&s;"))
    with pytest.raises(ConfigError) as caught:
        read_opml(file)
    assert "hunter2" not in str(caught.value)


def test_a_missing_list_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_opml(tmp_path / "none.opml")
