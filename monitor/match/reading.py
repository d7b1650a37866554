"""One item on its way through the indexes, and where its terms stand, found without reading all of it.

An index knows which *pieces* (what stands between two spaces) may hold which leaf. So whether a phrase is there, only
the neighbours of a few pieces tell, and most items are never made into a `Document`. The two agree to the letter.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple

from monitor.match.document import OCCURRENCES, Document, found, holds, is_word, pieces
from monitor.match.leaf import leaf_node
from monitor.match.near import Place
from monitor.match.rarity import telling
from monitor.match.tree import APART, FIELDS, LANGUAGE, Near, Term, Within
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
        self._title = text.title.split()
        self._all = self._title
        for value in (text.summary, text.body):
            if value:
                self._all = self._all + value.split()

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
        if field is None:
            return self._all
        if field == "title":
            return self._title
        return [piece for text in pieces(self._text, field) for piece in text.split()]

    def words(self, field: str | None) -> Iterator[Word]:
        """Yield the words of a field, or of all that are searched where none is named."""
        texts = (text for one in ((field,) if field else FIELDS) for text in pieces(self._text, one))
        return chain.from_iterable(map(words, texts))

    def texts(self, field: str | None) -> list[tuple[int, str]]:
        """Return the searched texts that `pieces` came from, with the numbers of their fields."""
        return [
            (number, getattr(self._text, name)) for number, name in enumerate(FIELDS) if field in {None, name}
        ]

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
        self._sights: dict[str | None, Sight] = {}
        self._asked: set[int] = set()

    def holding(self, leaves: Sequence[int]) -> Iterator[int]:
        """Yield those of the leaves that are there."""
        self._ask_for(leaves)
        for leaf in leaves:
            text = self._leaves[leaf]
            wanted = sought(text)
            if wanted.field == LANGUAGE:
                if _is_in(self._reading.language, text):
                    yield leaf
                continue
            sight = None if len(leaves) > _MANY else self._sight(wanted)
            if holds(leaf_node(text), self._reading.document) if sight is None else sight.holds(leaf, wanted):
                yield leaf

    def shown(self, made: Mapping[int, set[int | Near]]) -> dict[int, tuple[Span, ...]]:
        """Return the passages of topics, of each by what made it true."""
        marks: dict[int | Near, list[Mark]] = {}
        leaves: set[int] = set()
        for one in set().union(*made.values()):
            if isinstance(one, Near):
                return self._read(made)
            leaves.add(one)
        if len(leaves) > _MANY:
            return self._read(made)
        self._ask_for(leaves)
        for one in leaves:
            wanted = sought(self._leaves[one])
            if wanted.field in APART:
                marks[one] = []
                continue
            sight = self._sight(wanted)
            if sight is None:
                return self._read(made)
            marks[one] = sight.marks(one, wanted)
        spans = self._reading.spans
        return {number: spans(set().union(*map(marks.__getitem__, nodes))) for number, nodes in made.items()}

    def _read(self, made: Mapping[int, set[int | Near]]) -> dict[int, tuple[Span, ...]]:
        """Return what `shown` does, of an item that has to be read as a whole."""
        document = self._reading.document
        places: dict[int | Near, set[Place]] = {}
        for one in set().union(*made.values()):
            node = one if isinstance(one, Near) else leaf_node(self._leaves[one])
            places[one] = found(node, document)
        return {
            number: document.shown(set().union(*map(places.__getitem__, nodes)))
            for number, nodes in made.items()
        }

    def _ask_for(self, leaves: Iterable[int]) -> None:
        """Have the pieces that lead to leaves looked up, all at once: one by one takes longer when they are many."""
        new = set(leaves) - self._asked
        for sight in self._sights.values():
            sight.look_up(new)
        self._asked |= new

    def _sight(self, wanted: Sought) -> "Sight | None":
        """Return that by which a term can be found; None when only a document knows."""
        field = wanted.field
        if wanted.term.slop or field in APART or field not in self.led:
            return None
        sight = self._sights.get(field)
        if sight is None:
            sight = self._sights[field] = Sight(self._reading, field, self.led[field])
            sight.look_up(self._asked)
        return sight


class Sight:
    """One field of an item as pieces (or all that are searched as one row), each with the leaves it may hold.

    No word may reach over a space: of such an item only a `Document` knows the words.
    """

    def __init__(self, reading: Reading, field: str | None, led: Sequence[Sequence[int]]) -> None:
        self._pieces = reading.pieces(field)
        self._leading = [(at, leaves) for at, leaves in enumerate(led) if leaves]  # most lead nowhere
        self._at: defaultdict[int, list[int]] = defaultdict(list)
        self._edges: list[
            tuple[int, int, int, str]
        ] = []  # first piece, the one behind, number of field, text
        first = 0
        texts = reading.texts(field)
        for number, text in texts:
            behind = first + len(text.split()) if len(texts) > 1 else len(self._pieces)
            self._edges.append((first, behind, number, text))
            first = behind

    def look_up(self, leaves: set[int]) -> None:
        """Note which pieces lead to leaves that will be asked for."""
        for at, led in self._leading:
            for leaf in leaves.intersection(led):
                self._at[leaf].append(at)

    def holds(self, leaf: int, wanted: Sought) -> bool:
        """Say whether a leaf (of this field) is there."""
        return next(self._places(leaf, wanted), None) is not None

    def marks(self, leaf: int, wanted: Sought) -> list[Mark]:
        """Return the first passages of a leaf (of this field), at most `OCCURRENCES`, in reading order."""
        length = len(wanted.term.words)
        return [
            self._mark(first, start, length)
            for first, start in islice(self._places(leaf, wanted), OCCURRENCES)
        ]

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


def _is_at(there: Sequence[Word], start: int, term: Term) -> bool:
    """Say whether words are a term's, from one on."""
    for offset in range(len(term.words)):  # noqa: SIM110 - a generator for each place takes longer than the test
        if not is_word(there[start + offset], term, offset):
            return False
    return True
