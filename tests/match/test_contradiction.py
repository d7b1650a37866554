"""What is said to be never true never is, and the rest is left in peace."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.match import lint, lint_group, parse_query
from monitor.model import Example, Priority, Topic
from tests.match.chance import VOCABULARY, Shape, random_item, random_tree, topic_of
from tests.match.naive import Every, Text, Tree, Without, definitions, holds, written

SHAPE = Shape(words=("cartel", "tunnel", "border", "wall", "smuggler"))


def never(query: str, groups: dict[str, str] | None = None) -> list[tuple[int, str]]:
    topic = Topic(
        slug="t", watchlist="w", name="t", description="", priority=Priority.LOW, owner="o", query=query,
        groups=tuple((groups or {}).items()), examples=(Example(title="x", match=True),),
    )  # fmt: skip
    return [(one.column, one.message) for one in lint(topic) if one.code == "never-true"]


@pytest.mark.parametrize(
    ("query", "column", "said"),
    [
        ("x AND a AND b AND NOT (b AND a)", 1, "excludes what it demands"),
        ("x OR (a AND b AND NOT (b AND a))", 7, "excludes what it demands"),
        ('("a b" OR c) AND a AND "d e" AND NOT (a AND d)', 2, "excludes what it demands"),
        ("title:(a AND b) AND NOT (a AND b)", 8, "excludes what it demands"),
        ("a AND b AND NOT ATLEAST/2(a, b, c)", 1, "excludes what it demands"),
        ("(a NEAR/3 b) AND NOT (a AND b)", 2, "excludes what it demands"),
        ("x AND ATLEAST/2(a, title:b, c) AND NOT (a OR b)", 17, "a can never be"),
        ("x AND ATLEAST/2(a AND d, b, c) AND NOT (b OR a)", 17, "a can never be"),
        ("title:a NEAR/5 summary:b", 7, "different fields"),
        ("x AND (title:a NEAR/5 (summary:b OR tag:c))", 14, "different fields"),
        ("(title:a NEAR/5 b) NEAR/5 summary:c", 8, "different fields"),
        ("a AND lang:en AND lang:es", 1, "one language"),
        ("a AND lang:(en OR pt) AND NOT (lang:en OR lang:pt)", 13, "en can never be"),
    ],
)
def test_what_can_never_be_true_is_told_at_its_place(query: str, column: int, said: str) -> None:
    found = never(query)
    assert found
    assert found[0][0] == column
    assert said in found[0][1]


@pytest.mark.parametrize(
    "query",
    [
        "a AND b AND NOT (b AND c)",
        "(a OR b) AND NOT (b AND a)",
        "a AND b AND NOT (a NEAR/3 b)",
        "a AND b AND NOT title:(a AND b)",
        "ATLEAST/2(a, b, c) AND NOT (a AND b)",
        "ATLEAST/2(a, b, c) AND NOT title:a",
        "title:a NEAR/5 (summary:b OR c)",
        "title:(a NEAR/5 b) AND summary:(a NEAR/5 b)",
        "a AND lang:(en OR es) AND lang:es",
        "a AND lang:(en OR es) AND NOT lang:es",
        "a AND NOT lang:es AND NOT lang:en",
    ],
)
def test_what_may_be_true_is_left_in_peace(query: str) -> None:
    assert [said for _, said in never(query) if "can never be true" in said] == []


def test_a_named_group_that_is_excluded_is_told_where_it_is_used() -> None:
    groups = {"west": "Tijuana OR Mexicali"}
    ((column, said),) = never("x AND @west AND NOT (Mexicali OR Tijuana)", groups)
    assert column == 7
    assert said.startswith("@west can never be what matches")
    assert never("x AND @west AND NOT Mexicali", groups) == []


def test_advice_on_a_group_names_the_group() -> None:
    (found,) = lint_group("g", {"g": "x OR (a AND b AND NOT (a AND b))"})
    assert (found.code, found.group, found.column) == ("never-true", "g", 7)


@settings(max_examples=150)
@given(st.randoms(use_true_random=False))
def test_a_query_that_is_told_to_be_never_true_is_true_of_no_text(rng: random.Random) -> None:
    """The whole query is meant where the message writes it out from its beginning."""
    parts = tuple(random_tree(rng, SHAPE, 1) for _ in range(3))
    tree: Tree = Every((*parts, Without(random_tree(rng, SHAPE, 2))))
    topic = topic_of(tree, "t")
    try:
        root = parse_query(topic.query, topic.groups).root
    except QueryError:
        return
    whole = str(root)[:20]
    told = any(
        "can never be true" in said and said.startswith(whole)
        for _, said in never(written(tree), definitions(tree))
    )
    if told:
        for _ in range(30):
            assert not holds(tree, Text(random_item(rng, (*SHAPE.words, *VOCABULARY[:4])))), topic.query
