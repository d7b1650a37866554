"""What a term asks of a text, as one short string, and back: two terms that ask the same are one leaf.

How a term was written, and where, is lost on the way; how it is found is not.
"""

from functools import lru_cache
from typing import NamedTuple

from monitor.match.language.tree import LANGUAGE, Node, Term, Within
from monitor.text.fold import fold_word, keys_of

_SEPARATOR = "|"


class Leaf(NamedTuple):
    """The words of a term (folded, or cased when `exact`) and the field it is looked for in, if in one only."""

    words: tuple[str, ...]
    exact: bool
    prefix: bool
    slop: int
    field: str | None

    @property
    def sure(self) -> bool:
        """Whether a text that has the leaf's word in its field is sure to satisfy it: there is no order to look at."""
        return len(self.words) == 1 and self.field != LANGUAGE


def leaf_text(term: Term, field: str | None) -> str:
    """Write down what a term asks of a text."""
    flags = f"{'=' if term.exact else ''}{'*' if term.prefix else ''}{term.slop or ''}"
    return f"{field or ''}{_SEPARATOR}{flags}{_SEPARATOR}{' '.join(term.words)}"


def read_leaf(text: str) -> Leaf:
    """Read what `leaf_text` wrote."""
    field, flags, words = text.split(_SEPARATOR)
    slop = flags.lstrip("=*")
    return Leaf(tuple(words.split(" ")), "=" in flags, "*" in flags, int(slop or 0), field or None)


def leaf_keys(leaf: Leaf) -> list[tuple[str, ...]]:
    """Return for each word of a leaf the keys under which a text files what may be that word; none for a prefix."""
    keys = list(map(_folded if leaf.exact else keys_of, leaf.words))
    if leaf.prefix:
        keys[-1] = ()
    return keys


@lru_cache(maxsize=1 << 11)
def leaf_node(text: str) -> Node:
    """Return what `leaf_text` wrote as a node that can be evaluated by itself."""
    leaf = read_leaf(text)
    term = Term(
        text=" ".join(leaf.words),
        words=leaf.words,
        exact=leaf.exact,
        prefix=leaf.prefix,
        slop=leaf.slop,
        keys=tuple(leaf_keys(leaf)),
    )
    return term if leaf.field is None else Within(field=leaf.field, part=term)


def _folded(cased: str) -> tuple[str, ...]:
    word = fold_word(cased)
    assert word is not None  # only an address folds to nothing, and a cased word has no punctuation
    return word.keys[:1]
