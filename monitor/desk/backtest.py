"""Back-test a topic: which hits another query would have gained and lost over what is stored, by day and feed.

The work is done apart (`monitor.desk.apart`); here it is asked for, and its answer put into words.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from monitor.app import App
from monitor.desk.apart import run_apart, silent
from monitor.desk.misses import Miss, Misses, MissesAsked
from monitor.desk.tally import Day, Mode, Sample, Sweep, Swept
from monitor.desk.volume import AlertsADay, Volume
from monitor.errors import NotFound, QueryError, Refused
from monitor.match import parse_query, used_groups
from monitor.pipeline import folding
from monitor.store import Transaction, watchlist
from monitor.store.versions import Extent

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to back-test: a query (with the groups it uses, or None for those of the topic's watchlist), or no query.

    Without one the query in force is compared with the recorded hits; `as_recorded` takes, for each version, the
    revision that was in force when it was judged.
    """

    query: str | None = None
    groups: tuple[tuple[str, str], ...] | None = None
    as_recorded: bool = False
    since: datetime | None = None
    until: datetime | None = None
    samples: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """The two sides in words, what they made of the stored versions, and what to keep in mind.

    `alerts` has what each subscriber of the topic would get a day before and after, on the average of `days_rehearsed`.
    """

    topic: str
    before: str
    after: str
    since: datetime | None
    until: datetime | None
    items: int
    versions: int
    examined: int
    kept: int
    gained: int
    lost: int
    moved: int
    days: tuple[Day, ...]
    gained_samples: tuple[Sample, ...]
    lost_samples: tuple[Sample, ...]
    notes: tuple[str, ...]
    days_rehearsed: float = 0
    alerts: tuple[AlertsADay, ...] = ()

    @property
    def differences(self) -> int:
        """How many items the two sides do not agree on."""
        return self.gained + self.lost + self.moved


async def backtest(app: App, slug: str, asked: Asked, *, tell: Tell = silent) -> Backtest:
    """Compare what two sides hit over the stored item versions; `tell` hears how many items are done, of how many.

    Raises NotFound for an unknown topic, Refused for a query that is none or when it takes too long.
    """
    revision, groups = await app.store.read(_topic, slug)
    mode = _mode(asked)
    if asked.query is not None:
        groups = _checked(asked.query, groups if asked.groups is None else asked.groups)
    sweep = Sweep(
        topic=slug,
        mode=mode,
        query=asked.query or "",
        groups=groups,
        since=asked.since,
        until=asked.until,
        folding=folding(),
        samples=asked.samples,
        now=app.context.clock(),
    )
    answer = await run_apart(app.settings.store_url, "sweep", asdict(sweep), places=app.apart, tell=tell)
    return told(sweep, read_swept(answer), revision=revision)


async def parity(app: App, slug: str) -> Backtest:
    """Compare the recorded hits of a topic with what the revisions then in force make again: no difference is right."""
    return await backtest(app, slug, Asked(as_recorded=True))


async def near_misses(
    app: App,
    slug: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 20,
    tell: Tell = silent,
) -> Misses:
    """List the items that are one clause short of a topic's query, the nearest first; raises as `backtest`."""
    await app.store.read(_topic, slug)
    asked = MissesAsked(topic=slug, since=since, until=until, limit=limit, folding=folding())
    answer = await run_apart(app.settings.store_url, "misses", asdict(asked), places=app.apart, tell=tell)
    misses = tuple(
        Miss(
            **{
                **each,
                "seen_at": datetime.fromisoformat(each["seen_at"]),
                "excerpts": tuple(each["excerpts"]),
            }
        )
        for each in answer["misses"]
    )
    return Misses(**{**answer, "misses": misses})


def _topic(tx: Transaction, slug: str) -> tuple[int, tuple[tuple[str, str], ...]]:
    """Return a topic's revision, and the groups known in its watchlist."""
    try:
        topic = watchlist.get_topic(tx, slug)
    except NotFound:
        raise NotFound(f"no topic is named {slug}; see: monitor topics list") from None
    groups = {
        pair
        for each in watchlist.list_topics(tx, enabled_only=False)
        if each.watchlist == topic.watchlist
        for pair in each.groups
    }
    return topic.revision, tuple(sorted(groups | set(topic.groups)))


