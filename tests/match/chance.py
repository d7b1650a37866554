"""Queries and texts by chance, in the oracle's own trees: every operator, nested, over a given vocabulary."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.match import used_groups
from monitor.model import ItemText, Priority, Topic
from monitor.text.fold import tokens
from monitor.text.gate import plain
from monitor.text.gate import title as clean_title
from tests.match.naive import Close, Every, In, Leaf, Named, Some, Tree, Without, definitions, written

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpora" / "items"
# fmt: off
VOCABULARY = (
    "cartel", "cártel", "carteles", "tunnel", "túnel", "túneles", "border", "frontera", "troops", "tropas", "us", "US",
    "U.S.", "EE.UU.", "ICE", "ice", "Mexico", "México", "New", "mexicano", "Marina", "deporte", "deportes", "customs",
    "custom", "luz", "luces", "ciudad", "cities", "the", "de", "said", "a",
)
# fmt: on
WHERE = ("title", "summary", "body", "source", "author", "url", "tag")
LANGUAGES = ("en", "es", "und", "es-MX")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What random queries are made of: runs of words for the leaves, and whether rare fields are asked for."""

    words: Sequence[str]
    fields: bool = True


def random_leaf(rng: random.Random, shape: Shape) -> Leaf:
    """Make a word, a phrase with or without slop, an exact form or a prefix."""
    start = rng.randrange(len(shape.words))
    form = rng.choice(("word", "word", "word", "phrase", "phrase", "loose", "exact", "prefix"))
    run = shape.words[start : start + rng.choice((2, 2, 3))]
    if form == "phrase":
        return Leaf(" ".join(run), rng.choice(("word", "word", "exact")))
    if form == "loose" and len(run) > 1:
        return Leaf(" ".join(run), rng.choice(("word", "word", "exact")), rng.randint(1, 4))
    folded = [token.word.keys[0] for token in tokens(run[0])]
    if form == "prefix" and len(folded) == 1 and len(folded[0]) >= 4:
        return Leaf(folded[0][: rng.randint(4, len(folded[0]))], "prefix")
    return Leaf(run[0], "exact" if form == "exact" else "word")


def random_near(rng: random.Random, shape: Shape, depth: int) -> Tree:
    """Make a NEAR, or what may stand in one."""
    kind = rng.random() if depth else 0.0
    if kind < 0.45:
        return random_leaf(rng, shape)
    if kind < 0.6:
        return Some(tuple(random_near(rng, shape, depth - 1) for _ in range(rng.randint(2, 3))))
    if kind < 0.7 and shape.fields:
        return In(rng.choice(WHERE), random_near(rng, shape, depth - 1))
    if kind < 0.75:
        return _named(random_near(rng, shape, depth - 1))
    parts = tuple(random_near(rng, shape, depth - 1) for _ in range(rng.choice((2, 2, 3))))
    return Close(parts, rng.randint(1, 8), rng.random() < 0.4)


def random_tree(rng: random.Random, shape: Shape, depth: int = 3) -> Tree:  # noqa: PLR0911 - one a kind of tree
    """Make a tree with every operator."""
    kind = rng.random() if depth else 0.0
    if kind < 0.2:
        return random_leaf(rng, shape)
    if kind < 0.35:
        return random_near(rng, shape, 2)
    if kind < 0.42:
        return Without(random_tree(rng, shape, depth - 1))
    if kind < 0.48 and shape.fields:
        if rng.random() < 0.3:
            return In("lang", Leaf(rng.choice(("en", "es", "und"))))
        return In(rng.choice(WHERE), random_tree(rng, shape, depth - 1))
    if kind < 0.54:
        return _named(random_tree(rng, shape, depth - 1))
    parts = tuple(random_tree(rng, shape, depth - 1) for _ in range(rng.randint(2, 3)))
    if kind < 0.75:
        return Every(parts)
    return Some(parts, 1 if kind < 0.92 else rng.randint(1, len(parts)))


def _named(part: Tree) -> Named:
    """Give a part a name that no other part has."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    digest = random.Random(written(part)).getrandbits(64)  # the same in every process
    return Named("g-" + "".join(letters[digest >> shift & 15] for shift in range(0, 64, 4)), part)


def topic_of(tree: Tree, slug: str) -> Topic:
    """Make a topic of a tree."""
    query = written(tree)
    return Topic(
        slug=slug,
        watchlist="w",
        name=slug,
        description="",
        priority=Priority.NORMAL,
        query=query,
        groups=used_groups(query, definitions(tree)),
        owner="file:t",
    )


def random_text(rng: random.Random, words: Sequence[str], longest: int) -> str:
    """Make a text of some of the words."""
    marks = (" ", " ", " ", ", ", ". ", "-", "’s ", " “", "; https://x.example/", " 1 ")
    count = rng.randint(0, longest)
    return "".join(rng.choice(words) + rng.choice(marks) for _ in range(count)).strip()


def random_item(rng: random.Random, words: Sequence[str]) -> ItemText:
    """Make an item with every field, which may be empty."""
    return ItemText(
        title=random_text(rng, words, 8),
        summary=random_text(rng, words, 14),
        body=random_text(rng, words, 6),
        language=rng.choice(LANGUAGES),
        url=f"https://{rng.choice(words).lower().strip('.')}.example/{rng.choice(words)}?{rng.choice(words)}",
        source=random_text(rng, words, 2),
        author=random_text(rng, words, 2),
        tags=tuple(random_text(rng, words, 2) for _ in range(rng.randint(0, 2))),
    )


def real_items(rng: random.Random, count: int, folder: Path = CORPUS) -> list[ItemText]:
    """Read so many items of the shared corpus as the ingest gate leaves them, a third of each file."""
    found = []
    for name in ("general-en", "general-es", "candidates"):
        lines = (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        for line in rng.sample(lines, min(count // 3, len(lines))):
            record = json.loads(line)
            found.append(
                ItemText(
                    title=clean_title(record["title"]),
                    summary=plain(record["summary"] or "", html=True, limit=65_536),
                    language=record["lang"],
                    source=record.get("outlet") or "",
                )
            )
    return found


def real_words(rng: random.Random, items: Sequence[ItemText], count: int) -> list[str]:
    """Return runs of words as they stand in items, so that phrases of them occur."""
    found: list[str] = []
    while len(found) < count:
        item = rng.choice(items)
        text = item.title if rng.random() < 0.5 else item.summary
        shown = [text[token.start : token.end] for token in tokens(text)]
        if shown:
            start = rng.randrange(len(shown))
            found += shown[start : start + 3]
    return found
