"""`topics match | test | lint`: what a watchlist finds, tested by its own examples and by what a person types."""

import json
from pathlib import Path
from typing import Any

import pytest

from monitor.config import load_settings
from tests.cli.conftest import Cli, Site
from tests.conftest import TOPICS, recorded, recording, small_stage


@pytest.fixture
def watchlist(tmp_path: Path) -> Path:
    path = tmp_path / "topics.toml"
    path.write_text(TOPICS)
    return path


def lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def test_items_come_out_in_the_order_they_went_in_with_their_topics_and_spans(
    cli: Cli, watchlist: Path
) -> None:
    given: list[dict[str, Any]] = [
        {"id": "b", "title": "El muro fronterizo y el fentanilo", "summary": "", "lang": "es"},
        {"id": "a", "title": "A bakery opens", "summary": "<p>Bread</p>"},
        {"id": 7, "title": "Fentanyl", "summary": "Near the <b>border wall</b> &amp; beyond"},
        {"id": "b", "title": "", "summary": None},
    ]
    ran = cli("topics", "match", "--watchlist", watchlist, stdin=lines(*given) + "\n")
    assert ran.code == 0
    out = [json.loads(line) for line in ran.out.splitlines()]
    assert [each["id"] for each in out] == ["b", "a", 7, "b"]
    assert [[topic["topic"] for topic in each["topics"]] for each in out] == [
        ["fentanyl", "border-wall"],
        [],
        ["fentanyl", "border-wall"],
        [],
    ]
    assert out[1].keys() == {"id", "topics"}
    for span in out[2]["topics"][1]["spans"]:
        assert span == {"field": "summary", "start": 9, "end": 20, "text": "border wall"}


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("{not json", "not JSON"),
        ("[1]", "expected an object"),
        ('{"title": "no id"}', "expected an object with id"),
        ('{"id": 1, "title": 5}', "title must be text"),
        ('{"id": 1, "summary": ["x"]}', "summary must be text"),
        ('{"id": 1, "source": 5}', "source must be text"),
        ('{"id": 1, "tags": "x"}', "tags must be a list of texts"),
        ('{"id": 1, "tags": [5]}', "tags must be a list of texts"),
    ],
)
def test_a_bad_line_ends_with_code_1_and_its_number(cli: Cli, watchlist: Path, bad: str, said: str) -> None:
    good = lines({"id": 1, "title": "Fentanyl", "summary": ""})
    ran = cli("topics", "match", "--watchlist", watchlist, stdin=good + bad + "\n" + good)
    assert ran.code == 1
    assert ran.err.startswith("monitor: line 2: ")
    assert said in ran.err
    assert len(ran.out.splitlines()) == 1, "what came before it was answered"


def test_examples_that_hold_end_with_code_0(cli: Cli, watchlist: Path) -> None:
    ran = cli("topics", "test", "--watchlist", watchlist)
    assert ran.code == 0
    assert "2 of 2 examples hold in 2 topics" in ran.out


def test_a_broken_example_is_named_and_ends_with_code_1(cli: Cli, watchlist: Path) -> None:
    watchlist.write_text(TOPICS.replace("Agents seize fentanyl at the bridge", "Agents seize bread"))
    ran = cli("topics", "test", "fentanyl", "--watchlist", watchlist)
    assert ran.code == 1
    assert "fentanyl: " in ran.out
    assert "Agents seize bread" in ran.out
    (result,) = cli("topics", "test", "fentanyl", "--watchlist", watchlist, "--json").json
    assert len(result["broken"]) == 1


def test_lint_points_at_what_looks_like_a_mistake(cli: Cli, watchlist: Path) -> None:
    ran = cli("topics", "lint", "fentanyl", "--watchlist", watchlist)
    clean = cli("topics", "lint", "fentanyl", "--watchlist", watchlist, "--json")
    assert (ran.code, ran.out.splitlines()[-1]) == (1 if clean.json else 0, ran.out.splitlines()[-1])
    watchlist.write_text(TOPICS.replace("fentanyl OR fentanilo", "fentanyl OR fentanyl"))
    ran = cli("topics", "lint", "fentanyl", "--watchlist", watchlist)
    assert ran.code == 1
    assert ran.out.startswith("fentanyl: ")


def test_an_unknown_topic_is_refused_with_those_there_are(cli: Cli, watchlist: Path) -> None:
    ran = cli("topics", "test", "fentanil", "--watchlist", watchlist)
    assert ran.code == 1
    assert "border-wall, fentanyl" in ran.err


