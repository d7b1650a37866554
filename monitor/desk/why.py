"""Why a feed is polled when it is: its state, its rhythm, who asks us to wait, its last polls, and its gaps."""

from dataclasses import dataclass
from datetime import datetime

from monitor.app import App
from monitor.desk.feeds import FeedLine, feed_line
from monitor.fetch import rhythm
from monitor.model import Poll
from monitor.store import Transaction, feeds, gaps, hosts, polls
from monitor.store.feed_rows import asked_host
from monitor.store.gaps import Gap

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
STANDS_OUT = 1.5  # times the week's mean
POLLS = 12
GAPS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedWhy:
    """A feed and everything that decides when it is asked again.

    `plan` says why the next poll is when it is, `rate` is items a day as learnt, None when nothing is known yet;
    `busiest` names the hours of the week (UTC) with most of them.
    """

    feed: FeedLine
    plan: str
    interval_seconds: int
    rate: float | None
    busiest: str
    wait: str
    follows: str | None
    history: tuple[Poll, ...]
    gaps: tuple[Gap, ...]


async def why_feed(app: App, slug: str) -> FeedWhy:
    """Explain a feed. Raises NotFound."""
    return await app.store.read(_why, slug, now=app.context.clock())


def _why(tx: Transaction, slug: str, *, now: datetime) -> FeedWhy:
    feed = feeds.get_feed(tx, slug)
    state = feed.fetch
    learnt = rhythm.Rhythm.from_text(state.rhythm)
    wait = hosts.wait_of(tx, asked_host(feed))
    waits = wait is not None and wait.until > now
    return FeedWhy(
        feed=feed_line(feed, now=now, wait=wait),
        plan=state.plan or "not polled yet: new feeds are spread over one interval",
        interval_seconds=state.interval,
        rate=round(24 * rhythm.rate(learnt, now), 2) if state.rhythm else None,
        busiest=_busiest(learnt, now),
        wait=f"{wait.reason} (until {wait.until:%Y-%m-%d %H:%M}Z)" if wait and waits else "",
        follows=state.moved_to if state.follows_move else None,
        history=tuple(polls.recent_polls(tx, feed.id, limit=POLLS)),
        gaps=tuple(gaps.gaps_of_feed(tx, feed.id, limit=GAPS)),
    )


def _busiest(learnt: rhythm.Rhythm, now: datetime) -> str:
    """Name the three hours of the week that stand out, if any do."""
    weights = rhythm.profile(learnt, now)
    ranked = sorted(range(len(weights)), key=lambda hour: -weights[hour])[:3]
    return ", ".join(f"{DAYS[hour // 24]} {hour % 24:02}h" for hour in ranked if weights[hour] >= STANDS_OUT)
