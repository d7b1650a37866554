"""Go through stored item versions with the one matcher: two answers for each item, side by side.

Runs inside a child process on a read-only transaction (`monitor.desk.child`), so it is light to import and knows
nothing of the App. What it finds of one side and not of the other is counted by day and feed, with samples.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from monitor.match import ENGINE, Watchlist, compile_watchlist, parse_query
from monitor.match.archive import let_through, wanted
from monitor.model import Priority, Span, Topic
from monitor.model.wanted import Wanted, some
from monitor.store import Transaction, archive, versions, watchlist
from monitor.store.versions import Extent, RecordedHit, StoredVersion
from monitor.store.watchlist import TopicState

BATCH = 500  # items

Tell = Callable[[int, int], None]  # how many items are done, of how many
Groups = tuple[tuple[str, str], ...]


class Mode(StrEnum):
    """What is compared with what."""

    QUERY = "query"  # the query in force with another one
    NOW = "now"  # the recorded hits with what the query in force would have made
    AS_RECORDED = "as_recorded"  # the recorded hits with what the revisions then in force make again


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What to compare over which time: versions seen in [`since`, `until`). `folding` is the index's, see `archive`."""

    topic: str
    mode: Mode
    query: str = ""
    groups: Groups = ()
    since: datetime | None = None
    until: datetime | None = None
    folding: str
    samples: int = 10

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


@dataclass(frozen=True, slots=True)
class _Answer:
    """The first version of an item that hits, by which revision (0: of no matter), with its words."""

    version: StoredVersion
    revision: int
    spans: tuple[Span, ...]


