"""A frozen index of topics: from the words of an item to the few topics that may be true of it, and to those that are.

The words lead to the leaves (`leaf`) that may occur, a phrase by its rarest word while the others have a
mark each, so that most phrases are ruled out at sight. The leaves lead to the topics filed under them: each topic
under the cheapest leaves of which a matching text must have one. For the candidates the leaves are made certain, and
their packed queries asked; what a phrase or a distance is, the evaluator of `document` says, which also finds the
passages.

Memory is what limits the number of topics, so nothing is kept as a tree, and postings lie in rows of numbers.
"""

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, filterfalse
from typing import NamedTuple, overload

from monitor.errors import QueryError
from monitor.match.engine.leaf import Leaf, leaf_keys, read_leaf
from monitor.match.engine.packed import Packed, Packer, members_of
from monitor.match.engine.rarity import cost, telling
from monitor.match.engine.reading import Reading, View
from monitor.match.engine.verdict import Verdict
from monitor.match.language.query import parse_query
from monitor.match.language.term import PREFIX_LETTERS
from monitor.match.language.tree import APART
from monitor.model import Span, Topic
from monitor.text.fold import Memory, Word, piece_words

MEMORY = 64_000  # pieces of text of one generation whose leaves are kept at hand
_REMEMBERED = 16_000  # branches of which it is kept at hand what they need
_LONG = 24  # numbers of a branch from which on a look at what it needs takes less time than to ask it
_UNKNOWN = -1  # stands for the leaves of a piece that cannot be read by itself


class Rows:
    """Many short rows of numbers in two long ones."""

    def __init__(self, pairs: Iterable[tuple[int, int]], count: int = 0) -> None:
        """Take (row, number) pairs; there are `count` rows, or as many as pairs ask for."""
        rows, numbers = array("I"), array("I")
        for row, number in pairs:
            rows.append(row)
            numbers.append(number)
        sizes = array("I", bytes(4 * (max(count, max(rows, default=-1) + 1) + 1)))
        for row in rows:
            sizes[row + 1] += 1
        self.first = array("I", accumulate(sizes))
        self.numbers = array("I", bytes(4 * len(numbers)))
        following = array("I", self.first)
        for row, number in zip(rows, numbers, strict=True):
            self.numbers[following[row]] = number
            following[row] += 1

    def size(self, row: int) -> int:
        """Return how many numbers a row has."""
        return self.first[row + 1] - self.first[row]

    def __getitem__(self, row: int) -> "array[int]":
        return self.numbers[self.first[row] : self.first[row + 1]]


class Texts(Sequence[str]):
    """Many short texts in one long one: a hundred thousand strings of their own take four times the memory."""

    def __init__(self, texts: Iterable[str]) -> None:
        encoded = [text.encode() for text in texts]
        self._first = array("I", accumulate(map(len, encoded), initial=0))
        self._bytes = b"".join(encoded)

    def __len__(self) -> int:
        return len(self._first) - 1

    @overload
    def __getitem__(self, number: int) -> str: ...

    @overload
    def __getitem__(self, number: slice) -> "Texts": ...

    def __getitem__(self, number: int | slice) -> "str | Texts":
        if isinstance(number, slice):
            return Texts(self[each] for each in range(*number.indices(len(self))))
        return self._bytes[self._first[number] : self._first[number + 1]].decode()

    def __iter__(self) -> Iterator[str]:
        return map(self.__getitem__, range(len(self)))


class Branches(NamedTuple):
    """The queries of topics, each in as many branches as one of which must be true: where each begins, and whose it is.

    `first` is the first branch of each topic.
    """

    starts: "array[int]"
    owners: "array[int]"
    first: "array[int]"

    def of(self, topic: int) -> "array[int]":
        """Return where the branches of a topic begin."""
        behind = self.first[topic + 1] if topic + 1 < len(self.first) else len(self.starts)
        return self.starts[self.first[topic] : behind]


