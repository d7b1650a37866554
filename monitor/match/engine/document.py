"""An item's words in order, and the one evaluator that decides whether a query holds.

A `Document` is built for an item once some topic is a candidate; fields that a query must name are taken in when one
does. `holds` answers, `found` names the passages that made the answer true.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import islice
from urllib.parse import unquote, urlsplit

from monitor.match.engine.near import Passage, Place, bounded, near
from monitor.match.language.tree import (
    APART,
    DISTANCE_LIMIT,
    FIELDS,
    LANGUAGE,
    And,
    AtLeast,
    Near,
    Node,
    Not,
    Or,
    Ref,
    Term,
    Within,
    children,
)
from monitor.model import ItemText, Span
from monitor.text.fold import Word, spots, words

OCCURRENCES = 20  # of one term in one item that are shown; the first ones, title before summary before body

# What stands between two texts, so that no phrase, and no NEAR, reaches from one into the other.
GAP = DISTANCE_LIMIT + 1  # words
_GAP = [Word("", ("",))] * GAP
_BETWEEN_TAGS = ", "


def pieces(text: ItemText, field: str) -> tuple[str, ...]:
    """Return what a field holds, as texts that no phrase crosses.

    Of `url` the host and the path (percent signs decoded), of `lang` the primary tag, of `tag` each tag.
    """
    match field:
        case "url":
            return (_host_and_path(text.url),)
        case "lang":
            return (text.language.partition("-")[0],)
        case "tag":
            return text.tags
    return (getattr(text, field),)


def _host_and_path(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:  # an address that a feed made up
        return ""
    return f"{parts.hostname or ''}{unquote(parts.path)}"


class Document:
    """The fields of one item as folded words with their positions; fields, and tags, are apart by a gap."""

    def __init__(self, text: ItemText) -> None:
        self._text = text
        self._words: list[Word] = []
        self._index: dict[str, list[int]] | None = None
        self._starts: dict[int, dict[str, list[int]]] = {}
        self._ranges: dict[str | None, tuple[int, int]] = {}  # of each field, where its words begin and end
        self._spots: dict[str, list[tuple[int, int]]] = {}
        self._shown: dict[Place, Span] = {}  # many topics show the same words

    def occurrences(self, term: Term, field: str | None) -> list[Place]:
        """Return the first (start, end) word positions of a term, at most `OCCURRENCES`, in reading order."""
        return list(islice(self.places(term, field), OCCURRENCES))

    def places(self, term: Term, field: str | None) -> Iterator[Place]:
        """Yield the (start, end) word positions of a term in reading order."""
        if field not in self._ranges:
            self._take_in(field)
        low, high = self._ranges[field]
        if term.slop:
            yield from self._loose(term, low, high)
            return
        last = high - len(term.words)
        for start in self._candidates(term):
            if low <= start <= last and self._is_at(start, term):
                yield start, start + len(term.words)

    def shown(self, places: Iterable[Place], *, apart: bool = False) -> tuple[Span, ...]:
        """Return passages in reading order; those outside title, summary and body only with `apart`."""
        spans = (self._shown.get(place) or self.span(place) for place in sorted(places))
        return tuple(span for span in spans if apart or span.field in FIELDS)

    def span(self, place: Place) -> Span:
        """Return the passage between two word positions as offsets into its field.

        Of `url` they are offsets into host and path, of `tag` into the tags with a comma and a space between.
        """
        field = self.field_of(place[0])
        first = self._ranges[field][0]
        own = self._spots_of(field)
        start, end = own[place[0] - first][0], own[place[1] - 1 - first][1]
        span = Span(field=field, start=start, end=end, text=self._written(field)[start:end])
        self._shown[place] = span
        return span

    def field_of(self, position: int) -> str:
        """Return the field that a word stands in."""
        return next(
            field
            for field, (low, high) in self._ranges.items()
            if field is not None and low <= position < high
        )

    def _put(self, field: str, there: Sequence[Word]) -> None:
        """Put the words of a field behind those before it."""
        if self._words and there:
            self._words += _GAP
        start = len(self._words)
        self._words += there
        self._ranges[field] = start, len(self._words)

    def _take_in(self, field: str | None) -> None:
        """Take in the words of the fields that are searched, once; and of those that a query must name, for one."""
        if None not in self._ranges:
            for one in FIELDS:
                self._put(one, words(getattr(self._text, one)))
            self._ranges[None] = 0, len(self._words)
        if field in APART:
            self._take_in_apart()

    def _take_in_apart(self) -> None:
        """Take in the fields that a query must name."""
        self._starts.clear()
        self._index = None
        for field in APART:
            there: list[Word] = []
            for piece in pieces(self._text, field):
                own = words(piece)
                there += [Word(word.cased, word.keys[:1]) for word in own] if field == LANGUAGE else own
                there += _GAP
            self._put(field, there)

    def _written(self, field: str) -> str:
        return _BETWEEN_TAGS.join(pieces(self._text, field))

    def _spots_of(self, field: str) -> list[tuple[int, int]]:
        """Return where each word of a field begins and ends; worked out for texts that have a hit alone."""
        if field not in self._spots:
            found: list[tuple[int, int]] = []
            before = 0
            for piece in pieces(self._text, field):
                own = spots(piece)
                found += [(before + start, before + end) for start, end in own] if before else own
                found += [(before, before)] * len(_GAP)
                before += len(piece) + len(_BETWEEN_TAGS)
            self._spots[field] = found
        return self._spots[field]

    def _candidates(self, term: Term) -> list[int]:
        """Return the starts worth checking: those where the term's rarest word stands in its place."""
        best, first = self._positions(term, 0), 0
        for offset in range(1, len(term.words)):
            positions = self._positions(term, offset)
            if len(positions) < len(best):
                best, first = positions, offset
        return [position - first for position in best] if first else best

    def _loose(self, term: Term, low: int, high: int) -> Iterator[Place]:
        """Yield where the words of a term stand in order with at most `slop` others between, the shortest way."""
        by_word = [
            [
                position
                for position in self._positions(term, offset)
                if low <= position < high and self._is(position, term, offset)
            ]
            for offset in range(len(term.words))
        ]
        best: Place | None = None
        for start in by_word[0]:
            last = start
            for positions in by_word[1:]:
                following = bisect_left(positions, last + 1)
                if following == len(positions):
                    break
                last = positions[following]
            else:
                if best is not None and best[1] != last + 1:
                    yield best
                    best = None
                if last + 1 - start - len(term.words) <= term.slop:
                    best = start, last + 1
                continue
            break  # what is not there behind this start is not there behind a later one
        if best is not None:
            yield best

    def _by_key(self) -> dict[str, list[int]]:
        """Return the positions of words by key."""
        if self._index is None:
            index: defaultdict[str, list[int]] = defaultdict(list)
            for field, (low, high) in self._ranges.items():
                if field is None:
                    continue
                for position, (_, keys) in enumerate(self._words[low:high], low):
                    for key in keys:
                        index[key].append(position)
            self._index = index
        return self._index

    def _positions(self, term: Term, offset: int) -> list[int]:
        """Return where one word of a term may stand."""
        keys = term.keys[offset]
        if not keys:
            return self._beginning(len(term.words[offset])).get(term.words[offset], [])
        index = self._by_key()
        if len(keys) == 1:
            return index.get(keys[0], [])
        return sorted({position for key in keys for position in index.get(key, ())})

    def _beginning(self, length: int) -> dict[str, list[int]]:
        """Return the positions of words by their first letters."""
        index = self._starts.get(length)
        if index is None:
            index = self._starts[length] = {}
            for position, (_, keys) in enumerate(self._words):
                if len(keys[0]) >= length:
                    index.setdefault(keys[0][:length], []).append(position)
        return index

    def _is_at(self, start: int, term: Term) -> bool:
        """Say whether the words from a position on are the term's."""
        return all(self._is(start + offset, term, offset) for offset in range(len(term.words)))

    def _is(self, position: int, term: Term, offset: int) -> bool:
        """Say whether the word at a position is the term's word at an offset."""
        return is_word(self._words[position], term, offset)


