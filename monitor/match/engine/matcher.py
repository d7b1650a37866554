"""The compiled watchlist: many topics against one item, without asking each topic.

A watchlist is a snapshot: a large frozen index and a few small ones of topics that came later, each with the numbers of
topics that have gone since. A change makes a new snapshot beside the old one, in time that does not depend on how
many topics there are; now and then the parts are folded into one.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from monitor.match.engine.index import Index, IndexBuilder
from monitor.match.engine.reading import Reading
from monitor.model import ItemText, Span, Topic

ENGINE = "2"

_SMALL = 16  # topics of the newest part up to which it is made anew instead of another being added
_PARTS = 8  # more of them make each match slower
_GONE = 4  # and so do topics that have gone, once there is one for so many that have not


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicMatch:
    """A topic that an item satisfies, with the passages that made it."""

    topic: Topic
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """An index, and those of its topics that have gone."""

    index: Index
    gone: frozenset[int] = frozenset()

    @property
    def size(self) -> int:
        return len(self.index.topics) - len(self.gone)

    def number_of(self, slug: str) -> int | None:
        """Return the number of a topic that has not gone."""
        number = self.index.numbers.get(slug)
        return None if number in self.gone else number

    def into(self, builder: IndexBuilder) -> None:
        """Put the topics that have not gone into another index."""
        for number, topic in enumerate(self.index.topics):
            if number not in self.gone:
                builder.take(topic, self.index, number)


class Watchlist:
    """A snapshot of topics, ready to match; safe to share between threads, replaced as a whole on change."""

    def __init__(self, parts: Iterable[_Part], *, revision: int) -> None:
        self.revision = revision
        self._parts = tuple(parts)
        self._topics: tuple[Topic, ...] | None = None

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The topics in force: as compiled, and behind them those that came later."""
        if self._topics is None:
            self._topics = tuple(
                topic
                for part in self._parts
                for number, topic in enumerate(part.index.topics)
                if number not in part.gone
            )
        return self._topics

    @property
    def fragmented(self) -> bool:
        """Whether so much has changed since it was compiled that `folded` would make it faster."""
        gone = sum(len(part.gone) for part in self._parts)
        return len(self._parts) > _PARTS or gone * _GONE > sum(part.size for part in self._parts)

    def match(self, text: ItemText) -> list[TopicMatch]:
        """Return the topics whose query is true of the text, in the order of `topics`."""
        reading = Reading(text)
        return [
            TopicMatch(topic=topic, spans=spans)
            for part in self._parts
            for topic, spans in part.index.match(reading, part.gone)
        ]

    def changed(
        self, *, added: Iterable[Topic] = (), removed: Iterable[str] = (), revision: int
    ) -> "Watchlist":
        """Return another snapshot with topics added, and others (by slug) removed; this one stays as it is.

        An added topic takes the place of the one that had its slug; slugs that are not there are ignored. Raises
        `QueryError` naming the first topic that cannot be compiled.
        """
        new = list({topic.slug: topic for topic in added}.values())
        parts = _without(self._parts, {*removed, *(topic.slug for topic in new)})
        if new:
            builder = IndexBuilder()
            if len(parts) > 1 and parts[-1].size + len(new) <= _SMALL:
                parts.pop().into(builder)
            for topic in new:
                self._compile(topic, builder)
            parts.append(_Part(builder.build()))
        return Watchlist(parts, revision=revision)

    def brought_to(self, topics: Iterable[Topic], *, revision: int) -> "Watchlist":
        """Return a snapshot of just these topics, compiling those alone that this one has not; raises as `changed`."""
        known = {topic.slug: topic for topic in self.topics}
        added = [topic for topic in topics if known.pop(topic.slug, None) != topic]
        return self.changed(added=added, removed=known, revision=revision)

    def folded(self) -> "Watchlist":
        """Return the same snapshot in one part; takes some microseconds a topic."""
        builder = IndexBuilder()
        for part in self._parts:
            part.into(builder)
        return Watchlist([_Part(builder.build())], revision=self.revision)

    def _compile(self, topic: Topic, builder: IndexBuilder) -> None:
        """Put a topic into an index, parsing its query only if the topic of this slug had another one."""
        for part in self._parts:
            number = part.number_of(topic.slug)
            if number is not None and _same_query(part.index.topics[number], topic):
                builder.take(topic, part.index, number)
                return
        builder.add(topic)


def compile_watchlist(topics: Iterable[Topic], *, revision: int) -> Watchlist:
    """Compile topics, enabled or not as the caller chose; raises `QueryError` naming the first topic that cannot be."""
    builder = IndexBuilder()
    for topic in topics:
        builder.add(topic)
    return Watchlist([_Part(builder.build())], revision=revision)


def _without(parts: Iterable[_Part], slugs: Iterable[str]) -> list[_Part]:
    """Return the parts with topics gone, and without those of which all have."""
    left: list[_Part] = []
    for part in parts:
        numbers = {number for slug in slugs if (number := part.number_of(slug)) is not None}
        if part.size > len(numbers):
            left.append(_Part(part.index, part.gone | numbers) if numbers else part)
    return left


def _same_query(one: Topic, other: Topic) -> bool:
    return one.query == other.query and one.groups == other.groups
