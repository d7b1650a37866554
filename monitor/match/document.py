"""An item's words in order, and the one evaluator that decides whether a query holds.

A `Document` is built for an item once some topic is a candidate; occurrences of a term are looked up when first
asked for and kept. `holds` answers, `found` names the passages that made the answer true.
"""

from collections import defaultdict

from monitor.match.tree import FIELDS, And, Node, Not, Or, Term, Within
from monitor.model import ItemText, Span
from monitor.text.fold import fold_word, tokens

OCCURRENCES = 20  # of one term in one item that are kept; the first ones, title before summary before body

Place = tuple[int, int]
Leaf = tuple[tuple[str, ...], bool, bool, str | None]


def leaf_of(term: Term, field: str | None) -> Leaf:
    """Return what a term asks of a text, without how it was written."""
    return (term.words, term.exact, term.prefix, field)


class Document:
    """The searched fields of one item as folded words with their places; fields are apart by a gap."""

    def __init__(self, text: ItemText) -> None:
        self._text = text
        self._spots: list[tuple[str, int, int]] = []
        self._cased: list[str] = []
        self._keys: list[tuple[str, ...]] = []
        self._index: defaultdict[str, list[int]] = defaultdict(list)
        self._starts: dict[int, defaultdict[str, list[int]]] = {}
        self._found: dict[Leaf, list[Place]] = {}
        for field in FIELDS:
            for token in tokens(getattr(text, field)):
                position = len(self._keys)
                self._spots.append((field, token.start, token.end))
                self._cased.append(token.word.cased)
                self._keys.append(token.word.keys)
                for key in token.word.keys:
                    self._index[key].append(position)
            self._spots.append(("", 0, 0))
            self._cased.append("")
            self._keys.append(())

    def occurrences(self, term: Term, field: str | None) -> list[Place]:
        """Return the first (start, end) word positions of a term, at most `OCCURRENCES`, in reading order."""
        leaf = leaf_of(term, field)
        places = self._found.get(leaf)
        if places is None:
            places = self._found[leaf] = self._search(leaf)
        return places

    def span(self, place: Place) -> Span:
        """Return the passage between two word positions as offsets into its field."""
        field, start, _ = self._spots[place[0]]
        end = self._spots[place[1] - 1][2]
        return Span(field=field, start=start, end=end, text=getattr(self._text, field)[start:end])

    def _search(self, leaf: Leaf) -> list[Place]:
        words, exact, prefix, field = leaf
        places: list[Place] = []
        for start in self._candidates(words, exact=exact, prefix=prefix):
            end = start + len(words)
            if start < 0 or end > len(self._keys) or (field is not None and self._spots[start][0] != field):
                continue
            if all(
                self._is(start + i, words[i], exact, prefix and i == len(words) - 1)
                for i in range(len(words))
            ):
                places.append((start, end))
                if len(places) == OCCURRENCES:
                    break
        return places

    def _candidates(self, words: tuple[str, ...], *, exact: bool, prefix: bool) -> list[int]:
        """Return the starts worth checking: those where the term's rarest word stands in its place."""
        best: list[int] | None = None
        for offset, word in enumerate(words):
            positions = self._positions(word, exact, prefix and offset == len(words) - 1)
            if best is None or len(positions) < len(best):
                best = [position - offset for position in positions]
            if not best:
                break
        return best or []

    def _positions(self, word: str, exact: bool, prefix: bool) -> list[int]:  # noqa: FBT001 - the term's own flags
        if prefix:
            return self._beginning(len(word)).get(word, [])
        wanted = keys_of(word, exact=exact)
        if len(wanted) == 1:
            return self._index.get(wanted[0], [])
        return sorted({position for key in wanted for position in self._index.get(key, ())})

    def _beginning(self, length: int) -> defaultdict[str, list[int]]:
        index = self._starts.get(length)
        if index is None:
            index = self._starts[length] = defaultdict(list)
            for position, keys in enumerate(self._keys):
                if keys and len(keys[0]) >= length:
                    index[keys[0][:length]].append(position)
        return index

    def _is(self, position: int, word: str, exact: bool, prefix: bool) -> bool:  # noqa: FBT001
        keys = self._keys[position]
        if not keys:
            return False
        if exact:
            return self._cased[position] == word
        if prefix:
            return keys[0].startswith(word)
        return any(key in keys for key in keys_of(word, exact=False))


def keys_of(word: str, *, exact: bool) -> tuple[str, ...]:
    """Return the keys under which a query's word may be filed: for an exact word, its folded form only."""
    folded = fold_word(word)
    if folded is None:
        return (word,)
    return folded.keys[:1] if exact else folded.keys


def holds(node: Node, document: Document, field: str | None = None) -> bool:
    """Say whether a query (or a part of it, looked for in `field` only) is true of a document."""
    match node:
        case Term():
            return bool(document.occurrences(node, field))
        case And(parts=parts):
            return all(holds(part, document, field) for part in parts)
        case Or(parts=parts):
            return any(holds(part, document, field) for part in parts)
        case Not(part=part):
            return not holds(part, document, field)
        case Within(field=inner, part=part):
            return holds(part, document, inner)


def found(node: Node, document: Document, field: str | None = None, *, wanted: bool = True) -> set[Place]:
    """Return the places of all terms that make a node true (or false, with `wanted` off); absence has no place."""
    match node:
        case Term():
            return set(document.occurrences(node, field)) if wanted else set()
        case And(parts=parts) | Or(parts=parts):
            places: set[Place] = set()
            for part in parts:
                if holds(part, document, field) == wanted:
                    places |= found(part, document, field, wanted=wanted)
            return places
        case Not(part=part):
            return found(part, document, field, wanted=not wanted)
        case Within(field=inner, part=part):
            return found(part, document, inner, wanted=wanted)


def spans(node: Node, document: Document) -> tuple[Span, ...]:
    """Return the passages that made a true query true, in reading order, each once."""
    return tuple(document.span(place) for place in sorted(found(node, document)))
