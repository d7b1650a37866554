"""What two sides make of the stored items, added up by day and feed, with samples (pure)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.desk.volume import First, Volume
from monitor.match import ENGINE
from monitor.model import Span
from monitor.store.versions import Extent, StoredVersion

Groups = tuple[tuple[str, str], ...]


class Mode(StrEnum):
    """What is compared with what."""

    QUERY = "query"  # the query in force with another one
    NOW = "now"  # the recorded hits with what the query in force would have made
    AS_RECORDED = "as_recorded"  # the recorded hits with what the revisions then in force make again


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What to compare over which time: versions seen in [`since`, `until`). `folding` is the index's, see `archive`.

    With `now` the alerts a day of both sides are worked out, too.
    """

    topic: str
    mode: Mode
    query: str = ""
    groups: Groups = ()
    since: datetime | None = None
    until: datetime | None = None
    folding: str
    samples: int = 10
    now: datetime | None = None

    def covers(self, at: datetime) -> bool:
        """Say whether a moment is in the time asked about."""
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An item that only one side hits, with the words that made its hit."""

    item: int
    version: int
    feed: str
    seen_at: datetime
    title: str
    link: str | None
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Hits of one day (UTC) and feed: on both sides, only after, only before."""

    day: str
    feed: str
    kept: int
    gained: int
    lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What the two sides made of the versions; of the samples the newest come first.

    `moved` counts items hit on both sides, but in another version or by another revision (told only as recorded).
    `unknown` are versions that were judged before revisions were written down, `other_engine` those judged by another
    engine than this one.
    """

    extent: Extent
    examined: int
    queued: int
    kept: int
    gained: int
    lost: int
    moved: int
    unknown: int
    other_engine: int
    gaps: Mapping[str, int]
    days: tuple[Day, ...]
    gained_samples: tuple[Sample, ...]
    lost_samples: tuple[Sample, ...]
    volume: Volume | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The first version of an item that hits, by which revision (0: of no matter), with its words."""

    version: StoredVersion
    revision: int
    spans: tuple[Span, ...]


class Tally:
    """Adds up what the sides say, item by item."""

    def __init__(self, asked: Sweep, *, begins: int) -> None:
        self._asked = asked
        self._begins = begins if asked.mode is Mode.AS_RECORDED else 0
        self.days: Counter[tuple[str, str, str]] = Counter()
        self.samples: dict[str, list[Sample]] = {"gained": [], "lost": []}
        self.firsts: list[First] = []
        self.examined = self.moved = self.unknown = self.other_engine = 0

    def take(self, item: Sequence[StoredVersion], before: Answer | None, after: Answer | None) -> None:
        """Count one item: where its first hit falls into the time asked about, on whichever side."""
        known = [version for version in item if not 0 < version.watchlist_revision < self._begins]
        self.examined += len(item)
        self.unknown += len(item) - len(known)
        self.other_engine += sum(version.engine != ENGINE for version in item)
        if self._asked.mode is Mode.AS_RECORDED and len(known) < len(item):
            return  # what its first versions should have made cannot be said
        if self._asked.now is not None:
            self._first(item[0].item_id, before, after)
        if before is not None and self._asked.covers(before.version.seen_at):
            self._add(before, "kept" if after is not None else "lost")
        elif after is not None and self._asked.covers(after.version.seen_at):
            self._add(after, "kept" if before is not None else "gained")
        if before is not None and after is not None and self._asked.mode is Mode.AS_RECORDED:
            self.moved += (before.version.version, before.revision) != (
                after.version.version,
                after.revision,
            )

    def _first(self, item: int, before: Answer | None, after: Answer | None) -> None:
        """Remember by which versions an item is hit, in the time asked about."""
        old, new = (
            each.version.version if each is not None and self._asked.covers(each.version.seen_at) else None
            for each in (before, after)
        )
        if old is not None or new is not None:
            words = tuple({span.text for span in after.spans}) if after is not None and old is None else ()
            self.firsts.append(First(item=item, before=old, after=new, words=words))

    def _add(self, answer: Answer, what: str) -> None:
        version = answer.version
        self.days[version.seen_at.date().isoformat(), version.feed, what] += 1
        if what in self.samples:
            sample = Sample(
                item=version.item_id,
                version=version.version,
                feed=version.feed,
                seen_at=version.seen_at,
                title=version.text.title,
                link=version.link,
                words=tuple(dict.fromkeys(span.text for span in answer.spans)),
            )
            self._sample(what, sample)

    def _sample(self, what: str, *more: Sample) -> None:
        newest = [*more, *self.samples[what]]
        newest.sort(key=lambda each: (each.seen_at, each.item), reverse=True)
        self.samples[what] = newest[: self._asked.samples]

    def add(self, other: "Tally") -> None:
        """Take in what was counted of other items."""
        self.days.update(other.days)
        self.firsts += other.firsts
        for what, samples in other.samples.items():
            self._sample(what, *samples)
        self.examined += other.examined
        self.moved += other.moved
        self.unknown += other.unknown
        self.other_engine += other.other_engine

    def swept(self, *, extent: Extent, queued: int, gaps: Mapping[str, int]) -> Swept:
        """Give the sums."""
        places = sorted({(day, feed) for day, feed, _ in self.days})
        totals = Counter[str]()
        for (_, _, what), number in self.days.items():
            totals[what] += number
        return Swept(
            extent=extent,
            examined=self.examined,
            queued=queued,
            kept=totals["kept"],
            gained=totals["gained"],
            lost=totals["lost"],
            moved=self.moved,
            unknown=self.unknown,
            other_engine=self.other_engine,
            gaps=gaps,
            days=tuple(
                Day(
                    day=day,
                    feed=feed,
                    **{what: self.days[day, feed, what] for what in ("kept", "gained", "lost")},
                )
                for day, feed in places
            ),
            gained_samples=tuple(self.samples["gained"]),
            lost_samples=tuple(self.samples["lost"]),
        )
