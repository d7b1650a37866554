"""SQLite's FTS5 as an oracle that nobody here wrote: what it can say of a query, it says over our folded words.

Of each field three columns are indexed: its words by their first key, by all their keys, and with their capitals. A
single word is asked for by its keys. Of a phrase, each word stands for all words of the index that share a key with
it, and the phrase for all its ways of being written with those. Exact forms are asked for in the third column. FTS5
knows NOT only behind something else, and its NEAR counts the words between: these queries are made to suit.
"""

import random
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import product

from monitor.model import ItemText
from monitor.text.fold import Word, keys_of, tokens
from tests.match.chance import Shape, random_leaf
from tests.match.naive import Close, Every, In, Leaf, Some, Tree, Without

FIELDS = ("title", "summary")
KINDS = ("forms", "keys", "cased")


class Fts:
    """Items in an FTS5 table, to be asked one query at a time."""

    def __init__(self, items: Sequence[ItemText]) -> None:
        columns = [f"{field}_{kind}" for field in FIELDS for kind in KINDS]
        self._connection = sqlite3.connect(":memory:")
        self._connection.execute(
            f"CREATE VIRTUAL TABLE item USING fts5({', '.join(columns)}, content='', tokenize='ascii')"
        )
        self._by_key: defaultdict[str, set[str]] = defaultdict(set)
        rows = []
        for item in items:
            row: list[str] = []
            for field in FIELDS:
                words = [token.word for token in tokens(getattr(item, field))]
                row += [
                    _spelt(word.keys[0] for word in words),
                    _spelt(key for word in words for key in word.keys),
                    _spelt(word.cased for word in words),
                ]
                for word in words:
                    for key in word.keys:
                        self._by_key[key].add(word.keys[0])
            rows.append(row)
        marks = ", ".join("?" * (len(columns) + 1))
        self._connection.executemany(
            f"INSERT INTO item (rowid, {', '.join(columns)}) VALUES ({marks})",
            ([number, *row] for number, row in enumerate(rows)),
        )

    def close(self) -> None:
        """Give the memory back."""
        self._connection.close()

    def hits(self, tree: Tree) -> set[int]:
        """Return the numbers of the items that FTS5 finds for a tree."""
        match = self.translated(tree, FIELDS)
        found = self._connection.execute("SELECT rowid FROM item WHERE item MATCH ?", (match,))
        return {number for (number,) in found}

    def translated(self, tree: Tree, fields: Sequence[str]) -> str:
        """Write a tree in FTS5's language."""
        match tree:
            case Leaf():
                return self._leaf(tree, fields)
            case In(field, part):
                return self.translated(part, (field,))
            case Some(parts, 1):
                return f"({' OR '.join(self.translated(part, fields) for part in parts)})"
            case Every(parts):
                wanted = [self.translated(part, fields) for part in parts if not isinstance(part, Without)]
                shown = f"({' AND '.join(wanted)})"
                for part in parts:
                    if isinstance(part, Without):
                        shown = f"({shown} NOT {self.translated(part.part, fields)})"
                return shown
            case Close((Leaf() as one, Leaf() as two), distance, False):
                near = (
                    f"NEAR({a} {b}, {distance - 1})"
                    for a, b in product(self._forms(_words(one)[0]), self._forms(_words(two)[0]))
                )
                return _columns(fields, "forms", " OR ".join(near))
        raise AssertionError(tree)

    def _leaf(self, leaf: Leaf, fields: Sequence[str]) -> str:
        words = _words(leaf)
        if leaf.form == "exact":
            return _columns(fields, "cased", f'"{_spelt(word.cased for word in words)}"')
        if leaf.form == "prefix":
            return _columns(fields, "forms", f"{_spelt([words[0].keys[0]])} *")
        if len(words) == 1:
            return _columns(fields, "keys", " OR ".join(_spelt([key]) for key in words[0].keys))
        ways = product(*(self._forms(word) for word in words))
        return _columns(fields, "forms", " OR ".join(f'"{" ".join(way)}"' for way in ways))

    def _forms(self, word: Word) -> list[str]:
        """Return the words of the index that share a key with a word; one that is nowhere, if none does."""
        forms = set[str]().union(*(self._by_key.get(key, set()) for key in word.keys))
        return sorted(_spelt([form]) for form in forms) or ["znowherez"]


def _words(leaf: Leaf) -> list[Word]:
    return [token.word for token in tokens(leaf.text)]


def _columns(fields: Sequence[str], kind: str, asked: str) -> str:
    return f"{{{' '.join(f'{field}_{kind}' for field in fields)}}} : ({asked})"


def _spelt(words: Iterator[str] | Sequence[str]) -> str:
    """Spell words in small ASCII letters and digits, so that different words stay different and beginnings stay so."""
    return " ".join("".join(_letter(char) for char in word) for word in words)


def _letter(char: str) -> str:
    if char == "z":
        return "zz"
    return char if char.isascii() and (char.isdigit() or char.islower()) else f"z{ord(char):06x}"


def random_query(rng: random.Random, shape: Shape, depth: int = 3) -> Tree:
    """Make a query of what FTS5 has too: words, phrases, prefixes, exact forms, AND, OR, NOT, fields, NEAR of words."""
    kind = rng.random() if depth else 0.0
    if kind < 0.3:
        return _plain_leaf(rng, shape)
    if kind < 0.35:
        return _near(rng, shape)
    if kind < 0.42:
        return In(rng.choice(FIELDS), random_query(rng, shape, depth - 1))
    parts = tuple(random_query(rng, shape, depth - 1) for _ in range(rng.randint(2, 3)))
    if kind < 0.72:
        return Some(parts)
    if kind < 0.85:
        return Every(parts)
    return Every((*parts, Without(random_query(rng, shape, depth - 1))))


def _plain_leaf(rng: random.Random, shape: Shape) -> Leaf:
    while True:
        leaf = random_leaf(rng, shape)
        if not leaf.slop:
            return leaf


def _near(rng: random.Random, shape: Shape) -> Close:
    """Make a NEAR of two words that have no word of a text in common: FTS5 lets one be near itself."""
    while True:
        one, two = Leaf(rng.choice(shape.words)), Leaf(rng.choice(shape.words))
        words = [_words(one), _words(two)]
        if all(len(each) == 1 for each in words):
            keys = [{key for own in each[0].keys for key in (own, *keys_of(own))} for each in words]
            if keys[0].isdisjoint(keys[1]) and not _share_a_form(words[0][0], words[1][0]):
                return Close((one, two), rng.randint(1, 8))


def _share_a_form(one: Word, two: Word) -> bool:
    """Say whether some word could count as both: different words can have one plural."""
    shorter, longer = sorted((one.keys[0], two.keys[0]), key=len)
    return longer.startswith(shorter[:-2])
