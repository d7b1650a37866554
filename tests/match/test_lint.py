"""Advice: given where it helps, and only there."""

import pytest

from monitor.errors import QueryError
from monitor.match import compile_watchlist, lint
from monitor.model import Example, ItemText, Priority, Topic

EXAMPLE = Example(title="x", match=True)


def codes(query: str, *examples: Example) -> list[tuple[str, int]]:
    topic = Topic(
        slug="t", watchlist="w", name="t", description="", priority=Priority.NORMAL, query=query, owner="file:t",
        examples=examples or (EXAMPLE,),
    )  # fmt: skip
    found = [(finding.code, finding.column) for finding in lint(topic)]
    return [one for one in found if one[0] != "one-language"]  # tests/match/test_twins.py


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("fentanyl AND (border OR frontera) AND NOT film", []),
        ("=ICE OR USMCA OR Ice OR ice-cream", [("repeated-term", 2), ("repeated-term", 25)]),
        ("ICE", [("short-capitals", 1)]),
        ("T-MEC OR EU OR A", [("short-capitals", 10)]),
        ("smuggl* depor* depo*", [("short-prefix", 16)]),
        ("a and b", [("operator-word", 3)]),
        ('"Mexico and Canada"', []),
        ("cartel OR drugs OR cárteles", [("repeated-term", 20)]),
        ("cartel OR cartel OR cartel", [("repeated-term", 11), ("repeated-term", 21)]),
        ("smuggler OR smuggl*", [("repeated-term", 1)]),
        ('"border patrol agent" OR "border patrol"', [("repeated-term", 1)]),
        ("title:cartel OR cartel", [("repeated-term", 7)]),
        ("cartel OR title:(x OR cartel)", []),
        ("cartel AND title:cartel", []),
        ('cartel AND "cartel boss"', []),
        ("cartel AND cartels", [("repeated-term", 12)]),
        ("news OR new", []),
        ("=Mexico OR =MEXICO", []),
        ("a AND NOT a", [("never-true", 1)]),
        ("(a OR b) AND NOT (b OR c)", [("never-true", 7)]),
        ('"New Mexico" AND NOT Mexico', [("never-true", 1)]),
        ('Mexico AND NOT "New Mexico"', []),
        ("title:a AND NOT a", [("never-true", 7)]),
        ("a AND NOT title:a", []),
        ("smuggler AND NOT smuggl*", [("never-true", 1)]),
        ("smuggl* AND NOT smuggler", []),
        ("ice AND NOT =ICE", []),
        ("x AND (a OR (b AND c)) AND NOT (b AND c)", []),
        ("title:(a OR b) AND NOT title:b", [("never-true", 13)]),
        ("a AND (b OR #tag\nc)", [("comment-hashtag", 13)]),
        ("a # a note\nAND b", []),
    ],
)
def test_advice_is_given_where_it_helps(query: str, expected: list[tuple[str, int]]) -> None:
    assert codes(query) == expected


def test_a_topic_without_examples_is_told_so() -> None:
    topic = Topic(
        slug="t", watchlist="w", name="t", description="", priority=Priority.LOW, query="a", owner="ui"
    )
    (finding,) = lint(topic)
    assert finding.code == "no-examples"
    assert "must match" in str(finding)


def test_what_is_said_to_never_match_never_does() -> None:
    topic = Topic(
        slug="t", watchlist="w", name="t", description="", priority=Priority.LOW, owner="ui",
        query='"New Mexico" AND NOT Mexico',
    )  # fmt: skip
    watchlist = compile_watchlist([topic], revision=1)
    assert not watchlist.match(ItemText(title="New Mexico", summary="new mexicos"))


def test_a_query_that_cannot_be_parsed_is_refused() -> None:
    with pytest.raises(QueryError):
        codes("a AND")


def test_long_lists_are_checked_too() -> None:
    query = " OR ".join(f"word{number}x" for number in range(4000)) + " OR word7x"
    assert codes(query) == [("repeated-term", len(query) - 5)]
