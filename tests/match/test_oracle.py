"""Whatever the query and whatever the text: the compiled watchlist finds what trying it all out finds."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.match import Watchlist, compile_watchlist, layout, parse_query
from monitor.model import ItemText
from tests.match.chance import VOCABULARY, Shape, random_item, random_tree, real_items, real_words, topic_of
from tests.match.naive import Text, Tree, holds

CHANCE = st.randoms(use_true_random=False)
SHAPE = Shape(words=VOCABULARY)


def usable(rng: random.Random, shape: Shape, count: int) -> dict[str, Tree]:
    """Make queries without those that are refused, and see that these are true of a text with none of their words.

    Of queries that ask for a language it is not seen: lang:es AND lang:en is refused too.
    """
    found: dict[str, Tree] = {}
    for number in range(count):
        tree = random_tree(rng, shape)
        topic = topic_of(tree, f"t{number}")
        try:
            parse_query(topic.query, topic.groups)
        except QueryError as refusal:
            if "none of its words" not in refusal.message:
                raise
            if "lang:" not in "".join([topic.query, *dict(topic.groups).values()]):
                assert holds(tree, Text(ItemText(title="qwxz"))), topic.query
            continue
        found[topic.slug] = tree
    return found


def compiled(trees: dict[str, Tree]) -> Watchlist:
    return compile_watchlist([topic_of(tree, slug) for slug, tree in trees.items()], revision=1)


def slugs(watchlist: Watchlist, item: ItemText) -> list[str]:
    return [match.topic.slug for match in watchlist.match(item)]


def expected(watchlist: Watchlist, trees: dict[str, Tree], item: ItemText) -> list[str]:
    """Try each topic of a watchlist by itself, in its order."""
    text = Text(item)
    assert {topic.slug for topic in watchlist.topics} == trees.keys()
    return [topic.slug for topic in watchlist.topics if holds(trees[topic.slug], text)]


@settings(max_examples=80)
@given(CHANCE)
def test_many_topics_at_once_hit_what_each_alone_would(rng: random.Random) -> None:
    trees = usable(rng, SHAPE, 12)
    watchlist = compiled(trees)
    for _ in range(3):
        item = random_item(rng, VOCABULARY)
        assert slugs(watchlist, item) == expected(watchlist, trees, item), item


@settings(max_examples=40)
@given(CHANCE)
def test_a_watchlist_changed_in_many_steps_is_the_same_as_one_compiled_anew(rng: random.Random) -> None:
    """Topics are added, replaced and removed, the parts are folded now and then; each snapshot hits what it says."""
    trees = usable(rng, SHAPE, 4)
    watchlist = compiled(trees)
    for step in range(8):
        fresh = usable(rng, SHAPE, rng.randint(0, 3))
        added = {
            rng.choice([slug, *trees]) if trees and rng.random() < 0.4 else f"{slug}-{step}": tree
            for slug, tree in fresh.items()
        }
        removed = rng.sample(sorted(trees), rng.randint(0, len(trees) // 2))
        before, item = watchlist, random_item(rng, VOCABULARY)
        kept = slugs(before, item)
        topics = [topic_of(tree, slug) for slug, tree in added.items()]
        trees = {slug: tree for slug, tree in trees.items() if slug not in removed} | added
        if rng.random() < 0.3:
            watchlist = watchlist.brought_to(
                [topic_of(tree, slug) for slug, tree in trees.items()], revision=step
            )
        else:
            watchlist = watchlist.changed(added=topics, removed=removed, revision=step)
        if rng.random() < 0.3:
            watchlist = watchlist.folded()
        assert slugs(watchlist, item) == expected(watchlist, trees, item)
        assert slugs(before, item) == kept


@settings(max_examples=60)
@given(CHANCE)
def test_the_canonical_form_and_the_layout_change_no_hit(rng: random.Random) -> None:
    trees = usable(rng, SHAPE, 4)
    item = random_item(rng, VOCABULARY)
    text = Text(item)
    for slug, tree in trees.items():
        topic = topic_of(tree, slug)
        for query in (str(parse_query(topic.query, topic.groups)), layout(topic.query)):
            again = parse_query(query, topic.groups)
            assert again == parse_query(topic.query, topic.groups)
            watchlist = compile_watchlist([replace(topic, query=query)], revision=1)
            assert bool(watchlist.match(item)) == holds(tree, text), query


@pytest.mark.corpus
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_queries_of_real_words_hit_the_same_real_items(seed: int) -> None:
    """120 queries on 240 items each time, as one watchlist, and after a third of it was exchanged."""
    rng = random.Random(seed)
    items = real_items(rng, 240)
    shape = Shape(words=real_words(rng, items, 300))
    trees = usable(rng, shape, 120)
    first = compiled(trees)
    gone = sorted(trees)[: len(trees) // 3]
    new = {f"new-{slug}": tree for slug, tree in usable(rng, shape, 40).items()}
    changed = first.changed(
        added=[topic_of(tree, slug) for slug, tree in new.items()], removed=gone, revision=2
    )
    left = {slug: tree for slug, tree in trees.items() if slug not in gone} | new
    found = 0
    for item in items:
        hits = slugs(first, item)
        assert hits == expected(first, trees, item), item
        assert slugs(changed, item) == expected(changed, left, item), item
        found += len(hits)
    assert found > len(items)
