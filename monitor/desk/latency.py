"""How long each stretch of an alert's way took, in seconds, and the usual of many (pure)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import ceil

from monitor.model import AlertKind
from monitor.store.latency import Passage

# Those that wait by intention: their way says what was asked for, not how quick we are.
AT_ONCE = frozenset({AlertKind.FIRST, AlertKind.FOLLOW_UP})


class Stretch(StrEnum):
    """A part of the way; the last is what is ours in whole, from the poll that found it to the receiver's answer."""

    PUBLISHED_SEEN = "published_seen"
    SEEN_MATCHED = "seen_matched"
    MATCHED_QUEUED = "matched_queued"
    QUEUED_ACCEPTED = "queued_accepted"
    SEEN_ACCEPTED = "seen_accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """How long a stretch took in `count` cases: half of them at most `p50` seconds, 95 % at most `p95`."""

    stretch: Stretch
    count: int
    p50: float
    p95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The stretches of the deliveries of one feed, channel or kind of alert; `by` says which, `name` names it."""

    by: str
    name: str
    deliveries: int
    accepted: int
    stretches: tuple[Usual, ...]


def stretches(passage: Passage) -> dict[Stretch, float]:
    """Return how long each known stretch of a way took, in seconds.

    A date that a feed sets in the future, by a clock ahead of ours, counts as 0 s before it was seen.
    """
    seconds: dict[Stretch, float] = {}

    def add(stretch: Stretch, begin: datetime | None, end: datetime | None) -> None:
        if begin is not None and end is not None:
            seconds[stretch] = max(0.0, (end - begin).total_seconds())

    add(Stretch.PUBLISHED_SEEN, passage.published, passage.seen)
    add(Stretch.SEEN_MATCHED, passage.seen, passage.matched)
    add(Stretch.MATCHED_QUEUED, passage.matched, passage.queued)
    add(Stretch.QUEUED_ACCEPTED, passage.queued, passage.accepted)
    add(Stretch.SEEN_ACCEPTED, passage.seen, passage.accepted)
    return seconds


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that at least `percent` % of the values do not exceed (nearest rank).

    Raises ValueError where there is none.
    """
    if not values:
        raise ValueError("no values have no percentile")
    return sorted(values)[max(0, ceil(len(values) * percent / 100) - 1)]


def group(passages: Iterable[Passage]) -> list[Group]:
    """Sum ways up by kind of alert, and those of alerts that go at once by feed and by channel.

    What two deliveries of one alert have in common, its way up to the queue, counts once in each group.
    """
    every = list(passages)
    at_once = [passage for passage in every if passage.kind in AT_ONCE]
    return [
        *_groups("kind", every, lambda passage: passage.kind.value),
        *_groups("feed", at_once, lambda passage: passage.feed),
        *_groups("channel", at_once, lambda passage: passage.channel),
    ]


def _groups(by: str, passages: Sequence[Passage], name: Callable[[Passage], str]) -> list[Group]:
    members: dict[str, list[Passage]] = {}
    for passage in passages:
        members.setdefault(name(passage), []).append(passage)
    return [_group(by, named, found) for named, found in sorted(members.items())]


def _group(by: str, name: str, members: Sequence[Passage]) -> Group:
    taken: dict[Stretch, list[float]] = {stretch: [] for stretch in Stretch}
    queued: set[str] = set()
    for passage in members:
        for stretch, seconds in stretches(passage).items():
            to_receiver = stretch in {Stretch.QUEUED_ACCEPTED, Stretch.SEEN_ACCEPTED}
            if to_receiver or passage.alert not in queued:
                taken[stretch].append(seconds)
        queued.add(passage.alert)
    return Group(
        by=by,
        name=name,
        deliveries=len(members),
        accepted=sum(passage.accepted is not None for passage in members),
        stretches=tuple(
            Usual(stretch=stretch, count=len(values), p50=percentile(values, 50), p95=percentile(values, 95))
            for stretch, values in taken.items()
            if values
        ),
    )
