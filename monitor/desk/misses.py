"""Near misses of a topic among the stored items, the nearest first.

Runs inside a child process like `monitor.desk.sweep`. An item is looked at in its newest version.
"""

from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest

from monitor.desk.sweep import Tell, items_of
from monitor.match import parse_query
from monitor.match.archive import let_through, nearly
from monitor.match.excerpt import excerpts
from monitor.match.short import NearMiss, near_miss
from monitor.store import Transaction, archive, versions, watchlist
from monitor.store.versions import StoredVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class MissesAsked:
    """Whose near misses, over versions seen in [`since`, `until`), and how many of them at most."""

    topic: str
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 20
    folding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """An item one clause short: the clause, why it fails in words, and what was there, with the words in [[ ]]."""

    item: int
    feed: str
    seen_at: datetime
    title: str
    link: str | None
    clause: str
    lack: str
    sentence: str
    weight: int
    excerpts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Misses:
    """The nearest misses; `total` of them in `examined` items, of which the query holds for `hits`."""

    topic: str
    total: int
    examined: int
    hits: int
    misses: tuple[Miss, ...]


def find_misses(tx: Transaction, asked: MissesAsked, tell: Tell) -> Misses:
    """Find the items that are one clause short of the query in force; raises `NotFound`."""
    topic = watchlist.get_topic(tx, asked.topic)
    query = parse_query(topic.query, topic.groups)
    found = archive.candidates(
        tx,
        let_through(nearly(query.root)),
        folding=asked.folding,
        since=asked.since,
        until=asked.until,
    )
    recorded = versions.recorded_hits(tx, topic.id)
    near: list[tuple[StoredVersion, NearMiss]] = []
    looked_at = [item for item in found if item not in recorded]
    for item in items_of(tx, looked_at, tell):
        missed = near_miss(query, item[-1].text)
        if missed is not None:
            near.append((item[-1], missed))
    best = nlargest(asked.limit, near, key=lambda pair: (pair[1].weight, pair[0].seen_at, pair[0].item_id))
    return Misses(
        topic=topic.slug,
        total=len(near),
        examined=len(looked_at),
        hits=len(found) - len(looked_at),
        misses=tuple(_miss(version, missed) for version, missed in best),
    )


def _miss(version: StoredVersion, missed: NearMiss) -> Miss:
    return Miss(
        item=version.item_id,
        feed=version.feed,
        seen_at=version.seen_at,
        title=version.text.title,
        link=version.link,
        clause=missed.clause,
        lack=missed.lack.value,
        sentence=str(missed),
        weight=missed.weight,
        excerpts=excerpts(version.text, (*missed.there, *missed.against)),
    )
