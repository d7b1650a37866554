"""Go through stored item versions with the one matcher: two answers for each item, side by side.

Runs inside a child process on a read-only transaction (`monitor.desk.child`), so it is light to import and knows
nothing of the App. What it finds of one side and not of the other is counted by day and feed, with samples.
"""

import multiprocessing
import os
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import groupby

from monitor.desk.tally import Answer, Groups, Mode, Sweep, Swept, Tally
from monitor.desk.volume import foretell
from monitor.errors import MonitorError
from monitor.match import Watchlist, compile_watchlist, parse_query
from monitor.match.archive import let_through, wanted
from monitor.model import Priority, Span, Topic
from monitor.model.wanted import Wanted, some
from monitor.store import Transaction, archive, versions, watchlist
from monitor.store.versions import RecordedHit, StoredVersion
from monitor.store.watchlist import TopicState

BATCH = 500  # items
WORTH_A_FORK = 2000  # items: a second process then saves more than it costs

Tell = Callable[[int, int], None]  # how many items are done, of how many
Reopen = Callable[[], AbstractContextManager[Transaction]]


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


def sweep(tx: Transaction, asked: Sweep, tell: Tell, beside: Reopen | None = None) -> Swept:
    """Compare both sides over every candidate; raises `NotFound` and `QueryError`.

    `beside` opens the same store once more: with it, every other item of many is taken by a process of its own.
    """
    plan = _plan(tx, asked)
    found = archive.candidates(
        tx, ask(plan.queries.values()), folding=asked.folding, since=asked.since, until=asked.until
    )
    recorded = {hit.item_id for hit in plan.recorded.values() if asked.covers(hit.seen_at)}
    begins = watchlist.history_begins(tx)
    compiled = compiled_as(plan.queries)

    def go_through(view: Transaction, item_ids: Sequence[int], tell: Tell) -> Tally:
        counted = Tally(asked, begins=begins)
        for item in items_of(view, item_ids, tell):
            made = [_made(compiled, version) for version in item]
            counted.take(item, _first(plan.before, item, made), _first(plan.after, item, made))
        return counted

    counted = _by_two(go_through, tx, sorted({*found, *recorded}), tell, beside)
    swept = counted.swept(
        extent=versions.extent(tx, since=asked.since, until=asked.until),
        queued=archive.index_state(tx, folding=asked.folding).queued,
        gaps=versions.gaps_between(tx, since=asked.since, until=asked.until),
    )
    if asked.now is None or asked.mode is Mode.AS_RECORDED:
        return swept
    until = asked.now if asked.until is None else min(asked.until, asked.now)
    return replace(swept, volume=foretell(tx, asked.topic, counted.firsts, since=asked.since, until=until))


def _by_two(
    go_through: Callable[[Transaction, Sequence[int], Tell], Tally],
    tx: Transaction,
    found: Sequence[int],
    tell: Tell,
    beside: Reopen | None,
) -> Tally:
    """Let a fork of this process take every other item, where there are many; what was compiled is shared."""
    if beside is None or len(found) < WORTH_A_FORK or (os.cpu_count() or 1) == 1:
        return go_through(tx, found, tell)
    fork = multiprocessing.get_context("fork")
    receiving, sending = fork.Pipe(duplex=False)

    def take_others() -> None:
        with beside() as view:
            sending.send(go_through(view, found[1::2], lambda done, of: None))  # noqa: ARG005 - told by the other

    helper = fork.Process(target=take_others, daemon=True)
    helper.start()
    sending.close()
    counted = go_through(tx, found[::2], lambda done, of: tell(2 * done, 2 * of))
    try:
        counted.add(receiving.recv())
    except EOFError:
        raise MonitorError(
            "the process that took half of the items ended by itself; see the system's log"
        ) from None
    finally:
        helper.join()
    return counted


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


def _first(side: Side, item: Sequence[StoredVersion], made: Sequence[Made]) -> Answer | None:
    """Return the first version of an item that a side hits."""
    for version, matches in zip(item, made, strict=True):
        answer = side(version, matches)
        if answer is not None:
            return Answer(version, *answer)
    return None
