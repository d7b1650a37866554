"""The compiled watchlist: many topics against one item, without asking each topic.

Every topic is filed under its cheapest required clause: a set of terms of which a matching text must contain one.
The words of an item lead to the terms they may belong to, these to the topics filed there; only topics whose
other required clauses are not plainly absent are verified, by the evaluator of `document`. The index can only
propose too much, never too little.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from monitor.errors import QueryError
from monitor.match.clauses import required
from monitor.match.document import Document, Leaf, holds, keys_of, spans
from monitor.match.query import Query, parse_query
from monitor.match.tree import FIELDS
from monitor.model import ItemText, Span, Topic
from monitor.text.fold import fold_word, raw_words

ENGINE = "1"

_REMEMBERED = 100_000  # distinct written words whose terms are kept at hand
_LONG_WORD = 64  # longer ones are not: they are rare, and a feed could send megabytes of them


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicMatch:
    """A topic that an item satisfies, with the passages that made it."""

    topic: Topic
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _Filed:
    """A topic's query with its required clauses as leaf numbers."""

    topic: Topic
    query: Query
    clauses: tuple[frozenset[int], ...]


class Watchlist:
    """A snapshot of topics, ready to match; safe to share between threads, replaced as a whole on change."""

    def __init__(self, topics: Iterable[Topic], *, revision: int) -> None:
        self.topics: tuple[Topic, ...] = tuple(topics)
        self.revision = revision
        self._filed: list[_Filed] = []
        self._topics_of: defaultdict[int, list[int]] = defaultdict(list)
        self._words: defaultdict[str, list[int]] = defaultdict(list)
        self._prefixes: defaultdict[str, list[int]] = defaultdict(list)
        self._memory: dict[str, tuple[int, ...]] = {}
        queries = [_parse(topic) for topic in self.topics]
        needs = [required(query.root) for query in queries]
        topics_with = Counter(
            words for clauses in needs for words in {leaf[0] for clause in clauses for leaf in clause}
        )
        numbers: dict[Leaf, int] = {}
        for topic, query, clauses in zip(self.topics, queries, needs, strict=True):
            clauses.sort(key=lambda clause: sum(_cost(leaf, topics_with) for leaf in clause))
            anchor, *others = [
                frozenset(numbers.setdefault(leaf, len(numbers)) for leaf in clause) for clause in clauses
            ]
            for number in anchor:
                self._topics_of[number].append(len(self._filed))
            self._filed.append(_Filed(topic, query, tuple(others)))
        for leaf, number in numbers.items():
            self._file(leaf, number)
        self._lengths = sorted({len(prefix) for prefix in self._prefixes})

    def match(self, text: ItemText) -> list[TopicMatch]:
        """Return the topics whose query is true of the text, in the order of `topics`."""
        leaves: set[int] = set()
        for field in FIELDS:
            for raw in set(raw_words(getattr(text, field))):
                leaves.update(self._leaves_of(raw))
        candidates = {number for leaf in leaves for number in self._topics_of.get(leaf, ())}
        document: Document | None = None
        matches = []
        for number in sorted(candidates):
            filed = self._filed[number]
            if any(clause.isdisjoint(leaves) for clause in filed.clauses):
                continue
            document = document or Document(text)
            if holds(filed.query.root, document):
                matches.append(TopicMatch(topic=filed.topic, spans=spans(filed.query.root, document)))
        return matches

    def _file(self, leaf: Leaf, number: int) -> None:
        """File a term under its most telling word."""
        words, exact, prefix, _ = leaf
        if prefix and len(words) == 1:
            self._prefixes[words[0]].append(number)
            return
        whole = words[:-1] if prefix else words
        for key in keys_of(max(whole, key=len), exact=exact):
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
        folded = word.keys[0]
        for length in self._lengths:
            if length > len(folded):
                break
            leaves.update(self._prefixes.get(folded[:length], ()))
        return tuple(leaves)


def compile_watchlist(topics: Iterable[Topic], *, revision: int) -> Watchlist:
    """Compile topics, enabled or not as the caller chose; raises `QueryError` naming the first topic that cannot be."""
    return Watchlist(topics, revision=revision)


def _parse(topic: Topic) -> Query:
    try:
        return parse_query(topic.query)
    except QueryError as error:
        raise QueryError(
            f"topic {topic.slug}: {error.message}", line=error.line, column=error.column, hint=error.hint
        ) from error


def _cost(leaf: Leaf, topics_with: Counter[tuple[str, ...]]) -> float:
    """Guess how often a term's words occur: short words often, phrases seldom, words of many topics most often."""
    words, exact, prefix, field = leaf
    rarity = (
        max(len(word) for word in words) + 3 * (len(words) - 1) + (2 if exact else 0) + (2 if field else 0)
    )
    return (3.0 if prefix else 1.0) * topics_with[words] / (1 + rarity) ** 2
