"""How much there was and how long it took: what a time brought, and the latencies of its alerts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.app import App
from monitor.desk.latency import Group, group
from monitor.errors import Refused
from monitor.model import AlertKind, DeliveryState, HitReason, Verdict
from monitor.store import Transaction, latency
from monitor.store.latency import Counts, Passage

SPAN = timedelta(days=7)
MOST = 50_000  # deliveries that latencies are worked out from: the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """Numbers of the time from `since` to `until`; every kind is named, also those that there were none of.

    `measured` deliveries went into the latencies of `groups`; with `cut` there were more, older ones.
    """

    since: datetime
    until: datetime
    items: int
    hits: dict[str, int]
    verdicts: dict[str, int]
    alerts: dict[str, int]
    deliveries: dict[str, int]
    measured: int
    cut: bool
    groups: tuple[Group, ...]


async def stats(app: App, *, since: datetime | None = None) -> Stats:
    """Count what there was since then (default: `SPAN` ago), and work out the latencies.

    Raises Refused for a time to come.
    """
    now = app.context.clock()
    begins = now - SPAN if since is None else since
    if begins >= now:
        raise Refused(f"the time begins at {begins:%Y-%m-%d %H:%M}Z, and that is still to come")
    counts, passages = await app.store.read(_read, since=begins)
    return Stats(
        since=begins,
        until=now,
        items=counts.items,
        hits=_named(HitReason, counts.hits),
        verdicts=_named(Verdict, counts.verdicts),
        alerts=_named(AlertKind, counts.alerts),
        deliveries=_named(DeliveryState, counts.deliveries),
        measured=min(len(passages), MOST),
        cut=len(passages) > MOST,
        groups=tuple(group(passages[:MOST])),
    )


def _read(tx: Transaction, *, since: datetime) -> tuple[Counts, list[Passage]]:
    return latency.counts(tx, since=since), latency.passages(tx, since=since, limit=MOST + 1)


def _named(
    kinds: type[HitReason] | type[Verdict] | type[AlertKind] | type[DeliveryState], found: dict[str, int]
) -> dict[str, int]:
    return {kind.value: found.get(kind.value, 0) for kind in kinds}
