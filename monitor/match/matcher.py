"""The compiled watchlist: many topics against one item, without asking each topic.

The words of an item lead to the terms that may occur in it, these to the topics that are filed under them (each under
the cheapest set of terms of which a matching text must have one). A topic whose outline the terms allow is then
cut down to these terms, and verified by the evaluator of `document`. The index can only propose too much, never too
little.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from monitor.errors import QueryError
from monitor.match.document import Document, Leaf, holds, leaf_of, pieces, spans
from monitor.match.outline import Outline, outline
from monitor.match.prune import Branch, branch, prune
from monitor.match.query import parse_query
from monitor.match.tree import APART, FIELDS, Term
from monitor.model import ItemText, Span, Topic
from monitor.text.fold import fold_word, raw_words

ENGINE = "2"

_REMEMBERED = 100_000  # distinct written words whose terms are kept at hand
_LONG_WORD = 64  # longer ones are not: they are rare, and a feed could send megabytes of them


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicMatch:
    """A topic that an item satisfies, with the passages that made it."""

    topic: Topic
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _Filed:
    """A topic with its query's outline, and the query made ready for pruning."""

    topic: Topic
    outline: Outline
    branch: Branch


class Watchlist:
    """A snapshot of topics, ready to match; safe to share between threads, replaced as a whole on change."""

    def __init__(self, topics: Iterable[Topic], *, revision: int) -> None:
        self.revision = revision
        numbers: dict[Leaf, int] = {}
        terms: dict[int, Term] = {}
        spread: Counter[int] = Counter()
        self._filed: list[_Filed] = []
        for topic in topics:
            filed, leaves = _read(topic, numbers, terms)
            spread.update(leaves)
            self._filed.append(filed)
        self.topics: tuple[Topic, ...] = tuple(filed.topic for filed in self._filed)
        costs = [_cost(leaf, spread[number]) for leaf, number in numbers.items()]
        self._topics_of: defaultdict[int, list[int]] = defaultdict(list)
        for index, filed in enumerate(self._filed):
            for number in filed.outline.anchor(costs.__getitem__):
                self._topics_of[number].append(index)
        self._words: defaultdict[str, list[int]] = defaultdict(list)
        self._exact: defaultdict[str, list[int]] = defaultdict(list)
        self._prefixes: defaultdict[str, list[int]] = defaultdict(list)
        for number, term in terms.items():
            self._file(term, number)
        self._lengths = sorted({len(prefix) for prefix in self._prefixes})
        self._memory: dict[str, tuple[int, ...]] = {}
        self._apart: dict[
            str, frozenset[int]
        ] = {}  # of each field that is looked at only when named, its terms
        for name in APART:
            if apart := frozenset(number for leaf, number in numbers.items() if leaf[-1] == name):
                self._apart[name] = apart

    def match(self, text: ItemText) -> list[TopicMatch]:
        """Return the topics whose query is true of the text, in the order of `topics`."""
        present: set[int] = set()
        raws = {field: raw_words(getattr(text, field)) for field in FIELDS}
        for words in raws.values():
            for raw in set(words):
                present.update(self._leaves_of(raw))
        for field, leaves in self._apart.items():
            for raw in raw_words(" ".join(pieces(text, field))):
                present.update(leaves.intersection(self._leaves_of(raw)))
        candidates = {index for leaf in present for index in self._topics_of.get(leaf, ())}
        document: Document | None = None
        matches = []
        for index in sorted(candidates):
            filed = self._filed[index]
            if not filed.outline.allows(present):
                continue
            rest = prune(filed.branch, present)
            if isinstance(rest, bool):
                assert not rest  # parse_query refuses queries that need nothing
                continue
            document = document or Document(text, raws)
            if holds(rest, document):
                matches.append(TopicMatch(topic=filed.topic, spans=spans(rest, document)))
        return matches

    def _file(self, term: Term, number: int) -> None:
        """File a term under its most telling word."""
        if term.prefix and len(term.words) == 1:
            self._prefixes[term.words[0]].append(number)
            return
        if term.exact:
            self._exact[max(term.words, key=len)].append(number)
            return
        for key in max((keys for keys in term.keys if keys), key=lambda keys: len(keys[0])):
            self._words[key].append(number)

    def _leaves_of(self, raw: str) -> tuple[int, ...]:
        leaves = self._memory.get(raw)
        if leaves is None:
            leaves = self._look_up(raw)
            if len(self._memory) >= _REMEMBERED:
                self._memory.clear()
            if len(raw) <= _LONG_WORD:
                self._memory[raw] = leaves
        return leaves

    def _look_up(self, raw: str) -> tuple[int, ...]:
        word = fold_word(raw)
        if word is None:
            return ()
        leaves = {leaf for key in word.keys for leaf in self._words.get(key, ())}
        leaves.update(self._exact.get(word.cased, ()))
        folded = word.keys[0]
        for length in self._lengths:
            if length > len(folded):
                break
            leaves.update(self._prefixes.get(folded[:length], ()))
        return tuple(leaves)


def compile_watchlist(topics: Iterable[Topic], *, revision: int) -> Watchlist:
    """Compile topics, enabled or not as the caller chose; raises `QueryError` naming the first topic that cannot be."""
    return Watchlist(topics, revision=revision)


def _read(topic: Topic, numbers: dict[Leaf, int], terms: dict[int, Term]) -> tuple[_Filed, set[int]]:
    """Parse and outline a topic; return it with the numbers of all its leaves, new ones filed."""
    try:
        query = parse_query(topic.query, topic.groups)
    except QueryError as error:
        message = f"topic {topic.slug}: {error.message}"
        raise QueryError(
            message, line=error.line, column=error.column, hint=error.hint, group=error.group
        ) from error
    own: set[int] = set()

    def number(term: Term, field: str | None) -> int:
        found = numbers.setdefault(leaf_of(term, field), len(numbers))
        terms.setdefault(found, term)
        own.add(found)
        return found

    needed = outline(query.root, number)
    assert needed is not None  # parse_query refuses queries that need nothing
    return _Filed(topic, needed, branch(query.root, number)), own


def _cost(leaf: Leaf, spread: int) -> float:
    """Guess how often a term occurs: short words often, phrases seldom, words of many topics most often."""
    words, exact, prefix, slop, field = leaf
    rarity = (
        max(len(word) for word in words)
        + 3 * (len(words) - 1)
        - (2 if slop else 0)
        + (2 if exact else 0)
        + (2 if field else 0)
    )
    return (3.0 if prefix else 1.0) * spread / (1 + rarity) ** 2