class Index:
    """Topics, packed and filed; safe to share between threads."""

    def __init__(
        self, topics: Sequence[Topic], branches: "Branches", packed: Packed, uses: "array[int]"
    ) -> None:
        self.topics = tuple(topics)
        self.packed = packed
        self.branches = branches
        self.numbers = {topic.slug: number for number, topic in enumerate(self.topics)}
        marks: dict[tuple[str, ...], int] = {}  # numbered behind the leaves
        self._marks_of = Rows(self._marked(marks), len(packed.leaves))
        size = len(packed.leaves) + len(marks)
        self._groups_of = Rows(_memberships(packed.leaves), size)
        self._long = bytearray(packed.code[start + 1] >= _LONG for start in branches.starts)
        self._costs = _costs(packed.leaves, uses)
        self._branches_of = Rows(self._anchors(), size)
        if not any(self._long):
            self._costs = array("f")  # not asked for again
        self._demands: dict[int, tuple[frozenset[int], ...]] = {}  # of long branches met as candidates
        self._names_branches = bytearray(map(bool, map(self._branches_of.size, range(size))))
        self._unsure = bytearray(size)  # leaves whose word is not enough
        self._words: dict[str, int] = {}
        self._fields: set[str | None] = set()
        self._lengths: set[int] = set()
        self._prefixes: set[str] = set()  # the first letters of all prefixes
        self._exact = False  # whether any leaf is filed under a cased word
        self._leaves_of = Rows(self._filed(marks))
        self._memories = {field: _Memory(self, field) for field in self._fields}

    def match(self, reading: Reading, gone: Collection[int]) -> list[tuple[Topic, tuple[Span, ...]]]:
        """Return the topics that are true of an item, in order, with their passages; `gone` ones are passed over."""
        present: set[int] = set()
        view = View(reading, self.packed.leaves)
        for field, memory in self._memories.items():
            led = list(map(memory.__getitem__, reading.pieces(field)))
            present.update(chain.from_iterable(filter(None, led)))
            if _UNKNOWN in present:
                present.update(self.leaves_of(reading.words(field), field))
                present.discard(_UNKNOWN)
            else:
                view.led[field] = led
        likely = self._likely(present)
        candidates = self._candidates(
            present.union(likely, *map(self._groups_of.__getitem__, likely)) if likely else present
        )
        if gone:
            candidates = [branch for branch in candidates if self.branches.owners[branch] not in gone]
        if not candidates:
            return []
        for leaf in view.holding(likely):
            present.add(leaf)
            present.update(self._groups_of[leaf])
        starts, owners = self.branches.starts, self.branches.owners
        verdict = Verdict(self.packed, present, view)
        made: dict[int, set[int]] = {}  # of each topic that is true, by what
        for branch in candidates:
            if verdict.true(starts[branch]):
                made.setdefault(owners[branch], set()).update(verdict.made(starts[branch]))
        if not made:
            return []
        shown = view.shown(made, verdict)
        return [(self.topics[number], shown[number]) for number in sorted(made)]

    def leaves_of(self, there: Iterable[Word], field: str | None) -> set[int]:
        """Return the leaves that a text with these words, in a field if one is named, may have, and their groups."""
        scope, rows = _scope(field), self._words
        leaves: set[int] = set()
        for word in there:
            for name in self._names(word):
                row = rows.get(scope + name if scope else name)
                if row is not None:
                    leaves.update(self._leaves_of[row])
        if leaves:
            for leaf in [leaf for leaf in leaves if not self._unsure[leaf]]:
                leaves.update(self._groups_of[leaf])
        return leaves

    def _names(self, word: Word) -> Sequence[str]:
        """Return the names under which leaves are filed that a word may lead to."""
        cased, names = word
        folded = names[0]
        if self._exact:
            names = (*names, f"={cased}")
        if folded[:PREFIX_LETTERS] in self._prefixes:
            names += tuple(f"{folded[:length]}*" for length in self._lengths if length <= len(folded))
        return names

    def _likely(self, present: set[int]) -> list[int]:
        """Take out the leaves whose word alone is not enough; return those whose other words are there, too."""
        states, first, marks = self._unsure, self._marks_of.first, self._marks_of.numbers
        doubtful = list(filter(states.__getitem__, present))
        likely = [leaf for leaf in doubtful if present.issuperset(marks[first[leaf] : first[leaf + 1]])]
        present.difference_update(doubtful)
        return likely

    def _candidates(self, present: set[int]) -> list[int]:
        """Return the branches filed under what is present and that have what else they need, as far as that tells."""
        first, numbers = self._branches_of.first, self._branches_of.numbers
        branches: set[int] = set()
        for leaf in filter(self._names_branches.__getitem__, present):
            branches.update(numbers[first[leaf] : first[leaf + 1]])
        known, missing = self._demands, present.isdisjoint
        found = list(filterfalse(self._long.__getitem__, branches))
        for branch in filter(self._long.__getitem__, branches):
            demands = known.get(branch)
            if demands is None:
                demands = self._demanded(branch)
            for demand in demands:
                if missing(demand):
                    break
            else:
                found.append(branch)
        return found

    def _demanded(self, branch: int) -> tuple[frozenset[int], ...]:
        """Return the sets of leaves of each of which a text must have one; but for those a branch is filed under."""
        needed = self.packed.demands(self.branches.starts[branch], self._costs.__getitem__)
        if len(self._demands) >= _REMEMBERED:
            self._demands.clear()
        demands = self._demands[branch] = tuple(frozenset(each.leaves) for each in needed[1:])
        return demands

    def _anchors(self) -> Iterator[tuple[int, int]]:
        """Yield for each branch the leaves it is filed under."""
        for number, start in enumerate(self.branches.starts):
            needed = self.packed.needed(start, self._costs.__getitem__)
            assert needed is not None  # parse_query refuses queries that need nothing
            for leaf in set(needed.leaves):
                yield leaf, number

    def _marked(self, marks: dict[tuple[str, ...], int]) -> Iterator[tuple[int, int]]:
        """Yield for each phrase the marks of its words, but for the one it is filed under; new ones are numbered."""
        for number, text in enumerate(self.packed.leaves):
            if members_of(text) or " " not in text:
                continue
            leaf = read_leaf(text)
            if leaf.field in APART:
                continue
            keys = leaf_keys(leaf)
            keys.pop(telling(keys))
            for own in filter(None, keys):
                yield number, marks.setdefault(own, len(self.packed.leaves) + len(marks))

    def _filed(self, marks: Mapping[tuple[str, ...], int]) -> Iterator[tuple[int, int]]:
        """Yield for each term, and each mark, the rows of the words it is filed under, numbered as they come."""
        for keys, number in marks.items():
            self._fields.add(None)
            for key in keys:
                yield self._words.setdefault(key, len(self._words)), number
        for number, text in enumerate(self.packed.leaves):
            if members_of(text):
                continue
            leaf = read_leaf(text)
            if not leaf.sure:
                self._unsure[number] = True
            self._fields.add(leaf.field)
            if leaf.prefix and len(leaf.words) == 1:
                self._lengths.add(len(leaf.words[0]))
                self._prefixes.add(leaf.words[0][:PREFIX_LETTERS])
            self._exact = self._exact or leaf.exact
            scope = _scope(leaf.field)
            for name in _names_of(leaf):
                yield self._words.setdefault(scope + name, len(self._words)), number


