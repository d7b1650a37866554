"""One item on its way through the indexes, and where its terms stand, found without reading all of it.

An index knows which *pieces* (what stands between two spaces) may hold which leaf. So whether a phrase is there, only
the neighbours of a few pieces tell, and most items are never made into a `Document`. The two agree to the letter.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import accumulate, chain, islice
from typing import NamedTuple

from monitor.match.engine.document import GAP, OCCURRENCES, Document, found, holds, is_word, pieces
from monitor.match.engine.leaf import leaf_node
from monitor.match.engine.near import Place
from monitor.match.engine.rarity import telling
from monitor.match.engine.verdict import Verdict
from monitor.match.language.tree import APART, FIELDS, LANGUAGE, Term, Within
from monitor.model import ItemText, Span
from monitor.text.fold import Word, piece_words, spots, words

_MANY = 12  # leaves to be found in one item from which on to read all of it takes less time

Mark = tuple[int, int, int]  # a passage: the number of its field in FIELDS, and its offsets


class Sought(NamedTuple):
    """A leaf as a term in a field, if in one only, and which of its words it is filed under."""

    term: Term
    field: str | None
    anchor: int


@lru_cache(maxsize=1 << 11)
def sought(leaf: str) -> Sought:
    """Return how to look for what `leaf_text` wrote."""
    node = leaf_node(leaf)
    term = node.part if isinstance(node, Within) else node
    assert isinstance(term, Term)
    anchor = telling(term.keys) if len(term.words) > 1 else 0
    return Sought(term, node.field if isinstance(node, Within) else None, anchor)


@lru_cache(maxsize=1 << 10)
def _is_in(language: str, leaf: str) -> bool:
    """Say whether texts in a language have a leaf that asks for one."""
    return holds(leaf_node(leaf), Document(ItemText(title="", language=language)))


class Reading:
    """One item: what the indexes share of the work is done once."""

    def __init__(self, text: ItemText) -> None:
        self._text = text
        self._document: Document | None = None
        title, summary, body = text.title.split(), text.summary.split(), text.body.split()
        self._rows: dict[str | None, list[str]] = {
            "title": title,
            "summary": summary,
            "body": body,
            None: title + summary + body,
        }

    @property
    def document(self) -> Document:
        """The words of the item with their places."""
        if self._document is None:
            self._document = Document(self._text)
        return self._document

    @property
    def language(self) -> str:
        """The tag of the language of the item."""
        return self._text.language

    def pieces(self, field: str | None) -> list[str]:
        """Return what stands between spaces in a field, or in all that are searched where none is named."""
        row = self._rows.get(field)
        if row is None:
            assert field is not None
            row = [piece for text in pieces(self._text, field) for piece in text.split()]
        return row

    def words(self, field: str | None) -> Iterator[Word]:
        """Yield the words of a field, or of all that are searched where none is named."""
        texts = (text for one in ((field,) if field else FIELDS) for text in pieces(self._text, one))
        return chain.from_iterable(map(words, texts))

    def texts(self) -> list[str]:
        """Return the texts that are searched, in the order of `FIELDS`."""
        return [getattr(self._text, name) for name in FIELDS]

    def spans(self, marks: set[Mark]) -> tuple[Span, ...]:
        """Return passages in reading order, each once."""
        return tuple(
            Span(
                field=FIELDS[number],
                start=start,
                end=end,
                text=getattr(self._text, FIELDS[number])[start:end],
            )
            for number, start, end in sorted(marks)
        )


class View:
    """One item as an index sees it: what pieces lead to which leaves, and so which leaves are there, and where."""

    def __init__(self, reading: Reading, leaves: Sequence[str]) -> None:
        self.led: dict[str | None, list[tuple[int, ...]]] = {}  # by field; for the index to fill
        self._reading = reading
        self._leaves = leaves
        self._sight: Sight | None = None

    def holding(self, leaves: Sequence[int]) -> Iterator[int]:
        """Yield those of the leaves that are there."""
        many = len(leaves) > _MANY
        if not many:
            self.ask_for(leaves)
        for leaf in leaves:
            text = self._leaves[leaf]
            wanted = sought(text)
            if wanted.field == LANGUAGE:
                if _is_in(self._reading.language, text):
                    yield leaf
            elif self._sight is not None and not many and self._is_in_sight(wanted):
                if self._sight.holds(leaf, wanted):
                    yield leaf
            elif holds(leaf_node(text), self._reading.document):
                yield leaf

    def ask_for(self, leaves: Iterable[int]) -> None:
        """Have the pieces that lead to leaves looked up, all at once: one by one takes longer when they are many."""
        if self._sight is None:
            self._sight = Sight(self._reading, self.led)
        self._sight.look_up(leaves)

    def places(self, leaf: int) -> Iterator[Place]:
        """Yield where a leaf that was asked for begins and ends, as a `Document` counts words."""
        wanted = sought(self._leaves[leaf])
        if None in self.led and self._sight is not None and self._is_in_sight(wanted):
            return self._sight.places(leaf, wanted)
        return self._reading.document.places(wanted.term, wanted.field)

    def shown(self, made: Mapping[int, set[int]], verdict: Verdict) -> dict[int, tuple[Span, ...]]:
        """Return the passages of topics, of each by what made it true."""
        ones = set().union(*made.values())
        leaves = {one for one in ones if one >= 0}
        if None not in self.led or len(leaves) > _MANY:
            return self._read(made, verdict)
        self.ask_for(leaves)
        marks = {one: self._marks(one) if one >= 0 else self._near_marks(one, verdict) for one in ones}
        spans = self._reading.spans
        return {number: spans(set().union(*map(marks.__getitem__, nodes))) for number, nodes in made.items()}

    def _marks(self, leaf: int) -> Sequence[Mark]:
        """Return the first passages of a leaf, at most `OCCURRENCES`."""
        assert self._sight is not None
        wanted = sought(self._leaves[leaf])
        if wanted.field in APART:
            return ()
        if self._is_in_sight(wanted):
            return self._sight.marks(leaf, wanted)
        return list(map(self._sight.mark, self._reading.document.occurrences(wanted.term, wanted.field)))

    def _near_marks(self, one: int, verdict: Verdict) -> list[Mark]:
        """Return the passages of the terms of a NEAR, by what `Verdict.made` says of it."""
        assert self._sight is not None
        places = _places_of(one, verdict)
        return [self._sight.mark(place) for place in places if place[1] <= self._sight.length]

    def _read(self, made: Mapping[int, set[int]], verdict: Verdict) -> dict[int, tuple[Span, ...]]:
        """Return what `shown` does, of an item that has to be read as a whole."""
        document = self._reading.document
        places = {
            one: found(leaf_node(self._leaves[one]), document) if one >= 0 else _places_of(one, verdict)
            for one in set().union(*made.values())
        }
        return {
            number: document.shown(set().union(*map(places.__getitem__, nodes)))
            for number, nodes in made.items()
        }

    def _is_in_sight(self, wanted: Sought) -> bool:
        """Say whether the pieces tell where a term is; otherwise only a document knows."""
        return not wanted.term.slop and wanted.field not in APART and wanted.field in self.led


def _places_of(one: int, verdict: Verdict) -> set[Place]:
    """Return the places of the terms of a NEAR, by what `Verdict.made` says of it."""
    return {place for passage in islice(verdict.passages(~one), OCCURRENCES) for place in passage.places}


class Sight:
    """An item as pieces, title before summary before body, each with the leaves it may hold.

    No word may reach over a space: of such a text only a `Document` knows the words.
    """

    def __init__(self, reading: Reading, led: Mapping[str | None, Sequence[Sequence[int]]]) -> None:
        self._pieces = reading.pieces(None)
        self._asked: set[int] = set()
        self._at: defaultdict[int, list[int]] = defaultdict(list)
        self._edges: list[
            tuple[int, int, int, str]
        ] = []  # first piece, the one behind, number of field, text
        first = 0
        self._leading = _leading(0, led.get(None, ()))
        for number, (field, text) in enumerate(zip(FIELDS, reading.texts(), strict=True)):
            behind = first + len(reading.pieces(field))
            self._edges.append((first, behind, number, text))
            self._leading += _leading(first, led.get(field, ()))
            first = behind

    @cached_property
    def _before(self) -> list[int]:
        """How many words stand before each piece, and before the end."""
        found: list[int] = []
        before = 0
        for first, behind, _, _ in self._edges:
            sizes = [len(found or ()) for found in map(piece_words, self._pieces[first:behind])]
            if before and any(sizes):
                before += GAP
            found += accumulate(sizes[:-1], initial=before) if sizes else ()
            before += sum(sizes)
        return [*found, before]

    @property
    def length(self) -> int:
        """How many words there are, gaps included."""
        return self._before[-1]

    def look_up(self, leaves: Iterable[int]) -> None:
        """Note which pieces lead to leaves that will be asked for."""
        new = set(leaves) - self._asked
        if not new:
            return
        self._asked |= new
        elsewhere = new.isdisjoint
        for at, led in self._leading:
            if not elsewhere(led):
                for leaf in new.intersection(led):
                    self._at[leaf].append(at)

    def holds(self, leaf: int, wanted: Sought) -> bool:
        """Say whether a leaf is there."""
        return next(self._places(leaf, wanted), None) is not None

    def marks(self, leaf: int, wanted: Sought) -> list[Mark]:
        """Return the first passages of a leaf, at most `OCCURRENCES`, in reading order."""
        length = len(wanted.term.words)
        return [
            self._mark(first, start, length)
            for first, start in islice(self._places(leaf, wanted), OCCURRENCES)
        ]

    def places(self, leaf: int, wanted: Sought) -> Iterator[Place]:
        """Yield where a leaf stands, as positions of words."""
        before, length = self._before, len(wanted.term.words)
        for piece, start in self._places(leaf, wanted):
            yield before[piece] + start, before[piece] + start + length

    def mark(self, place: Place) -> Mark:
        """Return the passage between two positions of words."""
        piece = bisect_right(self._before, place[0]) - 1
        return self._mark(piece, place[0] - self._before[piece], place[1] - place[0])

    def _places(self, leaf: int, wanted: Sought) -> Iterator[tuple[int, int]]:
        """Yield where a term begins, as a piece and how many words from that piece on."""
        term, anchor = wanted.term, wanted.anchor
        length = len(term.words)
        row = self._pieces
        for at in self._at[leaf]:
            there = own = piece_words(row[at]) or ()
            first, before = at, 0
            if length > 1:
                low, high, _, _ = self._edge(at)
                while before < anchor and first > low:
                    first -= 1
                    there = (piece_words(row[first]) or ()) + there
                    before = len(there) - len(own)
                enough, last = before + len(own) + length - anchor - 1, at + 1
                while len(there) < enough and last < high:
                    there += piece_words(row[last]) or ()
                    last += 1
            highest = min(before + len(own) - anchor, len(there) - length + 1)
            for start in range(max(before - anchor, 0), highest):
                if _is_at(there, start, term):
                    yield first, start

    def _edge(self, at: int) -> tuple[int, int, int, str]:
        """Return the text that a piece stands in, as `_edges` has it."""
        for edge in self._edges:
            if at < edge[1]:
                break
        return edge

    def _mark(self, piece: int, start: int, length: int) -> Mark:
        """Return the passage of so many words from one on, the `start`-th of those from a piece on."""
        first, _, number, text = self._edge(piece)
        while start >= (count := len(piece_words(self._pieces[piece]) or ())):
            piece, start = piece + 1, start - count
        rest = text.split(None, piece - first)[-1]
        # Only so far as the passage goes: every piece has at most as many words as it needs.
        found: list[tuple[int, int]] = []
        offset = len(text) - len(rest)
        behind = piece
        while len(found) < start + length:
            own = self._pieces[behind]
            offset = text.index(own, offset)
            found += [(offset + begin, offset + end) for begin, end in spots(own)]
            offset += len(own)
            behind += 1
        return number, found[start][0], found[start + length - 1][1]


def _leading(first: int, led: Sequence[Sequence[int]]) -> list[tuple[int, Sequence[int]]]:
    """Return the pieces that lead anywhere, numbered from one on; most do not."""
    return [(at, leaves) for at, leaves in enumerate(led, first) if leaves]


def _is_at(there: Sequence[Word], start: int, term: Term) -> bool:
    """Say whether words are a term's, from one on."""
    for offset in range(len(term.words)):  # noqa: SIM110 - a generator for each place takes longer than the test
        if not is_word(there[start + offset], term, offset):
            return False
    return True