Made = Mapping[str, tuple[Span, ...]]  # the passages of each query that a version satisfies
Verdict = tuple[int, tuple[Span, ...]] | None  # a hit by this revision with these passages, or none
Side = Callable[[StoredVersion, Made], Verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """Two sides, the queries that either asks, by name, and the hits that either knows."""

    before: Side
    after: Side
    queries: Mapping[str, tuple[str, Groups]]
    recorded: Mapping[int, RecordedHit] = field(default_factory=dict)
    states: tuple[TopicState, ...] = ()


def sweep(tx: Transaction, asked: Sweep, tell: Tell) -> Swept:
    """Compare both sides over every candidate; raises `NotFound` and `QueryError`."""
    plan = _plan(tx, asked)
    found = archive.candidates(
        tx, ask(plan.queries.values()), folding=asked.folding, since=asked.since, until=asked.until
    )
    found = sorted({*found, *(hit.item_id for hit in plan.recorded.values() if asked.covers(hit.seen_at))})
    counted = _Count(asked, begins=watchlist.history_begins(tx))
    compiled = compiled_as(plan.queries)
    for item in items_of(tx, found, tell):
        made = [_made(compiled, version) for version in item]
        counted.take(item, _first(plan.before, item, made), _first(plan.after, item, made))
    return counted.swept(
        extent=versions.extent(tx, since=asked.since, until=asked.until),
        queued=archive.index_state(tx, folding=asked.folding).queued,
        gaps=versions.gaps_between(tx, since=asked.since, until=asked.until),
    )


def ask(queries: Iterable[tuple[str, Groups]]) -> Wanted:
    """Return what the index is asked for the candidates of any of these queries."""
    return let_through(some([wanted(parse_query(text, groups).root) for text, groups in queries]))


def compiled_as(queries: Mapping[str, tuple[str, Groups]]) -> Watchlist:
    """Compile queries under names, which stand as the slugs of topics."""
    topics = [
        Topic(
            slug=name,
            watchlist="",
            name=name,
            description="",
            priority=Priority.NORMAL,
            query=text,
            groups=groups,
            owner="",
        )
        for name, (text, groups) in queries.items()
    ]
    return compile_watchlist(topics, revision=0)


def _plan(tx: Transaction, asked: Sweep) -> _Plan:
    topic = watchlist.get_topic(tx, asked.topic)
    current = (topic.query, topic.groups)
    if asked.mode is Mode.QUERY:
        queries = {"before": current, "after": (asked.query, asked.groups)}
        return _Plan(before=_by_name("before"), after=_by_name("after"), queries=queries)
    recorded = versions.recorded_hits(tx, topic.id)
    if asked.mode is Mode.NOW:
        return _Plan(
            before=_by_record(recorded),
            after=_by_name("after"),
            queries={"after": current},
            recorded=recorded,
        )
    states = tuple(watchlist.topic_history(tx, topic.id))
    return _Plan(
        before=_by_record(recorded),
        after=_by_state(states),
        queries={_name(state): (state.query, state.groups) for state in states},
        recorded=recorded,
        states=states,
    )


def _name(state: TopicState) -> str:
    return f"revision {state.revision}"


def _by_name(name: str) -> Side:
    def side(_: StoredVersion, made: Made) -> Verdict:
        return (0, made[name]) if name in made else None

    return side


def _by_record(recorded: Mapping[int, RecordedHit]) -> Side:
    def side(version: StoredVersion, _: Made) -> Verdict:
        hit = recorded.get(version.item_id)
        if hit is None or hit.version != version.version:
            return None
        return hit.topic_revision, hit.spans

    return side


def _by_state(states: Sequence[TopicState]) -> Side:
    """Judge each version by the revision that was in force when it was judged, if any was."""
    since = [state.since for state in states]

    def side(version: StoredVersion, made: Made) -> Verdict:
        at = bisect_right(since, version.watchlist_revision) - 1
        if at < 0 or not states[at].enabled or _name(states[at]) not in made:
            return None
        return states[at].revision, made[_name(states[at])]

    return side


def items_of(tx: Transaction, found: Sequence[int], tell: Tell) -> Iterator[list[StoredVersion]]:
    """Yield each item as its versions in order, and tell how far it is."""
    for start in range(0, len(found), BATCH):
        tell(start, len(found))
        rows = versions.read_versions(tx, found[start : start + BATCH])
        for _, group in groupby(rows, key=lambda version: version.item_id):
            yield list(group)
    tell(len(found), len(found))


def _made(compiled: Watchlist, version: StoredVersion) -> Made:
    return {match.topic.slug: match.spans for match in compiled.match(version.text)}


def _first(side: Side, item: Sequence[StoredVersion], made: Sequence[Made]) -> _Answer | None:
    """Return the first version of an item that a side hits."""
    for version, matches in zip(item, made, strict=True):
        answer = side(version, matches)
        if answer is not None:
            return _Answer(version, *answer)
    return None


class _Count:
    """Adds up what the sides say, item by item."""

    def __init__(self, asked: Sweep, *, begins: int) -> None:
        self._asked = asked
        self._begins = begins if asked.mode is Mode.AS_RECORDED else 0
        self._days: Counter[tuple[str, str, str]] = Counter()
        self._samples: dict[str, list[Sample]] = {"gained": [], "lost": []}
        self._examined = self._moved = self._unknown = self._other_engine = 0

    def take(self, item: Sequence[StoredVersion], before: _Answer | None, after: _Answer | None) -> None:
        """Count one item: where its first hit falls into the time asked about, on whichever side."""
        known = [version for version in item if not 0 < version.watchlist_revision < self._begins]
        self._examined += len(item)
        self._unknown += len(item) - len(known)
        self._other_engine += sum(version.engine != ENGINE for version in item)
        if self._asked.mode is Mode.AS_RECORDED and len(known) < len(item):
            return  # what its first versions should have made cannot be said
        if before is not None and self._asked.covers(before.version.seen_at):
            self._add(before, "kept" if after is not None else "lost")
        elif after is not None and self._asked.covers(after.version.seen_at):
            self._add(after, "kept" if before is not None else "gained")
        if before is not None and after is not None and self._asked.mode is Mode.AS_RECORDED:
            self._moved += (before.version.version, before.revision) != (
                after.version.version,
                after.revision,
            )

    def _add(self, answer: _Answer, what: str) -> None:
        version = answer.version
        self._days[version.seen_at.date().isoformat(), version.feed, what] += 1
        if what in self._samples:
            sample = Sample(
                item=version.item_id,
                version=version.version,
                feed=version.feed,
                seen_at=version.seen_at,
                title=version.text.title,
                link=version.link,
                words=tuple(dict.fromkeys(span.text for span in answer.spans)),
            )
            newest = [sample, *self._samples[what]]
            newest.sort(key=lambda each: (each.seen_at, each.item), reverse=True)
            self._samples[what] = newest[: self._asked.samples]

    def swept(self, *, extent: Extent, queued: int, gaps: Mapping[str, int]) -> Swept:
        """Give the sums."""
        places = sorted({(day, feed) for day, feed, _ in self._days})
        totals = Counter[str]()
        for (_, _, what), number in self._days.items():
            totals[what] += number
        return Swept(
            extent=extent,
            examined=self._examined,
            queued=queued,
            kept=totals["kept"],
            gained=totals["gained"],
            lost=totals["lost"],
            moved=self._moved,
            unknown=self._unknown,
            other_engine=self._other_engine,
            gaps=gaps,
            days=tuple(
                Day(
                    day=day,
                    feed=feed,
                    **{what: self._days[day, feed, what] for what in ("kept", "gained", "lost")},
                )
                for day, feed in places
            ),
            gained_samples=tuple(self._samples["gained"]),
            lost_samples=tuple(self._samples["lost"]),
        )
