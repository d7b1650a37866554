"""FTS5 and the compiled watchlist find the same items, wherever both can say what is asked for."""

import random

import pytest

from monitor.match import compile_watchlist
from monitor.model import ItemText
from tests.match.chance import VOCABULARY, Shape, random_item, real_items, real_words, topic_of
from tests.match.fts import Fts, random_query
from tests.match.naive import Tree, written


def differences(trees: dict[str, Tree], items: list[ItemText]) -> tuple[int, list[str]]:
    """Return how many hits there are and each (item, query) that one of the two alone finds."""
    watchlist = compile_watchlist([topic_of(tree, slug) for slug, tree in trees.items()], revision=1)
    ours: dict[str, set[int]] = {slug: set() for slug in trees}
    for number, item in enumerate(items):
        for match in watchlist.match(item):
            ours[match.topic.slug].add(number)
    fts = Fts(items)
    wrong = [
        f"{written(tree)}\n{items[number]}"
        for slug, tree in trees.items()
        for number in ours[slug] ^ fts.hits(tree)
    ]
    fts.close()
    return sum(map(len, ours.values())), wrong


@pytest.mark.parametrize("seed", range(3))
def test_queries_and_items_of_a_small_vocabulary(seed: int) -> None:
    rng = random.Random(seed)
    shape = Shape(words=VOCABULARY, fields=False)
    made = [random_item(rng, VOCABULARY) for _ in range(150)]
    items = [ItemText(title=item.title, summary=item.summary, language=item.language) for item in made]
    found, wrong = differences({f"t{number}": random_query(rng, shape) for number in range(150)}, items)
    assert wrong == []
    assert found > 2000


@pytest.mark.corpus
@pytest.mark.parametrize("seed", range(2))
def test_queries_of_real_words_on_real_items(seed: int) -> None:
    rng = random.Random(seed)
    items = real_items(rng, 900)
    shape = Shape(words=real_words(rng, items, 600), fields=False)
    found, wrong = differences({f"t{number}": random_query(rng, shape) for number in range(300)}, items)
    assert wrong == []
    assert found > 5000
