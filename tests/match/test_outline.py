"""Outlines: what they rule out could not have matched, and every match has one of the anchors."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.match import compile_watchlist, parse_query
from monitor.match.document import Document, holds
from monitor.match.outline import outline
from monitor.match.tree import Term
from monitor.model import ItemText
from tests.match.test_near import topic

LETTERS = "abcdef"
trees = st.recursive(
    st.sampled_from([*LETTERS, *(f"title:{letter}" for letter in LETTERS)]),
    lambda inner: (
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' AND '.join(parts)})")
        | st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' OR '.join(parts)})")
        | st.lists(inner, min_size=2, max_size=4).flatmap(
            lambda parts: st.integers(1, len(parts)).map(lambda n: f"ATLEAST/{n}({', '.join(parts)})")
        )
        | st.tuples(st.sampled_from(LETTERS), st.sampled_from(LETTERS), st.sampled_from(LETTERS)).map(
            lambda drawn: f"({drawn[0]} NEAR/2 (title:{drawn[1]} OR {drawn[2]}))"
        )
        | inner.map(lambda part: f"(NOT ({part}))")
    ),
    max_leaves=12,
)


@given(trees, st.sets(st.sampled_from(LETTERS)), st.sets(st.sampled_from(LETTERS)))
def test_an_outline_allows_every_match_and_its_anchor_is_among_the_words(
    query: str, title: set[str], summary: set[str]
) -> None:
    try:
        root = parse_query(query).root
    except QueryError:
        return  # true of everything
    names: list[tuple[str, str | None]] = []

    def number(term: Term, field: str | None) -> int:
        name = (term.words[0], field)
        if name not in names:
            names.append(name)
        return names.index(name)

    needed = outline(root, number)
    assert needed is not None
    assert not needed.allows(set())
    document = Document(ItemText(title=" ".join(sorted(title)), summary=" ".join(sorted(summary))))
    if holds(root, document):
        present = {
            i for i, (word, field) in enumerate(names) if word in title or (field is None and word in summary)
        }
        assert needed.allows(present)
        assert needed.anchor(lambda leaf: float(leaf + 1)) & present


def test_the_cheapest_demand_is_the_anchor() -> None:
    def number(term: Term, field: str | None) -> int:
        return LETTERS.index(term.words[0])

    needed = outline(parse_query("(a OR b) AND c AND NOT d").root, number)
    assert needed is not None
    assert needed.anchor({0: 1.0, 1: 1.0, 2: 5.0}.__getitem__) == {0, 1}
    assert needed.anchor({0: 1.0, 1: 1.0, 2: 1.5}.__getitem__) == {2}


def test_of_so_many_parts_the_cheapest_that_cannot_all_be_missing_are_the_anchor() -> None:
    def number(term: Term, field: str | None) -> int:
        return LETTERS.index(term.words[0])

    needed = outline(parse_query("ATLEAST/3(a, b, c, d)").root, number)
    assert needed is not None
    assert needed.anchor({0: 9.0, 1: 1.0, 2: 1.0, 3: 2.0}.__getitem__) == {1, 2}
    assert needed.allows({0, 1, 3})
    assert not needed.allows({0, 1})


def test_nested_and_long_lists_stay_small() -> None:
    nested = "a"
    for _ in range(48):
        nested = f"ATLEAST/3(b, c, {nested}, d, e)"
    long = f"ATLEAST/9000({', '.join(f'w{number}' for number in range(9_100))})"
    for query in (nested, long):
        watchlist = compile_watchlist([topic(query)], revision=1)
        assert not watchlist.match(ItemText(title="x w1 b"))
    assert compile_watchlist([topic(nested)], revision=1).match(ItemText(title="b c d"))
