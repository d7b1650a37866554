"""Whether the compiled watchlist finds what two oracles find: an evaluator that tries everything out, and FTS5.

    make bench-oracle                                   # real items of ../shared/corpora/items
    make bench-oracle ARGS="--queries 5000 --items 9000 --seed 7"

Queries are made by chance of runs of words as they stand in the items. Those for the evaluator hold every operator of
docs/query-language.md; those for FTS5 hold what it can say too (AND, OR, NOT, phrase, prefix, exact, field, NEAR of two
words). All queries of a kind are one watchlist; half of it is compiled at once, the other half is added in steps.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.table import Goal, finish, print_rows  # noqa: E402
from monitor.errors import QueryError  # noqa: E402
from monitor.match import Watchlist, compile_watchlist, parse_query  # noqa: E402
from monitor.model import ItemText, Topic  # noqa: E402
from tests.match.chance import (  # noqa: E402
    CORPUS,
    Shape,
    random_tree,
    real_items,
    real_words,
    topic_of,
)
from tests.match.fts import Fts, random_query  # noqa: E402
from tests.match.naive import Text, Tree, holds  # noqa: E402

STEPS = 20


def main() -> None:
    """Compare, print, and end with 1 when there is a difference."""
    options = _options()
    rng = random.Random(options.seed)
    items = real_items(rng, options.items, options.corpora)
    words = real_words(rng, items, max(1000, options.queries))
    plain = Shape(words=words, fields=False)
    compared = [
        _compared("evaluator", _usable(rng, Shape(words=words), options.queries, random_tree), items, _tried),
        _compared("FTS5", _usable(rng, plain, options.queries, random_query), items, _asked),
    ]
    head = ("oracle", "queries", "items", "decisions", "hits", "differences", "engine s", "oracle s")
    print_rows(head, [tuple(row.values()) for row in compared])
    for row in compared:
        row["decisions"] = int(row["queries"]) * int(row["items"])
    goals = [
        Goal(name=f"differences from {row['oracle']}", value=float(row["differences"]), limit=0.0)
        for row in compared
    ]
    finish({"benchmark": "oracle", "seed": options.seed, "oracles": compared}, goals)
    sys.exit(0 if all(goal.met for goal in goals) else 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpora", type=Path, default=CORPUS, help="folder of general-en.jsonl and so on")
    parser.add_argument("--queries", type=int, default=2000, help="of each kind")
    parser.add_argument("--items", type=int, default=5001)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not (options.corpora / "candidates.jsonl").exists():
        parser.error(f"no items at {options.corpora}")
    return options


def _usable(
    rng: random.Random, shape: Shape, count: int, make: Callable[[random.Random, Shape], Tree]
) -> dict[str, Tree]:
    """Make so many queries that are not refused for being true of everything."""
    found: dict[str, Tree] = {}
    while len(found) < count:
        tree = make(rng, shape)
        topic = topic_of(tree, f"t{len(found)}")
        try:
            parse_query(topic.query, topic.groups)
        except QueryError:
            continue
        found[topic.slug] = tree
    return found


def _watchlist(topics: Sequence[Topic]) -> Watchlist:
    half = len(topics) // 2
    watchlist = compile_watchlist(topics[:half], revision=1)
    for step in range(STEPS):
        watchlist = watchlist.changed(added=topics[half + step :: STEPS], revision=step + 2)
    return watchlist


def _compared(
    name: str,
    trees: dict[str, Tree],
    items: Sequence[ItemText],
    oracle: Callable[[dict[str, Tree], Sequence[ItemText]], set[tuple[str, int]]],
) -> dict[str, float | int | str]:
    watchlist = _watchlist([topic_of(tree, slug) for slug, tree in trees.items()])
    began = time.process_time()
    ours = {
        (match.topic.slug, number) for number, item in enumerate(items) for match in watchlist.match(item)
    }
    matched = time.process_time()
    theirs = oracle(trees, items)
    ended = time.process_time()
    wrong = sorted(ours ^ theirs)
    for slug, number in wrong[:5]:
        print(f"{slug} {trees[slug]} {items[number]}", file=sys.stderr)
    return {
        "oracle": name,
        "queries": len(trees),
        "items": len(items),
        "decisions": f"{len(trees) * len(items):,}",
        "hits": len(ours),
        "differences": len(wrong),
        "engine_seconds": matched - began,
        "oracle_seconds": ended - matched,
    }


def _tried(trees: dict[str, Tree], items: Sequence[ItemText]) -> set[tuple[str, int]]:
    found = set()
    for number, item in enumerate(items):
        text = Text(item)
        found.update((slug, number) for slug, tree in trees.items() if holds(tree, text))
    return found


def _asked(trees: dict[str, Tree], items: Sequence[ItemText]) -> set[tuple[str, int]]:
    fts = Fts(items)
    found = {(slug, number) for slug, tree in trees.items() for number in fts.hits(tree)}
    fts.close()
    return found


if __name__ == "__main__":
    main()
