"""What the installation says of itself: alive, ready, and if not ready, why."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor import __version__
from monitor.app import App
from monitor.config import applied_revision
from monitor.desk.feeds import feed_line
from monitor.store import Transaction, feeds, meta, outbox

STALE_WRITER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`alive`: the writer answered lately. `ready`: configuration applied and nothing wrong with its files."""

    version: str
    alive: bool
    ready: bool
    reasons: tuple[str, ...]
    started_at: datetime
    watchlist_revision: int
    topics: int
    feeds: dict[str, int]
    deliveries: dict[str, int]


async def status(app: App) -> Status:
    """Report what works and what does not, from the store and the state of the configuration files."""
    now = app.context.clock()
    heartbeat, applied, states, deliveries = await app.store.read(_read, now=now)
    last = max(app.started_at, datetime.fromisoformat(heartbeat)) if heartbeat else app.started_at
    alive = now - last < STALE_WRITER
    reasons = [f"configuration: {problem}" for problem in app.files.problems]
    if not applied and not app.files.problems:
        reasons.append("configuration: not applied yet")
    if not alive:
        reasons.append(f"the store's writer has not answered since {last:%Y-%m-%d %H:%M:%S}Z")
    return Status(
        version=__version__,
        alive=alive,
        ready=not reasons,
        reasons=tuple(reasons),
        started_at=app.started_at,
        watchlist_revision=app.watchlist.revision,
        topics=len(app.watchlist.topics),
        feeds=states,
        deliveries=deliveries,
    )


def _read(tx: Transaction, *, now: datetime) -> tuple[str | None, bool, dict[str, int], dict[str, int]]:
    states = Counter(feed_line(feed, now=now).state for feed in feeds.list_feeds(tx))
    applied = applied_revision(tx) is not None
    return meta.get_meta(tx, "heartbeat"), applied, dict(states), outbox.outbox_counts(tx)