def is_word(word: Word, term: Term, offset: int) -> bool:
    """Say whether a word of a text is the term's word at an offset."""
    cased, there = word
    if term.exact:
        return cased == term.words[offset]
    wanted = term.keys[offset]
    if not wanted:
        return there[0].startswith(term.words[offset])
    return there[0] in wanted or not set(wanted).isdisjoint(there)


def holds(node: Node, document: Document, field: str | None = None) -> bool:  # noqa: PLR0911 - one a kind of node
    """Say whether a query (or a part of it, looked for in `field` only) is true of a document."""
    match node:
        case Term():
            return next(document.places(node, field), None) is not None
        case And(parts=parts):
            return all(holds(part, document, field) for part in parts)
        case Or(parts=parts):
            return any(holds(part, document, field) for part in parts)
        case Not(part=part):
            return not holds(part, document, field)
        case Within(field=inner, part=part):
            return holds(part, document, inner)
        case Ref(part=part):
            return holds(part, document, field)
        case Near():
            return next(passages(node, document, field), None) is not None
        case AtLeast(parts=parts, count=count):
            true = (part for part in parts if holds(part, document, field))
            return next(islice(true, count - 1, None), None) is not None


def passages(node: Node, document: Document, field: str | None = None) -> Iterator[Passage]:
    """Yield the passages of a NEAR or of a part of one."""
    match node:
        case Term():
            yield from (Passage(*place, (place,)) for place in document.places(node, field))
        case Within(field=inner, part=part):
            yield from passages(part, document, inner)
        case Near(parts=parts, distance=distance, ordered=ordered):
            joined = passages(parts[0], document, field)
            for part in parts[1:]:
                right = bounded(passages(part, document, field))
                joined = near(bounded(joined), right, distance, ordered=ordered)
            yield from joined
        case _:
            yield from merge(*(passages(part, document, field) for part in children(node)))


def found(node: Node, document: Document, field: str | None = None, *, wanted: bool = True) -> set[Place]:
    """Return the places of all terms that make a node true (or false, with `wanted` off); absence has no place.

    Neither has a language.
    """
    match node:
        case Term():
            return set(document.occurrences(node, field)) if wanted and field != LANGUAGE else set()
        case Near():
            near_ones = islice(passages(node, document, field), OCCURRENCES) if wanted else ()
            return {place for passage in near_ones for place in passage.places}
        case And(parts=parts) | Or(parts=parts) | AtLeast(parts=parts):
            places: set[Place] = set()
            for part in parts:
                if holds(part, document, field) == wanted:
                    places |= found(part, document, field, wanted=wanted)
            return places
        case Not(part=part):
            return found(part, document, field, wanted=not wanted)
        case Within(field=inner, part=part):
            return found(part, document, inner, wanted=wanted)
        case Ref(part=part):
            return found(part, document, field, wanted=wanted)


def spans(node: Node, document: Document, *, apart: bool = False) -> tuple[Span, ...]:
    """Return the passages that made a true query true, in reading order, each once.

    Those in title, summary and body, which readers see; with `apart` also those in the other fields.
    """
    return document.shown(found(node, document), apart=apart)
