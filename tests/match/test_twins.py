"""A word whose twin in the other language is missing is told, once, with the twin; all else is left in peace."""

from importlib.resources import files

import pytest

from monitor.match import lint, lint_group
from monitor.match.advice.finding import Finding
from monitor.model import Example, Priority, Topic
from monitor.text.fold import words


def told(query: str, groups: dict[str, str] | None = None) -> list[Finding]:
    topic = Topic(
        slug="t", watchlist="w", name="t", description="", priority=Priority.LOW, owner="o", query=query,
        groups=tuple((groups or {}).items()), examples=(Example(title="x", match=True),),
    )  # fmt: skip
    return [one for one in lint(topic) if one.code == "one-language"]


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("(border OR frontera) AND (tunnel OR Tijuana)", [27]),
        ("(border OR frontera) AND (túneles OR Tijuana)", [27]),
        ("(border OR frontera) AND tunnels AND (fentanilo OR x)", [26, 39]),
        ("(border OR frontera) AND (tunnel OR tunnels)", [27]),
        ("tunnel AND border AND fentanyl", [1]),
        ("túnel", [1]),
    ],
)
def test_a_word_without_its_twin_is_told(query: str, columns: list[int]) -> None:
    assert [one.column for one in told(query)] == columns


@pytest.mark.parametrize(
    "query",
    [
        "(border OR frontera) AND (tunnel OR túnel)",
        "(tunnels OR túneles) AND (arancel OR TARIFF)",
        '(border OR frontera) AND (tunnel OR "túnel secreto")',
        "(border OR frontera) AND (tunnel OR =Túnel)",
        "(border OR frontera) AND (tariff OR arancel*)",
        "(border OR frontera) AND (trade OR comercial)",
        "(border OR frontera) AND =Wall",
        '(border OR frontera) AND ("border wall" OR muro*)',
        "(border OR frontera) AND NOT wall",
        "lang:en AND border AND tunnel",
        "(border OR frontera) AND source:border AND author:wall",
        "Tijuana OR cartel OR auto",
    ],
)
def test_a_word_with_its_twin_anywhere_or_no_twin_is_left_in_peace(query: str) -> None:
    assert told(query) == []


def test_the_advice_names_the_twins() -> None:
    (one,) = told("(border OR frontera) AND (troops OR x)")
    assert one.message == "troops is there in English only"
    assert one.hint == "add Spanish: soldado or tropa or militar"


def test_a_topic_in_one_language_is_told_once_with_the_first_twins() -> None:
    (one,) = told("tunnel OR muro OR túnel OR wall OR tariff OR troops")[:1]
    assert one.message == "tariff is there in English only"
    (whole,) = told("tunnel OR wall OR tariff OR troops OR smuggler OR fentanyl OR drone")
    assert whole.message == "all words are in English only"
    assert whole.hint == (
        "add Spanish (tunnel = túnel, wall = muro, tariff = arancel, troops = soldado, smuggler = contrabandista), "
        "or say lang:en if only that is wanted"
    )


def test_a_twin_in_a_named_group_counts_and_the_group_is_looked_at_by_itself() -> None:
    groups = {"a": "border OR Tijuana", "b": "frontera OR túnel"}
    assert told("@b AND (border OR tunnel)", groups) == []
    assert [one.code for one in lint_group("a", groups)] == []
    assert [(one.code, one.group) for one in lint_group("b", groups)] == [("one-language", "b")]


def test_the_glossary_holds_single_words_in_two_columns() -> None:
    lines = files("monitor.match.advice").joinpath("glossary.txt").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if not line.startswith("#")]
    assert len(rows) > 50
    for row in rows:
        english, spanish = (side.split() for side in row.split(" | "))
        assert english
        assert spanish
        assert all(len(words(word)) == 1 for word in (*english, *spanish)), row
    assert len(set(rows)) == len(rows)
