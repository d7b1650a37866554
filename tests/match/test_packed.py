"""Packed queries say of a set of leaves what the evaluator says of the text, and name the words that are needed."""

from collections.abc import Sequence
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.match import parse_query
from monitor.match.engine.document import OCCURRENCES, Document, found, holds
from monitor.match.engine.index import Texts
from monitor.match.engine.leaf import leaf_node, leaf_text, read_leaf
from monitor.match.engine.near import Place
from monitor.match.engine.packed import Packed, Packer, members_of
from monitor.match.engine.reading import Reading, View
from monitor.match.engine.verdict import Verdict
from monitor.match.language.tree import Node, scoped_terms
from monitor.model import ItemText

LETTERS = "abcdef"
MANY = " OR ".join(f"n{number}" for number in range(16))
GROUPS = {"g": "a OR b", "many": f"{MANY} OR c"}
near = st.tuples(st.sampled_from(["a", "(b OR d)", "c"]), st.sampled_from(["e", "(f OR a)", "@g"])).map(
    lambda pair: f"({pair[0]} NEAR/2 {pair[1]})"
)
trees = st.recursive(
    st.sampled_from(
        [
            *LETTERS,
            *(f"title:{letter}" for letter in LETTERS),
            '"a b"',
            "title:(a OR c)",
            "@g",
            "@many",
            "=a",
            '"a b"~1',
        ]
    )
    | near,
    lambda inner: (
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' AND '.join(parts)})")
        | st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' OR '.join(parts)})")
        | st.lists(inner, min_size=2, max_size=4).map(
            lambda parts: f"ATLEAST/{len(parts) // 2 + 1}({', '.join(parts)})"
        )
        | inner.map(lambda part: f"(NOT ({part}))")
    ),
    max_leaves=14,
)
texts = st.builds(
    lambda title, summary: ItemText(title=" ".join(title), summary=" ".join(summary)),
    st.lists(st.sampled_from([*LETTERS, "n3"]), max_size=6),
    st.lists(st.sampled_from([*LETTERS, "n9"]), max_size=6),
)


def parsed(query: str) -> Node | None:
    try:
        return parse_query(query, GROUPS).root
    except QueryError:
        return None  # true of everything


def present(leaves: Sequence[str], document: Document) -> set[int]:
    """Return the leaves, groups among them, that are there."""
    terms = {
        number for number, leaf in enumerate(leaves) if leaf[0] != "@" and holds(leaf_node(leaf), document)
    }
    return terms | {number for number, leaf in enumerate(leaves) if members_of(leaf) & terms}


def verdict_on(packed: Packed, there: set[int], text: ItemText) -> Verdict:
    return Verdict(packed, there, View(Reading(text), packed.leaves))


@given(trees, texts)
def test_a_packed_query_says_what_the_evaluator_says(query: str, text: ItemText) -> None:
    root = parsed(query)
    if root is None:
        return
    packer, document = Packer(), Document(text)
    packed = Packed(packer.pack(root), list(packer.leaves))
    there = present(packed.leaves, document)
    verdict = verdict_on(packed, there, text)
    assert verdict.true(0) == holds(root, document)
    if holds(root, document):
        places: set[Place] = set()
        for one in verdict.made(0):
            if one >= 0:
                places |= found(leaf_node(packed.leaves[one]), document)
            else:
                near_ones = islice(verdict.passages(~one), OCCURRENCES)
                places |= {place for passage in near_ones for place in passage.places}
        assert places == found(root, document)


@given(trees, texts)
def test_every_text_that_a_query_is_true_of_has_one_of_its_anchors(query: str, text: ItemText) -> None:
    root = parsed(query)
    if root is None:
        return
    packer, document = Packer(), Document(text)
    packed = Packed(packer.pack(root), list(packer.leaves))
    needed = packed.needed(0, lambda leaf: 1.0 + leaf)
    demands = packed.demands(0, lambda leaf: 1.0 + leaf)
    assert needed is not None
    assert demands[0] == needed
    if holds(root, document):
        there = present(packed.leaves, document)
        assert all(there.intersection(each.leaves) for each in demands)


@given(trees, texts)
def test_a_query_taken_over_or_taken_apart_is_the_same_query(query: str, text: ItemText) -> None:
    root = parsed(query)
    if root is None:
        return
    first, second, document = Packer(), Packer(), Document(text)
    second.pack(parse_query("z OR f").root)  # so that its numbers are others
    packed = Packed(first.pack(root), list(first.leaves))
    branches = second.apart(second.take(packed, 0))
    again = Packed([number for branch in branches for number in branch], list(second.leaves))
    there = present(again.leaves, document)
    starts = [sum(map(len, branches[:number])) for number in range(len(branches))]
    verdict = verdict_on(again, there, text)
    assert any(map(verdict.true, starts)) == holds(root, document)
    for start in starts:
        assert (
            second.take(again, start) == branches[starts.index(start)]
        )  # whatever is parted once stays as it is


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1)))
def test_texts_put_together_are_the_texts(several: list[str]) -> None:
    texts = Texts(several)
    assert list(texts) == several
    assert [texts[number] for number in range(len(texts))] == several
    assert list(texts[1:]) == several[1:]


def test_the_cheapest_demand_is_the_anchor() -> None:
    packer = Packer()
    packed = Packed(packer.pack(parse_query("(a OR b) AND c AND NOT d").root), list(packer.leaves))
    costs = {
        leaf: {"a": 1.0, "b": 1.0, "c": 5.0, "d": 0.1}[read_leaf(leaf).words[0]] for leaf in packed.leaves
    }
    needed = packed.needed(0, lambda leaf: costs[packed.leaves[leaf]])
    assert needed is not None
    assert sorted(read_leaf(packed.leaves[leaf]).words[0] for leaf in needed.leaves) == ["a", "b"]


def test_many_alternatives_are_one_leaf_wherever_they_stand() -> None:
    packer = Packer()
    one, other = (
        packer.pack(parse_query(query, GROUPS).root) for query in ("x AND @many", "y AND (z OR @many)")
    )
    groups = [number for leaf, number in packer.leaves.items() if members_of(leaf)]
    assert len(groups) == 1
    assert groups[0] in one
    assert groups[0] in other


@given(
    st.sampled_from(
        [
            "a",
            "=Ab",
            "abcd*",
            '"a b"',
            '"a b"~3',
            '="A b"',
            '"peña cárteles"',
            "title:=Ab",
            "tag:a",
            "lang:en",
        ]
    )
)
def test_a_leaf_is_read_as_it_was_written(query: str) -> None:
    term, field = next(scoped_terms(parse_query(f"{query} AND z").root))
    text = leaf_text(term, field)
    node = leaf_node(text)
    ((again, again_field),) = scoped_terms(node)
    assert (again.words, again.exact, again.prefix, again.slop, again.keys) == (
        term.words,
        term.exact,
        term.prefix,
        term.slop,
        term.keys,
    )
    assert again_field == field
    assert leaf_text(again, again_field) == text
