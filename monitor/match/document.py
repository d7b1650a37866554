"""An item's words in order, and the one evaluator that decides whether a query holds.

A `Document` is built for an item once some topic is a candidate; occurrences of a term are looked up when first
asked for and kept. `holds` answers, `found` names the passages that made the answer true.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from monitor.match.tree import FIELDS, And, Node, Not, Or, Term, Within
from monitor.model import ItemText, Span
from monitor.text.fold import fold_words, raw_words, tokens

OCCURRENCES = 20  # of one term in one item that are kept; the first ones, title before summary before body

Place = tuple[int, int]
Leaf = tuple[tuple[str, ...], bool, bool, str | None]


def leaf_of(term: Term, field: str | None) -> Leaf:
    """Return what a term asks of a text, without how it was written."""
    return (term.words, term.exact, term.prefix, field)


class Document:
    """The searched fields of one item as folded words with their places; fields are apart by a gap."""

    def __init__(self, text: ItemText, raws: Mapping[str, Sequence[str]] | None = None) -> None:
        """Take a text in, and its raw words by field if they are at hand."""
        self._text = text
        self._cased: list[str] = []
        self._keys: list[tuple[str, ...]] = []
        self._index: defaultdict[str, list[int]] = defaultdict(list)
        self._starts: dict[int, dict[str, list[int]]] = {}
        self._ends: dict[str, int] = {}  # of each field, the position behind its last word
        self._spots: dict[str, list[tuple[int, int]]] = {}
        for field in FIELDS:
            for word in fold_words(raws[field] if raws is not None else raw_words(getattr(text, field))):
                for key in word.keys:
                    self._index[key].append(len(self._keys))
                self._cased.append(word.cased)
                self._keys.append(word.keys)
            self._ends[field] = len(self._keys)
            self._cased.append("")
            self._keys.append(())

    def occurrences(self, term: Term, field: str | None) -> list[Place]:
        """Return the first (start, end) word positions of a term, at most `OCCURRENCES`, in reading order."""
        for keys in term.keys:  # most terms of a watchlist are not there at all, and end here
            if keys and self._index.keys().isdisjoint(keys):
                return []
        length = len(term.words)
        places: list[Place] = []
        for start in self._candidates(term):
            if (
                start < 0
                or start + length > len(self._keys)
                or (field is not None and self._field(start) != field)
            ):
                continue
            if all(self._is(start + offset, term, offset) for offset in range(length)):
                places.append((start, start + length))
                if len(places) == OCCURRENCES:
                    break
        return places

    def span(self, place: Place) -> Span:
        """Return the passage between two word positions as offsets into its field."""
        field = self._field(place[0])
        first = self._ends[field] - len(self._spots_of(field))
        start, _ = self._spots_of(field)[place[0] - first]
        _, end = self._spots_of(field)[place[1] - 1 - first]
        return Span(field=field, start=start, end=end, text=getattr(self._text, field)[start:end])

    def _field(self, position: int) -> str:
        """Return the field that a word stands in; of the gap behind a field, the next one."""
        return next(field for field, end in self._ends.items() if position < end)

    def _spots_of(self, field: str) -> list[tuple[int, int]]:
        """Return where each word of a field begins and ends; worked out for texts that have a hit alone."""
        if field not in self._spots:
            self._spots[field] = [(token.start, token.end) for token in tokens(getattr(self._text, field))]
        return self._spots[field]

    def _candidates(self, term: Term) -> list[int]:
        """Return the starts worth checking: those where the term's rarest word stands in its place."""
        best: list[int] | None = None
        for offset in range(len(term.words)):
            positions = self._positions(term, offset)
            if best is None or len(positions) < len(best):
                best = [position - offset for position in positions]
        return best or []

    def _positions(self, term: Term, offset: int) -> list[int]:
        """Return where one word of a term may stand."""
        keys = term.keys[offset]
        if not keys:
            return self._beginning(len(term.words[offset])).get(term.words[offset], [])
        if len(keys) == 1:
            return self._index.get(keys[0], [])
        return sorted({position for key in keys for position in self._index.get(key, ())})

    def _beginning(self, length: int) -> dict[str, list[int]]:
        """Return the positions of words by their first letters."""
        index = self._starts.get(length)
        if index is None:
            index = self._starts[length] = {}
            for position, keys in enumerate(self._keys):
                if keys and len(keys[0]) >= length:
                    index.setdefault(keys[0][:length], []).append(position)
        return index

    def _is(self, position: int, term: Term, offset: int) -> bool:
        """Say whether the word at a position is the term's word at an offset."""
        there, wanted = self._keys[position], term.keys[offset]
        if not wanted:
            return bool(there) and there[0].startswith(term.words[offset])
        if term.exact:
            return self._cased[position] == term.words[offset]
        return any(key in there for key in wanted)


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