def _mode(asked: Asked) -> Mode:
    if asked.query is not None and asked.as_recorded:
        raise Refused("as recorded there is no other query: leave one of the two out")
    if asked.since is not None and asked.until is not None and asked.since >= asked.until:
        raise Refused("the time ends before it begins: since must be before until")
    if asked.query is not None:
        return Mode.QUERY
    return Mode.AS_RECORDED if asked.as_recorded else Mode.NOW


def _checked(query: str, known: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return the groups that a query uses."""
    try:
        parse_query(query, known)
    except QueryError as error:
        raise Refused(f"the query: {error}") from error
    return used_groups(query, known)


def read_swept(answer: Mapping[str, Any]) -> Swept:
    """Read what the child wrote."""
    oldest = answer["extent"]["oldest"]
    extent = Extent(**{**answer["extent"], "oldest": datetime.fromisoformat(oldest) if oldest else None})
    return Swept(
        **{
            **answer,
            "extent": extent,
            "days": tuple(Day(**each) for each in answer["days"]),
            "gained_samples": tuple(map(_sample, answer["gained_samples"])),
            "lost_samples": tuple(map(_sample, answer["lost_samples"])),
            "volume": _volume(answer["volume"]) if answer["volume"] else None,
        }
    )


def _volume(answer: Mapping[str, Any]) -> Volume:
    subscribers = tuple(
        AlertsADay(**{**each, "subscriptions": tuple(each["subscriptions"])})
        for each in answer["subscribers"]
    )
    return Volume(days=answer["days"], subscribers=subscribers, notes=tuple(answer["notes"]))


def _sample(answer: Mapping[str, Any]) -> Sample:
    seen_at = datetime.fromisoformat(answer["seen_at"])
    return Sample(**{**answer, "seen_at": seen_at, "words": tuple(answer["words"])})


def told(sweep: Sweep, swept: Swept, *, revision: int) -> Backtest:
    """Put an answer into words."""
    in_force = f"the query in force (revision {revision})"
    sides = {
        Mode.QUERY: (in_force, "the query given"),
        Mode.NOW: ("the recorded hits", in_force),
        Mode.AS_RECORDED: ("the recorded hits", "the revisions in force when each item was judged"),
    }
    before, after = sides[sweep.mode]
    return Backtest(
        topic=sweep.topic,
        before=before,
        after=after,
        since=sweep.since,
        until=sweep.until,
        items=swept.extent.items,
        versions=swept.extent.versions,
        examined=swept.examined,
        kept=swept.kept,
        gained=swept.gained,
        lost=swept.lost,
        moved=swept.moved,
        days=swept.days,
        gained_samples=swept.gained_samples,
        lost_samples=swept.lost_samples,
        notes=(*_notes(sweep, swept), *(swept.volume.notes if swept.volume else ())),
        days_rehearsed=swept.volume.days if swept.volume else 0,
        alerts=swept.volume.subscribers if swept.volume else (),
    )


def _notes(sweep: Sweep, swept: Swept) -> list[str]:
    notes = []
    oldest = swept.extent.oldest
    if oldest is None:
        notes.append("nothing is stored of that time")
    elif sweep.since is None or oldest > sweep.since:
        notes.append(
            f"what is stored begins {oldest:%Y-%m-%d %H:%M}Z; items without a hit go after their retention, so "
            "of older ones nothing can be gained"
        )
    if swept.gaps:
        named = ", ".join(f"{feed} ({number})" for feed, number in list(swept.gaps.items())[:10])
        more = f" and {len(swept.gaps) - 10} more feeds" if len(swept.gaps) > 10 else ""
        notes.append(f"gaps, between which items may be missing: {named}{more}")
    if swept.queued:
        notes.append(f"{swept.queued} versions are not indexed yet and were looked at one by one")
    if swept.unknown:
        notes.append(
            f"{swept.unknown} versions were judged before it was written down which revisions were in force, and are "
            "left out"
        )
    if swept.other_engine and sweep.mode is not Mode.QUERY:
        notes.append(f"{swept.other_engine} versions were judged by another engine than this one")
    return notes