class IndexBuilder:
    """Collects topics, parsed or taken over from other indexes, and makes an index of them."""

    def __init__(self) -> None:
        self._packer = Packer()
        self._topics: list[Topic] = []
        self._branches = Branches(array("I"), array("I"), array("I"))
        self._code = array("I")

    def add(self, topic: Topic) -> None:
        """Parse and pack a topic; raises `QueryError` naming it."""
        try:
            query = parse_query(topic.query, topic.groups)
        except QueryError as error:
            message = f"topic {topic.slug}: {error.message}"
            raise QueryError(message, line=error.line, column=error.column, hint=error.hint) from error
        self._put(topic, self._packer.apart(self._packer.pack(query.root)))

    def take(self, topic: Topic, source: Index, number: int) -> None:
        """Take over the packed query of a topic that has the same query as this one."""
        self._put(topic, [self._packer.take(source.packed, start) for start in source.branches.of(number)])

    def build(self) -> Index:
        """Make the index; the builder is spent."""
        packer = self._packer
        packed = Packed(self._code, Texts(packer.leaves))
        uses = packer.uses
        self._packer = Packer()
        del packer
        return Index(self._topics, self._branches, packed, uses)

    def _put(self, topic: Topic, branches: Iterable[list[int]]) -> None:
        self._branches.first.append(len(self._branches.starts))
        for branch in branches:
            self._branches.starts.append(len(self._code))
            self._branches.owners.append(len(self._topics))
            self._code.extend(branch)
        self._topics.append(topic)


class _Memory(Memory[tuple[int, ...]]):
    """The leaves that pieces of text met before may lead to, in a field if one is named."""

    def __init__(self, index: Index, field: str | None) -> None:
        super().__init__(MEMORY)
        self._index = index
        self._field = field

    def find_out(self, string: str) -> tuple[int, ...]:
        there = piece_words(string)
        return (_UNKNOWN,) if there is None else tuple(self._index.leaves_of(there, self._field))


def _scope(field: str | None) -> str:
    """Return what the names of a field's words begin with."""
    return f"{field}:" if field else ""


def _memberships(leaves: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield each leaf that belongs to a group, with the group."""
    for group, text in enumerate(leaves):
        for member in members_of(text):
            yield member, group


def _costs(leaves: Sequence[str], uses: Sequence[int]) -> "array[float]":
    """Return how often each leaf is likely to occur; members come before their groups."""
    costs = array("f")
    for text, used in zip(leaves, uses, strict=True):
        members = members_of(text)
        costs.append(sum(costs[member] for member in members) if members else cost(read_leaf(text), used))
    return costs


def _names_of(leaf: Leaf) -> Iterable[str]:
    """Return the names that a leaf is filed under, all of one of its words: the one that tells most."""
    if leaf.prefix and len(leaf.words) == 1:
        return (f"{leaf.words[0]}*",)
    keys = leaf_keys(leaf)
    place = telling(keys)
    return (f"={leaf.words[place]}",) if leaf.exact else keys[place]
