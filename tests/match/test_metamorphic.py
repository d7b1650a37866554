"""What must stay true when a query or a text is changed: no oracle is asked, only the matcher, twice."""

import html
import random
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.match import compile_watchlist
from monitor.model import ItemText
from monitor.text.gate import plain
from monitor.text.gate import title as clean_title
from tests.match.chance import VOCABULARY, Shape, random_item, random_leaf, random_near, random_tree, topic_of
from tests.match.naive import Close, Every, In, Leaf, Named, Some, Tree, Without

CHANCE = st.randoms(use_true_random=False)
SHAPE = Shape(words=VOCABULARY)
TEXT_SHAPE = Shape(words=VOCABULARY, fields=False)


def hits(tree: Tree, items: list[ItemText]) -> set[int] | None:
    """Return which items a query finds; None when it is refused."""
    try:
        watchlist = compile_watchlist([topic_of(tree, "t")], revision=1)
    except QueryError:
        return None
    return {number for number, item in enumerate(items) if watchlist.match(item)}


def texts(rng: random.Random, count: int = 6) -> list[ItemText]:
    return [random_item(rng, VOCABULARY) for _ in range(count)]


def both(one: Tree, other: Tree, rng: random.Random) -> tuple[set[int], set[int]] | None:
    items = texts(rng)
    pair = hits(one, items), hits(other, items)
    return None if pair[0] is None or pair[1] is None else (pair[0], pair[1])


@settings(max_examples=60)
@given(CHANCE)
def test_another_alternative_loses_no_hit(rng: random.Random) -> None:
    tree = random_tree(rng, SHAPE)
    if pair := both(tree, Some((tree, random_tree(rng, SHAPE))), rng):
        assert pair[0] <= pair[1]


@settings(max_examples=60)
@given(CHANCE)
def test_another_demand_adds_no_hit(rng: random.Random) -> None:
    tree = random_tree(rng, SHAPE)
    if pair := both(tree, Every((tree, random_tree(rng, SHAPE))), rng):
        assert pair[0] >= pair[1]


@settings(max_examples=60)
@given(CHANCE)
def test_a_not_adds_no_hit_and_parts_the_hits_in_two(rng: random.Random) -> None:
    tree, other = random_tree(rng, SHAPE), random_tree(rng, SHAPE)
    items = texts(rng)
    all_hits, without, within = (
        hits(each, items) for each in (tree, Every((tree, Without(other))), Every((tree, other)))
    )
    if all_hits is not None and without is not None and within is not None:
        assert without | within == all_hits
        assert not without & within


@settings(max_examples=60)
@given(CHANCE)
def test_asking_for_fewer_parts_loses_no_hit(rng: random.Random) -> None:
    parts = tuple(random_leaf(rng, SHAPE) for _ in range(4))
    items = texts(rng)
    found = [hits(Some(parts, count), items) for count in (1, 2, 3, 4)]
    assert found[0] == hits(Some(parts), items)
    assert found[3] == hits(Every(parts), items)
    for more, fewer in pairwise(found):
        assert more is not None
        assert fewer is not None
        assert more >= fewer


@settings(max_examples=60)
@given(CHANCE)
def test_a_greater_distance_loses_no_hit_and_an_order_adds_none(rng: random.Random) -> None:
    parts = (random_near(rng, SHAPE, 2), random_near(rng, SHAPE, 2))
    items = texts(rng)
    before: set[int] = set()
    for distance in (1, 2, 4, 8, 25):
        near = hits(Close(parts, distance), items)
        ordered = hits(Close(parts, distance, ordered=True), items)
        turned = hits(Close(parts[::-1], distance), items)
        assert near is not None
        assert ordered is not None
        assert before <= near
        assert ordered <= near
        assert turned == near
        assert near <= (hits(Every(parts), items) or set())
        before = near


@settings(max_examples=60)
@given(CHANCE)
def test_a_phrase_is_found_by_every_slop_and_more_slop_loses_no_hit(rng: random.Random) -> None:
    start = rng.randrange(len(VOCABULARY) - 3)
    text = " ".join(VOCABULARY[start : start + rng.randint(2, 3)])
    form = rng.choice(("word", "exact"))
    items = texts(rng)
    before: set[int] = set()
    for slop in (0, 1, 2, 5, 25):
        found = hits(Leaf(text, form, slop), items)
        assert found is not None
        assert before <= found
        before = found


@settings(max_examples=60)
@given(CHANCE)
def test_a_field_adds_no_hit_and_the_three_texts_together_are_all_of_it(rng: random.Random) -> None:
    leaf, items = random_leaf(rng, TEXT_SHAPE), texts(rng)
    by_field = [hits(In(field, leaf), items) or set() for field in ("title", "summary", "body")]
    assert set().union(*by_field) == hits(leaf, items)


@settings(max_examples=60)
@given(CHANCE)
def test_an_exact_form_adds_no_hit(rng: random.Random) -> None:
    word, items = rng.choice(VOCABULARY), texts(rng)
    assert (hits(Leaf(word, "exact"), items) or set()) <= (hits(Leaf(word), items) or set())


def has_exact(tree: Tree) -> bool:
    match tree:
        case Leaf():
            return tree.form == "exact"
        case Without(part) | In(_, part) | Named(_, part):
            return has_exact(part)
        case Every(parts) | Some(parts) | Close(parts):
            return any(map(has_exact, parts))


def without_accents(text: str) -> str:
    flat = unicodedata.normalize("NFKD", text)
    return "".join(char for char in flat if not unicodedata.combining(char))


def in_entities(text: str) -> str:
    """Write letters with accents and signs as HTML does, and read it through the ingest gate."""
    numbered = "".join(f"&#{ord(char)};" if ord(char) > 127 else char for char in html.escape(text))
    return plain(numbered, html=True, limit=65_536)


CHANGES: dict[str, Callable[[str], str]] = {
    "capitals": str.upper,
    "small letters": str.lower,
    "no accents": without_accents,
    "decomposed accents": lambda text: unicodedata.normalize("NFD", text),
    "curly quotes": lambda text: text.replace("'", "’").replace('"', "“"),
    "straight quotes": lambda text: text.replace("’", "'").replace("“", '"'),
    "entities": in_entities,
    "the title's gate": clean_title,
    "soft hyphens": lambda text: text.replace("rr", "r\u00adr"),
    "wide spaces": lambda text: text.replace(" ", "\u2003"),
}
ALSO_EXACT = set(CHANGES) - {"capitals", "small letters"}


@pytest.mark.parametrize("change", CHANGES)
@settings(max_examples=25)
@given(rng=CHANCE)
def test_how_a_text_is_written_changes_nothing(change: str, rng: random.Random) -> None:
    """But for an exact form, which looks at capitals, and at nothing else."""
    tree = random_tree(rng, SHAPE)
    if has_exact(tree) and change not in ALSO_EXACT:
        return
    items = texts(rng)
    anew = CHANGES[change]
    changed = [
        replace(item, title=anew(item.title), summary=anew(item.summary), body=anew(item.body))
        for item in items
    ]
    assert hits(tree, changed) == hits(tree, items)


@pytest.mark.parametrize("anew", [str.upper, str.lower, without_accents])
@settings(max_examples=25)
@given(rng=CHANCE)
def test_how_a_query_is_written_changes_nothing(anew: Callable[[str], str], rng: random.Random) -> None:
    leaves = [leaf for leaf in (random_leaf(rng, SHAPE) for _ in range(4)) if leaf.form != "exact"]
    items = texts(rng)
    for leaf in leaves:
        assert hits(replace(leaf, text=anew(leaf.text)), items) == hits(leaf, items)