def test_a_broken_query_is_shown_at_its_place_with_code_2(cli: Cli, watchlist: Path) -> None:
    watchlist.write_text(TOPICS.replace("fentanyl OR fentanilo", "fentanyl OR AND"))
    ran = cli("topics", "match", "--watchlist", watchlist, stdin="")
    assert ran.code == 2
    assert "topics.toml:8" in ran.err


def test_the_shipped_watchlist_holds_its_own_examples(cli: Cli) -> None:
    root = Path(__file__).parent.parent.parent
    ran = cli("topics", "test", "--watchlist", root / "config" / "watchlists" / "us-mexico-border.toml")
    assert ran.code == 0, ran.out


def test_queries_are_laid_out_anew_and_a_check_only_says_so(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "line.toml"
    untidy = '[[topic]]\nslug = "o"\nname = "O"\nquery = "a -b"\n'
    path.write_text(f'name = "line"\n{untidy}')
    checked = cli("topics", "fmt", "--watchlist", path, "--check")
    assert checked.code == 1
    assert checked.out.splitlines() == [f"{path}: would be laid out anew: o", "1 of 1 file to change"]
    assert untidy in path.read_text()
    done = cli("topics", "fmt", "--watchlist", path, "--json")
    assert (done.code, json.loads(done.out)) == (0, [{"file": str(path), "changed": ["o"]}])
    assert "query = 'a AND NOT b'\n" in path.read_text()
    again = cli("topics", "fmt", "--watchlist", path, "--check")
    assert (again.code, again.out) == (0, "0 of 1 file to change\n")


def test_every_field_can_be_given(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "line.toml"
    query = "source:paper AND author:ana AND tag:border AND url:news AND body:wall AND lang:es"
    path.write_text(f'name = "line"\n[[topic]]\nslug = "o"\nname = "O"\nquery = "{query}"\n')
    item = {
        "id": 1,
        "source": "The <b>Paper</b>",
        "author": "Ana",
        "tags": ["Border"],
        "url": "https://x.mx/news",
        "body": "<p>wall</p>",
        "lang": "es",
    }
    ran = cli("topics", "match", "--watchlist", path, stdin=lines(item, item | {"tags": []}))
    assert [[topic["topic"] for topic in json.loads(line)["topics"]] for line in ran.out.splitlines()] == [
        ["o"],
        [],
    ]


def test_lint_judges_terms_by_the_items_of_a_file(cli: Cli, watchlist: Path, tmp_path: Path) -> None:
    items = tmp_path / "items.jsonl"
    items.write_text(
        lines(
            *({"id": n, "title": f"<b>Fentanyl</b> &amp; {n}" if n < 20 else f"Rain {n}"} for n in range(300))
        )
    )
    (found,) = cli(
        "topics", "lint", "fentanyl", "--watchlist", watchlist, "--items", items, "--json"
    ).json.values()
    (broad,) = (each for each in found if each["code"] == "broad-term")
    assert (broad["line"], broad["column"], broad["group"]) == (1, 1, "")
    assert broad["message"] == "fentanyl is in 6.7% of 300 recent items, as in “Fentanyl & 0”"
    ran = cli("topics", "lint", "fentanyl", "--watchlist", watchlist, "--items", items)
    assert ran.code == 1
    assert "Fentanyl & 0” (use a phrase" in ran.out
    assert "[broad-term]" in ran.out
    items.write_text('{"id": 1}\n[]\n')
    ran = cli("topics", "lint", "--watchlist", watchlist, "--items", items)
    assert ran.code == 1
    assert "line 2: expected an object" in ran.err


def test_lint_judges_the_configuration_by_what_the_store_holds(cli: Cli, tmp_path: Path) -> None:
    """Without a store there is nothing to judge by, and lint makes none."""
    (tmp_path / "other").mkdir()
    site = Site(tmp_path / "site", with_daemon=False)
    rain = [recorded(f"r{n}", f"Rain on day {n}") for n in range(200)]
    seized = [recorded(f"f{n}", f"Fentanyl case {n}") for n in range(20)]
    site.stage = small_stage(tmp_path / "other", recording("wet", *rain, *seized))
    with site:
        command = ("topics", "lint", "--config", site.config, "--json")
        before = cli(*command).json
        assert not list(load_settings(site.config, {}).state_dir.glob("*.db"))
        assert cli("poll", "--once", "--config", site.config).code == 0
        after = cli(*command).json
    broad = [each["message"] for each in after["fentanyl"] if each["code"] == "broad-term"]
    assert broad[0].startswith("fentanyl is in 9.1% of 220 recent items")
    assert not any(each["code"] == "broad-term" for each in before.get("fentanyl", []))
