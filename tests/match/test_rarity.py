"""Anchors: what occurs seldom is cheap and tried first (white box; results never change)."""

import pytest

from monitor.match.engine.leaf import Leaf, leaf_keys
from monitor.match.engine.rarity import cost, telling


def leaf(
    *words: str, exact: bool = False, prefix: bool = False, slop: int = 0, field: str | None = None
) -> Leaf:
    return Leaf(words, exact, prefix, slop, field)


@pytest.mark.parametrize(
    ("cheap", "dear"),
    [
        (leaf("fentanyl"), leaf("border")),
        (leaf("border", "wall"), leaf("border")),
        (leaf("the", "ladder"), leaf("the", "border")),
        (leaf("ice", exact=True), leaf("ice")),
        (leaf("border", field="title"), leaf("border")),
        (leaf("smuggl"), leaf("smuggl", prefix=True)),
        (leaf("deportations"), leaf("deport", prefix=True)),
        (leaf("xenon"), leaf("xe")),
        (leaf("the"), leaf("en", field="lang")),
    ],
)
def test_the_rarer_of_two_terms_is_the_cheaper_anchor(cheap: Leaf, dear: Leaf) -> None:
    assert 0 < cost(cheap, 1) < cost(dear, 1)


def test_of_words_that_are_not_listed_those_that_many_queries_use_are_dearer() -> None:
    assert cost(leaf("xenophora"), 1) < cost(leaf("xenophora"), 2)
    assert cost(leaf("border"), 1) == cost(leaf("border"), 2)


def test_the_word_that_tells_most_is_the_one_that_occurs_least() -> None:
    assert telling(leaf_keys(leaf("the", "border", "ladder"))) == 2
    assert telling(leaf_keys(leaf("gulf", "of", "mexico"))) == 0
    assert telling(leaf_keys(leaf("the", "ladd", prefix=True))) == 0  # a prefix cannot be asked for
